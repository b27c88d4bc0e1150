"""All problems of one compilation, each with the mark of the place a person wrote it at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from engine.mapping.slip import Slip
from engine.model.values import Mark, Problem


class Remarks:
    """Collects problems; `marks` tell where a dotted path stands in the text."""

    def __init__(self, marks: Mapping[str, Mark]) -> None:
        self.marks = marks
        self.problems: list[Problem] = []

    @property
    def broken(self) -> bool:
        return any(problem.weight == "problem" for problem in self.problems)

    def add(
        self,
        path: str,
        code: str,
        says: str,
        do: str = "",
        at: Mark | None = None,
        weight: Literal["problem", "warning", "note"] = "problem",
    ) -> None:
        """`at` where it is known better than by the path; a path not written yet has its owner's mark."""
        self.problems.append(Problem(path, code, says, do, at or self.mark(path), weight))

    def slip(self, path: str, slip: Slip, text: str, how: str = "") -> None:
        """A text that cannot be read. `how` is the key of a long cell, whose own mark is the exact one."""
        self.add(path, slip.code, slip.says, slip.do, self._within(path, slip.at, text, how))

    def mark(self, path: str) -> Mark | None:
        """The mark of the path, else of the nearest owner that has one."""
        while path and path not in self.marks:
            path = path.rpartition(".")[0]
        return self.marks.get(path)

    def _within(self, path: str, at: int, text: str, how: str) -> Mark | None:
        """The mark moved to the sign that is wrong, where the text stands in one line as it is."""
        own = self.marks.get(f"{path}.{how}") if how else None
        mark = own or self.mark(path)
        if mark is None or (own is None and path not in self.marks) or "\n" in text:
            return mark
        at = min(at, len(text)) + (1 if how == "formula" and own is None else 0)
        return replace(mark, column=mark.column + at, offset=mark.offset + at)
