"""Having records mapped again: the one way back from a document to its plan; of a follow-up, to its content."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from engine.store.after import wake
from engine.store.prune import still_there
from engine.store.tables import document, document_record, record


def unplan(connection: Connection, where: Any) -> int:
    """Have the records behind the documents `where` mapped again, and follow-ups among these made anew; gives
    how many.
    """
    behind = (
        select(document_record.c.record_id)
        .join(document, document.c.id == document_record.c.document_id)
        .where(where, document.c.step == 0)
    )
    # Of a record whose text has left nothing can be made; it is mapped when its source brings it anew.
    mine = update(record).where(record.c.id.in_(behind), still_there(record.c.body))
    count = connection.execute(mine.values(planned_hash="")).rowcount
    return count + wake(connection, where)
