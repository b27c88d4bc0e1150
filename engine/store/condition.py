"""How the store itself is: what `duijie doctor` and the readiness of the pages ask. It changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from engine.store.leader import ALIVE
from engine.store.migrate import NEWEST, version
from engine.store.session import Database
from engine.store.tables import document, job, leader, run, scheme, scheme_version

EXPIRED = timedelta(minutes=1)
"""A lease that ended so long ago was not taken up by anybody: where a worker lives, it is within seconds."""
WAITED = timedelta(minutes=5)
"""A job that was due so long ago is not merely behind others."""
TRIED = 3
SILENT = timedelta(seconds=30)
LEAST = 100_000_000
"""Bytes that must be free where a SQLite database stands: below that a large page may not find room any more."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A job that nobody works on, or that was tried in vain. `since`: when its lease ended or it was due."""

    scheme: str
    kind: str
    leased: bool
    since: datetime
    attempts: int
    why: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """A scheme's newest run; where it never ran, `began` is when its first version was published."""

    began: datetime
    fault: str | None = None
    ran: bool = True


def away(database: Database, now: datetime, least: int = LEAST) -> str:
    """Why nothing can be done with this store now, in one word; "" where all is well.

    store: it cannot be reached; upgrade: its tables are another program's; disk: it is nearly full; clock: nobody
    has told the time for a minute, though somebody did before.
    """
    try:
        if database.file is not None:
            if not database.file.exists():
                return (
                    "store"  # an open file that was moved away still answers; what is written to it is lost
                )
            if shutil.disk_usage(database.file.parent).free < least:
                return "disk"
        with database.read() as connection:
            if version(connection) != NEWEST:
                return "upgrade"
            until = clock_until(connection)
    except (SQLAlchemyError, OSError):
        return "store"
    return "clock" if until is not None and until + SILENT < now else ""


def clock_until(connection: Connection) -> datetime | None:
    """Until when a clock of some process is surely alive; None where none ever was."""
    return connection.scalar(select(leader.c.until).where(leader.c.name == ALIVE))


def server_time(connection: Connection) -> datetime | None:
    """The database server's clock; None for SQLite, which has none of its own."""
    if connection.dialect.name == "sqlite":
        return None
    told: datetime | None = connection.scalar(text("SELECT clock_timestamp()"))
    return told


def newest_moment(connection: Connection) -> datetime | None:
    """When the newest run began, by the clock of whoever began it."""
    return connection.scalar(select(run.c.began_at).order_by(run.c.id.desc()).limit(1))


def journal(connection: Connection) -> str:
    """SQLite's journal mode: `wal`, where its file system can do what that needs."""
    return str(connection.scalar(text("PRAGMA journal_mode")))


def damage(connection: Connection, whole: bool) -> list[str]:
    """What SQLite finds wrong in its file, in its own words, at most 5 lines. `whole` also compares every index
    with its table and every reference with what it points at, and takes longer.
    """
    check = "PRAGMA integrity_check(5)" if whole else "PRAGMA quick_check(5)"
    told = [str(line) for line in connection.scalars(text(check)) if line != "ok"]
    if whole and not told:
        lost = connection.execute(text("PRAGMA foreign_key_check")).fetchmany(5)
        told = [f"{row[0]} {row[1]} → {row[2]}" for row in lost]
    return told


def stuck(connection: Connection, now: datetime, most: int = 50) -> list[Stuck]:
    """Jobs whose lease ended and was not taken up, that were due long ago, or that fail again and again."""
    running = select(job.c.key).where(job.c.state == "leased")
    ended = and_(job.c.state == "leased", job.c.lease_until < now - EXPIRED)
    left = and_(job.c.state == "waiting", job.c.due_at < now - WAITED, job.c.key.not_in(running))
    vain = and_(job.c.state == "waiting", job.c.attempts >= TRIED, job.c.why != "")
    columns = (
        scheme.c.code,
        job.c.kind,
        job.c.state,
        job.c.lease_until,
        job.c.due_at,
        job.c.attempts,
        job.c.why,
    )
    chosen = select(*columns).join(scheme, scheme.c.id == job.c.scheme_id).where(or_(ended, left, vain))
    return [_stuck(row) for row in connection.execute(chosen.order_by(job.c.due_at, job.c.id).limit(most))]


def _stuck(row: Any) -> Stuck:
    leased = row.state == "leased"
    return Stuck(row.code, row.kind, leased, row.lease_until if leased else row.due_at, row.attempts, row.why)


def last_runs(connection: Connection) -> dict[int, LastRun]:
    """Each scheme's newest run, by the scheme's id."""
    first = select(scheme_version.c.scheme_id, func.min(scheme_version.c.published_at))
    found = {
        row[0]: LastRun(row[1], ran=False)
        for row in connection.execute(first.group_by(scheme_version.c.scheme_id))
    }
    newest = select(func.max(run.c.id)).group_by(run.c.scheme_id)
    columns = select(run.c.scheme_id, run.c.began_at, run.c.fault).where(run.c.id.in_(newest))
    return found | {row.scheme_id: LastRun(row.began_at, row.fault) for row in connection.execute(columns)}


def oldest_due(connection: Connection, schemes: Sequence[int]) -> dict[int, datetime]:
    """Since when the oldest document of each scheme is due that waits or is asked for; schemes without one left out."""
    # Spelled as the partial index spells it.
    open_ones: ColumnElement[bool] = literal_column("document.state IN ('waiting', 'unknown')")
    first = select(document.c.scheme_id, func.min(document.c.due_at)).where(
        document.c.scheme_id.in_(schemes), open_ones, document.c.due_at.is_not(None)
    )
    return {row[0]: row[1] for row in connection.execute(first.group_by(document.c.scheme_id))}


def jobs(connection: Connection, schemes: Sequence[int]) -> dict[tuple[int, str, str], int]:
    """How many jobs there are, by scheme, loop and state."""
    counted = select(job.c.scheme_id, job.c.kind, job.c.state, func.count()).where(job.c.scheme_id.in_(schemes))
    found = connection.execute(counted.group_by(job.c.scheme_id, job.c.kind, job.c.state))
    return {(row[0], row[1], row[2]): row[3] for row in found}
