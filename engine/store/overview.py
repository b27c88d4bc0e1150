"""What the pages ask the store: read-only, every query served by an index, every list limited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    and_,
    cast,
    extract,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from engine.model.ledger import STATES, State
from engine.store.documents import SHOWN
from engine.store.lookups import Pair
from engine.store.prune import still_there
from engine.store.tables import (
    attempt,
    document,
    document_record,
    lookup,
    lookup_row,
    record,
    run,
    scheme,
    scheme_version,
)

# Spelled as the partial index ix_document_due spells it, so that SQLite sees that it fits.
_OPEN: ColumnElement[bool] = literal_column("document.state IN ('waiting', 'unknown')")
_HELD = and_(_OPEN, document.c.due_at.is_(None), document.c.state == "waiting", document.c.why == "held")


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why documents wait for a person: how many have it, and the newest of them."""

    reason: str
    count: int
    newest: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents of a scheme a list shows. `reason` may hold … for any text; `word` is a key or a number."""

    state: State | None = None
    held: bool = False
    reason: str = ""
    word: str = ""


def unplanned(connection: Connection, schemes: Sequence[int]) -> dict[int, int]:
    """Records of each scheme that were read and not yet mapped."""
    due = (record.c.hash != record.c.planned_hash) & record.c.scheme_id.in_(schemes)
    found = select(record.c.scheme_id, func.count()).where(due).group_by(record.c.scheme_id)
    return {row[0]: row[1] for row in connection.execute(found)}


def settled(connection: Connection, schemes: Sequence[int], since: datetime) -> list[Row[Any]]:
    """Scheme, hour (0, 1, …: whole ones since `since`), state and number of what was settled in each."""
    epoch = cast(extract("epoch", document.c.settled_at), BigInteger)
    hour = ((epoch - int(since.timestamp())) // literal_column("3600")).label("hour")
    these = select(document.c.scheme_id, hour, document.c.state, func.count().label("number")).where(
        document.c.scheme_id.in_(schemes), document.c.settled_at >= since
    )
    return list(connection.execute(these.group_by(document.c.scheme_id, hour, document.c.state)))


def causes(connection: Connection, scheme_id: int, wanted: Wanted, newest: int = 2000) -> list[Cause]:
    """The reasons of the newest documents like these, most frequent first, at most 50."""
    looked = select(document.c.id, document.c.reason).where(
        document.c.scheme_id == scheme_id, *_which(wanted)
    )
    these = looked.order_by(document.c.id.desc()).limit(newest).subquery()
    number = func.count().label("number")
    found = select(these.c.reason, number, func.max(these.c.id)).group_by(these.c.reason)
    return [
        Cause(*row) for row in connection.execute(found.order_by(number.desc(), these.c.reason).limit(50))
    ]


def listed(
    connection: Connection, scheme_id: int, wanted: Wanted, before: int | None, most: int
) -> list[Row[Any]]:
    """Documents of a scheme, newest first, those behind id `before`."""
    these = _named(scheme_id, wanted.word) if wanted.word else _newest(scheme_id, wanted, before, most)
    chosen = select(*SHOWN, document.c.settled_at).where(document.c.id.in_(these), *_which(wanted))
    if before is not None:
        chosen = chosen.where(document.c.id < before)
    return list(connection.execute(chosen.order_by(document.c.id.desc()).limit(most)))


def idents(connection: Connection, scheme_id: int, wanted: Wanted, most: int) -> list[int]:
    """Ids of the documents of a scheme that are like these, newest first."""
    chosen = select(document.c.id).where(document.c.scheme_id == scheme_id, *_which(wanted))
    return list(connection.scalars(chosen.order_by(document.c.id.desc()).limit(most)))


def shown(connection: Connection, idents: Sequence[int]) -> list[Row[Any]]:
    """These documents as lists show them, newest first, each with its scheme."""
    chosen = select(*SHOWN, document.c.settled_at, document.c.scheme_id).where(document.c.id.in_(idents))
    return list(connection.execute(chosen.order_by(document.c.id.desc())))


def newest_records(connection: Connection, scheme_id: int, most: int) -> list[Row[Any]]:
    """Number and body of the records behind the newest documents of a scheme, newest first."""
    these = _newest(scheme_id, Wanted(), None, most).subquery()
    behind = select(document_record.c.record_id).where(document_record.c.document_id.in_(select(these.c.id)))
    chosen = select(record.c.number, record.c.body).where(record.c.id.in_(behind), still_there(record.c.body))
    return list(connection.execute(chosen.order_by(record.c.id.desc()).limit(most)))


def _newest(scheme_id: int, wanted: Wanted, before: int | None, most: int) -> CompoundSelect[Any]:
    """Ids of the newest of each state: the index is by state first, so each is a short walk."""
    states = STATES if wanted.state is None and not wanted.held else (wanted.state or "waiting",)
    walks = []
    for state in states:
        walk = select(document.c.id).where(document.c.scheme_id == scheme_id, document.c.state == state)
        if before is not None:
            walk = walk.where(document.c.id < before)
        walks.append(walk.where(*_which(wanted)).order_by(document.c.id.desc()).limit(most).subquery())
    return union_all(*(select(walk.c.id) for walk in walks))


def _named(scheme_id: int, word: str) -> CompoundSelect[Any]:
    """Ids by key, or by number through the records, which have an index for it."""
    by_key = select(document.c.id).where(document.c.scheme_id == scheme_id, document.c.key == word)
    by_number = select(document_record.c.document_id).join(record, record.c.id == document_record.c.record_id)
    return union_all(by_key, by_number.where(record.c.scheme_id == scheme_id, record.c.number == word))


def _which(wanted: Wanted) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = [_HELD] if wanted.held else []
    if wanted.state is not None:
        chosen.append(document.c.state == wanted.state)
    if wanted.reason:
        pattern = "%".join(_literal(part) for part in wanted.reason.split("…"))
        chosen.append(document.c.reason.like(pattern, escape="\\"))
    return chosen


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def document_of(connection: Connection, ident: int) -> Row[Any] | None:
    """One document with everything that is kept of it."""
    return connection.execute(select(document).where(document.c.id == ident)).one_or_none()


def attempt_of(connection: Connection, ident: int) -> Row[Any] | None:
    """One exchange with request and reply."""
    return connection.execute(select(attempt).where(attempt.c.id == ident)).one_or_none()


def log(connection: Connection, run_id: int, most: int, before: int | None = None) -> list[Row[Any]]:
    """A run's exchanges, newest first, without their texts, each with its document's key and number."""
    columns = (attempt.c.id, attempt.c.at, attempt.c.purpose, attempt.c.operation, attempt.c.verdict)
    more = (attempt.c.code, attempt.c.status, attempt.c.took_ms, attempt.c.says, attempt.c.document_id)
    chosen = select(*columns, *more, document.c.key, document.c.number).outerjoin(document)
    chosen = chosen.where(attempt.c.run_id == run_id)
    if before is not None:
        chosen = chosen.where(attempt.c.id < before)
    return list(connection.execute(chosen.order_by(attempt.c.id.desc()).limit(most)))


def marks(connection: Connection, idents: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """What changes of each run while it goes on, its state first: two that differ are worth another look."""
    newest = select(func.max(attempt.c.id)).where(attempt.c.run_id == run.c.id).scalar_subquery()
    told = (run.c.state, run.c.read, run.c.new, run.c.changed, run.c.fault, run.c.warning, newest)
    found = connection.execute(select(run.c.id, *told).where(run.c.id.in_(idents)))
    return {row[0]: tuple(row[1:]) for row in found}


def last_runs(connection: Connection) -> dict[int, Row[Any]]:
    """The newest run of every scheme."""
    newest = select(func.max(run.c.id)).group_by(run.c.scheme_id)
    return {row.scheme_id: row for row in connection.execute(select(run).where(run.c.id.in_(newest)))}


def runs_before(
    connection: Connection, before: int | None, most: int, among: Sequence[int] | None = None
) -> list[Row[Any]]:
    """Runs of all schemes or `among` some, newest first, those behind id `before`, with the scheme's code and title."""
    chosen = select(run, scheme.c.code, scheme.c.title).join(scheme, scheme.c.id == run.c.scheme_id)
    if before is not None:
        chosen = chosen.where(run.c.id < before)
    if among is not None:
        chosen = chosen.where(run.c.scheme_id.in_(among))
    return list(connection.execute(chosen.order_by(run.c.id.desc()).limit(most)))


def text_of(connection: Connection, scheme_id: int, number: int) -> str | None:
    """A scheme version's text; None where there is no such version."""
    named = (scheme_version.c.scheme_id == scheme_id, scheme_version.c.number == number)
    return connection.scalar(select(scheme_version.c.text).where(*named))


def pairs(connection: Connection, code: str, word: str, after: str | None, most: int) -> list[Pair]:
    """A table's pairs by left code, those behind `after`; `word` is looked for on both sides and in titles."""
    chosen = select(lookup_row.c.left, lookup_row.c.right, lookup_row.c.title).join(lookup)
    chosen = chosen.where(lookup.c.code == code)
    if word:
        sides = (lookup_row.c.left, lookup_row.c.right, lookup_row.c.title)
        chosen = chosen.where(or_(*(side.contains(word, autoescape=True) for side in sides)))
    if after is not None:
        chosen = chosen.where(lookup_row.c.left > after)
    return [Pair(*row) for row in connection.execute(chosen.order_by(lookup_row.c.left).limit(most))]
