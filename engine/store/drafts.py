"""Drafts: a scheme's text while it is worked on. Nothing runs by it; publishing makes a version of it.

Saving names the revision it began from: whoever was overtaken is told, and overwrites nothing. Each save is
kept as the splice it made in the text, so that edits are taken back and done again without limit, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import Conflict
from engine.say import Say
from engine.store.tables import draft, draft_edit


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


@dataclass(frozen=True, slots=True)
class Save:
    """A text to keep in place of the one at `revision`. `deed` and `what` tell people what was done to which field."""

    code: str
    text: str
    title: str
    revision: int
    by: str
    at: datetime
    deed: str = "text"
    what: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit as people read it. `holds` is False once it was taken back."""

    number: int
    deed: str
    what: str
    by: str
    at: datetime
    holds: bool


_EDITS = select(
    draft_edit.c.number,
    draft_edit.c.deed,
    draft_edit.c.what,
    draft_edit.c.by,
    draft_edit.c.at,
    (draft_edit.c.number <= draft.c.edits).label("holds"),
).join(draft, draft.c.id == draft_edit.c.draft_id)
_ROW = select(draft.c.id, draft.c.text, draft.c.edits)
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


def save(connection: Connection, saved: Save) -> int:
    """The draft's next text, as one more edit; gives its revision. What was taken back can no longer be done again.

    Raises Conflict where the draft was saved or removed meanwhile.
    """
    row = _locked(connection, saved.code, saved.revision)
    if row.text != saved.text:
        gone = (draft_edit.c.draft_id == row.id, draft_edit.c.number > row.edits)
        connection.execute(delete(draft_edit).where(*gone))
        start, removed, added = splice(row.text, saved.text)
        connection.execute(
            insert(draft_edit).values(
                draft_id=row.id,
                number=row.edits + 1,
                start=start,
                removed=removed,
                added=added,
                deed=saved.deed,
                what=saved.what,
                by=saved.by,
                at=saved.at,
            )
        )
    _write(connection, row.id, saved, row.edits + (row.text != saved.text))
    return saved.revision + 1


def taken_back(connection: Connection, code: str) -> str | None:
    """The text before the newest edit that holds; None where there is none."""
    row = connection.execute(_ROW.where(draft.c.code == code)).one_or_none()
    edit = _edit(connection, row.id, row.edits) if row else None
    if row is None or edit is None:
        return None
    return str(row.text[: edit.start] + edit.removed + row.text[edit.start + len(edit.added) :])


def done_again(connection: Connection, code: str) -> str | None:
    """The text after the edit that was taken back last; None where there is none."""
    row = connection.execute(_ROW.where(draft.c.code == code)).one_or_none()
    edit = _edit(connection, row.id, row.edits + 1) if row else None
    if row is None or edit is None:
        return None
    return str(row.text[: edit.start] + edit.added + row.text[edit.start + len(edit.removed) :])


def step(connection: Connection, saved: Save, forward: bool) -> int:
    """Go to the text that `taken_back` or `done_again` gave. Raises Conflict as `save` does, or where it is another."""
    row = _locked(connection, saved.code, saved.revision)
    meant = (done_again if forward else taken_back)(connection, saved.code)
    if meant != saved.text:
        raise Conflict(Say("草稿已被别人改过，没有覆盖。"))
    _write(connection, row.id, saved, row.edits + (1 if forward else -1))
    return saved.revision + 1


def edits(connection: Connection, code: str, most: int) -> list[Edit]:
    """The newest edits of a draft, newest first; those taken back are among them."""
    found = _EDITS.where(draft.c.code == code).order_by(draft_edit.c.number.desc()).limit(most)
    return [Edit(*row) for row in connection.execute(found)]


def next_edits(connection: Connection, code: str) -> tuple[Edit | None, Edit | None]:
    """The edit that would be taken back, and the one that would be done again."""
    near = draft_edit.c.number.between(draft.c.edits, draft.c.edits + 1)
    found = [Edit(*row) for row in connection.execute(_EDITS.where(draft.c.code == code, near))]
    last, taken = (next((one for one in found if one.holds is holds), None) for holds in (True, False))
    return last, taken


def splice(before: str, after: str) -> tuple[int, str, str]:
    """Where two texts begin to differ, and what of each lies between their common beginning and end."""
    start = _common(before, after)
    rest = min(len(before), len(after)) - start
    end = min(_common(before[::-1], after[::-1]), rest)
    return start, before[start : len(before) - end], after[start : len(after) - end]


def _common(one: str, other: str) -> int:
    """How many characters they begin with alike, found by halving."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _locked(connection: Connection, code: str, revision: int) -> Any:
    mine = _ROW.where(draft.c.code == code, draft.c.revision == revision)
    row = connection.execute(mine.with_for_update()).one_or_none()
    if row is None:
        raise Conflict(Say("草稿已被别人改过，没有覆盖。"))
    return row


def _edit(connection: Connection, ident: int, number: int) -> Any:
    mine = select(draft_edit).where(draft_edit.c.draft_id == ident, draft_edit.c.number == number)
    return connection.execute(mine).one_or_none()


def _write(connection: Connection, ident: int, saved: Save, number: int) -> None:
    values = {"text": saved.text, "title": saved.title, "changed_by": saved.by, "changed_at": saved.at}
    more = {"revision": saved.revision + 1, "edits": number}
    connection.execute(update(draft).where(draft.c.id == ident).values(**values, **more))


def drop(connection: Connection, code: str) -> bool:
    mine = select(draft.c.id).where(draft.c.code == code)
    connection.execute(delete(draft_edit).where(draft_edit.c.draft_id.in_(mine)))
    return bool(connection.execute(delete(draft).where(draft.c.code == code)).rowcount)
