"""Schemes and their published versions. A version never changes; publishing an old one makes a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from engine.model.ledger import STATES
from engine.store.tables import cursor, document_count, scheme, scheme_version


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
    paused: str = ""
    """Why it is paused, where that was told."""
    doubted_at: datetime | None = None
    """Since then its documents are asked for before they are sent: it was restored from a backup."""


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
    more = (scheme.c.paused, scheme.c.doubted_at)
    return select(*columns, scheme_version.c.text, scheme.c.numbering, scheme.c.team, *more).join(
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


def enable(connection: Connection, code: str, enabled: bool, why: str = "") -> bool:
    """Pause a scheme, or let it run by its schedule again; what waits in the queue is not touched."""
    values = {"enabled": enabled, "paused": "" if enabled else why}
    return bool(connection.execute(update(scheme).where(scheme.c.code == code).values(**values)).rowcount)


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


@dataclass(frozen=True, slots=True)
class Counted:
    """A scheme's documents by state, and how many of those that wait do so for a lookup."""

    states: dict[str, int]
    held: int


def counted(connection: Connection, idents: Sequence[int]) -> dict[int, Counted]:
    """How many documents of each scheme stand where, as the database keeps it while they move."""
    kept = document_count.c
    found = connection.execute(
        select(kept.scheme_id, kept.state, kept.held, func.sum(kept.number))
        .where(kept.scheme_id.in_(idents))
        .group_by(kept.scheme_id, kept.state, kept.held)
    )
    states: dict[int, dict[str, int]] = {ident: dict.fromkeys(STATES, 0) for ident in idents}
    held = dict.fromkeys(idents, 0)
    for ident, state, waits, number in found:
        states[ident][state] += int(number)
        held[ident] += int(number) if waits else 0
    return {ident: Counted(states[ident], held[ident]) for ident in idents}


def cursors(connection: Connection) -> dict[int, datetime]:
    """How far each scheme has read."""
    return {
        row.scheme_id: row.value for row in connection.execute(select(cursor.c.scheme_id, cursor.c.value))
    }
