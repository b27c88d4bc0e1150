"""Who tells the time: a lease that one node holds and the others wait for."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, or_, select, update

from engine.store.tables import leader

LEASE = timedelta(seconds=30)


def lead(connection: Connection, name: str, holder: str, now: datetime) -> bool:
    """Take or keep the lead; False while another node has it."""
    free = or_(leader.c.holder == holder, leader.c.until < now)
    taken = update(leader).where(leader.c.name == name, free)
    values = {"holder": holder, "until": now + LEASE, "token": leader.c.token + 1}
    if connection.execute(taken.values(**values)).rowcount:
        return True
    if connection.scalar(select(leader.c.name).where(leader.c.name == name)) is not None:
        return False
    connection.execute(insert(leader).values(name=name, holder=holder, until=now + LEASE, token=1))
    return True
