"""The audit: who did what, a table that only grows and whose lines hold each other (S17).

Each line's hash is made of its content and of the hash before it, so that a line taken out or altered,
even by somebody who can write to the database, is found by `broken`. The first stands on the installation.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, text

from engine.exact import encode
from engine.model.people import Deed
from engine.store.tables import audit, installation

_LOCK = 0x617564697400  # "audit": on PostgreSQL two writers must not hang their lines on the same hash
_AT_ONCE = 1000
_SAID = ("who", "deed", "what", "detail", "address")
_COLUMNS = (audit.c.id, audit.c.at, audit.c.who, audit.c.deed, audit.c.what, audit.c.detail, audit.c.address)


def note(connection: Connection, deed: Deed, now: datetime) -> None:
    """One line more, in the transaction of the deed itself: both or neither."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = connection.scalar(select(audit.c.hash).order_by(audit.c.id.desc()).limit(1))
    at = now.astimezone(UTC).replace(microsecond=0)
    said = {name: getattr(deed, name).replace("\0", "␀") for name in _SAID}
    told = _hash(last or _ground(connection), at, said)
    connection.execute(insert(audit).values(at=at, hash=told, **said))


def listed(
    connection: Connection, before: int | None = None, most: int = 100, who: str = "", word: str = ""
) -> list[Row[Any]]:
    """Lines, newest first, behind id `before`; `word` is looked for in what it was done to."""
    chosen = select(*_COLUMNS)
    if before is not None:
        chosen = chosen.where(audit.c.id < before)
    if who:
        chosen = chosen.where(audit.c.who == who)
    if word:
        named = (audit.c.what.contains(word, autoescape=True), audit.c.detail.contains(word, autoescape=True))
        chosen = chosen.where(or_(audit.c.deed == word, *named))
    return list(connection.execute(chosen.order_by(audit.c.id.desc()).limit(most)))


def broken(connection: Connection) -> int | None:
    """The first line that does not hold to the one before it; None where all do."""
    last, seen = _ground(connection), 0
    chosen = select(*_COLUMNS, audit.c.hash).order_by(audit.c.id).limit(_AT_ONCE)
    while lines := connection.execute(chosen.where(audit.c.id > seen)).all():
        for line in lines:
            said = {name: getattr(line, name) for name in _SAID}
            if _hash(last, line.at, said) != line.hash:
                return int(line.id)
            last, seen = line.hash, line.id
    return None


def _ground(connection: Connection) -> str:
    return connection.scalar(select(installation.c.code)) or ""


def _hash(last: str, at: datetime, said: dict[str, str]) -> str:
    return sha256(encode([last, at.astimezone(UTC).isoformat(), *said.values()])).hexdigest()
