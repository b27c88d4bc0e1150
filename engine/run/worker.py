"""The worker: claims jobs, runs their loops in one event loop, keeps their leases, ends gracefully."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.clock import Clock
from engine.crash import point
from engine.errors import DuijieError, Fault, LeaseLost, Wrong
from engine.model.catalog import Operation
from engine.model.ledger import Lease
from engine.run.answers import Answers, Library
from engine.run.deeds import Leg, deeds_of, then_of
from engine.run.flow import Flow, Flows
from engine.run.journal import Journal
from engine.run.lines import Lines, keys_honoured, later, settle_of
from engine.run.order import PATIENCE, Order, firsts, turn
from engine.run.pull import Pull
from engine.run.push import Push, close_runs
from engine.run.shelf import shelve
from engine.run.verdict import Rules
from engine.say import Say, Words
from engine.store import lookups, queue, runs, schemes, waits
from engine.store.lookups import Tables
from engine.store.runs import ReadDone
from engine.store.store import Store

log = logging.getLogger("duijie.worker")

GRACE = 30.0
IDLE = 1.0
TRIES = {"unreachable": 4, "broken": 4, "unknown": 4, "login": 2}
"""A connection that fails so often in a row is a fault of the run; before that it is a hitch that may pass."""


@dataclass
class Signals:
    """How the two loops of one scheme hear of each other inside this process."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    pulling: int = 0


@dataclass
class Worker:
    """One process's hands. `serve` works until `stop`; `schemes` limits it to some schemes' jobs."""

    store: Store
    flows: Flows
    lines: Lines
    clock: Clock
    breaks: frozenset[str] = frozenset()
    schemes: Sequence[int] | None = None
    slots: int = 16
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _signals: dict[int, Signals] = field(default_factory=dict)
    _tables: dict[tuple[int, int], Tables] = field(default_factory=dict)
    library: Library = field(default_factory=Library)
    _order: Order = field(default_factory=Order)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.holder = queue.register(queue.holder(self.clock.code()))

    async def serve(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until stopped, or until `until` says so between two jobs. In-flight calls get 30 seconds."""
        while not self.stopping.is_set() and not until():
            if len(self._tasks) >= self.slots or not await self._claimed():
                self._bell.clear()
                await self.clock.wait(IDLE, self._bell)
        self.stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=1)

    def ring(self) -> None:
        """Something was put into the queue; may be called from any task of this loop."""
        self._bell.set()

    def stop(self) -> None:
        """No new reads or sends from now on."""
        self.stopping.set()
        self._bell.set()

    async def _claimed(self) -> bool:
        try:
            return await self._claim()
        except Exception:  # a database that is away comes back; whoever works goes on by then
            log.exception("no job could be claimed")
            return False

    async def _claim(self) -> bool:
        def claiming(connection: Any, rows: Sequence[datetime]) -> list[Lease | None]:
            return [queue.claim(connection, now, self.holder, self.schemes) for now in rows]

        if not await self._due():
            return False
        lease = await self.store.writer.write(claiming, self.clock.now())
        if lease is None:
            return False
        point("job.claimed")
        task = asyncio.create_task(self._hold(lease), name=lease.key)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return True

    async def _due(self) -> bool:
        """A look before the leap: claiming takes the write lock, looking does not."""
        soonest = await asyncio.to_thread(self.store.read, queue.claimable)
        return soonest is not None and (soonest <= self.clock.now())

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._bell.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("job ended by an error", exc_info=task.exception(), extra={"job": task.get_name()})

    async def _hold(self, lease: Lease) -> None:
        """Work a job off, its lease kept meanwhile."""
        beat = asyncio.create_task(self._beat(lease))
        try:
            await self.work(lease)
        except LeaseLost:
            log.warning("job taken over by another worker", extra={"job": lease.key})
        finally:
            beat.cancel()

    async def _beat(self, lease: Lease) -> None:
        while True:
            await self.clock.sleep(queue.LEASE.total_seconds() / 3)
            try:
                await self.store.writer.write(queue.extend, (lease, self.clock.now()))
            except LeaseLost:
                return  # the next thing the job writes is refused, and ends it
            except Exception:  # the database may be back before the lease is over
                log.exception("lease could not be extended", extra={"job": lease.key})

    async def work(self, lease: Lease) -> None:
        """One job from claim to finish. What went wrong is written on the runs; the job comes again by its kind.

        Raises LeaseLost where another worker took it over.
        """
        again: datetime | None = None
        why = ""
        try:
            again = await (self._pull(lease) if lease.kind == "pull" else self._push(lease))
        except LeaseLost:
            raise
        except (Fault, Wrong) as known:
            again, why = await self._failed(lease, known)
        except Exception as error:
            # A mistake of ours must not take the other schemes down with it: it is told and the job comes again.
            log.exception("job failed", extra={"job": lease.key})
            again, why = await self._failed(lease, error)
        await self.store.writer.write(queue.finish, (lease, again, why))
        point("job.finished")

    async def _failed(self, lease: Lease, error: Exception) -> tuple[datetime | None, str]:
        """Tell the run. A push comes again by itself, later each time; a pull at its next planned time."""
        kind = (
            error.kind if isinstance(error, Fault) else "wrong" if isinstance(error, DuijieError) else "error"
        )
        says = str(error.says if isinstance(error, Fault) else error)
        wait = error.wait if isinstance(error, Fault) else None
        again = self.clock.now() + wait if wait else later(self.clock.now(), lease.attempts, self.clock)
        if lease.kind == "push" and _passes(kind, lease.attempts):
            return again, says
        await self.store.writer.write(_tell, (lease, kind, says, self.clock.now()))
        if lease.kind == "pull":
            return None, ""
        await close_runs(self.store, lease.scheme_id, self.clock)
        return again, says

    # -- the two loops -----------------------------------------------------------------------------

    async def _pull(self, lease: Lease) -> datetime | None:
        """Read; one that was stopped half-way is the next process's to read on."""
        flow, signals = await self._flow(lease), self._signals.setdefault(lease.scheme_id, Signals())
        if not await self._turn(flow, lease):
            return self.clock.now() + PATIENCE
        talk = self.lines.to(flow.scheme.source.connection)

        def kept() -> None:
            signals.woken.set()
            self._bell.set()

        signals.pulling += 1
        try:
            early = "early_cursor" in self.breaks
            pull = Pull(flow, talk, lease, self.store, self.clock, kept, self.stopping, early)
            pull.followers = lambda: self.store.read(
                lambda read: self._order.followers(read, flow.published.code)
            )
            return None if await pull.run() else self.clock.now()
        finally:
            signals.pulling -= 1
            kept()

    async def _turn(self, flow: Flow, lease: Lease) -> bool:
        """Whether those who go before this scheme are out of the way; else its run waits."""
        first = firsts(flow.scheme)
        if not first:
            return True
        now = self.clock.now()
        if await asyncio.to_thread(self.store.write, lambda write: turn(write, flow.scheme, now)):
            return True
        says = str(Say("等方案 {codes} 先跑完，与下一次运行合并。", codes=Words(first)))
        await self.store.writer.write(runs.stand_aside, (lease, says, now))
        return False

    async def _push(self, lease: Lease) -> datetime | None:
        """Write; one that was stopped half-way leaves its runs open for the next process to go on."""
        flow, signals = await self._flow(lease), self._signals.setdefault(lease.scheme_id, Signals())
        if flow.scheme.target is None:
            return await self._shelve(flow, lease, signals)
        push = Push(
            flow=flow,
            legs=self._legs(flow, flow.scheme.target.connection),
            journal=Journal(self.store, lease, self.clock, on="no_journal" not in self.breaks),
            store=self.store,
            clock=self.clock,
            tables=lambda: self._tables_of(flow),
            answers=await self._answers(flow, lease),
            more=lambda: signals.pulling > 0,
            woken=signals.woken,
            stopping=self.stopping,
        )
        again = _sooner(await push.run(), await self._wakes(lease))
        if again is None or not self.stopping.is_set():
            await self._read_on(flow, await close_runs(self.store, lease.scheme_id, self.clock))
        return again

    async def _read_on(self, flow: Flow, closed: Sequence[int]) -> None:
        """A pool gives one page until that is acknowledged: where it was a whole one, there may be more."""
        if flow.source.pages.style != "pool":
            return
        size = (flow.source.pages.sizes or (1,))[0]

        def more(connection: Any, rows: Sequence[tuple[int, datetime]]) -> list[int | None]:
            return [runs.begin_more(connection, ident, size, now) for ident, now in rows]

        for ident in closed:
            await self.store.writer.write(more, (ident, self.clock.now()))
        self._bell.set()

    async def _shelve(self, flow: Flow, lease: Lease, signals: Signals) -> datetime | None:
        """The push of a base-data scheme: its records are planned and settled, and no vendor hears of it."""
        again = await shelve(
            flow,
            self.store,
            lease,
            tables=lambda: self._tables_of(flow),
            answers=await self._answers(flow, lease),
            clock=self.clock,
            more=lambda: signals.pulling > 0,
            woken=signals.woken,
            stopping=self.stopping,
        )
        again = _sooner(again, await self._wakes(lease))
        if again is None or not self.stopping.is_set():
            await close_runs(self.store, lease.scheme_id, self.clock)
        return again

    async def _answers(self, flow: Flow, lease: Lease) -> Answers:
        """The lookups of one pass; what a vendor lacked some time ago is asked for again."""
        if flow.live:
            now = self.clock.now()
            await asyncio.to_thread(self.store.write, lambda write: waits.wake(write, lease.scheme_id, now))
        return Answers(flow, self.store, self.lines, self.clock, self.library, lease)

    async def _wakes(self, lease: Lease) -> datetime | None:
        return await asyncio.to_thread(self.store.read, lambda read: waits.next_wake(read, lease.scheme_id))

    async def _flow(self, lease: Lease) -> Flow:
        published = await asyncio.to_thread(
            self.store.read, lambda read: schemes.by_id(read, lease.scheme_id)
        )
        if published is None:
            raise LookupError("a job points at a published scheme")
        return self.flows.of(published)

    def _legs(self, flow: Flow, code: str) -> dict[str, Leg]:
        """Every way a document of the scheme can go."""
        deeds = deeds_of(flow)
        keeps = bool(flow.chain.after) or flow.chain.changes
        most = max(1, min(flow.scheme.parallel, self.lines.to(code).link.limits.at_once, 64))
        main = self._rules(flow.save, flow.list, code, most)
        legs = {"": Leg(self.lines.to(code), flow.save, flow.list, main, then_of(flow, ""), keeps)}
        for name, deed in deeds.items():
            # A change is never looked up: what was there before it would be taken for its outcome.
            list_ = self.flows.looked_up(deed.operation) if deed.step else None
            rules = self._rules(deed.operation, list_, deed.connection, most)
            then = then_of(flow, name) if deed.step else None
            legs[name] = Leg(self.lines.to(deed.connection), deed.operation, list_, rules, then, keeps)
        return legs

    def _rules(self, save: Operation, list_: Operation | None, code: str, most: int) -> Rules:
        account, looks, idempotency = self.lines.account(code), save.lookup, save.idempotency
        return Rules(
            parallel=most,
            look_up=looks is not None and list_ is not None,
            settle=settle_of(account, looks.settle if looks else timedelta(seconds=120)),
            kept=looks is not None and looks.kept,
            numbering="ours" if looks is not None and looks.kept else "unproven",
            keys=save.repeatable or (idempotency is not None and keys_honoured(account, idempotency.guess)),
            key_age=timedelta.max if save.repeatable else idempotency.age if idempotency else timedelta(0),
        )

    def _tables_of(self, flow: Flow) -> Tables:
        """The tables a mapping uses, read again only where any table changed."""
        revision = self.store.read(lookups.revision)
        place = (flow.published.id, flow.published.version)
        kept = self._tables.get(place)
        if kept is None or kept.revision != revision:
            pairs = self.store.read(lambda read: lookups.load(read, flow.mapping.tables))
            kept = self._tables[place] = Tables(revision, pairs)
        return kept


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


def _passes(kind: str, attempts: int) -> bool:
    """Whether a push goes on by itself soon: its runs then stay open, and hear of no fault."""
    return kind == "busy" or attempts < TRIES.get(kind, 0)


def _tell(connection: Any, told: Sequence[tuple[Lease, str, str, datetime]]) -> list[None]:
    """Whose fault it was: the run that was reading, or every run that is being written."""
    for lease, kind, says, now in told:
        if lease.kind == "pull" and lease.run_id is not None:
            runs.reads_done(
                connection, [ReadDone(lease, now)]
            )  # the push put here closes the run, once all is written
            runs.fail_reading(connection, lease.run_id, kind, says)
        else:
            runs.fail_writing(connection, lease.scheme_id, kind, says)
    return [None] * len(told)
