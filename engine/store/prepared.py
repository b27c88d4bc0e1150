"""Statements of the hot path, compiled once and run by the driver itself.

SQLAlchemy looks a statement up, collects its values and wraps its result each time anew: for the
few rows of one commit that costs ten times what SQLite takes to execute it (docs/why/0006). A
`Prepared` keeps the driver's text and how each value is bound; errors come out as SQLAlchemy's own.

On PostgreSQL a row is a trip of its own: psycopg's `executemany` sends rows ahead of their results,
and a node that is suspended in the middle of that holds its locks in a state which no timeout of
the server ends. Between trips `ASLEEP_MS` does (engine/store/session.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Values: TypeAlias = "Mapping[str, Any]"
_Bind: TypeAlias = "Callable[[Values], Any]"


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement in the driver's words. `bind` makes of a row's values what the driver takes."""

    sql: str
    bind: _Bind


class Prepared:
    """An INSERT, UPDATE or SELECT with named parameters; `names` are the columns that an INSERT is given."""

    def __init__(self, statement: Any, names: Sequence[str] | None = None) -> None:
        self._statement, self._names = statement, names
        self._texts: dict[str, _Text] = {}

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Execute once for each row; what it gives or counts is not wanted."""
        text = self._text(connection)
        with _cursor(connection, text.sql) as cursor:
            if connection.dialect.name == "sqlite":
                cursor.executemany(text.sql, [text.bind(row) for row in rows])
                return
            for row in rows:
                cursor.execute(text.sql, text.bind(row))

    def counts(self, connection: Connection, rows: Sequence[Values]) -> list[int]:
        """How many rows of the table each row of values met."""
        return [cursor.rowcount for cursor in self._each(connection, rows)]

    def firsts(self, connection: Connection, rows: Sequence[Values]) -> list[Any]:
        """The first value that each row of values gave, in their order: the ids of an INSERT … RETURNING."""
        return [cursor.fetchone()[0] for cursor in self._each(connection, rows)]

    def all(self, connection: Connection, row: Values) -> list[Any]:
        """Everything the statement gives for one row of values, as tuples of the driver's values."""
        text = self._text(connection)
        with _cursor(connection, text.sql) as cursor:
            cursor.execute(text.sql, text.bind(row))
            return list(cursor.fetchall())

    def _each(self, connection: Connection, rows: Sequence[Values]) -> Iterator[Any]:
        text = self._text(connection)
        with _cursor(connection, text.sql) as cursor:
            for row in rows:
                cursor.execute(text.sql, text.bind(row))
                yield cursor

    def _text(self, connection: Connection) -> _Text:
        dialect = connection.dialect
        known = self._texts.get(dialect.name)
        if known is None:
            known = self._texts[dialect.name] = _compiled(self._statement, self._names, dialect)
        return known


def _compiled(statement: Any, names: Sequence[str] | None, dialect: Any) -> _Text:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    fixed |= {column.key: column.default.arg for column in compiled.insert_prefetch}
    order = list(compiled.positiontup) if compiled.positional else list(compiled.binds)
    processors = [compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]
    bind = _binding(order, fixed, [(at, each) for at, each in enumerate(processors) if each is not None])
    if compiled.positional:
        return _Text(str(compiled), bind)
    return _Text(str(compiled), lambda row: dict(zip(order, bind(row), strict=True)))


def _binding(order: Sequence[str], fixed: Values, processed: Sequence[tuple[int, Any]]) -> _Bind:
    """What makes of a row's values those of the statement, in its order. It runs for every row: few steps."""
    pick = itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],)

    def bind(row: Values) -> list[Any]:
        values = list(pick({**fixed, **row} if fixed else row))
        for at, process in processed:
            values[at] = process(values[at])
        return values

    return bind


@contextmanager
def _cursor(connection: Connection, sql: str) -> Iterator[Any]:
    """A cursor of the transaction under way; what goes wrong is told as SQLAlchemy tells it, without the values."""
    dialect: Any = connection.dialect
    cursor: Any = connection.connection.cursor()
    try:
        yield cursor
    except dialect.loaded_dbapi.Error as error:
        gone = dialect.is_disconnect(error, connection.connection.driver_connection, cursor)
        if gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True,
            connection_invalidated=gone, dialect=dialect,
        ) from error  # fmt: skip
    finally:
        if not connection.invalidated:
            cursor.close()
