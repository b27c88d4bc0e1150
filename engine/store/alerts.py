"""Alerts in the ledger: which causes stand, who is still to be told that one began or ended.

A cause that is gone for a while has ended; one that comes and goes within that while is one alert. Who was
never told of a beginning is not told of its end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, exists, insert, or_, select, update

from engine.model.alerts import Found, Notice, Quiet, Receiver
from engine.store.tables import alert, notice, receiver, run, scheme

CALM = timedelta(minutes=5)
"""So long a cause must be gone before it has ended."""

PATIENCE = {
    "unknown": timedelta(minutes=10),  # looked up by itself first
    "refused": timedelta(minutes=1),
    "held": timedelta(minutes=1),
    "fault": timedelta(minutes=1),
    "late": timedelta(0),  # it has waited already
}
"""How long a cause stands before anybody is told."""

TRIES = 8


def keep(
    connection: Connection, found: Sequence[Found], receivers: Iterable[Receiver], now: datetime
) -> None:
    """Bring the alerts to what was found: new ones begin, standing ones are counted anew, gone ones end."""
    standing = {
        (row.scheme_id, row.kind, row.sense): row
        for row in connection.execute(select(alert).where(alert.c.ended_at.is_(None)))
    }
    teams = {row.id: row.team for row in connection.execute(select(scheme.c.id, scheme.c.team))}
    told = [one for one in receivers if one.enabled]
    for one in found:
        place = (one.scheme_id, one.kind, sense(one.cause))
        present = standing.pop(place, None)
        values = {"count": one.count, "newest": one.newest, "seen_at": now}
        if present is not None:
            connection.execute(update(alert).where(alert.c.id == present.id).values(**values))
            continue
        begun = {"scheme_id": one.scheme_id, "kind": one.kind, "cause": one.cause, "sense": place[2]}
        made = insert(alert).values(**begun, **values, began_at=now).returning(alert.c.id)
        ident = connection.execute(made).scalar_one()
        hear = [each for each in told if each.team in ("", teams.get(one.scheme_id))]
        _wait(connection, ident, hear, "began", now + PATIENCE[one.kind])
    for row in standing.values():
        if now - row.seen_at >= CALM:
            _end(connection, row.id, {each.id: each for each in told}, now)


def _end(connection: Connection, ident: int, told: dict[int, Receiver], now: datetime) -> None:
    connection.execute(update(alert).where(alert.c.id == ident).values(ended_at=now))
    mine = (notice.c.alert_id == ident) & (notice.c.what == "began")
    heard = connection.scalars(select(notice.c.receiver_id).where(mine, notice.c.state == "sent")).all()
    connection.execute(delete(notice).where(mine, notice.c.state != "sent"))
    _wait(connection, ident, [told[one] for one in heard if one in told], "ended", now)


def _wait(connection: Connection, ident: int, hear: Iterable[Receiver], what: str, at: datetime) -> None:
    for one in hear:
        quiet = Quiet.read(one.quiet)
        values = {"alert_id": ident, "receiver_id": one.id, "what": what, "state": "waiting", "tries": 0}
        due = quiet.over(at) if quiet else at
        connection.execute(insert(notice).values(**values, due_at=due, says=""))


def due(connection: Connection, now: datetime, most: int = 500) -> list[Notice]:
    """What is to be told now, the oldest alert first."""
    columns = (
        notice.c.id,
        notice.c.receiver_id,
        notice.c.what,
        notice.c.tries,
        scheme.c.code,
        scheme.c.title,
    )
    more = (alert.c.kind, alert.c.cause, alert.c.count, alert.c.newest, alert.c.began_at, alert.c.ended_at)
    chosen = (
        select(*columns, *more)
        .select_from(notice.join(alert, alert.c.id == notice.c.alert_id))
        .join(scheme, scheme.c.id == alert.c.scheme_id)
        .join(receiver, receiver.c.id == notice.c.receiver_id)
        .where(notice.c.state == "waiting", notice.c.due_at <= now, receiver.c.enabled)
    )
    found: Iterable[Any] = connection.execute(chosen.order_by(notice.c.id).limit(most))
    return [Notice(*row) for row in found]


def sent(connection: Connection, idents: Sequence[int], now: datetime) -> None:
    """These were told."""
    values = {"state": "sent", "sent_at": now, "says": ""}
    connection.execute(update(notice).where(notice.c.id.in_(idents)).values(**values))


def unsent(connection: Connection, idents: Sequence[int], says: str, again: datetime) -> None:
    """These could not be told, and why; tried again then, and after TRIES times no more."""
    mine = update(notice).where(notice.c.id.in_(idents))
    connection.execute(mine.values(tries=notice.c.tries + 1, says=says, due_at=again))
    connection.execute(mine.where(notice.c.tries >= TRIES).values(state="failed"))


def listed(connection: Connection, among: Sequence[int] | None, most: int) -> list[Row[Any]]:
    """Alerts that stand, the newest first, then those that ended last; with the scheme's code and title."""
    chosen = select(alert, scheme.c.code, scheme.c.title).join(scheme, scheme.c.id == alert.c.scheme_id)
    if among is not None:
        chosen = chosen.where(alert.c.scheme_id.in_(among))
    order = (alert.c.ended_at.is_not(None), alert.c.id.desc())
    return list(connection.execute(chosen.order_by(*order).limit(most)))


def last_told(connection: Connection) -> dict[int, Row[Any]]:
    """The newest notice of each receiver that was sent or tried."""
    tried = or_(notice.c.state != "waiting", notice.c.tries > 0)
    later = notice.alias()
    newer = exists().where(
        later.c.receiver_id == notice.c.receiver_id,
        later.c.id > notice.c.id,
        or_(later.c.state != "waiting", later.c.tries > 0),
    )
    found = connection.execute(select(notice).where(tried, ~newer))
    return {row.receiver_id: row for row in found}


def last_faults(connection: Connection, schemes: Iterable[int]) -> list[Row[Any]]:
    """Of each scheme the newest run that ended or met a fault, where it met one."""
    found: list[Any] = []
    for ident in schemes:
        told = and_(run.c.scheme_id == ident, or_(run.c.fault.is_not(None), run.c.ended_at.is_not(None)))
        row = connection.execute(
            select(run.c.id, run.c.scheme_id, run.c.fault).where(told).order_by(run.c.id.desc()).limit(1)
        ).one_or_none()
        if row is not None and row.fault:
            found.append(row)
    return found


def sense(cause: str) -> str:
    """What tells two causes apart in an index, however long they are."""
    return hashlib.sha256(cause.encode()).hexdigest()
