"""How often and how many at once a connection may call, fair in the order of asking.

A minute's calls are counted from their reply on, not from their sending: however long a request
was on its way, the vendor then never sees more than the limit within any 60 seconds. A second's
calls are counted from their sending, since a slow reply would else eat the rate itself.
"""

from __future__ import annotations

import asyncio
from collections import deque

from engine.clock import Clock
from engine.model.catalog import Limits

_MINUTE, _SECOND = 60.0, 1.0
_HAIR = 0.001


class Bucket:
    """One connection's limits. `acquire` before a call, `release` after it, whatever became of it."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._free = max(1, min(limits.at_once, limits.per_minute or limits.at_once))
        self._counted = limits.per_minute is not None or limits.per_second is not None
        self._turn, self._waiting = asyncio.Lock(), 0
        self._freed: asyncio.Future[None] | None = None
        self._flying = 0
        self._ended: deque[float] = deque()
        self._begun: deque[float] = deque()

    def take(self) -> bool:
        """A slot without waiting; False where there is none, the rate is used up or somebody waits already."""
        if not self._free or self._waiting or (self._counted and self._pause(self._clock.monotonic()) > 0):
            return False
        self._enter()
        return True

    async def acquire(self) -> None:
        """Wait for a slot and for the rate; first come, first served."""
        if self.take():
            return
        self._waiting += 1
        try:
            async with self._turn:
                while not self._free:
                    self._freed = asyncio.get_running_loop().create_future()
                    await self._freed
                while (pause := self._pause(self._clock.monotonic())) > 0:
                    await self._clock.sleep(pause)
                self._enter()
        finally:
            self._waiting -= 1

    def release(self, used: bool = True) -> None:
        """Give the slot back; `used` False where nothing was sent and so nothing counts."""
        self._free += 1
        if self._counted:
            self._flying -= 1
            if used:
                self._ended.append(self._clock.monotonic())
            else:
                self._begun.pop()
        if self._freed is not None and not self._freed.done():
            self._freed.set_result(None)

    def _enter(self) -> None:
        self._free -= 1
        if self._counted:
            self._flying += 1
            self._begun.append(self._clock.monotonic())

    def _pause(self, now: float) -> float:
        """Seconds to wait before the next call, 0 where it may go now."""
        _forget(self._ended, now - _MINUTE)
        _forget(self._begun, now - _SECOND)
        pause = 0.0
        if self.limits.per_minute is not None and self._flying + len(self._ended) >= self.limits.per_minute:
            pause = self._ended[0] + _MINUTE + _HAIR - now if self._ended else _HAIR
        if self.limits.per_second is not None and len(self._begun) >= self.limits.per_second:
            pause = max(pause, self._begun[0] + _SECOND + _HAIR - now)
        return pause


class Buckets:
    """One bucket per connection, shared by everything in this process that calls it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def of(self, connection: str, limits: Limits) -> Bucket:
        """The connection's bucket; a new one where its limits were changed."""
        bucket = self._buckets.get(connection)
        if bucket is None or bucket.limits != limits:
            bucket = self._buckets[connection] = Bucket(limits, self._clock)
        return bucket


def _forget(stamps: deque[float], before: float) -> None:
    while stamps and stamps[0] < before:
        stamps.popleft()
