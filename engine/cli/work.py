"""Working a run off in this process: a worker for its scheme, a bar that moves, a graceful end.

Where another process works on the scheme already, this one waits and watches; whoever is free
takes the next job.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from engine.cli.desk import FAULT, SETTLED, SOME, Desk, until_told
from engine.cli.show import Bar, Terminal
from engine.model.ledger import Counts
from engine.model.values import Json
from engine.run.order import Order
from engine.run.worker import Worker
from engine.say import Say, Stored
from engine.services import Services
from engine.store import queue, runs, schemes
from engine.store.queue import Standing

T = TypeVar("T")

LOOK = 0.2
TRIES = 4
"""After so many failed goes at writing, each later than the one before, a command gives up; the job waits on."""
FAR = timedelta(seconds=90)
NEAR = timedelta(seconds=10)
A_PERSON_MOVES = frozenset({"login", "refused", "wrong", "error"})


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run stands when its command ends: `fault` is why it came no further, `signal` who asked it to stop."""

    run_id: int
    counts: Counts
    fault: tuple[str, str] | None = None
    signal: signal.Signals | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a run: its row, its counts as of now, the scheme's writing jobs by state."""

    run: Any
    counts: Counts
    jobs: dict[str, Standing]

    @property
    def settled(self) -> bool:
        """Nothing of the run is open; a run that read nothing stands for what the jobs still try."""
        own = not self.counts.waiting and not self.counts.unknown
        return own and (self.counts.read > 0 or not any(job.why for job in self.jobs.values()))

    @property
    def reading_fault(self) -> tuple[str, str] | None:
        return (
            (self.run.fault_kind, Stored(self.run.fault))
            if self.run.fault_in in ("reading", "counts")
            else None
        )


async def working(desk: Desk, work: Callable[[Services], Awaitable[T]]) -> T:
    """Services for the time of `work`."""
    services = desk.services()
    try:
        return await work(services)
    finally:
        await services.close()


async def work_off(desk: Desk, services: Services, scheme_id: int, run_id: int) -> Ended:
    """Work until the run is closed and nothing of it moves any more, until it is stuck, or until told to stop."""
    services.store.write(lambda write: queue.hurry(write, "push", scheme_id, services.clock.now()))
    worker = services.worker([scheme_id, *services.store.read(lambda read: before(read, scheme_id))])
    watch = Watch(services, worker, scheme_id, run_id, Bar(desk.terminal))
    fault = None
    with until_told(worker.stop) as told:
        serving = asyncio.create_task(worker.serve())
        serving.add_done_callback(lambda _: worker.stop())
        try:
            fault = await watch.ended()
        finally:
            worker.stop()
            await serving
            watch.bar.clear()
    seen = await watch.look(whole=True)
    return Ended(run_id, seen.counts, fault, told[0] if told else None, seen.run.warning)


def before(read: Any, scheme_id: int) -> list[int]:
    """The schemes that must run first: a worker for one scheme does their jobs too."""
    order = Order()
    published = schemes.by_id(read, scheme_id)
    scheme = order.of(published) if published else None
    return [one.id for one in order.before(read, scheme)] if scheme else []


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at a run while a worker, this one or another, works it off."""

    services: Services
    worker: Worker
    scheme_id: int
    run_id: int
    bar: Bar

    async def ended(self) -> tuple[str, str] | None:
        """Look until it ends; gives the fault that kept it from its end, if any."""
        while not self.worker.stopping.is_set():
            seen = await self.look(whole=self.bar.shown)
            if fault := _stuck(seen, self.services.clock.now()):
                return fault
            if _over(seen, self.services.clock.now()):
                return seen.reading_fault
            self.bar.show(*_progress(seen))
            # Counting a long run takes a while; looking must not become the work.
            await self.services.clock.sleep(max(LOOK, seen.counts.documents / 5_000))
        return None

    async def look(self, *, whole: bool) -> Seen:
        """The run as it stands; counted where `whole`, and always once it is closed."""

        def looking(read: Any) -> Seen:
            row = runs.get(read, self.run_id)
            assert row is not None  # noqa: S101  (runs are never deleted)
            counts = runs.count(read, self.run_id) if whole or row.state == "closed" else Counts()
            return Seen(row, counts, queue.standing(read, "push", self.scheme_id))

        return await asyncio.to_thread(self.services.store.read, looking)


def _stuck(seen: Seen, now: datetime) -> tuple[str, str] | None:
    """Why nothing more will happen soon: a person must move, or the target stays away."""
    if seen.run.state == "reading" or (seen.settled and seen.run.state == "closed"):
        return None
    if seen.run.fault_kind in A_PERSON_MOVES and seen.run.fault_in == "writing":
        return seen.run.fault_kind, Stored(seen.run.fault)
    waits = seen.jobs.get("waiting")
    if waits and waits.why and (waits.attempts >= TRIES or waits.due_at - now > FAR):
        return seen.run.fault_kind or "unreachable", Stored(waits.why)
    return None


def _over(seen: Seen, now: datetime) -> bool:
    """Closed, and what of it still waits has nobody who comes for it soon."""
    if seen.run.state != "closed":
        return False
    waits, patience = seen.jobs.get("waiting"), FAR if seen.counts.waiting else NEAR
    return seen.settled or not ("leased" in seen.jobs or (waits and waits.due_at - now < patience))


def _progress(seen: Seen) -> tuple[Say, float | None]:
    row, counts = seen.run, seen.counts
    settled = counts.done + counts.skipped + counts.refused + counts.unknown + counts.cancelled
    says = Say("读 {read}  写 {done}/{due}", read=row.read, done=settled, due=counts.new + counts.changed)
    due = max(row.expected or 0, row.read)
    return says, min(1.0, (row.unchanged + settled) / due) if due else None


def told(terminal: Terminal, ended: Ended, scheme: str, seconds: float) -> int:
    """Say how it went, in the sum every run must satisfy; gives the exit code."""
    counts = ended.counts
    read = {"read": counts.read, "new": counts.new, "changed": counts.changed, "same": counts.unchanged}
    terminal.line(
        Say(
            "{scheme} 第 {run} 次运行，用时 {seconds} 秒",
            scheme=scheme,
            run=ended.run_id,
            seconds=f"{seconds:.1f}",
        )
    )
    terminal.line(Say("  读到 {read}：新 {new}，变 {changed}，同 {same}", **read))
    settled = Say(
        "  已完成 {done}，已跳过 {skipped}，被拒绝 {refused}，结果未知 {unknown}，等待 {waiting}，已取消 {cancelled}",
        **asdict(counts),
    )
    terminal.line(settled)
    if counts.older:
        terminal.line(Say("  以前的单据定案 {older}", older=counts.older))
    if ended.warning:
        terminal.note(Stored(ended.warning))
    if ended.signal is not None:
        terminal.note(Say("已停下，读到的都已保存；再运行一次就接着做。"))
        return 128 + ended.signal
    if ended.fault is not None:
        terminal.fault(*ended.fault)
        return FAULT
    return well(terminal, asdict(counts), scheme)


def machine(ended: Ended, seconds: float) -> dict[str, Json]:
    """What `run --json` prints."""
    counts: dict[str, Json] = asdict(ended.counts)
    return {**counts, "seconds": Decimal(f"{seconds:.2f}"), "run": ended.run_id}


def well(terminal: Terminal, counts: Mapping[str, int], scheme: str) -> int:
    """Whether everything is settled well, and where to look if not."""
    open_states = [state for state in ("refused", "unknown", "waiting") if counts.get(state)]
    for state in open_states:
        terminal.note(Say("看是哪些：duijie records {scheme} --state {state}", scheme=scheme, state=state))
    return SOME if open_states else SETTLED
