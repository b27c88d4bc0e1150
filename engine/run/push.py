"""What is due out: plan records, send their documents, ask after the ones whose outcome is open.

One push runs per scheme at a time. It goes round until nothing is due: first the open questions,
then new plans and sends side by side. A fault of the connection stops it once, for all documents;
a fault of a document settles that document and it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from engine.clock import Clock
from engine.crash import point
from engine.errors import Fault, LeaseLost
from engine.mapping.compile import Lookups
from engine.model.exchange import Exchange
from engine.model.ledger import Due, Lease, Open, Outcome
from engine.run.flow import Flow
from engine.run.lines import collect, later
from engine.run.planner import plan_next
from engine.run.verdict import Rules, after_fault, after_look, after_save, shown_numbering
from engine.store import queue, runs, send
from engine.store.send import Mark, Settled
from engine.store.store import Store
from engine.wire.talk import Talk

AHEAD = 256
LINGER = timedelta(seconds=5)
BREAK_AFTER = 5

T = TypeVar("T")


@dataclass
class Pace:
    """Whether and when the next document may go: what faults have taught this pass."""

    rest_until: datetime | None = None
    bad_in_a_row: int = 0
    stopped: Fault | None = None

    def heard(self, fault: Fault | None, until: datetime | None) -> None:
        """A send came back: a fault of the connection stops all, five bad ones in a row do too."""
        if fault is None or fault.kind == "refused":
            self.bad_in_a_row = 0
            return
        if fault.kind == "busy":
            self.rest_until = max(until, self.rest_until) if until and self.rest_until else until
            return
        self.bad_in_a_row += 1
        if fault.kind in ("unreachable", "login") or self.bad_in_a_row >= BREAK_AFTER:
            self.stopped = self.stopped or fault


@dataclass
class Push:
    """One push of one scheme, from claim to finish. `more` tells whether a pull still brings records."""

    flow: Flow
    talk: Talk
    lease: Lease
    store: Store
    clock: Clock
    rules: Rules
    lookups: Callable[[], Lookups]
    more: Callable[[], bool]
    woken: asyncio.Event
    stopping: asyncio.Event
    journal: bool = True
    pace: Pace = field(default_factory=Pace)
    _settling: set[Future[None]] = field(default_factory=set)

    async def run(self) -> datetime | None:
        """Push until nothing is due. Gives when to come again: None where nothing waits, or nobody knows when.

        Raises LeaseLost where another worker took over, Fault where the connection failed.
        """
        await self.store.writer.write(send.recover, (self.lease, self.clock.now()))
        self.rules.numbering = await self._read(lambda read: send.numbering(read, self._scheme))
        again = await self._rounds()
        if self.pace.stopped is not None:
            raise self.pace.stopped
        return again

    @property
    def _scheme(self) -> int:
        return self.flow.published.id

    async def _rounds(self) -> datetime | None:
        while not self.pace.stopped and not self.stopping.is_set():
            self.woken.clear()
            worked = await self._ask_all() + await self._send_all()
            if worked:
                continue
            soon = await self._read(lambda read: send.next_due(read, self._scheme))
            wait = soon - self.clock.now() if soon else None
            if not self.more() and (wait is None or wait > LINGER):
                return soon
            await self._linger(wait)
        return self.clock.now()

    async def _linger(self, wait: timedelta | None) -> None:
        """Stay a moment: something is due soon, or a pull is about to bring more."""
        seconds = min(LINGER, wait).total_seconds() if wait is not None else LINGER.total_seconds()
        waiters = [asyncio.ensure_future(event.wait()) for event in (self.woken, self.stopping)]
        await asyncio.wait(waiters, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()

    async def _read(self, work: Callable[[Any], T]) -> T:
        return await asyncio.to_thread(self.store.read, work)

    # -- sending ---------------------------------------------------------------------------------

    async def _send_all(self) -> int:
        """Plan and send side by side until both run dry; gives how many documents were taken up."""
        ready: asyncio.Queue[Due | None] = asyncio.Queue(AHEAD)
        senders = [asyncio.create_task(self._sender(ready)) for _ in range(self.rules.parallel)]
        feeder = asyncio.create_task(self._feed(ready))
        try:
            await _all([feeder, *senders])
            await self._all_settled()
        finally:
            for task in (feeder, *senders):
                task.cancel()
        return feeder.result()

    async def _feed(self, ready: asyncio.Queue[Due | None]) -> int:
        taken, planned_to, sent_to = 0, 0, 0
        while not self._over():
            now = self.clock.now()
            planned_to, fresh = await plan_next(
                self.flow, self.store, self.lease, self.lookups(), now, planned_to
            )
            reached = sent_to
            batch = await self._read(lambda read: send.due(read, self._scheme, now, reached, AHEAD))  # noqa: B023
            for due in batch:
                await ready.put(due)
            taken += len(batch) + fresh
            sent_to = batch[-1].id if batch else sent_to
            if not planned_to and not batch:
                break
        for _ in range(self.rules.parallel):
            await ready.put(None)
        return taken

    def _over(self) -> bool:
        return self.pace.stopped is not None or self.stopping.is_set()

    async def _sender(self, ready: asyncio.Queue[Due | None]) -> None:
        while (due := await ready.get()) is not None:
            await self._rest()
            if not self._over():
                await self._send(due)

    async def _rest(self) -> None:
        """The vendor asked us to stay away a while."""
        while self.pace.rest_until is not None and not self._over():
            wait = (self.pace.rest_until - self.clock.now()).total_seconds()
            if wait <= 0:
                self.pace.rest_until = None
            elif wait > LINGER.total_seconds():
                self.pace.stopped = Fault("busy", "", wait=timedelta(seconds=wait), sent=False)
            else:
                await self.clock.sleep(wait)

    async def _send(self, due: Due) -> None:
        if self.journal and not await self._mark(due):
            return
        heard, stop = collect()
        fault: Fault | None = None
        try:
            saved = await self.talk.save(self.flow.target, due.body.encode())
            outcome = after_save(due, saved)
            await self._prove(shown_numbering(due, saved))
        except Fault as failed:
            fault = failed
            outcome = after_fault(due, failed, self.rules, self.clock.now(), self._later(due.sends))
        finally:
            stop()
        point("settle.before")
        self._settle(due, outcome, heard)
        self.pace.heard(fault, outcome.due_at)

    async def _mark(self, due: Due) -> bool:
        """Journal before wire. False where the document may no longer go; a process that slept through
        its lease between journal and wire sends nothing."""
        began = self.clock.monotonic()
        point("journal.before")
        marked = await self.store.writer.write(send.mark, Mark(self.lease, due.id, self.clock.now()))
        point("journal.committed")
        if self.clock.monotonic() - began > queue.LEASE.total_seconds() / 2:
            raise LeaseLost(self.lease.key)
        return marked

    def _later(self, attempts: int) -> datetime:
        return later(self.clock.now(), attempts, self.clock)

    async def _prove(self, shown: str | None) -> None:
        """The first reply that shows whether the target keeps our numbers is remembered for good."""
        if shown is not None and self.rules.numbering not in (shown, "theirs"):
            self.rules.numbering = shown
            await self.store.writer.write(send.prove_numbering, (self._scheme, shown, self.clock.now()))

    def _settle(self, due: Due, outcome: Outcome, heard: Sequence[Exchange]) -> None:
        """Hand the outcome to the writer: it is in the commit of the next mark, or in the one before it."""
        at = self.clock.now()
        own = heard[-1] if heard else None
        for exchange in heard[:-1]:
            self.store.writer.submit(send.hear, send.Heard(self._scheme, self.lease.run_id, exchange))
        future = self.store.writer.submit(
            send.settle, Settled(self.lease, due.id, at, outcome, own, self.journal)
        )
        self._settling.add(future)
        future.add_done_callback(_committed)
        self._settling = {one for one in self._settling if not one.done() or one.result() is not None}

    async def _all_settled(self) -> None:
        """Wait for the last commits; whatever went wrong in one is raised here."""
        for future in self._settling:
            await asyncio.wrap_future(future)
        self._settling.clear()

    # -- asking ----------------------------------------------------------------------------------

    async def _ask_all(self) -> int:
        """Ask after every document of unknown outcome that is due; gives how many."""
        asked, behind = 0, 0
        while not self._over():
            now, reached = self.clock.now(), behind
            batch = await self._read(lambda read: send.unknown(read, self._scheme, now, reached, AHEAD))  # noqa: B023
            if not batch:
                break
            for start in range(0, len(batch), self.rules.parallel):
                part = batch[start : start + self.rules.parallel]
                await _all([asyncio.create_task(self._ask(one)) for one in part])
            asked, behind = asked + len(batch), batch[-1].id
        await self._all_settled()
        return asked

    async def _ask(self, one: Open) -> None:
        if self._over():
            return
        heard, stop = collect()
        try:
            outcome = await self._look(one)
        except Fault as failed:
            self.pace.heard(failed, None)
            due = self._later(one.sends)
            outcome = Outcome("unknown", "", due, None, None, failed.says, one.looks, one.looked_at)
        finally:
            stop()
        self._settle(one, outcome, heard)
        point("lookup.settled")

    async def _look(self, one: Open) -> Outcome:
        hits = None
        if self.flow.list is not None and self.rules.looks_up(one):
            point("lookup.asked")
            hits = await self.talk.look_up(self.flow.target, self.flow.list, one.sent_number)
            point("lookup.replied")
            self.pace.heard(None, None)
            await self._prove("ours" if len(hits) == 1 else None)
        return after_look(one, hits, self.rules, self.clock.now(), self._later(one.sends))


def _committed(future: Future[None]) -> None:
    if future.exception() is None:
        point("settle.committed")


async def _all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait for all; the first error ends the others and is raised."""
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)
    for task in done:
        task.result()


async def close_runs(store: Store, scheme_id: int, clock: Clock) -> list[int]:
    """Close what has read, planned and sent all of its own; gives the runs closed."""

    def closing(connection: Any, rows: Sequence[tuple[int, datetime]]) -> list[list[int]]:
        return [runs.close(connection, ident, now) for ident, now in rows]

    closed = await store.writer.write(closing, (scheme_id, clock.now()))
    point("run.closed")
    return closed
