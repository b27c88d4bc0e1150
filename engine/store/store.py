"""The store, opened: database, writer, vault and the installation's identity in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from engine.clock import Clock
from engine.settings import Settings
from engine.store.connections import StoredTokens
from engine.store.migrate import migrate
from engine.store.session import Database
from engine.store.vault import Vault
from engine.store.writer import Writer

T = TypeVar("T")


@dataclass(frozen=True)
class Store:
    """`read` and `write` run one function in one transaction; the loops write through `writer`."""

    database: Database
    writer: Writer
    vault: Vault
    installation: str

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> Store:
        """Open (and on first use make, on an older one migrate) the store the settings name."""
        settings.home.mkdir(parents=True, exist_ok=True)
        database = Database(settings.database)
        installation = migrate(database, clock.code(), clock.now())
        return cls(database, Writer(database), Vault.at(settings.key_file), installation)

    @property
    def tokens(self) -> StoredTokens:
        return StoredTokens(self.database, self.vault)

    def read(self, work: Callable[[Connection], T]) -> T:
        with self.database.read() as connection:
            return work(connection)

    def write(self, work: Callable[[Connection], T]) -> T:
        with self.database.write() as connection:
            return work(connection)

    def close(self) -> None:
        self.writer.close()
        self.database.close()
