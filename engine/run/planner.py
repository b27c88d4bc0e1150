"""From records to documents: the pure mapping, then one transaction that keeps what it made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.crash import point
from engine.exact import decode, encode
from engine.mapping.compile import Lookups, Mapped
from engine.model.ledger import Lease, Offered, PlanKept, Planned, Unplanned
from engine.model.values import Record
from engine.run.answers import Answers, unanswered
from engine.run.flow import Flow
from engine.say import Say
from engine.store.lookups import Tables
from engine.store.plan import plan, unplanned
from engine.store.pools import of_scheme
from engine.store.store import Store

BATCH = 128
LARGE = 1_000_000  # characters of a batch: from here on mapping leaves the event loop to others


async def plan_next(
    flow: Flow, store: Store, lease: Lease, tables: Tables, answers: Answers, now: datetime, after: int
) -> tuple[int, int]:
    """Plan the next records behind id `after`; gives the last id planned (0: none left) and how many may be sent.

    Records for which a lookup got no answer stay unplanned; `answers.fault` says why.
    """
    ident = flow.published.id
    rows = await asyncio.to_thread(store.read, lambda read: unplanned(read, ident, after, BATCH))
    if not rows:
        return 0, 0

    def make() -> tuple[Planned, ...]:
        return tuple(planned(flow, row, tables.pairs, now) for row in rows)

    if answers.own:
        plans = await _asking(flow, rows, tables, answers, now)
    else:
        large = sum(len(row.body) for row in rows) > LARGE
        plans = await asyncio.to_thread(make) if large else make()
    point("plan.made")
    offers = await asyncio.to_thread(_offers, flow, store, answers, plans)
    batch = replace(_batch(flow, store, plans, now), lease=lease, revision=tables.revision)
    kept = await store.writer.write(plan, replace(batch, sources=answers.sources(), offers=offers))
    point("plan.kept")
    return rows[-1].id, kept


async def _asking(
    flow: Flow, rows: Sequence[Unplanned], tables: Tables, answers: Answers, now: datetime
) -> tuple[Planned, ...]:
    """The plans of a scheme with lookups of its own."""
    made = await answers.mapped([_source(row) for row in rows], tables, now)
    away = answers.fault is not None
    known = [(row, one) for row, one in zip(rows, made, strict=True) if not (away and unanswered(one))]
    return tuple(as_planned(flow, row, one) for row, one in known)


def _offers(flow: Flow, store: Store, answers: Answers, plans: Sequence[Planned]) -> tuple[Offered, ...]:
    """What these records offer to the schemes that look into them; nothing where the filter left one out."""
    lenses = [
        (one.id, answers.seen_by(one.lens))
        for one in store.read(lambda read: of_scheme(read, flow.published.id))
    ]
    return tuple(
        Offered(ident, one.record.id, () if one.state == "skipped" else tuple(codes(_source(one.record))))
        for ident, codes in lenses
        for one in plans
    )


def _source(row: Unplanned) -> Record:
    source = decode(row.body)
    if not isinstance(source, dict):
        raise TypeError("a kept record is a JSON object")
    return source


def _batch(flow: Flow, store: Store, plans: tuple[Planned, ...], now: datetime) -> PlanKept:
    key = flow.target.idempotency if flow.target else None
    return PlanKept(
        installation=store.installation,
        scheme_id=flow.published.id,
        scheme=flow.scheme.scheme,
        version=flow.published.version,
        on_change=flow.scheme.on_change,
        key_at=key.at if key else None,
        at=now,
        plans=plans,
        keeps=flow.target is None,
    )


def planned(flow: Flow, record: Unplanned, lookups: Lookups, now: datetime) -> Planned:
    """What the mapping makes of one record, as the ledger keeps it."""
    return as_planned(flow, record, flow.mapping.apply(_source(record), lookups, now))


def as_planned(flow: Flow, record: Unplanned, mapped: Mapped) -> Planned:
    if mapped.problems:
        return Planned(record, record.key, "refused", "", reason=_first(mapped), problems=mapped.problems)
    if mapped.held:
        pairs = tuple((miss.table, miss.code) for miss in mapped.held)
        says = Say("对照表 {table} 里没有 {code}，补上后自动放行。", table=pairs[0][0], code=pairs[0][1])
        return Planned(record, record.key, "waiting", "held", reason=says, tables=pairs)
    if mapped.skipped is not None or mapped.document is None:
        return Planned(record, record.key, "skipped", "", reason=mapped.skipped or "")
    if flow.target is None:
        return Planned(record, record.key, "done", "")
    by = flow.target.lookup.number_field if flow.target.lookup else None
    number = mapped.document.get(by) if by else None
    body = encode(mapped.document).decode()
    sent = str(number) if number is not None else ""
    return Planned(record, record.key, "waiting", "new", body=body, sent_number=sent)


def _first(mapped: Mapped) -> str:
    """The first problem as a sentence that can be told again; where it stands is kept with the problems."""
    first = mapped.problems[0]
    return Say("{says}。下一步：{do}。", says=first.says, do=first.do) if first.do else first.says
