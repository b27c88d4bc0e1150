"""Sending: which documents may go, the mark before the wire, the outcome after it.

Every function that changes something takes the job's lease and looks at it in the same
transaction: whoever was overtaken by another worker writes nothing more (LeaseLost).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, func, insert, or_, select, update

from engine.model.exchange import Exchange
from engine.model.ledger import Due, Lease, Open, Outcome
from engine.say import Say
from engine.store.after import Then, begin, give_up
from engine.store.prepared import Prepared
from engine.store.queue import fence
from engine.store.restored import doubted, suspect
from engine.store.tables import Said, UTCTime, attempt, document, scheme


@dataclass(frozen=True, slots=True)
class Mark:
    """This document, with these bytes, is about to be sent by the holder of `lease`."""

    lease: Lease
    due: Due
    at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of document `id`, with the exchange that told it."""

    lease: Lease
    id: int
    at: datetime
    outcome: Outcome
    exchange: Exchange | None
    journalled: bool = True
    way: str = ""
    """Which call it was, as `Due.way` tells."""
    then: Then | None = None
    """The call that follows where it is done now."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An exchange that settles no document: a read, a token."""

    scheme_id: int | None
    run_id: int | None
    exchange: Exchange


_settle = Prepared(
    update(document)
    .where(
        document.c.id == bindparam("at_id"), or_(document.c.state == "sending", document.c.state == "unknown")
    )
    .values(
        state=bindparam("to_state"),
        why=bindparam("to_why"),
        due_at=bindparam("to_due"),
        # A change that is open must not forget which document it changes.
        target_id=func.coalesce(bindparam("to_id", type_=Said), document.c.target_id),
        target_number=func.coalesce(bindparam("to_number", type_=Said), document.c.target_number),
        reason=bindparam("to_reason"),
        settled_at=bindparam("to_settled"),
        looks=bindparam("to_looks"),
        looked_at=bindparam("to_looked"),
        sends=document.c.sends - bindparam("to_back"),
    )
)
# The bytes are compared where they lie: a plan may have put others in their place since they were read.
_mark = Prepared(
    update(document)
    .where(
        document.c.id == bindparam("at_id"),
        document.c.state == "waiting",
        document.c.body == bindparam("as_read"),
    )
    .values(
        state="sending",
        why="",
        sends=document.c.sends + 1,
        first_sent_at=func.coalesce(document.c.first_sent_at, bindparam("now", type_=UTCTime)),
    )
)
_attempts = Prepared(insert(attempt), [column.name for column in attempt.c if column.name != "id"])


_TOLD = tuple(field.name for field in fields(Exchange))


_DUE = (document.c.id, document.c.key, document.c.number, document.c.stored_key, document.c.body)
_waiting = (
    select(*_DUE, document.c.sends, document.c.sent_number, document.c.action, document.c.follow)
    .where(document.c.scheme_id == bindparam("scheme"), document.c.state == "waiting")
    .where(document.c.due_at <= bindparam("now", type_=UTCTime), document.c.id > bindparam("after"))
    .order_by(document.c.id)
    .limit(bindparam("most", type_=Integer))
)
_due = Prepared(_waiting)
_due_again = Prepared(_waiting.where(document.c.first_sent_at.is_not(None)))


def due(connection: Connection, scheme_id: int, now: datetime, after: int, most: int) -> list[Due]:
    """Documents that may be sent now, oldest first, behind id `after`; of a restored scheme only those that were
    asked for.
    """
    asked = {"scheme": scheme_id, "now": now, "after": after, "most": most}
    chosen = _due_again if doubted(connection, scheme_id) else _due
    return [Due(*row) for row in chosen.all(connection, asked)]


def unknown(connection: Connection, scheme_id: int, now: datetime, after: int, most: int) -> list[Open]:
    """Documents whose outcome is to be asked for now, oldest first, behind id `after`."""
    more = (
        document.c.sends,
        document.c.sent_number,
        document.c.action,
        document.c.follow,
        document.c.looks,
        document.c.looked_at,
        document.c.first_sent_at,
    )
    found: Iterable[Any] = connection.execute(
        select(*_DUE, *more)
        .where(document.c.scheme_id == scheme_id, document.c.state == "unknown")
        .where(document.c.due_at <= now, document.c.id > after)
        .order_by(document.c.id)
        .limit(most)
    )
    return [Open(*row) for row in found]


def next_due(connection: Connection, scheme_id: int) -> datetime | None:
    """When the earliest waiting or unknown document of a scheme is due; None where none is."""
    return connection.scalar(
        select(document.c.due_at)
        .where(document.c.scheme_id == scheme_id, document.c.state.in_(("waiting", "unknown")))
        .where(document.c.due_at.is_not(None))
        .order_by(document.c.due_at)
        .limit(1)
    )


def recover(connection: Connection, leases: Sequence[tuple[Lease, datetime]]) -> list[int]:
    """What an earlier holder was sending is of unknown outcome now; gives how many."""
    return [_recover(connection, lease, now) for lease, now in leases]


def _recover(connection: Connection, lease: Lease, now: datetime) -> int:
    fence(connection, [lease])
    if doubted(connection, lease.scheme_id):
        suspect(connection, lease.scheme_id, now)
    left = update(document).where(document.c.scheme_id == lease.scheme_id, document.c.state == "sending")
    return connection.execute(
        left.values(state="unknown", why="", due_at=now, looks=0, looked_at=None)
    ).rowcount


def mark(connection: Connection, marks: Sequence[Mark]) -> list[bool]:
    """Journal before wire. False where the document may not go: cancelled meanwhile, or planned anew with
    other bytes, and then it is found due again.
    """
    fence(connection, [one.lease for one in marks])
    rows = [{"at_id": one.due.id, "as_read": one.due.body, "now": one.at} for one in marks]
    return [count == 1 for count in _mark.counts(connection, rows)]


def settle(connection: Connection, settled: Sequence[Settled]) -> list[None]:
    """Keep outcomes and the exchanges that told them."""
    fence(connection, [one.lease for one in settled])
    unmarked = [one.id for one in settled if not one.journalled]
    if unmarked:  # only under the fault the reliability suite must be able to find
        connection.execute(update(document).where(document.c.id.in_(unmarked)).values(state="sending"))
    _settle.run(connection, [_outcome(one) for one in settled])
    _more(connection, settled)
    told = [_attempt(one.lease, one.id, one.exchange) for one in settled if one.exchange is not None]
    if told:
        _attempts.run(connection, told)
    return [None] * len(settled)


def _more(connection: Connection, settled: Sequence[Settled]) -> None:
    """What most outcomes do not have: a reply that is kept, a change that was turned down, a call that follows."""
    for one in settled:
        if not (one.outcome.reply or one.outcome.back or one.way == "cancel"):
            continue
        mine = update(document).where(document.c.id == one.id, document.c.state == "done")
        if one.outcome.reply:
            connection.execute(mine.values(reply=one.outcome.reply))
        if one.outcome.back:
            connection.execute(mine.values(action="create", flagged=True))
        elif one.way == "cancel" and one.outcome.state == "done":
            says = Say("原单据已作废，不再调用。")
            give_up(connection, [one.id], says, one.at)
    then = [(one.id, one.then, one.at) for one in settled if one.then and one.outcome.state == "done"]
    if then:
        begin(connection, then)


def _outcome(one: Settled) -> dict[str, Any]:
    outcome = one.outcome
    final = outcome.state in ("done", "refused", "cancelled")
    return {
        "at_id": one.id,
        "to_state": outcome.state,
        "to_why": outcome.why,
        "to_due": outcome.due_at,
        "to_id": outcome.target_id,
        "to_number": outcome.target_number,
        "to_reason": outcome.reason,
        "to_settled": one.at if final else None,
        "to_looks": outcome.looks,
        "to_looked": outcome.looked,
        "to_back": int(one.journalled and not outcome.sent),
    }


def _attempt(lease: Lease, ident: int | None, exchange: Exchange) -> dict[str, Any]:
    return {"scheme_id": lease.scheme_id, "run_id": lease.run_id, "document_id": ident, **_exchange(exchange)}


_told = attrgetter(*_TOLD)


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return dict(zip(_TOLD, _told(exchange), strict=True))


def hear(connection: Connection, heard: Sequence[Heard]) -> list[None]:
    """Keep exchanges that settle no document."""
    rows = [
        {"scheme_id": one.scheme_id, "run_id": one.run_id, "document_id": None, **_exchange(one.exchange)}
        for one in heard
    ]
    _attempts.run(connection, rows)
    return [None] * len(heard)


def numbering(connection: Connection, scheme_id: int) -> str:
    """Whether the target keeps our numbers: unproven, ours or theirs."""
    return connection.scalar(select(scheme.c.numbering).where(scheme.c.id == scheme_id)) or "unproven"


def prove_numbering(connection: Connection, proofs: Sequence[tuple[int, str, datetime]]) -> list[None]:
    """Remember what a done reply showed; `theirs` is never taken back by the machine.

    Where the numbers proved to be ours, the documents that waited for this are asked for again.
    """
    for scheme_id, shown, now in proofs:
        row = update(scheme).where(scheme.c.id == scheme_id, scheme.c.numbering != "theirs")
        if connection.execute(row.values(numbering=shown)).rowcount and shown == "ours":
            waits = update(document).where(document.c.scheme_id == scheme_id, document.c.state == "unknown")
            connection.execute(
                waits.where(document.c.due_at.is_(None), document.c.looks > 0).values(due_at=now)
            )
    return [None] * len(proofs)
