"""What is due out: plan records, send their documents, ask after the ones whose outcome is open.

One push runs per scheme at a time. It goes round until nothing is due: first the open questions,
then new plans and sends side by side. A fault of the connection stops it once, for all documents;
a fault of a document settles that document and it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from engine.clock import Clock
from engine.crash import point
from engine.errors import Conflict, Fault
from engine.model.ledger import Due, Open, Outcome
from engine.run.answers import Answers
from engine.run.deeds import Leg, Preparing, needs_preparing
from engine.run.flow import Flow
from engine.run.journal import Journal
from engine.run.lines import collect, later
from engine.run.pace import LINGER, Pace
from engine.run.planner import plan_next
from engine.run.verdict import Rules, after_fault, after_look, ask_again, shown_numbering
from engine.say import Say
from engine.store import runs, send
from engine.store.after import Gone, any_left, drop
from engine.store.groups import next_whole
from engine.store.lookups import Tables
from engine.store.store import Store
from engine.wire.doors.deadline import Stale

AHEAD = 256

T = TypeVar("T")


@dataclass(slots=True)
class Going:
    """A document on its way out; `left` once it is journalled."""

    due: Due
    left: bool = False


@dataclass
class Push:
    """One push of one scheme, from claim to finish. `more` tells whether a pull still brings records."""

    flow: Flow
    legs: Mapping[str, Leg]
    """Every way a document of the scheme can go: "" is the create."""
    journal: Journal
    store: Store
    clock: Clock
    tables: Callable[[], Tables]
    answers: Answers
    more: Callable[[], bool]
    woken: asyncio.Event
    stopping: asyncio.Event
    pace: Pace = field(default_factory=Pace)
    _broken: bool = False
    _preparing: Preparing = field(init=False)

    async def run(self) -> datetime | None:
        """Push until nothing is due. Gives when to come again: None where nothing waits, or nobody knows when.

        Raises LeaseLost where another worker took over, Fault where the connection failed.
        """
        numbering = await self._read(lambda read: send.numbering(read, self._scheme))
        self.rules.numbering = "ours" if self.rules.kept else numbering
        needed = needs_preparing(self.flow, await self._read(lambda read: any_left(read, self._scheme)))
        self._preparing = Preparing(self.flow, self.store, self.journal.lease, self.tables, needed)
        again = await self._rounds()
        self.pace.rest(self.clock.now())
        if self.pace.stopped is not None:
            raise self.pace.stopped
        if self.answers.fault is not None:
            raise self.answers.fault
        return again

    @property
    def rules(self) -> Rules:
        """Those of the create."""
        return self.legs[""].rules

    @property
    def _scheme(self) -> int:
        return self.flow.published.id

    async def _rounds(self) -> datetime | None:
        while not self._over():
            self.woken.clear()
            # Between two rounds nothing is under way: what stands as sending was left by an earlier holder.
            await self.store.writer.write(send.recover, (self.journal.lease, self.clock.now()))
            worked = await self._ask_all() + await self._send_all()
            if worked:
                continue
            soon = await self._read(self._soon)
            wait = soon - self.clock.now() if soon else None
            if not self.more() and (wait is None or wait > LINGER):
                return soon
            # Stay a moment: something is due soon, or a pull is about to bring more.
            seconds = min(LINGER, wait or LINGER).total_seconds()
            await self.clock.wait(max(0.0, seconds), self.woken, self.stopping)
        return self.clock.now()

    def _soon(self, read: Any) -> datetime | None:
        """When something is due next: a document, or a group that may be complete then."""
        soon = send.next_due(read, self._scheme)
        shape = self.flow.mapping.shape
        whole = next_whole(read, self._scheme, self.clock.now()) if shape and shape.gather else None
        return min((one for one in (soon, whole) if one is not None), default=None)

    def _over(self) -> bool:
        return self._broken or self.pace.stopped is not None or self.stopping.is_set()

    async def _read(self, work: Callable[[Any], T]) -> T:
        return await asyncio.to_thread(self.store.read, work)

    # -- sending ---------------------------------------------------------------------------------

    async def _send_all(self) -> int:
        """Plan and send side by side until both run dry; gives how many documents were taken up."""
        ready: asyncio.Queue[Due | None] = asyncio.Queue(AHEAD)
        senders = [asyncio.create_task(self._sender(ready)) for _ in range(self.rules.parallel)]
        feeder = asyncio.create_task(self._feed(ready))
        try:
            await asyncio.wait([feeder, *senders], return_when=asyncio.FIRST_EXCEPTION)
            await self._hear_out(ready, feeder, senders)
        finally:
            for task in (feeder, *senders):
                task.cancel()
        try:
            await self.journal.committed()
        finally:
            _raise_first([feeder, *senders])
        return feeder.result()

    async def _hear_out(
        self,
        ready: asyncio.Queue[Due | None],
        feeder: asyncio.Task[int],
        senders: Sequence[asyncio.Task[None]],
    ) -> None:
        """Where an error ended the round, calls under way come to their end: one cut off is an open question."""
        if all(task.done() for task in (feeder, *senders)):
            return
        self._broken = True
        feeder.cancel()
        while not ready.empty():
            ready.get_nowait()
        for _ in senders:
            ready.put_nowait(None)
        await asyncio.wait([feeder, *senders])

    async def _feed(self, ready: asyncio.Queue[Due | None]) -> int:
        taken, planned_to, sent_to = 0, 0, 0
        while not self._over():
            now = self.clock.now()
            planned_to, fresh = await plan_next(
                self.flow, self.store, self.journal.lease, self.tables(), self.answers, now, planned_to
            )
            fresh += await self._preparing.prepare(now)
            reached = sent_to
            batch = await self._read(lambda read: send.due(read, self._scheme, now, reached, AHEAD))  # noqa: B023
            for due in batch:
                await ready.put(due)
            taken += len(batch) + fresh
            sent_to = batch[-1].id if batch else sent_to
            if not planned_to and not batch and not fresh:
                break
        for _ in range(self.rules.parallel):
            await ready.put(None)
        return taken

    async def _sender(self, ready: asyncio.Queue[Due | None]) -> None:
        while (due := await ready.get()) is not None:
            await self._rest()
            if not self._over():
                await self._send(Going(due))

    async def _rest(self) -> None:
        """The vendor asked us to stay away a while."""
        while not self._over() and (seconds := self.pace.rest(self.clock.now())) > 0:
            await self.clock.wait(seconds, self.stopping)

    async def _send(self, going: Going) -> None:
        leg = self.legs.get(going.due.way)
        if leg is None:
            return await self._gone(going.due)
        heard, stop = collect()
        fault: Fault | None = None
        outcome: Outcome | None = None
        shown: str | None = None
        try:
            saved = await leg.talk.save(leg.operation, going.due.body.encode(), lambda: self._leave(going))
            outcome, shown = leg.done(going.due, saved), shown_numbering(going.due, saved)
        except Conflict:
            pass  # nothing left, and nothing became of it
        except Fault as failed:
            fault = failed
            outcome = after_fault(going.due, fault, leg.rules, self.clock.now(), self._later(going.due.sends))
            if not going.left and not await self._cannot_go(going, fault):
                self.pace.stayed(fault, outcome.due_at)
                outcome = None
        finally:
            stop()
        if outcome is None:
            self.journal.hear(heard)
            return None
        point("settle.before")
        self.journal.settle(going.due, outcome, heard, leg.then)
        self.pace.heard(fault, outcome.due_at)
        await self._prove(leg, shown)
        return None

    async def _gone(self, due: Due) -> None:
        """A follow-up of an earlier version of the scheme, whose call the scheme no longer has."""
        says = Say("方案里已没有步骤“{name}”。", name=due.way)
        gone = Gone(self.journal.lease, due.id, self.clock.now(), says)
        await self.store.writer.write(drop, gone)

    async def _leave(self, going: Going) -> Stale:
        """Asked by the wire when the call owns its slot. Raises Conflict where the document must stay."""
        if going.left:
            return await self.journal.still()
        stale = None if self._over() else await self.journal.mark(going.due)
        if stale is None:
            raise Conflict("it stays, for this pass is over or another one was faster")
        going.left = True
        return stale

    async def _cannot_go(self, going: Going, fault: Fault) -> bool:
        """Whether it is this document that cannot be sent as it is, and others can: it is refused, not the rest."""
        if fault.kind != "refused" or not fault.alone:
            return False
        try:
            await self._leave(going)
        except Conflict:
            return False
        return True

    def _later(self, attempts: int) -> datetime:
        return later(self.clock.now(), attempts, self.clock)

    async def _prove(self, leg: Leg, shown: str | None) -> None:
        """The first reply that shows whether the target keeps our numbers is remembered for good.

        What a follow-up shows of its operation holds for this push only.
        """
        if shown is None or leg.rules.numbering in (shown, "theirs"):
            return
        leg.rules.numbering = shown
        if leg.rules is self.rules:
            await self.store.writer.write(send.prove_numbering, (self._scheme, shown, self.clock.now()))

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
        await self.journal.committed()
        return asked

    async def _ask(self, one: Open) -> None:
        await self._rest()
        if self._over():
            return
        heard, stop = collect()
        try:
            outcome = await self._look(one)
        except Fault as failed:
            outcome = ask_again(one, failed, self.clock.now(), self._later(one.sends))
            self.pace.heard(failed, outcome.due_at)
        finally:
            stop()
        leg = self.legs.get(one.way)
        self.journal.settle(one, outcome, heard, leg.then if leg else None)
        point("lookup.settled")

    async def _look(self, one: Open) -> Outcome:
        leg, hits = self.legs.get(one.way), None
        if leg is None:
            return Outcome("unknown", reason=Say("方案里已没有步骤“{name}”。", name=one.way))
        if leg.list is not None and leg.rules.looks_up(one):
            point("lookup.asked")
            hits = await leg.talk.look_up(leg.operation, leg.list, one.sent_number)
            point("lookup.replied")
            self.pace.heard(None, None)
            await self._prove(leg, "ours" if len(hits) == 1 else None)
        return after_look(one, hits, leg.rules, self.clock.now(), self._later(one.sends))


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all; the first error is raised then."""
    try:
        await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
    _raise_first(tasks)


def _raise_first(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """The first error of these tasks, which are all over."""
    for task in tasks:
        if not task.cancelled():
            task.result()


async def close_runs(store: Store, scheme_id: int, clock: Clock) -> list[int]:
    """Close what has read, planned and sent all of its own; gives the runs closed."""

    def closing(connection: Any, rows: Sequence[tuple[int, datetime]]) -> list[list[int]]:
        return [runs.close(connection, ident, now) for ident, now in rows]

    closed = await store.writer.write(closing, (scheme_id, clock.now()))
    point("run.closed")
    return closed
