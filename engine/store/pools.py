"""The pools of codes that kept records offer to other schemes, and what a new code lets go.

A pool is made when somebody first looks into a scheme's records by certain fields. From then on the
plan of each record writes its codes into it, in the plan's own transaction; what was planned before
is filled in, a piece at a time, by whoever asks first. The row in `pool` is locked by both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from engine.exact import decode
from engine.model.ledger import Offered
from engine.model.values import Json
from engine.store import waits
from engine.store.queue import Asked, put
from engine.store.session import upsert
from engine.store.tables import document, document_record, pool, pool_row, record, scheme

PIECE = 500
Codes = Callable[[Json], list[tuple[str, str]]]
"""What a lens sees of a record: codes with their values."""


@dataclass(frozen=True, slots=True)
class Pool:
    """`revision` grows with every change; `whole`: what was kept before the pool was made is in it too."""

    id: int
    scheme_id: int
    lens: str
    revision: int
    whole: bool


_COLUMNS = (pool.c.id, pool.c.scheme_id, pool.c.lens, pool.c.revision, pool.c.whole)


def find(connection: Connection, code: str, lens: str) -> Pool | None:
    """The pool of a scheme's records under this lens; None where there is none yet."""
    chosen = select(*_COLUMNS).join(scheme, scheme.c.id == pool.c.scheme_id)
    row = connection.execute(chosen.where(scheme.c.code == code, pool.c.lens == lens)).one_or_none()
    return Pool(*row) if row else None


def of_scheme(connection: Connection, scheme_id: int) -> list[Pool]:
    """The pools that the records of a scheme fill."""
    found = connection.execute(select(*_COLUMNS).where(pool.c.scheme_id == scheme_id).order_by(pool.c.id))
    return [Pool(*row) for row in found]


def make(connection: Connection, code: str, lens: str) -> Pool | None:
    """The pool, made where it is missing; None where no scheme of that code is published."""
    ident = connection.scalar(select(scheme.c.id).where(scheme.c.code == code))
    if ident is None:
        return None
    fresh = upsert(connection, pool).values(scheme_id=ident, lens=lens, revision=0, reached=0, whole=False)
    connection.execute(fresh.on_conflict_do_nothing(index_elements=["scheme_id", "lens"]))
    return find(connection, code, lens)


def fill(connection: Connection, ident: int, codes: Codes, now: datetime) -> bool:
    """Put the next piece of what was planned before the pool was made into it; False when all of it is."""
    held = select(pool.c.scheme_id, pool.c.reached, pool.c.whole).where(pool.c.id == ident)
    row = connection.execute(held.with_for_update()).one()
    if row.whole:
        return False
    kept = connection.execute(
        select(record.c.id, record.c.body)
        .where(record.c.scheme_id == row.scheme_id, record.c.id > row.reached)
        .where(record.c.hash == record.c.planned_hash, ~_skipped())
        .order_by(record.c.id)
        .limit(PIECE)
    ).all()
    offers = [Offered(ident, one.id, tuple(codes(decode(one.body)))) for one in kept]
    keep(connection, offers, now)
    reached = kept[-1].id if kept else row.reached
    over = {"reached": reached, "whole": len(kept) < PIECE}
    connection.execute(update(pool).where(pool.c.id == ident).values(**over))
    return len(kept) == PIECE


def _skipped() -> ColumnElement[bool]:
    """The record was left out by its scheme's filter, so it is nobody's lookup."""
    behind = document_record.join(document, document.c.id == document_record.c.document_id)
    mine = (document_record.c.record_id == record.c.id) & (document.c.state == "skipped")
    return select(document_record.c.record_id).select_from(behind).where(mine).exists()


def keep(connection: Connection, offers: Sequence[Offered], now: datetime) -> None:
    """What these records offer now, in place of what they offered; whoever waited for it is mapped again."""
    for ident in sorted({one.pool_id for one in offers}):
        connection.execute(select(pool.c.id).where(pool.c.id == ident).with_for_update())
        mine = [one for one in offers if one.pool_id == ident]
        wanted = {(one.record_id, place): pair for one in mine for place, pair in enumerate(one.codes)}
        stands = _standing(connection, ident, [one.record_id for one in mine])
        if stands == wanted:
            continue
        fresh = [code for place, (code, value) in wanted.items() if stands.get(place) != (code, value)]
        _write(connection, ident, mine, wanted)
        connection.execute(update(pool).where(pool.c.id == ident).values(revision=pool.c.revision + 1))
        for scheme_id in waits.release(connection, f"pool:{ident}", fresh):
            put(connection, [Asked("push", scheme_id, now)])


def _standing(
    connection: Connection, ident: int, records: Sequence[int]
) -> dict[tuple[int, int], tuple[str, str]]:
    found = connection.execute(
        select(pool_row.c.record_id, pool_row.c.place, pool_row.c.code, pool_row.c.value).where(
            pool_row.c.pool_id == ident, pool_row.c.record_id.in_(records)
        )
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in found}


def _write(
    connection: Connection,
    ident: int,
    offers: Sequence[Offered],
    wanted: dict[tuple[int, int], tuple[str, str]],
) -> None:
    records = [one.record_id for one in offers]
    connection.execute(delete(pool_row).where(pool_row.c.pool_id == ident, pool_row.c.record_id.in_(records)))
    rows = [
        {"pool_id": ident, "record_id": record_id, "place": place, "code": code, "value": value}
        for (record_id, place), (code, value) in wanted.items()
    ]
    if rows:
        connection.execute(insert(pool_row), rows)


def answers(connection: Connection, ident: int, codes: Sequence[str]) -> dict[str, list[str]]:
    """The different values behind each of these codes; a code that no record has gives an empty list."""
    found: dict[str, dict[str, None]] = {code: {} for code in codes}
    for start in range(0, len(codes), PIECE):
        some = pool_row.c.code.in_(codes[start : start + PIECE])
        rows = select(pool_row.c.code, pool_row.c.value).where(pool_row.c.pool_id == ident, some)
        for code, value in connection.execute(rows.distinct()):
            found[code][value] = None
    return {code: list(values) for code, values in found.items()}
