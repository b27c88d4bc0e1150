"""Where time and chance come from, and nowhere else: a value that is handed to whoever needs it."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Coroutine
from datetime import UTC, datetime


class Clock:
    """The machine's clock and dice. Tests hand over one of their own."""

    def now(self) -> datetime:
        """Now, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards, for measuring and deadlines."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, seconds: float, *events: asyncio.Event) -> None:
        """Sleep, or less where one of the events is set meanwhile."""
        waits: list[Coroutine[None, None, object]] = [
            self.sleep(seconds),
            *(event.wait() for event in events),
        ]
        waiters = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()

    def jitter(self) -> float:
        """Between 0 and 1, for spreading retries."""
        return random.random()

    def code(self) -> str:
        """32 hex digits that nobody can guess."""
        return secrets.token_hex(16)
