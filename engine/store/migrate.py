"""Bringing a database to the shape this program needs. Safe to start again after a kill half-way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text

from engine.errors import Wrong
from engine.model.values import Problem
from engine.say import Say
from engine.store.session import Database
from engine.store.tables import installation

NEWEST = "0005"
"""The newest migration: known here so that a database that is up to date costs no import of alembic."""

_LOCK = 0x6475696A6965  # an advisory lock nobody else takes: "duijie"


def migrate(database: Database, code: str, now: datetime) -> str:
    """Migrate to the newest version and give the installation's code; `code` is taken where there is none.

    Raises Wrong where the database was made by a newer program.
    """
    with database.write() as connection:
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if _version(connection) != NEWEST:
            _upgrade(connection)
        found = connection.scalar(select(installation.c.code))
        if found is None:
            connection.execute(insert(installation).values(code=code, made_at=now))
        return found or code


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return str(found) if found is not None else None


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
