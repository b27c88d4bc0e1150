"""Who is told of alerts. The address of a robot holds its key: it is sealed with the secret that signs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, select, update

from engine.exact import decode, encode
from engine.model.alerts import Receiver, ReceiverKind
from engine.store.tables import notice, receiver as table
from engine.store.vault import Vault


def every(connection: Connection, vault: Vault) -> list[Receiver]:
    """All receivers, the oldest first."""
    return [_receiver(vault, row) for row in connection.execute(select(table).order_by(table.c.id))]


def get(connection: Connection, vault: Vault, ident: int) -> Receiver | None:
    row = connection.execute(select(table).where(table.c.id == ident)).one_or_none()
    return _receiver(vault, row) if row else None


def add(
    connection: Connection, vault: Vault, given: Receiver, secrets: Mapping[str, str], now: datetime
) -> int:
    """Keep a new receiver; gives its id. `secrets` are url and, where it signs, secret."""
    values = _values(given, now) | {"host": host_of(secrets["url"]), "sealed": ""}
    ident = int(connection.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())
    connection.execute(update(table).where(table.c.id == ident).values(sealed=_sealed(vault, ident, secrets)))
    return ident


def change(
    connection: Connection, vault: Vault, given: Receiver, secrets: Mapping[str, str], now: datetime
) -> None:
    """Change one; secrets that are not named keep their stored value."""
    kept = opened(connection, vault, given.id) | dict(secrets)
    values = _values(given, now) | {"host": host_of(kept["url"]), "sealed": _sealed(vault, given.id, kept)}
    connection.execute(update(table).where(table.c.id == given.id).values(**values))


def remove(connection: Connection, ident: int) -> None:
    """It is told nothing more, and what it was told is forgotten."""
    connection.execute(delete(notice).where(notice.c.receiver_id == ident))
    connection.execute(delete(table).where(table.c.id == ident))


def opened(connection: Connection, vault: Vault, ident: int) -> dict[str, str]:
    """Its url and its secret, for the wire and nobody else."""
    sealed = connection.scalar(select(table.c.sealed).where(table.c.id == ident)) or ""
    return _opened(vault, ident, sealed)


def secrets(connection: Connection, vault: Vault) -> list[str]:
    """Every address and secret there is: what a log must never hold."""
    found = connection.execute(select(table.c.id, table.c.sealed)).all()
    return [value for ident, sealed in found for value in _opened(vault, ident, sealed).values()]


def host_of(url: str) -> str:
    """The host a url leads to, in lower case; "" where it is none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _values(given: Receiver, now: datetime) -> dict[str, Any]:
    return {
        "title": given.title,
        "kind": given.kind,
        "team": given.team,
        "quiet": given.quiet,
        "language": given.language,
        "private": encode(list(given.private)).decode(),
        "enabled": given.enabled,
        "changed_at": now,
    }


def _receiver(vault: Vault, row: Any) -> Receiver:
    return Receiver(
        row.id,
        row.title,
        cast(ReceiverKind, row.kind),
        row.host,
        row.team,
        row.quiet,
        row.language,
        tuple(cast("list[str]", decode(row.private))),
        row.enabled,
        bool(_opened(vault, row.id, row.sealed).get("secret")),
    )


def _sealed(vault: Vault, ident: int, secrets_: Mapping[str, str]) -> str:
    return vault.seal(encode(dict(secrets_)).decode(), f"receiver {ident}")


def _opened(vault: Vault, ident: int, sealed: str) -> dict[str, str]:
    return cast("dict[str, str]", decode(vault.open(sealed, f"receiver {ident}"))) if sealed else {}
