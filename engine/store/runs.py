"""Runs: one execution of a scheme, who asked, what was counted, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import Conflict
from engine.exact import decode, encode
from engine.model.ledger import WORST, Counts, Lease, RunAsked
from engine.model.values import Window
from engine.say import Say
from engine.store.queue import Asked, fence, put
from engine.store.session import upsert
from engine.store.tables import (
    cursor,
    document,
    document_record,
    job,
    record,
    run,
    run_record,
    schedule,
    scheme,
)

_RANK = {state: place for place, state in enumerate(WORST)}


def begin(
    connection: Connection,
    scheme_id: int,
    version: int,
    by: str,
    now: datetime,
    asked: RunAsked | None = None,
) -> int:
    """A run asked for by hand, with its pull job; gives its id. Raises Conflict where another waits to begin."""
    ident = _begun(connection, scheme_id, version, by, now, asked or RunAsked())
    if ident is None:
        raise Conflict(Say("这个方案已有一次运行在等着开始。"))
    return ident


def begin_more(connection: Connection, run_id: int, size: int, now: datetime) -> int | None:
    """The next run of a pool that gave a whole page of something new and asked for nothing special; else None."""
    told = get(connection, run_id)
    if told is None or told.read < size or not (told.new or told.changed) or told.fault is not None:
        return None
    asked = asked_of(connection, run_id)
    return (
        _begun(connection, told.scheme_id, told.version, told.asked_by, now, asked)
        if asked.moves_cursor
        else None
    )


def begin_push(connection: Connection, scheme_id: int, version: int, by: str, now: datetime) -> int:
    """A run that reads nothing: retry, release or look-up asked for by a person."""
    ident = _insert(connection, scheme_id, version, by, now, RunAsked(), state="writing")
    put(connection, [Asked("push", scheme_id, now, ident)])
    return ident


def begin_slot(
    connection: Connection, scheme_id: int, version: int, name: str, slot: str, now: datetime
) -> int | None:
    """The run of a planned time; None where another node made it or the run before still waits to begin."""
    waits = select(job.c.id).where(job.c.key == f"pull:{scheme_id}", job.c.state == "waiting")
    plan_id = _schedule(connection, scheme_id, name)
    taken = select(run.c.id).where(run.c.schedule_id == plan_id, run.c.slot == slot)
    if connection.scalar(waits) is not None or connection.scalar(taken) is not None:
        return None
    return _begun(connection, scheme_id, version, "schedule", now, RunAsked(), schedule_id=plan_id, slot=slot)


def _begun(
    connection: Connection, scheme_id: int, version: int, by: str, now: datetime, asked: RunAsked, **more: Any
) -> int | None:
    """A run that reads, with its job: both or neither. None where another node was faster."""
    try:
        with connection.begin_nested():
            ident = _insert(connection, scheme_id, version, by, now, asked, **more)
            if not put(connection, [Asked("pull", scheme_id, now, ident)])[0]:
                raise Conflict
    except (Conflict, IntegrityError):
        return None
    return ident


def _insert(
    connection: Connection, scheme_id: int, version: int, by: str, now: datetime, asked: RunAsked, **more: Any
) -> int:
    values = {
        "scheme_id": scheme_id,
        "version": version,
        "asked_by": by,
        "asked": _asked(asked),
        "began_at": now,
    }
    return int(connection.execute(insert(run).values(**values, **more).returning(run.c.id)).scalar_one())


def _schedule(connection: Connection, scheme_id: int, name: str) -> int:
    made = upsert(connection, schedule).values(scheme_id=scheme_id, name=name)
    connection.execute(made.on_conflict_do_nothing(index_elements=["scheme_id", "name"]))
    found = select(schedule.c.id).where(schedule.c.scheme_id == scheme_id, schedule.c.name == name)
    return int(connection.execute(found).scalar_one())


def _asked(asked: RunAsked) -> str:
    span = [asked.span.since.isoformat(), asked.span.until.isoformat()] if asked.span else None
    return encode(
        {"span": list(span) if span else None, "params": dict(asked.params), "limit": asked.limit, "only": asked.only}
    ).decode()


def asked_of(connection: Connection, run_id: int) -> RunAsked:
    """What the run was asked to do."""
    said: Any = decode(connection.scalar(select(run.c.asked).where(run.c.id == run_id)) or "{}")
    span = said.get("span")
    window = Window(*(datetime.fromisoformat(text).astimezone(UTC) for text in span)) if span else None
    return RunAsked(window, said.get("params") or {}, said.get("limit"), said.get("only") or "")


def read_done(connection: Connection, run_id: int | None) -> None:
    """All was read and kept; what is left is writing."""
    connection.execute(
        update(run).where(run.c.id == run_id, run.c.state == "reading").values(state="writing")
    )


@dataclass(frozen=True, slots=True)
class Follower:
    """A schedule `after: …`: this scheme's run is due when scheme `after` has read."""

    scheme_id: int
    version: int
    schedule: str
    after: str


@dataclass(frozen=True, slots=True)
class ReadDone:
    """All of the lease's run was read; `followers` have waited for that."""

    lease: Lease
    at: datetime
    followers: tuple[Follower, ...] = ()


def reads_done(connection: Connection, done: Sequence[ReadDone]) -> list[None]:
    """The push jobs that will close the runs, and the runs of who follows, are put in the same transaction."""
    fence(connection, [one.lease for one in done])
    for one in done:
        read_done(connection, one.lease.run_id)
        put(connection, [Asked("push", one.lease.scheme_id, one.at, one.lease.run_id)])
        for next_ in one.followers:
            slot = f"{next_.after} #{one.lease.run_id}"
            begin_slot(connection, next_.scheme_id, next_.version, next_.schedule, slot, one.at)
    return [None] * len(done)


def at_work(connection: Connection, scheme_id: int) -> bool:
    """Whether a run of the scheme is open and met no fault that may keep it so."""
    open_run = select(run.c.id).where(run.c.scheme_id == scheme_id, run.c.state.in_(("reading", "writing")))
    return connection.scalar(open_run.where(run.c.fault.is_(None)).limit(1)) is not None


def ever(connection: Connection, scheme_id: int) -> bool:
    """Whether the scheme was ever run."""
    return connection.scalar(select(run.c.id).where(run.c.scheme_id == scheme_id).limit(1)) is not None


def stand_aside(connection: Connection, waiting: Sequence[tuple[Lease, str, datetime]]) -> list[None]:
    """A run that must wait gives its job back. Where the next one waits already they become one, and this is over."""
    fence(connection, [lease for lease, _, _ in waiting])
    for lease, says, now in waiting:
        next_ = select(job.c.id).where(job.c.key == lease.key, job.c.state == "waiting")
        if connection.scalar(next_) is not None:
            over = {"state": "closed", "ended_at": now, "counts": encode(asdict(Counts())).decode()}
            connection.execute(update(run).where(run.c.id == lease.run_id).values(**over, warning=says))
    return [None] * len(waiting)


def fail(connection: Connection, run_id: int, kind: str, says: str, where: str) -> None:
    """A fault stopped the run's reading or writing; the first one is kept."""
    open_run = update(run).where(run.c.id == run_id, run.c.fault.is_(None))
    connection.execute(open_run.values(fault_kind=kind, fault=says, fault_in=where))


def fail_reading(connection: Connection, run_id: int, kind: str, says: str) -> None:
    """The run reads no further; what it has read is still written."""
    fail(connection, run_id, kind, says, "reading")
    read_done(connection, run_id)


def fail_writing(connection: Connection, scheme_id: int, kind: str, says: str) -> None:
    """Told to every run that only writes; one that still reads goes on, its writing is tried again."""
    for ident in connection.scalars(
        select(run.c.id).where(run.c.scheme_id == scheme_id, run.c.state == "writing")
    ).all():
        fail(connection, ident, kind, says, "writing")


def warn(connection: Connection, run_id: int, says: str) -> None:
    connection.execute(update(run).where(run.c.id == run_id).values(warning=says))


def close(connection: Connection, scheme_id: int, now: datetime) -> list[int]:
    """Close the runs of a scheme that have read, have all planned and nothing in flight; gives their ids."""
    flying = exists().where(document.c.scheme_id == scheme_id, document.c.state == "sending")
    behind = and_(document_record.c.record_id == record.c.id, document.c.id == document_record.c.document_id)
    unsettled = or_(
        document.c.state.in_(("unknown", "sending")),
        and_(document.c.state == "waiting", document.c.first_sent_at.is_not(None)),
    )
    unplanned = exists().where(
        run_record.c.run_id == run.c.id,
        record.c.id == run_record.c.record_id,
        record.c.hash != record.c.planned_hash,
        ~exists().where(behind, unsettled),
    )
    # Groups that waited only for the end of the reading are closed next, and belong to what was read.
    gathers = exists().where(
        document.c.scheme_id == scheme_id,
        document.c.why == "gathering",
        document.c.state == "waiting",
        document.c.whole_at.is_(None),
    )
    ended = (~flying, ~unplanned, ~gathers)
    ready = connection.scalars(
        select(run.c.id).where(run.c.scheme_id == scheme_id, run.c.state == "writing", *ended)
    ).all()
    for ident in ready:
        counts = count(connection, ident)
        red = None if counts.add_up() else "counts"
        values = {"state": "closed", "ended_at": now, "counts": encode(asdict(counts)).decode()}
        connection.execute(update(run).where(run.c.id == ident).values(**values))
        if red:
            fail(connection, ident, "counts", f"read {counts.read} does not add up", "counts")
    return list(ready)


def count(connection: Connection, run_id: int) -> Counts:
    """The run in records, as it stands now: what it read, and the worst state of each record's documents."""
    told = connection.execute(select(run).where(run.c.id == run_id)).one()
    rank = func.min(case(_RANK, value=document.c.state, else_=_RANK["waiting"]))
    by_record = (
        select(rank.label("rank"), func.count(document.c.id).label("documents"))
        .select_from(run_record)
        .outerjoin(document_record, document_record.c.record_id == run_record.c.record_id)
        .outerjoin(document, document.c.id == document_record.c.document_id)
        .where(run_record.c.run_id == run_id)
        .group_by(run_record.c.record_id)
        .subquery()
    )
    found = connection.execute(
        select(by_record.c.rank, func.count(), func.sum(by_record.c.documents)).group_by(by_record.c.rank)
    ).all()
    states = {WORST[rank]: number for rank, number, _ in found}
    states["waiting"] = states.get("waiting", 0) + states.pop("sending", 0)
    return Counts(
        read=told.read,
        new=told.new,
        changed=told.changed,
        unchanged=told.unchanged,
        older=_older(connection, told),
        documents=int(sum(documents for _, _, documents in found)),
        **states,
    )


def _older(connection: Connection, told: Row[Any]) -> int:
    """Documents of older records that were settled since this run began: all of these, less the run's own.

    Two counts over lists made once: asked as "not exists", a database looks through the run for each document.
    """
    since = and_(document.c.scheme_id == told.scheme_id, document.c.settled_at >= told.began_at)
    records = select(run_record.c.record_id).where(run_record.c.run_id == told.id)
    own = select(document_record.c.document_id).where(document_record.c.record_id.in_(records))
    settled = select(func.count()).select_from(document).where(since)
    both = select(settled.scalar_subquery(), settled.where(document.c.id.in_(own)).scalar_subquery())
    every, mine = connection.execute(both).one()
    return int(every - mine)


def get(connection: Connection, run_id: int) -> Row[Any] | None:
    return connection.execute(select(run).where(run.c.id == run_id)).one_or_none()


def latest(
    connection: Connection,
    scheme_id: int | None = None,
    most: int = 50,
    among: Sequence[int] | None = None,
) -> list[Row[Any]]:
    """The newest runs, of one scheme or `among` some, with the scheme's code and title."""
    chosen = select(run, scheme.c.code, scheme.c.title).join(scheme, scheme.c.id == run.c.scheme_id)
    if scheme_id is not None:
        chosen = chosen.where(run.c.scheme_id == scheme_id)
    if among is not None:
        chosen = chosen.where(run.c.scheme_id.in_(among))
    return list(connection.execute(chosen.order_by(run.c.id.desc()).limit(most)))


def counts_of(row: Row[Any]) -> Counts | None:
    """The counts a closed run keeps."""
    told: Any = decode(row.counts) if row.counts else None
    return Counts(**told) if told else None


def clear_cursor(connection: Connection, scheme_id: int, value: datetime, now: datetime) -> None:
    """A person moves the cursor; the next run reads from there."""
    row = update(cursor).where(cursor.c.scheme_id == scheme_id)
    connection.execute(row.values(value=value, moved_at=now))
