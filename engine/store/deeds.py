"""What a person may do to documents, one or a heap of them: a heap is counted first, and done to as counted.

Which state each deed begins from stands in `FROM`; a document that moved on meanwhile is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from engine.model.ledger import State
from engine.store.tables import document
from engine.store.unplan import unplan

Deed = Literal["retry", "ask", "hurry", "skip", "cancel"]

FROM: dict[Deed, tuple[State, ...]] = {
    "retry": ("refused",),
    "ask": ("unknown",),
    "hurry": ("waiting",),
    "skip": ("refused",),
    "cancel": ("refused", "unknown", "waiting"),
}
"""retry: map anew and send under a new key · ask: look up now · hurry: send now · skip: leave it out until its
source changes · cancel: never send it."""

WORKS: frozenset[Deed] = frozenset({"retry", "ask", "hurry"})
"""The deeds that leave work behind, and so want a run."""

ENDS: dict[Deed, State] = {"skip": "skipped", "cancel": "cancelled"}
_AT_ONCE = 500


def carry_out(connection: Connection, deed: Deed, idents: Sequence[int], reason: str, now: datetime) -> int:
    """Do it to those of these documents that still stand where the deed begins; gives how many."""
    count = 0
    for some in _chunks(idents):
        mine = and_(document.c.id.in_(some), document.c.action != "keep", document.c.state.in_(FROM[deed]))
        count += _done(connection, deed, mine, reason, now)
    return count


def _done(
    connection: Connection, deed: Deed, mine: ColumnElement[bool], reason: str, now: datetime
) -> int:
    if deed == "retry":
        count = connection.scalar(select(func.count()).select_from(document).where(mine)) or 0
        unplan(connection, mine)
        return count
    if deed == "ask":
        asked = update(document).where(mine).values(due_at=now, looks=0, looked_at=None)
        return int(connection.execute(asked).rowcount)
    if deed == "hurry":
        due = and_(mine, document.c.why != "held")
        return int(connection.execute(update(document).where(due).values(due_at=now)).rowcount)
    values = {"state": ENDS[deed], "why": "", "due_at": None, "reason": reason, "settled_at": now}
    return int(connection.execute(update(document).where(mine).values(**values)).rowcount)


def sought(
    connection: Connection, word: str, among: Sequence[int] | None, schemes: Sequence[int], most: int
) -> list[int]:
    """Ids of documents with this number, target number, key or idempotency key, in any scheme, newest first.

    `schemes` are all there are (a key is found scheme by scheme), `among` those this person sees.
    """
    keyed = and_(document.c.key == word, document.c.scheme_id.in_(schemes))
    found: set[int] = set()
    for which in (document.c.number == word, document.c.target_number == word, keyed):
        chosen = select(document.c.id).where(which)
        if among is not None:
            chosen = chosen.where(document.c.scheme_id.in_(among))
        found.update(connection.scalars(chosen.order_by(document.c.id.desc()).limit(most)))
    return sorted(found, reverse=True)[:most]


def _chunks(idents: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(idents), _AT_ONCE):
        yield idents[start : start + _AT_ONCE]
