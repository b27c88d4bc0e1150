"""What follows a done document, each call a document of its own: the next one's place, its content, its end.

A place is made in the transaction that settles the call before it (an acknowledgement's in the one that
keeps the plan), so a process that dies leaves none out. It has no bytes and no time until `prepared`.
An acknowledgement is ready only once all that was made of its record stands settled in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, or_, select, update

from engine.exact import encode
from engine.mapping.codes import column_of
from engine.model.ledger import LAST, Action, Lease, PlanKept, State, Why
from engine.store.queue import fence
from engine.store.session import upsert
from engine.store.tables import document, document_record, document_wait, record

ARROW = " → "
_EMPTY = {"body": "", "due_at": None, "sends": 0, "looks": 0, "looked_at": None, "first_sent_at": None}
_waits = (document.c.state == "waiting") & document.c.due_at.is_(None) & (document.c.step > 0)


@dataclass(frozen=True, slots=True)
class Then:
    """The call that comes next."""

    name: str
    step: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A follow-up whose turn has come, with what its content is made of. `refused`: why the record was not done."""

    id: int
    key: str
    follow: str
    step: int
    generation: int
    record: str
    target_id: str | None = None
    target_number: str | None = None
    reply: str | None = None
    document: str = ""
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The content of a follow-up; or why there is none."""

    lease: Lease
    id: int
    at: datetime
    version: int
    state: State
    why: Why
    body: str = ""
    stored_key: str = ""
    sent_number: str = ""
    reason: str = ""
    problems: str = "[]"
    lacks: tuple[tuple[str, str], ...] = ()
    """Table and code of what a held one waits for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record's document stands, for whoever plans its change."""

    state: State
    action: Action
    generation: int
    sends: int
    target_id: str | None
    target_number: str | None
    reply: str | None
    body: str


def begin(connection: Connection, done: Iterable[tuple[int, Then, datetime]]) -> None:
    """A place for the call that follows each document that is done now."""
    for ident, then, at in done:
        row = connection.execute(select(document).where(document.c.id == ident)).one()
        if row.state != "done":
            continue
        main = row.key.rpartition(ARROW)[0] if row.parent_id else row.key
        values = _place(row.scheme_id, f"{main}{ARROW}{then.name}", row.number, then, at)
        _put(connection, {**values, "parent_id": row.parent_id or row.id, "version": row.version}, row.id)


def _place(scheme_id: int, key: str, number: str, then: Then, at: datetime) -> dict[str, Any]:
    return {
        "scheme_id": scheme_id,
        "key": key,
        "number": number,
        "action": "follow",
        "follow": then.name,
        "step": then.step,
        "stored_key": "",
        "state": "waiting",
        "why": "new",
        "changed_at": at,
    }


def _put(connection: Connection, values: dict[str, Any], beside: int) -> None:
    """The place, linked to the same records as document `beside`; one that is there stays as it is."""
    fresh = upsert(connection, document).values(**values)
    fresh = fresh.on_conflict_do_nothing(index_elements=["scheme_id", "key"]).returning(document.c.id)
    made = connection.execute(fresh).scalar_one_or_none()
    if made is None:
        return
    same = select(document_record.c.record_id, document_record.c.record_hash)
    rows = connection.execute(same.where(document_record.c.document_id == beside)).all()
    linked = [{"document_id": made, "record_id": row[0], "record_hash": row[1]} for row in rows]
    connection.execute(insert(document_record), linked)


# -- acknowledgements ------------------------------------------------------------------------------


def hang(connection: Connection, batch: PlanKept, records: Iterable[tuple[int, str]]) -> None:
    """A place for the acknowledgement of each record (id and hash) that was planned now; told again where it
    was told before, since the record came again with another content.
    """
    hashes = dict(records)
    found = connection.execute(
        select(record.c.id, record.c.key, record.c.number).where(record.c.id.in_(hashes))
    ).all()
    keys = {f"{row.key}{ARROW}ack": row for row in found}
    there = {
        row.key: row
        for row in connection.execute(
            select(document.c.id, document.c.key, document.c.state).where(
                document.c.scheme_id == batch.scheme_id, document.c.key.in_(keys)
            )
        )
    }
    for key, row in keys.items():
        if key in there:
            _again(connection, [there[key].id])
            linked = update(document_record).where(document_record.c.document_id == there[key].id)
            connection.execute(linked.values(record_hash=hashes[row.id]))
            continue
        values = _place(batch.scheme_id, key, row.number, Then("ack", LAST), batch.at)
        made = insert(document).values(**values, version=batch.version).returning(document.c.id)
        ident = connection.execute(made).scalar_one()
        link = {"document_id": ident, "record_id": row.id, "record_hash": hashes[row.id]}
        connection.execute(insert(document_record).values(**link))


def _again(connection: Connection, ids: Sequence[int]) -> int:
    """Have these follow-ups made anew: a settled one is the next generation, one on its way is left alone."""
    mine = document.c.id.in_(ids)
    settled = document.c.state.in_(("done", "refused", "skipped"))
    fresh = update(document).where(mine, settled)
    count = connection.execute(
        fresh.values(
            **_EMPTY, state="waiting", why="new", generation=document.c.generation + 1, settled_at=None
        )
    ).rowcount
    idle = (document.c.state == "waiting") & document.c.first_sent_at.is_(None)
    return count + connection.execute(update(document).where(mine, idle).values(**_EMPTY, why="new")).rowcount


def told_again(connection: Connection, asked: Sequence[tuple[int, Sequence[str], datetime]]) -> list[int]:
    """Records of a pool that came again although their acknowledgement was done before they were asked for."""
    counts = []
    for scheme_id, keys, before in asked:
        names = [f"{key}{ARROW}ack" for key in keys]
        mine = (document.c.scheme_id == scheme_id) & document.c.key.in_(names) & (document.c.step == LAST)
        lost = mine & (document.c.state == "done") & (document.c.settled_at < before)
        counts.append(_again(connection, list(connection.scalars(select(document.c.id).where(lost)))))
    return counts


# -- whose turn it is ------------------------------------------------------------------------------


def any_left(connection: Connection, scheme_id: int) -> bool:
    """Whether any follow-up of the scheme waits for its content."""
    chosen = select(document.c.id).where(document.c.scheme_id == scheme_id, _waits).limit(1)
    return connection.scalar(chosen) is not None


def ready(connection: Connection, scheme_id: int, most: int) -> list[Ready]:
    """Follow-ups whose document is done and not to be cancelled, oldest first."""
    parent = document.alias("parent")
    found = connection.execute(
        select(
            document.c.id,
            document.c.key,
            document.c.follow,
            document.c.step,
            document.c.generation,
            parent.c.target_id,
            parent.c.target_number,
            parent.c.reply,
            parent.c.body,
        )
        .join(parent, parent.c.id == document.c.parent_id)
        .where(document.c.scheme_id == scheme_id, _waits, document.c.why == "new")
        .where(parent.c.state == "done", parent.c.action != "cancel")
        .order_by(document.c.id)
        .limit(most)
    ).all()
    bodies = _records(connection, [row.id for row in found])
    return [
        Ready(row[0], row[1], row[2], row[3], row[4], bodies[row.id], row[5], row[6], row[7], row[8])
        for row in found
    ]


def _records(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The record behind each document; of several the first."""
    found = connection.execute(
        select(document_record.c.document_id, record.c.body)
        .join(record, record.c.id == document_record.c.record_id)
        .where(document_record.c.document_id.in_(ids))
        .order_by(record.c.id.desc())
    )
    return {row[0]: row[1] for row in found}


def due_acks(connection: Connection, scheme_id: int, refused_too: bool, most: int) -> list[Ready]:
    """Acknowledgements whose record is planned and all of whose documents are settled well, or for good."""
    other, link = document.alias("other"), document_record.alias("link")
    settled: tuple[State, ...] = ("done", "skipped")
    ends: tuple[State, ...] = (*settled, "refused", "cancelled") if refused_too else settled
    others = (link.c.record_id == record.c.id) & (other.c.id == link.c.document_id) & (other.c.step < LAST)
    unsettled = exists().where(others, other.c.state.not_in(ends))
    # Of several reasons one is told: which, is all the same, as long as it stays the same.
    why = select(func.min(other.c.reason)).where(others, other.c.state.in_(("refused", "cancelled")))
    found = connection.execute(
        select(document.c.id, document.c.key, document.c.generation, record.c.body, why.scalar_subquery())
        .join(document_record, document_record.c.document_id == document.c.id)
        .join(record, record.c.id == document_record.c.record_id)
        .where(document.c.scheme_id == scheme_id, _waits, document.c.step == LAST)
        .where(record.c.hash == record.c.planned_hash, ~unsettled)
        .order_by(document.c.id)
        .limit(most)
    )
    return [Ready(row[0], row[1], "ack", LAST, row[2], row[3], refused=row[4]) for row in found]


def prepared(connection: Connection, contents: Sequence[Prepared]) -> list[None]:
    """Keep what was made of each; whose turn has passed meanwhile stays as it is."""
    fence(connection, [one.lease for one in contents])
    for one in contents:
        due = one.at if one.state == "waiting" and one.why != "held" else None
        values = {
            "state": one.state,
            "why": one.why,
            "due_at": due,
            "body": one.body,
            "stored_key": one.stored_key,
            "sent_number": one.sent_number,
            "reason": one.reason,
            "problems": one.problems,
            "tables": encode([list(pair) for pair in one.lacks]).decode(),
            "version": one.version,
            "changed_at": one.at,
            "settled_at": None if one.state == "waiting" else one.at,
        }
        connection.execute(update(document).where(document.c.id == one.id, _waits).values(**values))
        _wait_for(connection, one)
    return [None] * len(contents)


@dataclass(frozen=True, slots=True)
class Gone:
    """A follow-up whose call the scheme no longer has."""

    lease: Lease
    id: int
    at: datetime
    reason: str


def drop(connection: Connection, gone: Sequence[Gone]) -> list[None]:
    """Skip these; what was sent before stays open."""
    fence(connection, [one.lease for one in gone])
    for one in gone:
        never = (document.c.state == "waiting") & document.c.first_sent_at.is_(None)
        values = {"state": "skipped", "why": "", "due_at": None, "reason": one.reason, "settled_at": one.at}
        held = {"due_at": None, "reason": one.reason}
        if not connection.execute(
            update(document).where(document.c.id == one.id, never).values(**values)
        ).rowcount:
            connection.execute(update(document).where(document.c.id == one.id).values(**held))
    return [None] * len(gone)


def _wait_for(connection: Connection, one: Prepared) -> None:
    """Whoever brings the code finds what waits for it."""
    connection.execute(delete(document_wait).where(document_wait.c.document_id == one.id))
    rows = [
        {"document_id": one.id, "source": f"table:{column_of(label)[0]}", "code": code, "label": label}
        for label, code in dict.fromkeys(one.lacks)
    ]
    if rows:
        connection.execute(insert(document_wait), rows)


# -- when the document itself is asked for again ---------------------------------------------------


def standing(connection: Connection, scheme_id: int, keys: Sequence[str]) -> dict[str, Standing]:
    """How these documents stand, by key."""
    names = ("state", "action", "generation", "sends", "target_id", "target_number", "reply", "body")
    chosen = select(document.c.key, *(document.c[name] for name in names))
    found = connection.execute(chosen.where(document.c.scheme_id == scheme_id, document.c.key.in_(keys)))
    return {row[0]: Standing(*row[1:]) for row in found}


def hold_back(connection: Connection, ids: Sequence[int]) -> None:
    """What would follow these documents waits for what becomes of their change."""
    never = (document.c.state == "waiting") & document.c.first_sent_at.is_(None)
    connection.execute(update(document).where(document.c.parent_id.in_(ids), never).values(**_EMPTY))


def give_up(connection: Connection, ids: Sequence[int], reason: str, at: datetime) -> None:
    """These documents were cancelled: what was still to follow them is skipped."""
    never = (document.c.state == "waiting") & document.c.first_sent_at.is_(None)
    waiting = update(document).where(document.c.parent_id.in_(ids), or_(never, document.c.state == "refused"))
    connection.execute(waiting.values(state="skipped", why="", due_at=None, reason=reason, settled_at=at))


def wake(connection: Connection, which: Any) -> int:
    """A person's retry, or a pair that arrived: refused and held follow-ups are made anew."""
    lost = (document.c.state == "refused") | ((document.c.state == "waiting") & (document.c.why == "held"))
    ids = list(connection.scalars(select(document.c.id).where(which, lost, document.c.step > 0)))
    return _again(connection, ids) if ids else 0
