"""The door to the database: an engine with the right pragmas, one transaction at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "cache_size=-8000",
)


ASLEEP_MS = 15_000
"""A node that stands still in the middle of a transaction holds its locks, and with them all others: no
transaction of ours waits for anything but the database, so after this PostgreSQL ends it.
"""


class Database:
    """One database, SQLite or PostgreSQL. `read` sees, `write` changes; neither spans a call to a vendor."""

    def __init__(self, url: str) -> None:
        self.sqlite = make_url(url).get_backend_name() == "sqlite"
        self.file = file_of(url)
        self.engine = _sqlite(url) if self.sqlite else _postgres(url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that takes its write lock at once, commits at the end, rolls back on error."""
        with self.writing() as connection, connection.begin():
            yield connection

    def writing(self) -> Connection:
        """A connection whose transactions take their write lock at once; whoever asked for it closes it."""
        return self.engine.connect().execution_options(write=True)

    def close(self) -> None:
        self.engine.dispose()


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT, in the words of this connection's database."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def _postgres(url: str) -> Engine:
    """PostgreSQL by psycopg 3, whichever way the URL spells it."""
    named = url.replace("postgresql://", "postgresql+psycopg://", 1)
    # An error tells its statement, never the values: they hold documents and people.
    return create_engine(
        named,
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": f"-c idle_in_transaction_session_timeout={ASLEEP_MS}"},
    )


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None where it is none."""
    told = make_url(url)
    if told.get_backend_name() != "sqlite" or not told.database or told.database == ":memory:":
        return None
    return Path(told.database)


def _sqlite(url: str) -> Engine:
    if (file := file_of(url)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, connect_args={"timeout": 30, "check_same_thread": False}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _: Any) -> None:
        raw.isolation_level = None  # transactions are begun below, not by the driver's guess
        for pragma in PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that turns writer may fail, so a writer takes its lock at once.
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
