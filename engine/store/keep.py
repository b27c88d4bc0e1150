"""Keeping what was read: a page of records and the move of the cursor, both or neither."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, literal, select, update

from engine.model.ledger import Kept, PageKept, Row
from engine.store.prepared import Prepared
from engine.store.queue import fence
from engine.store.tables import cursor, record, run, run_record

PIECE = 1_000
"""So many rows of a page in one statement: databases take only so many values, and a page may hold all there is."""

_insert = Prepared(
    insert(record),
    ["scheme_id", "key", "number", "hash", "body", "seen_run", "first_at", "changed_at"],
)
_change = Prepared(
    update(record)
    .where(record.c.id == bindparam("at_id"))
    .values(
        hash=bindparam("to_hash"),
        body=bindparam("to_body"),
        number=bindparam("to_number"),
        changed_at=bindparam("to_changed"),
        seen_run=bindparam("to_run"),
    )
)


def keep(connection: Connection, pages: Sequence[PageKept]) -> list[Kept]:
    """Upsert each page by key, count it once per run, move the cursor where the page says so.

    Raises LeaseLost where another worker took the reading over.
    """
    fence(connection, [page.lease for page in pages])
    return [_keep(connection, page) for page in pages]


def _keep(connection: Connection, page: PageKept) -> Kept:
    count = Kept()
    for start in range(0, len(page.rows), PIECE):
        count += _piece(connection, page, page.rows[start : start + PIECE])
    _count(connection, page, count)
    if page.cursor is not None:
        move_cursor(connection, page.scheme_id, page.run_id, page.cursor, page.at)
    return count


def _piece(connection: Connection, page: PageKept, of: Sequence[Row]) -> Kept:
    rows = {row.key: row for row in of}
    known = _known(connection, page.scheme_id, list(rows))
    fresh = [row for key, row in rows.items() if key not in known]
    changed = [
        (known[key][0], row) for key, row in rows.items() if key in known and known[key][1] != row.hash
    ]
    same = [known[key] for key, row in rows.items() if key in known and known[key][1] == row.hash]
    unseen = [ident for ident, _, seen in same if seen != page.run_id]
    _add(connection, page, fresh)
    count = Kept(read=len(fresh) + len(unseen), new=len(fresh), unchanged=len(unseen))
    count += _alter(
        connection, page, changed, {ident for ident, _, seen in known.values() if seen == page.run_id}
    )
    if unseen:
        connection.execute(update(record).where(record.c.id.in_(unseen)).values(seen_run=page.run_id))
    return count


def _known(connection: Connection, scheme_id: int, keys: list[str]) -> dict[str, tuple[int, str, int]]:
    found = connection.execute(
        select(record.c.key, record.c.id, record.c.hash, record.c.seen_run).where(
            record.c.scheme_id == scheme_id, record.c.key.in_(keys)
        )
    )
    return {row[0]: (row[1], row[2], row[3]) for row in found}


def _add(connection: Connection, page: PageKept, rows: Sequence[Row]) -> None:
    if not rows:
        return
    same = {"scheme_id": page.scheme_id, "seen_run": page.run_id, "first_at": page.at, "changed_at": page.at}
    _insert.run(
        connection,
        [{**same, "key": row.key, "number": row.number, "hash": row.hash, "body": row.body} for row in rows],
    )
    found = select(literal(page.run_id), record.c.id, literal("new")).where(
        record.c.scheme_id == page.scheme_id, record.c.key.in_([row.key for row in rows])
    )
    connection.execute(insert(run_record).from_select(["run_id", "record_id", "found"], found))


def _alter(connection: Connection, page: PageKept, rows: Sequence[tuple[int, Row]], seen: set[int]) -> Kept:
    """Changed records. One this run already counted as unchanged becomes changed; new or changed stays as counted."""
    if not rows:
        return Kept()
    _change.run(
        connection,
        [
            {
                "at_id": ident,
                "to_hash": row.hash,
                "to_body": row.body,
                "to_number": row.number,
                "to_changed": page.at,
                "to_run": page.run_id,
            }
            for ident, row in rows
        ],
    )
    idents = [ident for ident, _ in rows]
    counted = set(
        connection.scalars(
            select(run_record.c.record_id).where(
                run_record.c.run_id == page.run_id, run_record.c.record_id.in_(idents)
            )
        )
    )
    more = [ident for ident in idents if ident not in counted]
    if more:
        connection.execute(
            insert(run_record),
            [{"run_id": page.run_id, "record_id": ident, "found": "changed"} for ident in more],
        )
    again = sum(ident in seen for ident in more)
    return Kept(read=len(more) - again, changed=len(more), unchanged=-again)


def _count(connection: Connection, page: PageKept, count: Kept) -> None:
    values: dict[str, object] = {
        "read": run.c.read + count.read,
        "new": run.c.new + count.new,
        "changed": run.c.changed + count.changed,
        "unchanged": run.c.unchanged + count.unchanged,
    }
    if page.expected is not None:
        values["expected"] = page.expected
    connection.execute(update(run).where(run.c.id == page.run_id).values(**values))


def move_cursor(connection: Connection, scheme_id: int, run_id: int, value: datetime, at: datetime) -> None:
    """All records before `value` are known to be kept. Never moves back."""
    moved = connection.execute(
        update(cursor)
        .where(cursor.c.scheme_id == scheme_id)
        .values(value=value, moved_at=at, run_id=run_id)
        .where(cursor.c.value < value)
    )
    if (
        not moved.rowcount
        and connection.scalar(select(cursor.c.value).where(cursor.c.scheme_id == scheme_id)) is None
    ):
        connection.execute(
            insert(cursor).values(scheme_id=scheme_id, value=value, moved_at=at, run_id=run_id)
        )


def cursor_of(connection: Connection, scheme_id: int) -> datetime | None:
    """How far all records of a scheme are known to be kept; None before the first window."""
    return connection.scalar(select(cursor.c.value).where(cursor.c.scheme_id == scheme_id))
