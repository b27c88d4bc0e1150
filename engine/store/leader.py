"""Who tells the time: a lease that one node holds and the others wait for."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_

from engine.store.session import upsert
from engine.store.tables import leader

LEASE = timedelta(seconds=30)
ALIVE = "clock"
"""The name under which a clock that runs says so, again and again; whoever watches reads it."""


def lead(connection: Connection, name: str, holder: str, now: datetime) -> bool:
    """Take or keep the lead; False while another node has it."""
    free = or_(leader.c.holder == holder, leader.c.until < now)
    values = {"holder": holder, "until": now + LEASE}
    fresh = upsert(connection, leader).values(name=name, token=1, **values)
    taken = fresh.on_conflict_do_update(
        index_elements=["name"], set_={**values, "token": leader.c.token + 1}, where=free
    )
    return connection.execute(taken.returning(leader.c.name)).first() is not None
