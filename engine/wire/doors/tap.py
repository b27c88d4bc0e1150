"""A door that remembers what went through it, for the commands that show a call to a person.

Nothing here is redacted: whoever shows what was passed masks it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from engine.clock import Clock
from engine.model.values import Call, Reply
from engine.wire.doors.deadline import Stale, never
from engine.wire.doors.door import Door
from engine.wire.hosts import HostRule


@dataclass(frozen=True, slots=True)
class Passed:
    """One call and its reply, None where none came; `at` is our clock when the reply was there."""

    call: Call
    reply: Reply | None
    at: datetime

    @property
    def ahead(self) -> timedelta | None:
        """How far the vendor's clock is ahead of ours by its Date header; None where it sent none."""
        try:
            told = parsedate_to_datetime(self.reply.headers.get("date", "")) if self.reply else None
        except (ValueError, TypeError):
            return None
        return None if told is None or told.tzinfo is None else told - self.at


class Tap:
    """A Door over another one; `passed` grows with every call."""

    def __init__(self, door: Door, clock: Clock) -> None:
        self._door, self._clock = door, clock
        self.passed: list[Passed] = []

    async def send(self, call: Call, hosts: HostRule, deadline: float, stale: Stale = never) -> Reply:
        reply = None
        try:
            reply = await self._door.send(call, hosts, deadline, stale)
            return reply
        finally:
            self.passed.append(Passed(call, reply, self._clock.now()))

    async def close(self) -> None:
        """The door beneath belongs to whoever opened it."""
