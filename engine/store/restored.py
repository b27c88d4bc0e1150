"""A store that was restored: what was written after its backup stands in the target, and nobody here knows of it.

Every scheme is paused until a person resumes it. From then on nothing of it is sent for the first time without
having been asked for: a document that is due counts as sent with its outcome open, and the rules for open
outcomes do the rest (a look-up; where there is none, the same bytes under the same key; with neither, a person).
That holds until a person says that the target is known again (`trust`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, literal, select, update

from engine.say import Say
from engine.store import runs
from engine.store.tables import UTCTime, document, invitation, job, leader, login, notice, run, scheme


def begin(connection: Connection, now: datetime) -> int:
    """Pause every scheme and put in doubt all that waits; gives how many documents are asked for first.

    Nothing of the process that made the backup lives on: its jobs, its leads, and the logins of its pages.
    """
    says = Say("从备份恢复：备份以后写成的单据这里不知道，核对以后再恢复运行。")
    connection.execute(update(scheme).values(enabled=False, paused=says, doubted_at=now))
    for table in (job, leader, login, invitation):
        connection.execute(delete(table))
    connection.execute(delete(notice).where(notice.c.state == "waiting"))  # news of another time
    for ident in connection.scalars(select(run.c.id).where(run.c.state == "reading")).all():
        runs.read_done(connection, ident)
        runs.warn(connection, ident, Say("从备份恢复：这次运行读到备份的那一刻为止。"))
    waits = and_(document.c.state == "waiting", document.c.body != "", document.c.due_at.is_not(None))
    _mark(connection, waits, now)
    opened = document.c.state.in_(("sending", "unknown"))
    asked = {"state": "unknown", "why": "", "due_at": now, "looks": 0, "looked_at": None}
    return connection.execute(update(document).where(opened).values(**asked)).rowcount


def suspect(connection: Connection, scheme_id: int, now: datetime) -> None:
    """What is due for the first time counts as being sent; whoever recovers what was left so asks for it."""
    first = and_(
        document.c.state == "waiting", document.c.first_sent_at.is_(None), document.c.due_at.is_not(None)
    )
    _mark(connection, and_(document.c.scheme_id == scheme_id, first, document.c.body != ""), now)


def _mark(connection: Connection, which: Any, now: datetime) -> None:
    values = {
        "state": "sending",
        "why": "",
        "sends": case((document.c.sends > 0, document.c.sends), else_=1),
        "first_sent_at": func.coalesce(document.c.first_sent_at, literal(now, UTCTime)),
        "reason": Say("从备份恢复过：可能已经写成，先反查再决定发不发。"),
    }
    connection.execute(update(document).where(which).values(**values))


def doubted(connection: Connection, scheme_id: int) -> bool:
    """Whether the scheme's documents are asked for before they are sent."""
    found = select(scheme.c.id).where(scheme.c.id == scheme_id, scheme.c.doubted_at.is_not(None))
    return connection.scalar(found) is not None


def resume(connection: Connection, code: str, by: str, now: datetime) -> None:
    """Let a scheme run by its schedule again. Where it was restored, what is open is asked for at once."""
    row = connection.execute(
        select(scheme.c.id, scheme.c.published, scheme.c.doubted_at).where(scheme.c.code == code)
    ).one()
    connection.execute(update(scheme).where(scheme.c.id == row.id).values(enabled=True, paused=""))
    if row.doubted_at is not None:
        runs.begin_push(connection, row.id, row.published, by, now)


def trust(connection: Connection, code: str) -> bool:
    """Send again without asking first; False where that was so already."""
    known = update(scheme).where(scheme.c.code == code, scheme.c.doubted_at.is_not(None))
    return bool(connection.execute(known.values(doubted_at=None)).rowcount)
