"""Which windows and which pages to ask for, so that nothing is missed while the source moves. Pure.

A walk with a total reads page 0 first, then from the last page to the first (a row that leaves its
place moves towards pages that are still to be read), then page 0 again: only if the total is still
the same was nothing added meanwhile. Else it reads once more, three times, and then wants its window
halved. A walk without a total goes forward to the first short page. A first page that is shorter
than asked for, while the total says more, tells how long this vendor's pages really are.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from engine.model.catalog import Pages, Span
from engine.model.values import Json, Window

REREADS = 3
MOST_PAGES = 10_000
SIZE = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One page to ask for: its number as the vendor counts, its size, and what the page before named it by."""

    number: int
    size: int
    token: str | None = None


_Heard: TypeAlias = "tuple[int, int | None, str | None]"
"""How many rows a page brought, before any filter, and where it told them the total and the next page."""


class Walk:
    """One window's pages: `first`, then `after` each page until it gives None.

    `total` is the total the walk goes by, None where there is none. After the end `halve` tells
    that the source moved too much: what was read is worth keeping, the window is to be read in two.
    """

    def __init__(self, pages: Pages, size: int | None = None) -> None:
        """`size` is the page size to begin with: what an earlier walk found to be taken."""
        self.size = size or (pages.sizes or (SIZE,))[0]
        self.total: int | None = None
        self.halve = False
        self._pages = pages
        self._steps = self._all()

    def first(self) -> Step:
        return next(self._steps)

    def after(self, step: Step, count: int, total: int | None, next: str | None = None) -> Step | None:
        """The step that follows `step`, which brought `count` rows; None where it was the last."""
        try:
            return self._steps.send((count, total, next))
        except StopIteration:
            return None

    def smaller(self, code: str | None) -> Step | None:
        """Begin anew with the next smaller page; None where `code` does not ask for that or none is left."""
        smaller = [size for size in self._pages.sizes if size < self.size]
        if code not in self._pages.smaller_on or not smaller:
            return None
        self.size = max(smaller)
        self._steps = self._all()
        return self.first()

    def _all(self) -> Generator[Step, _Heard, None]:
        if self._pages.style in ("none", "pool"):
            # What is left in a pool comes when these are acknowledged, and not before.
            yield self._step(0)
        elif self._pages.style == "token":
            yield from self._by_token()
        elif self._pages.total is None:
            yield from self._to_short_page()
        else:
            yield from self._by_total()

    def _to_short_page(self) -> Generator[Step, _Heard, None]:
        for index in range(MOST_PAGES):
            count, _, _ = yield self._step(index)
            if count < self.size:
                return
        self.halve = True

    def _by_token(self) -> Generator[Step, _Heard, None]:
        token: str | None = None
        for index in range(MOST_PAGES):
            _, _, further = yield replace(self._step(index), token=token)
            if further is None or further == token:
                return
            token = further
        self.halve = True

    def _by_total(self) -> Generator[Step, _Heard, None]:
        count, total, _ = yield self._step(0)
        while 0 < count < min(self.size, total or 0):
            self.size = count  # the vendor gives shorter pages than it is asked for: count by its own
            count, total, _ = yield self._step(0)
        for _ in range(1 + REREADS):
            self.total = total or 0
            if self.total <= self.size:
                return
            moved, total = yield from self._pass()
            if not moved:
                return
            if self._pages.order == "forward":
                _, total, _ = yield self._step(0)  # what moved may have moved there
        self.halve = True

    def _pass(self) -> Generator[Step, _Heard, tuple[bool, int | None]]:
        """All pages but the first once; gives whether the total moved meanwhile, and the new one."""
        moved, told = False, None
        for index in self._order():
            _, told, _ = yield self._step(index)
            moved = moved or (told is not None and told != self.total)
        if told is None or self._pages.order == "reverse":
            _, told, _ = yield self._step(0)
        return moved or told != self.total, told

    def _order(self) -> Iterator[int]:
        last = -(-(self.total or 0) // self.size) - 1
        return iter(range(last, 0, -1) if self._pages.order == "reverse" else range(1, last + 1))

    def _step(self, index: int) -> Step:
        steps = index * self.size if self._pages.style == "offset" else index
        return Step(self._pages.start + steps, self.size)


def window_asked(span: Span, since: datetime, until: datetime) -> dict[str, Json]:
    """The parameters of a window, written as the vendor wants them; `until` as it is to be told."""
    zone = ZoneInfo(span.zone)
    ends: dict[str, Json] = {
        span.since: since.astimezone(zone).strftime(span.format),
        span.until: until.astimezone(zone).strftime(span.format),
    }
    return {span.within: [{**span.beside, **ends}]} if span.within else ends


def cut(since: datetime, until: datetime, longest: timedelta) -> list[Window]:
    """[since, until) in half-open windows of at most `longest`, whole seconds, without gap or overlap."""
    start, end = since.replace(microsecond=0), until.replace(microsecond=0)
    windows: list[Window] = []
    while start < end:
        stop = min(start + longest, end)
        windows.append(Window(start, stop))
        start = stop
    return windows
