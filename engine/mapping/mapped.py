"""What a record, or what belongs together, became."""

from __future__ import annotations

from dataclasses import dataclass

from engine.mapping.shape import Findings, Miss
from engine.model.values import Json, Problem


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a record became: a document, or why it is skipped, or its problems, or the codes it waits for."""

    document: dict[str, Json] | None = None
    skipped: str | None = None
    problems: tuple[Problem, ...] = ()
    held: tuple[Miss, ...] = ()


def mapped_of(found: Findings) -> Mapped:
    """What these findings mean: problems win over held, held over skipped."""
    if found.problems:
        return Mapped(problems=tuple(found.problems.values()))
    if found.held:
        return Mapped(held=tuple(found.held))
    return Mapped(skipped=found.passed[0])
