"""Schemes and their published versions. A version never changes; publishing an old one makes a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from engine.model.ledger import STATES
from engine.store.tables import cursor, document, scheme, scheme_version


@dataclass(frozen=True, slots=True)
class Published:
    """A scheme with the version in force."""

    id: int
    code: str
    title: str
    enabled: bool
    version: int
    text: str
    numbering: str
    team: str = ""
    """The group of schemes it belongs to; "" is a group too."""


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    note: str
    published_by: str
    published_at: datetime
    text: str


def publish(
    connection: Connection, code: str, title: str, text: str, note: str, by: str, now: datetime
) -> int:
    """Store `text` as the scheme's next version and put it in force; gives its number."""
    ident = connection.scalar(select(scheme.c.id).where(scheme.c.code == code))
    if ident is None:
        made = insert(scheme).values(code=code, title=title, enabled=True, made_at=now).returning(scheme.c.id)
        ident = connection.execute(made).scalar_one()
    last = (
        connection.scalar(
            select(func.max(scheme_version.c.number)).where(scheme_version.c.scheme_id == ident)
        )
        or 0
    )
    values = {"scheme_id": ident, "number": last + 1, "text": text, "note": note}
    connection.execute(insert(scheme_version).values(**values, published_by=by, published_at=now))
    connection.execute(update(scheme).where(scheme.c.id == ident).values(title=title, published=last + 1))
    return int(last) + 1


def _all() -> Select[Any]:
    columns = (scheme.c.id, scheme.c.code, scheme.c.title, scheme.c.enabled, scheme_version.c.number)
    in_force = (scheme_version.c.scheme_id == scheme.c.id) & (scheme_version.c.number == scheme.c.published)
    return select(*columns, scheme_version.c.text, scheme.c.numbering, scheme.c.team).join(
        scheme_version, in_force
    )


def published(connection: Connection, code: str) -> Published | None:
    """The scheme with this code, None where none is published."""
    row = connection.execute(_all().where(scheme.c.code == code)).one_or_none()
    return Published(*row) if row else None


def by_id(connection: Connection, ident: int) -> Published | None:
    row = connection.execute(_all().where(scheme.c.id == ident)).one_or_none()
    return Published(*row) if row else None


def every(connection: Connection) -> list[Published]:
    """All published schemes, by code."""
    return [Published(*row) for row in connection.execute(_all().order_by(scheme.c.code))]


def assign(connection: Connection, code: str, team: str) -> bool:
    """Put a scheme into a group; False where there is no such scheme."""
    return bool(
        connection.execute(
            update(scheme).where(scheme.c.code == code).values(team=team.strip()[:80])
        ).rowcount
    )


def enable(connection: Connection, code: str, enabled: bool) -> bool:
    """Pause a scheme, or let it run by its schedule again; what waits in the queue is not touched."""
    return bool(
        connection.execute(update(scheme).where(scheme.c.code == code).values(enabled=enabled)).rowcount
    )


def teams(connection: Connection) -> list[str]:
    """The groups that schemes and people are in, "" left out."""
    return sorted(set(connection.scalars(select(scheme.c.team).distinct())) - {""})


def versions(connection: Connection, ident: int) -> list[Version]:
    """A scheme's versions, newest first."""
    columns = (scheme_version.c.number, scheme_version.c.note, scheme_version.c.published_by)
    chosen = select(*columns, scheme_version.c.published_at, scheme_version.c.text)
    found = connection.execute(
        chosen.where(scheme_version.c.scheme_id == ident).order_by(scheme_version.c.number.desc())
    )
    return [Version(*row) for row in found]


def states(connection: Connection, idents: Sequence[int]) -> dict[int, dict[str, int]]:
    """Documents by state for each scheme."""
    found = connection.execute(
        select(document.c.scheme_id, document.c.state, func.count())
        .where(document.c.scheme_id.in_(idents))
        .group_by(document.c.scheme_id, document.c.state)
    )
    counts: dict[int, dict[str, int]] = {ident: dict.fromkeys(STATES, 0) for ident in idents}
    for ident, state, number in found:
        counts[ident][state] = number
    return counts


def cursors(connection: Connection) -> dict[int, datetime]:
    """How far each scheme has read."""
    return {
        row.scheme_id: row.value for row in connection.execute(select(cursor.c.scheme_id, cursor.c.value))
    }
