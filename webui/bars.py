"""Counts as one stacked bar: widths in thousandths, so that a page needs no style of its own for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 1000
LEAST = 12  # what exists is seen, however few it is


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar, from `x` on, `width` wide."""

    name: str
    count: int
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Bar:
    total: int
    segments: tuple[Segment, ...]


def bar(counts: Iterable[tuple[str, int]], total: int | None = None) -> Bar:
    """The counts above zero in the order given; what is missing to `total` stays empty."""
    shown = [(name, count) for name, count in counts if count > 0]
    whole = max(total or 0, sum(count for _, count in shown))
    if not whole:
        return Bar(0, ())
    wide = [max(LEAST, count * WIDTH // whole) for _, count in shown]
    over = sum(wide) - WIDTH
    if wide and (over > 0 or sum(count for _, count in shown) == whole):
        wide[wide.index(max(wide))] -= over
    segments, x = [], 0
    for (name, count), width in zip(shown, wide, strict=True):
        segments.append(Segment(name, count, x, width))
        x += width
    return Bar(whole, tuple(segments))


def of_states(states: dict[str, int], held: int = 0) -> Bar:
    """A scheme's documents: settled ones first, then what is on its way, then what waits for a person."""
    waiting = states["waiting"] - held
    order = ("done", "skipped", "cancelled")
    told = [(name, states[name]) for name in order]
    told += [("sending", states["sending"]), ("waiting", waiting), ("held", held)]
    return bar([*told, ("unknown", states["unknown"]), ("refused", states["refused"])])
