"""The push of a base-data scheme (基础资料方案): what was read is planned and settled; nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from engine.clock import Clock
from engine.model.ledger import Lease
from engine.run.answers import Answers
from engine.run.flow import Flow
from engine.run.pace import LINGER
from engine.run.planner import plan_next
from engine.store.lookups import Tables
from engine.store.store import Store


async def shelve(
    flow: Flow,
    store: Store,
    lease: Lease,
    *,
    tables: Callable[[], Tables],
    answers: Answers,
    clock: Clock,
    more: Callable[[], bool],
    woken: asyncio.Event,
    stopping: asyncio.Event,
) -> datetime | None:
    """Plan until no record is left and no pull brings more. Gives when to come again: now, where stopped.

    Raises LeaseLost where another worker took over, Fault where a lookup got no answer.
    """
    while not stopping.is_set():
        woken.clear()
        reached, _ = await plan_next(flow, store, lease, tables(), answers, clock.now(), 0)
        while reached and not stopping.is_set():
            reached, _ = await plan_next(flow, store, lease, tables(), answers, clock.now(), reached)
        if stopping.is_set():
            break
        if not more() and answers.fault is not None:
            raise answers.fault
        if not more():
            return None
        await clock.wait(LINGER.total_seconds(), woken, stopping)
    return clock.now()
