"""From records to documents: the pure mapping, then one transaction that keeps what it made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.crash import point
from engine.mapping.compile import Lookups
from engine.model.catalog import Operation
from engine.model.ledger import Lease, PlanKept, Planned, Unplanned
from engine.run.answers import Answers, unanswered
from engine.run.change import changed
from engine.run.deeds import acknowledges
from engine.run.flow import Flow
from engine.run.planned import as_planned, offers, source_of
from engine.run.together import Planner
from engine.store.after import standing
from engine.store.lookups import Tables
from engine.store.plan import plan, unplanned
from engine.store.store import Store

BATCH = 128
LARGE = 1_000_000  # characters of a batch: from here on mapping leaves the event loop to others


async def plan_next(
    flow: Flow, store: Store, lease: Lease, tables: Tables, answers: Answers, now: datetime, after: int
) -> tuple[int, int]:
    """Plan the next records behind id `after`; gives the last id planned (0: none left) and how many may be sent.

    Records for which a lookup got no answer stay unplanned; `answers.fault` says why.
    """
    if flow.mapping.shape is not None:
        batch = replace(_batch(flow, store, (), now), lease=lease, revision=tables.revision)
        return await Planner(flow, flow.mapping.shape, store, tables, answers, batch).next(after)
    ident = flow.published.id
    rows = await asyncio.to_thread(store.read, lambda read: unplanned(read, ident, after, BATCH))
    if not rows:
        return 0, 0

    if flow.chain.changes:
        keys = [row.key for row in rows]
        stands = await asyncio.to_thread(store.read, lambda read: standing(read, ident, keys))

    def make() -> tuple[Planned, ...]:
        if flow.chain.changes:
            return tuple(changed(flow, row, stands.get(row.key), tables.pairs, now) for row in rows)
        return tuple(planned(flow, row, tables.pairs, now) for row in rows)

    if answers.own:
        plans = await _asking(flow, rows, tables, answers, now)
    else:
        large = sum(len(row.body) for row in rows) > LARGE
        plans = await asyncio.to_thread(make) if large else make()
    point("plan.made")
    offered = await asyncio.to_thread(offers, flow, store, answers, plans)
    batch = replace(_batch(flow, store, plans, now), lease=lease, revision=tables.revision)
    kept = await store.writer.write(plan, replace(batch, sources=answers.sources(), offers=offered))
    point("plan.kept")
    return rows[-1].id, kept


async def _asking(
    flow: Flow, rows: Sequence[Unplanned], tables: Tables, answers: Answers, now: datetime
) -> tuple[Planned, ...]:
    """The plans of a scheme with lookups of its own."""
    made = await answers.mapped([source_of(row) for row in rows], tables, now)
    away = answers.fault is not None
    known = [(row, one) for row, one in zip(rows, made, strict=True) if not (away and unanswered(one))]
    return tuple(as_planned(flow, row, row.key, one) for row, one in known)


def _batch(flow: Flow, store: Store, plans: tuple[Planned, ...], now: datetime) -> PlanKept:
    changes = [deed for deed in (flow.chain.update, flow.chain.cancel) if deed is not None]
    return PlanKept(
        installation=store.installation,
        scheme_id=flow.published.id,
        scheme=flow.scheme.scheme,
        version=flow.published.version,
        on_change=flow.scheme.on_change,
        key_at=_key_at(flow.target),
        at=now,
        plans=plans,
        change_keys=tuple((deed.name, _key_at(deed.operation)) for deed in changes),
        acknowledges=acknowledges(flow),
        keeps=flow.target is None,
    )


def _key_at(operation: Operation | None) -> str | None:
    key = operation.idempotency if operation else None
    return key.at if key else None


def planned(flow: Flow, record: Unplanned, lookups: Lookups, now: datetime) -> Planned:
    """What the mapping makes of one record, as the ledger keeps it."""
    return as_planned(flow, record, record.key, flow.mapping.apply(source_of(record), lookups, now))
