"""What a push writes down under its lease: marks before the wire, outcomes after it.

An outcome is handed to the writer and not waited for: it is in the commit of the next mark, or in
the one before it. `committed` waits for the last ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine import crash
from engine.clock import Clock
from engine.crash import point
from engine.model.exchange import Exchange
from engine.model.ledger import Due, Lease, Outcome
from engine.store import queue, send
from engine.store.after import Then
from engine.store.send import Heard, Mark, Settled
from engine.store.store import Store
from engine.wire.doors.deadline import Stale, never

OLD = queue.LEASE.total_seconds() / 2


@dataclass
class Journal:
    """`on` is False only under the fault that the reliability suite must be able to find."""

    store: Store
    lease: Lease
    clock: Clock
    on: bool = True
    _settling: set[asyncio.Future[None]] = field(default_factory=set)
    _wrong: BaseException | None = None

    async def mark(self, due: Due) -> Stale | None:
        """Journal before wire; gives when the mark is too old to go on. None where the document may not go.

        Raises LeaseLost.
        """
        if not self.on:
            return never
        began = self.clock.monotonic()
        point("journal.before")
        marked = await self.store.writer.write(send.mark, Mark(self.lease, due, self.clock.now()))
        point("journal.committed")
        return await self._awake(began) if marked else None

    async def still(self) -> Stale:
        """A document that is marked goes out once more. Raises LeaseLost where another worker took over."""
        return await self._awake(float("-inf")) if self.on else never

    async def _awake(self, since: float) -> Stale:
        """Nothing goes out on the word of a lease that is old: a process may sleep between any two lines."""
        while self._old(since):
            since = self.clock.monotonic()
            await self.store.writer.write(queue.extend, (self.lease, self.clock.now()))
        return lambda: self._old(since)

    def _old(self, since: float) -> bool:
        return self.clock.monotonic() - since > OLD

    def settle(self, due: Due, outcome: Outcome, heard: Sequence[Exchange], then: Then | None = None) -> None:
        """What became of a document, with all that was said about it. Raises what an earlier one met."""
        self.hear(heard[:-1])
        settled = Settled(
            self.lease,
            due.id,
            self.clock.now(),
            outcome,
            heard[-1] if heard else None,
            self.on,
            due.way,
            then,
        )
        future = self.store.writer.hand(send.settle, settled)
        self._settling.add(future)
        future.add_done_callback(self._committed)
        self._raise_wrong()

    def hear(self, heard: Sequence[Exchange]) -> None:
        """Exchanges that settle no document."""
        for exchange in heard:
            told = Heard(self.lease.scheme_id, self.lease.run_id, exchange)
            self.store.writer.submit(send.hear, told)

    async def committed(self) -> None:
        """Wait for the last commits; the first thing that went wrong in one is raised here."""
        if self._settling:
            await asyncio.wait(self._settling)
        self._raise_wrong()

    def _committed(self, future: asyncio.Future[None]) -> None:
        self._settling.discard(future)
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            self._wrong = self._wrong or error
        elif crash.armed:
            point("settle.committed")

    def _raise_wrong(self) -> None:
        wrong, self._wrong = self._wrong, None
        if wrong is not None:
            raise wrong
