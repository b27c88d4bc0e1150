"""Old texts leave: what was said about a document, what it was made of and what was sent, long after it was settled.

What keeps a document from being written twice stays for ever: the record's key and hash, the document's key,
generation, idempotency key, state and numbers, and of the bytes that were sent their digest. So a pruned record that
is read again is known, and one that changed is told apart from one that did not. Nothing unsettled is touched,
nor anything that shares a record with it. Each call is one transaction over a bounded number of rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select, tuple_, update

from engine.exact import encode
from engine.store.tables import attempt, document, document_record, pool, record, run

MOST = 100
"""Documents of one transaction: 200 held the write lock for 55 ms in the median (measured, 200,000 documents)."""
MOST_ATTEMPTS = 2_000

_MARK = '{"duijie":"pruned"'
GONE = _MARK + "}"
"""What stands where a record's text stood."""
_SETTLED = ("done", "skipped", "cancelled")
"""A refused document is a person's to decide, however old it is."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many documents and records lost their texts, and how many calls left."""

    documents: int = 0
    records: int = 0
    attempts: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(
            self.documents + other.documents, self.records + other.records, self.attempts + other.attempts
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One transaction's work. `after` is where the next piece begins; None where this was the last."""

    pruned: Pruned
    after: Any = None


def is_pruned(text: str) -> bool:
    """Whether a record's or a document's text has left."""
    return text.startswith(_MARK)


def same(text: str, kept: str) -> bool:
    """Whether `text` is what was kept, or what a pruned document remembers the digest of."""
    return text == kept or (is_pruned(kept) and kept == _digest(text))


def _digest(text: str) -> str:
    return encode({"duijie": "pruned", "sha256": hashlib.sha256(text.encode()).hexdigest()}).decode()


def still_there(column: Any) -> ColumnElement[bool]:
    """Rows whose text in `column` has not left."""
    told: ColumnElement[bool] = func.substr(column, 1, len(_MARK)) != _MARK
    return told


# -- documents -------------------------------------------------------------------------------------


def documents(
    connection: Connection,
    scheme_id: int,
    before: datetime,
    after: tuple[datetime, int] | None,
    *,
    bodies: bool,
    dry: bool = False,
    most: int = MOST,
) -> Piece:
    """Prune the next documents of a scheme that were settled before `before`, in the order they were settled.

    `bodies` False: only their calls leave; the scheme may need the texts again. `dry`: only count.
    """
    place = (document.c.settled_at, document.c.id)
    chosen = select(document.c.id, document.c.settled_at).where(
        document.c.scheme_id == scheme_id, document.c.settled_at < before, document.c.settled_at.is_not(None)
    )
    if after is not None:
        chosen = chosen.where(tuple_(*place) > tuple_(*after))
    rows = connection.execute(chosen.order_by(*place).limit(most)).all()
    if not rows:
        return Piece(Pruned())
    idents = _at_rest(connection, [row.id for row in rows], before)
    texts = [] if not bodies else _single(connection, idents)
    pruned = _count(connection, idents, texts) if dry else _prune(connection, idents, texts)
    last = rows[-1]
    return Piece(pruned, (last.settled_at, last.id) if len(rows) == most else None)


def _resting(one: Any, before: datetime) -> ColumnElement[bool]:
    return and_(one.c.state.in_(_SETTLED), one.c.flagged.is_(False), one.c.settled_at < before)


def _at_rest(connection: Connection, idents: Sequence[int], before: datetime) -> list[int]:
    """Those that are settled for long, together with all that shares a record with them."""
    mine, theirs = document_record.alias("mine"), document_record.alias("theirs")
    other = document.alias("other")
    beside = and_(mine.c.document_id == document.c.id, theirs.c.record_id == mine.c.record_id)
    restless = exists().where(
        beside,
        other.c.id == theirs.c.document_id,
        or_(other.c.settled_at.is_(None), ~_resting(other, before)),
    )
    unplanned = exists().where(
        mine.c.document_id == document.c.id,
        record.c.id == mine.c.record_id,
        record.c.hash != record.c.planned_hash,
    )
    chosen = select(document.c.id).where(
        document.c.id.in_(idents), _resting(document, before), ~restless, ~unplanned
    )
    return list(connection.scalars(chosen.order_by(document.c.id).with_for_update(of=document)))


def _single(connection: Connection, idents: Sequence[int]) -> list[int]:
    """Those whose records went into nothing that is mapped from several: such a group may be mapped again."""
    mine, theirs = document_record.alias("mine"), document_record.alias("theirs")
    other = document.alias("other")
    grouped = exists().where(
        mine.c.document_id == document.c.id,
        theirs.c.record_id == mine.c.record_id,
        other.c.id == theirs.c.document_id,
        or_(other.c.family.is_not(None), other.c.action.not_in(("create", "update"))),
    )
    return list(connection.scalars(select(document.c.id).where(document.c.id.in_(idents), ~grouped)))


def _with_text(texts: Sequence[int]) -> Any:
    return select(document.c.id, document.c.body).where(
        document.c.id.in_(texts), document.c.body != "", still_there(document.c.body)
    )


def _records(texts: Sequence[int]) -> ColumnElement[bool]:
    behind = select(document_record.c.record_id).where(document_record.c.document_id.in_(texts))
    return and_(record.c.id.in_(behind), record.c.hash == record.c.planned_hash, still_there(record.c.body))


def _count(connection: Connection, idents: Sequence[int], texts: Sequence[int]) -> Pruned:
    calls = select(func.count()).select_from(attempt).where(attempt.c.document_id.in_(idents))
    records = select(func.count()).select_from(record).where(_records(texts))
    held = len(connection.execute(_with_text(texts)).all())
    return Pruned(held, connection.scalar(records) or 0, connection.scalar(calls) or 0)


def _prune(connection: Connection, idents: Sequence[int], texts: Sequence[int]) -> Pruned:
    calls = connection.execute(delete(attempt).where(attempt.c.document_id.in_(idents))).rowcount
    held = connection.execute(_with_text(texts)).all()
    for row in held:
        connection.execute(update(document).where(document.c.id == row.id).values(body=_digest(row.body)))
    records = connection.execute(update(record).where(_records(texts)).values(body=GONE)).rowcount
    return Pruned(len(held), records, calls)


# -- calls that settled no document ----------------------------------------------------------------


def calls(
    connection: Connection,
    before: datetime,
    after: int | None,
    *,
    dry: bool = False,
    most: int = MOST_ATTEMPTS,
) -> Piece:
    """Take out the next reads and tokens before `before`, whose runs are closed, in the order they were kept."""
    chosen = select(attempt.c.id, attempt.c.at).where(attempt.c.id > (after or 0))
    rows = connection.execute(chosen.order_by(attempt.c.id).limit(most)).all()
    if not rows or rows[0].at >= before:
        return Piece(Pruned())
    open_runs = select(run.c.id).where(run.c.state.in_(("reading", "writing")))
    old = and_(
        attempt.c.id > (after or 0),
        attempt.c.id <= rows[-1].id,
        attempt.c.at < before,
        attempt.c.document_id.is_(None),
        or_(attempt.c.run_id.is_(None), attempt.c.run_id.not_in(open_runs)),
    )
    if dry:
        count = connection.scalar(select(func.count()).select_from(attempt).where(old)) or 0
    else:
        count = connection.execute(delete(attempt).where(old)).rowcount
    return Piece(Pruned(attempts=count), rows[-1].id if len(rows) == most else None)


def looked_into(connection: Connection) -> set[int]:
    """Schemes whose records serve others as lookups: their texts stay."""
    return set(connection.scalars(select(pool.c.scheme_id)))
