"""What a rule table leaves out, and which of its rows can never be chosen or stand in each other's way.

Each input is cut into classes of values that no condition tells apart; what holds for one value of
a class holds for all. So a walk over the classes sees every case there can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from engine.mapping.rules import Condition, Numbers, Rules, Texts

MOST_STEPS = 20_000
MOST_TOLD = 5
OTHER = "…"
"""Stands for any text that no condition names."""


@dataclass
class Coverage:
    """`gaps`: values no row takes. `idle`: rows (from 0) that are never chosen. `equal`: two rows that
    fit the same values equally well, with such values. `whole`: every case was looked at."""

    gaps: list[str] = field(default_factory=list)
    idle: list[int] = field(default_factory=list)
    equal: dict[tuple[int, int], str] = field(default_factory=dict)
    whole: bool = True


def coverage(rules: Rules) -> Coverage:
    return _Walk(rules).walked()


class _Walk:
    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.classes = [list(_classes(rules, place)) for place in range(len(rules.inputs))]
        self.scores = [row.score for row in rules.rows]
        self.seen: set[tuple[int, int]] = set()
        self.chosen = 0
        self.found = Coverage()

    def walked(self) -> Coverage:
        self._step(0, (1 << len(self.rules.rows)) - 1, ())
        if self.found.whole:
            rows = range(len(self.rules.rows))
            self.found.idle = [number for number in rows if not self.chosen >> number & 1]
        return self.found

    def _step(self, place: int, alive: int, picked: tuple[object, ...]) -> None:
        """`alive`: the rows, as bits, whose conditions so far take the values picked."""
        if (place, alive) in self.seen:
            return
        if len(self.seen) >= MOST_STEPS:
            self.found.whole = False
            return
        self.seen.add((place, alive))
        if not alive:
            if len(self.found.gaps) < MOST_TOLD:
                rest = (OTHER,) * (len(self.classes) - place)
                self.found.gaps.append(self.rules.told((*picked, *rest)))
        elif place == len(self.classes):
            self._chosen(alive, picked)
        else:
            for mask, example in self.classes[place]:
                self._step(place + 1, alive & mask, (*picked, example))

    def _chosen(self, alive: int, picked: tuple[object, ...]) -> None:
        rows = [number for number in range(len(self.scores)) if alive >> number & 1]
        if self.rules.match == "first":
            self.chosen |= 1 << rows[0]
            return
        best = max(self.scores[number] for number in rows)
        closest = [number for number in rows if self.scores[number] == best]
        for number in closest:
            self.chosen |= 1 << number
        first, *others = closest
        for other in others:
            if self.rules.rows[other].gives != self.rules.rows[first].gives:
                self.found.equal.setdefault((first, other), self.rules.told(picked))


def _classes(rules: Rules, place: int) -> Iterator[tuple[int, object]]:
    """For each class of values of an input: the rows that take it, as bits, and a value of it."""
    tests = [row.tests[place] for row in rules.rows]
    told: set[int] = set()
    for example in _examples(tests, rules.inputs[place][1] == "number"):
        mask = sum(1 << number for number, test in enumerate(tests) if test is None or test.holds(example))
        if mask not in told:
            told.add(mask)
            yield mask, example


def _examples(tests: list[Condition | None], numbers: bool) -> list[object]:
    """At least one value of each class."""
    if numbers:
        ends = {
            end
            for test in tests
            if isinstance(test, Numbers)
            for span in test.spans
            for end in (span.low, span.high)
            if end is not None
        }
        return list(_between(sorted(ends)))
    named = [test for test in tests if isinstance(test, Texts)]
    words = sorted({word for test in named for word in test.words})
    starts = sorted({start for test in named for start in test.starts})
    return [*words, *(start + OTHER for start in starts), OTHER]


def _between(ends: list[Decimal]) -> Iterator[Decimal]:
    """Every end, a number between each two, and one outside on either side."""
    if not ends:
        yield Decimal(0)
        return
    yield ends[0] - 1
    for low, high in pairwise(ends):
        yield low
        yield (low + high) / 2
    yield ends[-1]
    yield ends[-1] + 1
