"""Migrations: a new database, the same again, a newer program's database, and tables as the code has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from engine.errors import Wrong
from engine.model.ledger import Planned
from engine.store import lookups, migrate, schemes
from engine.store.session import Database
from engine.store.store import Store
from engine.store.tables import document_count, meta
from tests.build import NOW, Desk


def test_the_newest_migration_is_the_one_the_program_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.NEWEST


def test_a_migrated_database_has_the_tables_the_code_knows(store: Store) -> None:
    with store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), meta) == []


def test_the_installation_keeps_its_code(store: Store) -> None:
    assert migrate.migrate(store.database, "another", NOW) == store.installation


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    migrate.migrate(database, "code", NOW)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Wrong, match="更新的版本"):
        migrate.migrate(database, "code", NOW)
    database.close()


def older(folder: Path, version: str) -> Database:
    """A database as the program left it at an earlier migration."""
    database = Database(f"sqlite:///{folder / 'old.db'}")
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    return database


def test_pairs_and_held_documents_of_before_live_on(tmp_path: Path) -> None:
    database = older(tmp_path, "0002")
    with database.write() as connection:
        connection.execute(
            text("INSERT INTO lookup (id, code, title, revision, changed_at) VALUES (1, 'w', '', 1, '')")
        )
        connection.execute(
            text("INSERT INTO lookup_row (lookup_id, left, right, title) VALUES (1, 'A', '010', 't')")
        )
    migrate.migrate(database, "code", NOW)
    with database.read() as connection:
        assert lookups.load(connection, ["w"]) == {"w": {"A": "010"}}
        assert lookups.pairs(connection, "w") == [lookups.Pair("A", "010", "t")]
    database.close()


def test_a_start_puts_the_counts_of_ended_sessions_together(desk: Desk) -> None:
    desk.read(*({"id": number, "qty": 1} for number in range(3)))
    desk.plan(*(Planned(one, one.key, "skipped", "") for one in desk.unplanned()))
    before = desk.store.read(lambda c: schemes.counted(c, [desk.scheme_id]))
    assert before[desk.scheme_id].states["skipped"] == 3
    migrate.migrate(desk.store.database, "another", NOW)
    assert desk.store.read(lambda c: schemes.counted(c, [desk.scheme_id])) == before
    parts = desk.store.read(lambda c: c.scalars(select(document_count.c.part).distinct()).all())
    assert parts == [0]


def test_documents_of_before_are_counted(tmp_path: Path) -> None:
    database = older(tmp_path, "0005")
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO scheme (id, code, title, enabled, published, numbering, made_at)"
                " VALUES (1, 's', 's', 1, 1, 'ours', '2026-11-20')"
            )
        )
        for key, state, why in (("1", "waiting", "held"), ("2", "waiting", "new"), ("3", "done", "")):
            connection.execute(
                text(
                    "INSERT INTO document (scheme_id, key, number, generation, action, step, stored_key, sent_number,"
                    " state, why, sends, looks, reason, problems, tables, flagged, version, changed_at, body)"
                    " VALUES (1, :key, :key, 1, 'create', 0, :key, :key, :state, :why, 0, 0, '', '[]', '[]', 0, 1,"
                    " '2026-11-20', '')"
                ),
                {"key": key, "state": state, "why": why},
            )
    migrate.migrate(database, "code", NOW)
    with database.read() as connection:
        counted = schemes.counted(connection, [1])[1]
    assert (counted.states["waiting"], counted.states["done"], counted.held) == (2, 1, 1)
    database.close()
