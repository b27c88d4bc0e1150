"""Lookups (对照表): tables of code pairs between two systems, and the release of what waited for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.store.plan import unplan
from engine.store.tables import document, lookup, lookup_row


@dataclass(frozen=True, slots=True)
class Pair:
    left: str
    right: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    code: str
    title: str
    rows: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Tables:
    """What a mapping looks codes up in, as it stood at `revision`."""

    revision: int
    pairs: Mapping[str, Mapping[str, str]]


def replace(connection: Connection, code: str, pairs: Sequence[Pair], now: datetime) -> int:
    """Make these the table's pairs, whole; gives how many."""
    ident = connection.scalar(select(lookup.c.id).where(lookup.c.code == code))
    if ident is None:
        made = insert(lookup).values(code=code, revision=0, changed_at=now).returning(lookup.c.id)
        ident = connection.execute(made).scalar_one()
    connection.execute(delete(lookup_row).where(lookup_row.c.lookup_id == ident))
    rows = [
        {"lookup_id": ident, "left": pair.left, "right": pair.right, "title": pair.title} for pair in pairs
    ]
    if rows:
        connection.execute(insert(lookup_row), rows)
    row = update(lookup).where(lookup.c.id == ident)
    connection.execute(row.values(revision=lookup.c.revision + 1, changed_at=now))
    return len(rows)


def tables(connection: Connection) -> list[Table]:
    """All tables with their number of pairs, by code."""
    found = connection.execute(
        select(lookup.c.code, lookup.c.title, func.count(lookup_row.c.left), lookup.c.changed_at)
        .outerjoin(lookup_row, lookup_row.c.lookup_id == lookup.c.id)
        .group_by(lookup.c.id, lookup.c.code, lookup.c.title, lookup.c.changed_at)
        .order_by(lookup.c.code)
    )
    return [Table(*row) for row in found]


def pairs(connection: Connection, code: str) -> list[Pair]:
    found = select(lookup_row.c.left, lookup_row.c.right, lookup_row.c.title).join(lookup)
    return [
        Pair(*row)
        for row in connection.execute(found.where(lookup.c.code == code).order_by(lookup_row.c.left))
    ]


def revision(connection: Connection) -> int:
    """Grows with every change of any table: who has read them all may keep them while it stays."""
    return int(connection.scalar(select(func.coalesce(func.sum(lookup.c.revision), 0))) or 0)


def load(connection: Connection, codes: Iterable[str]) -> dict[str, dict[str, str]]:
    """These tables as left -> right; a table that does not exist is empty."""
    wanted = sorted(codes)
    told: dict[str, dict[str, str]] = {code: {} for code in wanted}
    rows = select(lookup.c.code, lookup_row.c.left, lookup_row.c.right).join(lookup)
    for code, left, right in connection.execute(rows.where(lookup.c.code.in_(wanted))):
        told[code][left] = right
    return told


def release(connection: Connection) -> list[int]:
    """Have every held document mapped again, since a table changed; gives the schemes concerned."""
    held = (document.c.state == "waiting") & (document.c.why == "held")
    schemes = list(connection.scalars(select(document.c.scheme_id).where(held).distinct()))
    if schemes:
        unplan(connection, held)
    return schemes
