"""The queue: a table of jobs. One key waits at most once and runs at most once at a time.

Every claim raises the job's token; what a holder writes names its token, so a holder that was
overtaken writes nothing. A lease ends by time, or at once where its holder was a process of
this very machine that is gone.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from engine.errors import LeaseLost
from engine.model.ledger import Lease
from engine.store.prepared import Prepared
from engine.store.session import upsert
from engine.store.tables import job, run

_WAITS = text("state = 'waiting'")
LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Asked:
    """A job to be put: run loop `kind` for a scheme, not before `due_at`."""

    kind: str
    scheme_id: int
    due_at: datetime
    run_id: int | None = None
    why: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.scheme_id}"


def put(connection: Connection, asked: Sequence[Asked]) -> list[bool]:
    """Put each job; False where its key already waits (an earlier due time is then taken over)."""
    return [_put(connection, one) for one in asked]


def _put(connection: Connection, asked: Asked) -> bool:
    row = {"kind": asked.kind, "key": asked.key, "scheme_id": asked.scheme_id, "run_id": asked.run_id}
    fresh = upsert(connection, job).values(**row, state="waiting", due_at=asked.due_at, why=asked.why)
    fresh = fresh.on_conflict_do_nothing(index_elements=["key"], index_where=_WAITS).returning(job.c.id)
    if connection.execute(fresh).first() is not None:
        return True
    earlier = update(job).where(job.c.key == asked.key, job.c.state == "waiting", job.c.due_at > asked.due_at)
    connection.execute(earlier.values(due_at=asked.due_at))
    return False


def claim(
    connection: Connection, now: datetime, holder: str, schemes: Sequence[int] | None = None
) -> Lease | None:
    """Take one due job whose key is not running; None where there is none. Frees leases that ended."""
    _free(connection, now)
    running = select(job.c.key).where(job.c.state == "leased")
    chosen = select(job.c.id).where(job.c.state == "waiting", job.c.due_at <= now, job.c.key.not_in(running))
    if schemes is not None:
        chosen = chosen.where(job.c.scheme_id.in_(schemes))
    chosen = chosen.order_by(job.c.due_at, job.c.id).limit(1).with_for_update(skip_locked=True)
    taking = (
        update(job)
        .where(job.c.id == chosen.scalar_subquery(), job.c.state == "waiting")
        .values(
            state="leased",
            holder=holder,
            lease_until=now + LEASE,
            token=job.c.token + 1,
            attempts=job.c.attempts + 1,
        )
        .returning(
            job.c.id, job.c.kind, job.c.key, job.c.scheme_id, job.c.run_id, job.c.token, job.c.attempts
        )
    )
    taken = _unless_another(connection, taking)
    return Lease(*taken[0]) if taken else None


def _free(connection: Connection, now: datetime) -> None:
    """Give back what nobody works on any more: as a waiting job, or not at all where its key already waits."""
    held = connection.execute(
        select(job.c.id, job.c.key, job.c.run_id, job.c.token, job.c.holder, job.c.lease_until).where(
            job.c.state == "leased"
        )
    )
    for ident, key, run_id, token, holder, until in held.all():
        if until > now and not gone(holder):
            continue
        # By its token: another node may have taken it over since we looked.
        lost = (job.c.id == ident) & (job.c.token == token) & (job.c.state == "leased")
        waits = connection.scalar(select(job.c.id).where(job.c.key == key, job.c.state == "waiting"))
        if waits is not None:
            if not connection.execute(delete(job).where(lost)).rowcount:
                continue
            # The token must grow past the lost holder's, who may still be alive somewhere.
            connection.execute(update(job).where(job.c.id == waits, job.c.token < token).values(token=token))
            # What the lost run read is kept and its cursor stands still: the waiting run reads on from there.
            connection.execute(
                update(run).where(run.c.id == run_id, run.c.state == "reading").values(state="writing")
            )
        else:
            back = update(job).where(lost)
            _unless_another(
                connection, back.values(state="waiting", holder=None, lease_until=None, due_at=now)
            )


def _unless_another(connection: Connection, statement: Any) -> Sequence[Any] | None:
    """The rows; None where another node did the same at the same time and was first, as the unique indexes tell."""
    try:
        with connection.begin_nested():
            result = connection.execute(statement)
            return result.all() if result.returns_rows else ()
    except IntegrityError:
        return None


def extend(connection: Connection, held: Sequence[tuple[Lease, datetime]]) -> list[None]:
    """Still at work. Raises LeaseLost where another worker took the job over."""
    for lease, now in held:
        mine = (job.c.id == lease.job_id) & (job.c.token == lease.token) & (job.c.state == "leased")
        if not connection.execute(update(job).where(mine).values(lease_until=now + LEASE)).rowcount:
            raise LeaseLost(lease.key)
    return [None] * len(held)


# It is asked in every commit.
_held = Prepared(
    select(job.c.id)
    .where(job.c.id == bindparam("at_id"), job.c.token == bindparam("as_held"), job.c.state == "leased")
    .with_for_update(read=True)
)


def fence(connection: Connection, leases: Iterable[Lease | None]) -> None:
    """Raises LeaseLost where any of these leases is no longer the job's. Asked in the transaction that writes.

    The row stays locked until the commit: who takes the job over sees all that was written under it.
    """
    held = {(lease.job_id, lease.token) for lease in leases if lease is not None}
    for ident, token in held:
        if not _held.all(connection, {"at_id": ident, "as_held": token}):
            raise LeaseLost("another worker took this job over")


def finish(connection: Connection, done: Sequence[tuple[Lease, datetime | None, str]]) -> list[None]:
    """The job is over; with a time it comes again then, or earlier where its key already waits."""
    for lease, again, why in done:
        held = (job.c.id == lease.job_id) & (job.c.token == lease.token)
        if again is None or not _come_again(connection, held, lease, again, why):
            connection.execute(delete(job).where(held, job.c.state == "leased"))
    return [None] * len(done)


def _come_again(connection: Connection, held: Any, lease: Lease, again: datetime, why: str) -> bool:
    waits = update(job).where(job.c.key == lease.key, job.c.state == "waiting")
    if connection.execute(
        waits.values(token=case((job.c.token < lease.token, lease.token), else_=job.c.token))
    ).rowcount:
        connection.execute(waits.where(job.c.due_at > again).values(due_at=again))
        return False
    back = update(job).where(held)
    free = {"state": "waiting", "holder": None, "lease_until": None}
    values = {**free, "due_at": again, "why": why, "attempts": lease.attempts if why else 0}
    return _unless_another(connection, back.values(**values)) is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stands: waiting or leased, for which run, until when, after how many tries, and why it waits."""

    state: str
    run_id: int | None
    due_at: datetime
    attempts: int
    why: str


def standing(connection: Connection, kind: str, scheme_id: int) -> dict[str, Standing]:
    """The scheme's jobs of this kind by state: at most one waits and one is leased."""
    columns = (job.c.state, job.c.run_id, job.c.due_at, job.c.attempts, job.c.why)
    found = connection.execute(select(*columns).where(job.c.key == f"{kind}:{scheme_id}"))
    return {row.state: Standing(*row) for row in found}


def hurry(connection: Connection, kind: str, scheme_id: int, now: datetime) -> None:
    """A person asks: what waits after failed tries is tried now, and its tries are counted afresh."""
    waits = update(job).where(job.c.key == f"{kind}:{scheme_id}", job.c.state == "waiting")
    connection.execute(waits.values(due_at=now, attempts=0, why=""))


def busy(connection: Connection, scheme_id: int) -> bool:
    """Whether any job of the scheme waits or runs."""
    found = select(job.c.id).where(
        job.c.scheme_id == scheme_id, or_(job.c.state == "leased", job.c.state == "waiting")
    )
    return connection.scalar(found.limit(1)) is not None


def held(connection: Connection, now: datetime) -> bool:
    """Whether any lease runs that a living process may hold."""
    leased = select(job.c.holder).where(job.c.state == "leased", job.c.lease_until >= now)
    return any(not gone(name) for name in connection.scalars(leased))


def holder(nonce: str) -> str:
    """This process's name in leases: machine, pid namespace, pid and something nobody else has."""
    return "|".join((socket.gethostname(), _namespace(), str(os.getpid()), nonce))


_MINE: set[str] = set()


def register(name: str) -> str:
    """Remember a holder of this process, so that it is never taken for one that died."""
    _MINE.add(name)
    return name


def gone(name: str | None) -> bool:
    """Whether a holder was a process of this machine that does not exist any more. When in doubt, no."""
    parts = (name or "").split("|")
    if len(parts) != 4 or parts[:2] != [socket.gethostname(), _namespace()] or not parts[1]:
        return False
    if parts[2] == str(os.getpid()):
        return name not in _MINE
    try:
        os.kill(int(parts[2]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _namespace() -> str:
    """The pid namespace; empty where the system has none, and then no holder is ever taken for dead."""
    with contextlib.suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return ""


def claimable(connection: Connection) -> datetime | None:
    """When the next job may be claimed: due, or held by a process that is gone."""
    leased = connection.execute(select(job.c.holder, job.c.lease_until).where(job.c.state == "leased")).all()
    if any(gone(row.holder) for row in leased):
        return datetime.min.replace(tzinfo=UTC)
    running = select(job.c.key).where(job.c.state == "leased")
    free = select(job.c.due_at).where(job.c.state == "waiting", job.c.key.not_in(running))
    first = connection.scalar(free.order_by(job.c.due_at).limit(1))
    return min(
        (time for time in (first, *(row.lease_until for row in leased)) if time is not None), default=None
    )
