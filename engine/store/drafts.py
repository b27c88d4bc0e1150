"""Drafts: a scheme's text while it is worked on. Nothing runs by it; publishing makes a version of it.

Saving names the revision it began from: whoever was overtaken is told, and overwrites nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import Conflict
from engine.say import Say
from engine.store.tables import draft


@dataclass(frozen=True, slots=True)
class Draft:
    """`based_on` is the number of the version it was made from, 0 for a scheme that was never published."""

    code: str
    title: str
    team: str
    text: str
    revision: int
    based_on: int
    changed_by: str
    changed_at: datetime


_COLUMNS = (
    draft.c.code,
    draft.c.title,
    draft.c.team,
    draft.c.text,
    draft.c.revision,
    draft.c.based_on,
    draft.c.changed_by,
    draft.c.changed_at,
)


def every(connection: Connection) -> list[Draft]:
    return [Draft(*row) for row in connection.execute(select(*_COLUMNS).order_by(draft.c.code))]


def get(connection: Connection, code: str) -> Draft | None:
    row = connection.execute(select(*_COLUMNS).where(draft.c.code == code)).one_or_none()
    return Draft(*row) if row else None


def begin(connection: Connection, made: Draft) -> None:
    """A new draft. Raises Conflict where this scheme has one already: it is gone on with, never replaced."""
    values: dict[str, Any] = {
        "code": made.code,
        "title": made.title,
        "team": made.team,
        "text": made.text,
        "based_on": made.based_on,
        "changed_by": made.changed_by,
        "changed_at": made.changed_at,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(draft).values(**values, revision=1))
    except IntegrityError:
        raise Conflict(Say("方案 {code} 已经有一份草稿。", code=made.code)) from None


def save(
    connection: Connection, code: str, text: str, title: str, revision: int, by: str, now: datetime
) -> int:
    """The draft's next text; gives its revision. Raises Conflict where it was saved or removed meanwhile."""
    mine = update(draft).where(draft.c.code == code, draft.c.revision == revision)
    values = {"text": text, "title": title, "changed_by": by, "changed_at": now, "revision": revision + 1}
    if not connection.execute(mine.values(**values)).rowcount:
        raise Conflict(Say("草稿已被别人改过，没有覆盖。"))
    return revision + 1


def drop(connection: Connection, code: str) -> bool:
    return bool(connection.execute(delete(draft).where(draft.c.code == code)).rowcount)
