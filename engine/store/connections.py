"""Connections: one account on one connector. Secrets are sealed on their way in and opened only for the wire."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, delete, insert, select, update

from engine.exact import decode, encode
from engine.model.values import Json
from engine.store.session import Database, upsert
from engine.store.tables import connection as table, token
from engine.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Account:
    """A connection as people may see it: which secrets are set, never what they are.

    `options`: base, hosts, limits {per_minute, per_second, at_once}, busy_wait, private, settle, keys.
    """

    code: str
    connector: str
    channel: str
    title: str
    settings: Mapping[str, str]
    secrets: tuple[str, ...]
    options: Mapping[str, Json] = field(default_factory=dict)


def save(
    connection: Connection, vault: Vault, account: Account, secrets: Mapping[str, str], now: datetime
) -> None:
    """Add or replace a connection. Secrets not named keep their stored value; kept tokens are dropped."""
    present = connection.execute(
        select(table.c.id, table.c.sealed).where(table.c.code == account.code)
    ).one_or_none()
    kept = _opened(vault, account.code, present.sealed) if present else {}
    values = {
        "connector": account.connector,
        "channel": account.channel,
        "title": account.title,
        "settings": encode(dict(account.settings)).decode(),
        "sealed": vault.seal(encode({**kept, **secrets}).decode(), _place(account.code)),
        "options": encode(dict(account.options)).decode(),
        "changed_at": now,
    }
    if present:
        connection.execute(update(table).where(table.c.id == present.id).values(**values))
    else:
        connection.execute(insert(table).values(code=account.code, **values))
    connection.execute(delete(token).where(token.c.connection == account.code))


def every(connection: Connection, vault: Vault) -> list[Account]:
    """All connections, by code."""
    return [_account(vault, row) for row in connection.execute(select(table).order_by(table.c.code))]


def get(connection: Connection, vault: Vault, code: str) -> Account | None:
    row = connection.execute(select(table).where(table.c.code == code)).one_or_none()
    return _account(vault, row) if row else None


def stamp(connection: Connection, code: str) -> datetime | None:
    """When the connection was changed last: a secret that changed shows in nothing else."""
    return connection.scalar(select(table.c.changed_at).where(table.c.code == code))


def opened(connection: Connection, vault: Vault, code: str) -> dict[str, str]:
    """The connection's secrets by name, for the wire and nobody else."""
    return _opened(vault, code, connection.scalar(select(table.c.sealed).where(table.c.code == code)) or "")


def secrets(connection: Connection, vault: Vault) -> list[str]:
    """Every secret and kept token there is: what a log must never hold."""
    sealed = connection.execute(select(table.c.code, table.c.sealed)).all()
    tokens = connection.execute(select(token.c.connection, token.c.sealed)).all()
    own = [value for code, text in sealed for value in _opened(vault, code, text).values()]
    return own + [vault.open(text, f"token {code}") for code, text in tokens]


def codes(connection: Connection) -> dict[str, str]:
    """Connector by connection code: what `check` needs to know."""
    found = connection.execute(select(table.c.code, table.c.connector))
    return {row.code: row.connector for row in found}


def _account(vault: Vault, row: Any) -> Account:
    settings, options = (
        cast("dict[str, str]", decode(row.settings)),
        cast("dict[str, Json]", decode(row.options)),
    )
    names = tuple(_opened(vault, row.code, row.sealed))
    return Account(row.code, row.connector, row.channel, row.title, settings, names, options)


def _opened(vault: Vault, code: str, sealed: str) -> dict[str, str]:
    return cast("dict[str, str]", decode(vault.open(sealed, _place(code)))) if sealed else {}


def _place(code: str) -> str:
    return f"connection {code}"


class StoredTokens:
    """The wire's token store: kept sealed, shared by all workers through the database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    def load(self, connection: str) -> dict[str, tuple[str, datetime]]:
        with self._database.read() as read:
            rows = read.execute(
                select(token.c.name, token.c.sealed, token.c.until).where(token.c.connection == connection)
            )
            return {
                name: (self._vault.open(sealed, f"token {connection}"), until) for name, sealed, until in rows
            }

    def keep(self, connection: str, name: str, value: str, until: datetime) -> None:
        sealed = self._vault.seal(value, f"token {connection}")
        with self._database.write() as write:
            kept = {"sealed": sealed, "until": until}
            fresh = upsert(write, token).values(connection=connection, name=name, **kept)
            write.execute(fresh.on_conflict_do_update(index_elements=["connection", "name"], set_=kept))

    def drop(self, connection: str, names: Collection[str]) -> None:
        with self._database.write() as write:
            write.execute(delete(token).where(token.c.connection == connection, token.c.name.in_(names)))
