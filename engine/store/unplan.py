"""Having records mapped again: the one way back from a document to its plan."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from engine.store.tables import document, document_record, record


def unplan(connection: Connection, where: Any) -> int:
    """Have the records behind the documents `where` mapped again; gives how many records."""
    behind = (
        select(document_record.c.record_id)
        .join(document, document.c.id == document_record.c.document_id)
        .where(where)
    )
    return connection.execute(update(record).where(record.c.id.in_(behind)).values(planned_hash="")).rowcount
