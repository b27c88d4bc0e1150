"""One deadline per call, for many calls: a single timer looks round a few times a second.

A timer of its own for every call (asyncio.timeout, aiohttp's total) costs a tenth of the call; what
ends late here ends at most one look too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

LOOK = 0.05

Stale: TypeAlias = "Callable[[], bool]"
"""Whether the word that a request may go has become too old. Asked at the very last; must not wait."""


def never() -> bool:
    """For a request that does no harm however late it goes."""
    return False


class TooOld(OSError):
    """The word that it may go had become too old before the first byte went."""


class Flight:
    """One call on its way. `left` is set before the first byte of a request may leave."""

    __slots__ = ("_cancelling", "_late", "_task", "_until", "left", "stale")

    def __init__(self, task: asyncio.Task[object], until: float, stale: Stale = never) -> None:
        self.left, self.stale = False, stale
        self._task, self._until, self._late = task, until, False
        self._cancelling = task.cancelling()

    def end_if_late(self, now: float) -> None:
        if now >= self._until and not self._late:
            self._late = True
            self._task.cancel()

    def was_late(self) -> bool:
        """Whether the cancellation in hand was ours alone; takes ours back, so ask once, at the end."""
        return self._late and self._task.uncancel() <= self._cancelling


class Deadlines:
    """The flights of one event loop."""

    def __init__(self) -> None:
        self._flights: set[Flight] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float, stale: Stale = never) -> Flight:
        """Watch over the current task from here on; `end` must follow."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        if task is None:
            raise RuntimeError("calls are made in tasks")
        flight = Flight(task, loop.time() + seconds, stale)
        self._flights.add(flight)
        if self._timer is None:
            self._timer = loop.call_later(LOOK, self._look, loop)
        return flight

    def end(self, flight: Flight) -> None:
        self._flights.discard(flight)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for flight in self._flights:
            flight.end_if_late(now)
        self._timer = loop.call_later(LOOK, self._look, loop) if self._flights else None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
