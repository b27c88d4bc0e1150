"""What stands behind one code of a lookup: a text, one for each span of days, several, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Several:
    """A code with more than one meaning."""

    count: int


@dataclass(frozen=True, slots=True)
class Span:
    """What a code stands for from one day to another, both included; None: without end."""

    since: date | None
    until: date | None
    gives: str

    def holds(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Dated:
    spans: tuple[Span, ...]

    def on(self, day: date) -> str | Several | None:
        found = {span.gives for span in self.spans if span.holds(day)}
        return next(iter(found)) if len(found) == 1 else Several(len(found)) if found else None


Entry: TypeAlias = "str | Dated | Several | None"
"""None: it is known that there is nothing."""


def entry_of(spans: list[Span]) -> Entry:
    """All that stands behind one code."""
    if any(span.since or span.until for span in spans):
        return Dated(tuple(spans))
    found = {span.gives for span in spans}
    return next(iter(found)) if len(found) == 1 else Several(len(found))
