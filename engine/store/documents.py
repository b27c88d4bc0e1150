"""Documents as people ask for them: by state, by key or number; and what a person may decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, update

from engine.model.ledger import State, by_hand
from engine.store.after import Then, begin
from engine.store.tables import attempt, document, document_record, record
from engine.store.unplan import unplan

SHOWN = (
    document.c.id,
    document.c.key,
    document.c.number,
    document.c.state,
    document.c.why,
    document.c.generation,
    document.c.sends,
    document.c.target_id,
    document.c.target_number,
    document.c.reason,
    document.c.problems,
    document.c.flagged,
    document.c.due_at,
    document.c.changed_at,
    document.c.action,
    document.c.follow,
)


def found(
    connection: Connection, scheme_id: int, state: str | None = None, key: str | None = None, most: int = 200
) -> list[Row[Any]]:
    """Documents of a scheme, newest first; `key` is a key or a source number."""
    chosen = select(*SHOWN).where(document.c.scheme_id == scheme_id)
    return list(
        connection.execute(_which(chosen, scheme_id, state, key).order_by(document.c.id.desc()).limit(most))
    )


def _which(chosen: Select[Any], scheme_id: int, state: str | None, key: str | None) -> Select[Any]:
    if state is not None:
        chosen = chosen.where(document.c.state == state)
    return chosen if key is None else chosen.where(_named(scheme_id, key))


def _named(scheme_id: int, key: str) -> ColumnElement[bool]:
    """The documents of this key or number, and those that a record of this key or number went into."""
    behind = select(document_record.c.document_id).join(record, record.c.id == document_record.c.record_id)
    records = behind.where(record.c.scheme_id == scheme_id, or_(record.c.key == key, record.c.number == key))
    return or_(document.c.key == key, document.c.number == key, document.c.id.in_(records))


def tally(connection: Connection, scheme_id: int, key: str | None = None) -> dict[str, int]:
    """How many documents of a scheme stand in which state."""
    every = select(document.c.state, func.count()).where(document.c.scheme_id == scheme_id)
    chosen = _which(every, scheme_id, None, key)
    return {row[0]: row[1] for row in connection.execute(chosen.group_by(document.c.state))}


def unplanned_count(connection: Connection, scheme_id: int) -> int:
    """Records read and not yet mapped; they are shown as waiting."""
    due = (record.c.scheme_id == scheme_id) & (record.c.hash != record.c.planned_hash)
    return connection.scalar(select(func.count()).select_from(record).where(due)) or 0


def attempts(connection: Connection, document_id: int) -> list[Row[Any]]:
    """Every exchange of a document, oldest first."""
    return list(
        connection.execute(select(attempt).where(attempt.c.document_id == document_id).order_by(attempt.c.id))
    )


def attempts_of_run(connection: Connection, run_id: int, after: int, most: int) -> list[Row[Any]]:
    """The newest exchanges of a run behind id `after`, newest first."""
    chosen = select(attempt).where(attempt.c.run_id == run_id, attempt.c.id > after)
    return list(connection.execute(chosen.order_by(attempt.c.id.desc()).limit(most)))


def again(
    connection: Connection, scheme_id: int, key: str | None, states: Sequence[str], now: datetime
) -> int:
    """A person's retry: refused ones are mapped anew (a new generation where they had been sent),
    unknown ones are asked for at once; gives how many documents."""
    mine = document.c.scheme_id == scheme_id
    if key is not None:
        mine = mine & _named(scheme_id, key)
    count = 0
    refused = [state for state in states if state == "refused"]
    if refused:
        count += (
            connection.scalar(
                select(func.count()).select_from(document).where(mine, document.c.state == "refused")
            )
            or 0
        )
        unplan(connection, mine & (document.c.state == "refused"))
    if "skipped" in states:
        count += unplan(connection, mine & (document.c.state == "skipped") & (document.c.step == 0))
    if "unknown" in states:
        count += connection.execute(
            update(document)
            .where(mine, document.c.state == "unknown")
            .values(due_at=now, looks=0, looked_at=None)
        ).rowcount
    if "waiting" in states:
        waits = (document.c.state == "waiting") & document.c.why.not_in(("held", "gathering"))
        count += connection.execute(update(document).where(mine, waits).values(due_at=now)).rowcount
        # A person does not wait until a group is complete by itself.
        gathers = (document.c.state == "waiting") & (document.c.why == "gathering")
        count += connection.execute(update(document).where(mine, gathers).values(whole_at=None)).rowcount
        count += unplan(connection, mine & (document.c.state == "waiting") & (document.c.why == "held"))
    return count


def decide(
    connection: Connection,
    scheme_id: int,
    key: str,
    state: State,
    reason: str,
    number: str | None,
    now: datetime,
    then: Then | None = None,
) -> bool:
    """A person settles a document: done with the target's number, cancelled or skipped. `then` is the call
    that follows where it is done.

    False where the document is not there or may not move so.
    """
    row = connection.execute(
        select(document.c.id, document.c.state).where(
            document.c.scheme_id == scheme_id, document.c.key == key
        )
    ).one_or_none()
    if row is None or state not in by_hand(row.state):
        return False
    values = {
        "state": state,
        "why": "",
        "due_at": None,
        "reason": reason,
        "target_number": number,
        "settled_at": now,
    }
    moved = update(document).where(document.c.id == row.id, document.c.state == row.state)
    if not connection.execute(moved.values(**values)).rowcount:
        return False
    if then is not None and state == "done":
        begin(connection, [(row.id, then, now)])
    return True


def send_again(connection: Connection, scheme_id: int, key: str, reason: str, now: datetime) -> bool:
    """A person has an open document sent once more: the same bytes under the same key, whatever was tried
    before. False where it is not there or not of unknown outcome.
    """
    open_one = update(document).where(
        document.c.scheme_id == scheme_id, document.c.key == key, document.c.state == "unknown"
    )
    # The sends begin anew: five more are the machine's own before it asks a person again.
    fresh = {"state": "waiting", "why": "again", "due_at": now, "sends": 1, "looks": 0, "looked_at": None}
    return bool(connection.execute(open_one.values(**fresh, reason=reason)).rowcount)


def sources(connection: Connection, document_id: int) -> list[Row[Any]]:
    """The records behind a document."""
    behind = select(record.c.id, record.c.key, record.c.number, record.c.body).join(document_record)
    return list(connection.execute(behind.where(document_record.c.document_id == document_id)))
