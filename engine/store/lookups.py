"""Lookups (对照表) and rule tables as people keep them: rows with columns and days, replaced whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, cast

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.exact import decode, encode
from engine.mapping.codes import LEFT, RIGHT, Codes, Line, column_of, parted
from engine.mapping.entry import Entry
from engine.mapping.rules import Kind, Reading, Ruled, Rules, read_rules
from engine.store import waits
from engine.store.tables import document, lookup, lookup_row
from engine.store.unplan import unplan


@dataclass(frozen=True, slots=True)
class Pair:
    """One row. Several keys, or several columns, are JSON lists; days are ISO dates, empty: without end."""

    left: str
    right: str
    title: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of a table's columns; of a rule table also the kinds of its inputs and how it is read."""

    keys: tuple[str, ...] = (LEFT,)
    gives: tuple[str, ...] = (RIGHT,)
    kinds: tuple[Kind, ...] = ()
    match: Literal["first", "best"] = "first"
    miss: str = "problem"

    @property
    def rules(self) -> bool:
        return bool(self.kinds)


PAIRS = Columns()


@dataclass(frozen=True, slots=True)
class Table:
    code: str
    title: str
    rows: int
    changed_at: datetime
    columns: Columns = PAIRS


@dataclass(frozen=True, slots=True)
class Tables:
    """What a mapping looks codes up in, as it stood at `revision`."""

    revision: int
    pairs: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)


def replace(
    connection: Connection, code: str, pairs: Sequence[Pair], now: datetime, columns: Columns = PAIRS
) -> int:
    """Make these the table's rows, whole; gives how many."""
    ident = connection.scalar(select(lookup.c.id).where(lookup.c.code == code))
    if ident is None:
        made = insert(lookup).values(code=code, revision=0, changed_at=now).returning(lookup.c.id)
        ident = connection.execute(made).scalar_one()
    connection.execute(delete(lookup_row).where(lookup_row.c.lookup_id == ident))
    names = ("left", "right", "title", "since", "until")
    rows = [{"lookup_id": ident, **{name: getattr(pair, name) for name in names}} for pair in pairs]
    if rows:
        connection.execute(insert(lookup_row), rows)
    told = {"kind": "rules" if columns.rules else "codes", "columns": _written(columns)}
    row = update(lookup).where(lookup.c.id == ident)
    connection.execute(row.values(revision=lookup.c.revision + 1, changed_at=now, **told))
    return len(rows)


def _written(columns: Columns) -> str:
    names = ("keys", "gives", "kinds")
    told: dict[str, Any] = {name: list(getattr(columns, name)) for name in names}
    return encode({**told, "match": columns.match, "miss": columns.miss}).decode()


def _columns(text: str) -> Columns:
    said = cast(dict[str, Any], decode(text))
    if not said:
        return PAIRS
    keys, gives, kinds = (tuple(said[name]) for name in ("keys", "gives", "kinds"))
    return Columns(keys, gives, kinds, said["match"], said["miss"])


def tables(connection: Connection) -> list[Table]:
    """All tables with their number of rows, by code."""
    shown = (lookup.c.code, lookup.c.title, lookup.c.changed_at, lookup.c.columns)
    found = connection.execute(
        select(*shown, func.count(lookup_row.c.left))
        .outerjoin(lookup_row, lookup_row.c.lookup_id == lookup.c.id)
        .group_by(lookup.c.id, *shown)
        .order_by(lookup.c.code)
    )
    return [Table(code, title, rows, at, _columns(columns)) for code, title, at, columns, rows in found]


_ROW = (lookup_row.c.left, lookup_row.c.right, lookup_row.c.title, lookup_row.c.since, lookup_row.c.until)


def pairs(connection: Connection, code: str) -> list[Pair]:
    found = select(*_ROW).join(lookup).where(lookup.c.code == code)
    return [Pair(*row) for row in connection.execute(found.order_by(lookup_row.c.left, lookup_row.c.since))]


def revision(connection: Connection) -> int:
    """Grows with every change of any table: who has read them all may keep them while it stays."""
    return int(connection.scalar(select(func.coalesce(func.sum(lookup.c.revision), 0))) or 0)


def load(connection: Connection, names: Iterable[str]) -> dict[str, Mapping[str, Entry]]:
    """The tables of these names (`店铺` or `店铺.客户`) as a mapping looks into them.

    One that does not exist is empty; one that has no such column, too.
    """
    told: dict[str, Mapping[str, Entry]] = {}
    held: dict[str, Codes | Rules | None] = {}
    for name in sorted(names):
        for own, column in ((name, ""), column_of(name)):
            if own not in held:
                held[own] = _table(connection, own)
            if held[own] is not None or (own, column) == column_of(name):
                told[name] = _seen(held[own], column)
                break
    return told


def _seen(table: Codes | Rules | None, column: str) -> Mapping[str, Entry]:
    if isinstance(table, Rules):
        return Ruled(table)
    try:
        return table.giving(column) if table is not None else {}
    except KeyError:
        return {}


def _table(connection: Connection, code: str) -> Codes | Rules | None:
    text = connection.scalar(select(lookup.c.columns).where(lookup.c.code == code))
    if text is None:
        return None
    columns, rows = _columns(text), pairs(connection, code)
    if columns.rules:
        return rules_of(code, columns, rows, Reading())
    return Codes(columns.keys, columns.gives, tuple(_line(columns, row) for row in rows))


def _line(columns: Columns, row: Pair) -> Line:
    days = (date.fromisoformat(day) if day else None for day in (row.since, row.until))
    return Line(parted(row.left, len(columns.keys)), parted(row.right, len(columns.gives)), *days)


def rules_of(code: str, columns: Columns, rows: Sequence[Pair], reading: Reading) -> Rules | None:
    """A stored rule table as rules: `right` holds each row as JSON, `left` its number."""
    inputs = list(zip(columns.keys, columns.kinds, strict=True))
    read = [cast(dict[str, Any], decode(row.right)) for row in rows]
    return read_rules(code, inputs, read, columns.match, columns.miss, reading)


def release(connection: Connection, code: str | None = None) -> list[int]:
    """Have what is held for this table (for any, where none is named) mapped again; gives the schemes."""
    if code is not None:
        return waits.release(connection, waits.table(code))
    held = (document.c.state == "waiting") & (document.c.why == "held")
    schemes = list(connection.scalars(select(document.c.scheme_id).where(held).distinct()))
    if schemes:
        unplan(connection, held)
    return schemes
