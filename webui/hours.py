"""The last 24 hours of schemes as charts: a bar an hour, what was refused on top of what went through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.store import overview
from webui.web import web

HOURS = 24
HEIGHT = 100
LEAST = 8  # what exists is seen, however little it is beside the rest
PARTS = ("done", "skipped", "refused")
"""From the ground up; cancelled documents count as skipped ones: neither was sent."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of an hour's bar, from `y` down, `height` high."""

    name: str
    count: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Hour:
    begins: datetime
    x: int
    pieces: tuple[Piece, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The hours in order, the one under way last; how many documents of each part in all of them."""

    hours: tuple[Hour, ...]
    totals: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.totals.values())


def charts(schemes: Sequence[int]) -> dict[int, Chart]:
    """A chart for every scheme named, also for one in which nothing happened."""
    since = web().now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    key = ("hours", since, tuple(schemes))
    found = web().counted(key, lambda c: overview.settled(c, schemes, since))
    counts: dict[int, dict[tuple[int, str], int]] = {one: {} for one in schemes}
    for ident, hour, state, count in found:
        part = (int(hour), "skipped" if state == "cancelled" else state)
        counts[ident][part] = counts[ident].get(part, 0) + count
    return {ident: chart(each, since) for ident, each in counts.items()}


def chart(counts: dict[tuple[int, str], int], since: datetime) -> Chart:
    """The chart of counts by hour and part; the highest hour fills the height."""
    sums = [sum(counts.get((hour, part), 0) for part in PARTS) for hour in range(HOURS)]
    most = max(sums) or 1
    hours = tuple(
        Hour(since + timedelta(hours=hour), hour, _pieces(counts, hour, most), sums[hour])
        for hour in range(HOURS)
    )
    totals = {part: sum(counts.get((hour, part), 0) for hour in range(HOURS)) for part in PARTS}
    return Chart(hours, totals)


def _pieces(counts: dict[tuple[int, str], int], hour: int, most: int) -> tuple[Piece, ...]:
    shown = [(part, counts[hour, part]) for part in PARTS if counts.get((hour, part))]
    high = [max(LEAST, count * HEIGHT // most) for _, count in shown]
    if high and (over := sum(high) - HEIGHT) > 0:
        high[high.index(max(high))] -= over
    pieces: list[Piece] = []
    y = HEIGHT
    for (part, count), height in zip(shown, high, strict=True):
        y -= height
        pieces.append(Piece(part, count, y, height))
    return tuple(pieces)
