"""The store, opened: database, writer, vault and the installation's identity in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from engine.clock import Clock
from engine.errors import Wrong
from engine.model.values import Problem
from engine.say import Say
from engine.settings import Settings
from engine.store.connections import StoredTokens
from engine.store.migrate import migrate
from engine.store.session import Database
from engine.store.vault import Vault
from engine.store.writer import Writer

T = TypeVar("T")
TROUBLE = (SQLAlchemyError, ImportError)
"""What a database that cannot be used raises: itself, or for want of its driver."""


@dataclass(frozen=True)
class Store:
    """`read` and `write` run one function in one transaction; the loops write through `writer`."""

    database: Database
    writer: Writer
    vault: Vault
    installation: str

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> Store:
        """Open (and on first use make, on an older one migrate) the store the settings name.

        Raises Wrong where database, home or key file cannot be used.
        """
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
            database = Database(settings.database)
            installation = migrate(database, clock.code(), clock.now())
            vault = Vault.at(settings.key_file)
        except OSError as error:
            raise Wrong([_no_home(settings.home, error)]) from error
        except TROUBLE as error:
            raise Wrong([no_database(settings.database, error)]) from error
        return cls(database, Writer(database), vault, installation)

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


def _no_home(home: Path, error: OSError) -> Problem:
    says = Say(
        "{home} 用不了：{why}。", home=error.filename or home, why=error.strerror or type(error).__name__
    )
    return Problem("DUIJIE_HOME", "home", says, Say("换一个可以写的文件夹，或改正权限。"))


def no_database(url: str, error: Exception) -> Problem:
    """Why it cannot be used: in the driver's own words, and its address without the password."""
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        says = Say("DUIJIE_DB 不是数据库的地址。")
        return Problem(
            "DUIJIE_DB", "address", says, Say("写成 sqlite:///文件 或 postgresql://用户:密码@主机/库名。")
        )
    why = str(getattr(error, "orig", None) or error).strip().splitlines()
    says = Say("数据库 {url} 打不开：{why}。", url=shown, why=why[0] if why else type(error).__name__)
    return Problem(
        "DUIJIE_DB",
        "database",
        says,
        Say("可以用的是 SQLite 和 PostgreSQL；核对地址、账号和服务是否在运行。"),
    )
