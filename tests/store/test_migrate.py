"""Migrations: a new database, the same again, a newer program's database, and tables as the code has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from engine.errors import Wrong
from engine.store import lookups, migrate
from engine.store.session import Database
from engine.store.store import Store
from engine.store.tables import meta
from tests.build import NOW


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


def test_pairs_and_held_documents_of_before_live_on(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
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
