"""Bringing a database to the shape this program needs. Safe to start again after a kill half-way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, insert, inspect, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_or

from engine.errors import Wrong
from engine.model.values import Problem
from engine.say import Say
from engine.store.session import Database
from engine.store.tables import document_count, installation

NEWEST = "0010"
"""The newest migration: known here so that a database that is up to date costs no import of alembic."""

_KEY = (document_count.c.scheme_id, document_count.c.state, document_count.c.held, document_count.c.part)
_LOCK = 0x6475696A6965  # an advisory lock nobody else takes: "duijie"


def migrate(database: Database, code: str, now: datetime) -> str:
    """Migrate to the newest version and give the installation's code; `code` is taken where there is none.

    Raises Wrong where the database was made by a newer program.
    """
    with database.write() as connection:
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if version(connection) != NEWEST:
            _upgrade(connection)
        if not database.sqlite:
            _fold(connection)
        found = connection.scalar(select(installation.c.code))
        if found is None:
            connection.execute(insert(installation).values(code=code, made_at=now))
        return found or code


def version(connection: Connection) -> str | None:
    """The number of the last migration; None where this is no database of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return str(found) if found is not None else None


def _fold(connection: Connection) -> None:
    """Put the counts of database sessions that ended into part 0: each session counts in rows of its own, so that
    two never wait for each other. Rows in use are left for the next start.
    """
    kept = document_count.c
    ended = select(kept.scheme_id, kept.state, kept.held, kept.part).where(kept.part != 0)
    taken = ended.with_for_update(skip_locked=True).subquery()
    gone = delete(document_count).where(tuple_(*_KEY).in_(select(*taken.c)))
    for row in connection.execute(gone.returning(*_KEY[:3], kept.number)).all():
        values = {"scheme_id": row.scheme_id, "state": row.state, "held": row.held, "part": 0}
        added = insert_or(document_count).values(**values, number=row.number)
        connection.execute(
            added.on_conflict_do_update(index_elements=_KEY, set_={"number": kept.number + added.excluded.number})
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as unknown:
        says = Say("数据库由更新的版本建立，本程序不认识它的结构。")
        raise Wrong(
            [Problem("DUIJIE_DB", "newer_database", says, Say("请升级程序，或改用其它数据库。"))]
        ) from unknown
