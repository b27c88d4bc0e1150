"""Migrations: a new database, the same again, a newer program's database, and tables as the code has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from engine.errors import Wrong
from engine.store import migrate
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
