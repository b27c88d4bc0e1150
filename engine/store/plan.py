"""Keeping plans: what the mapping made of records becomes documents, in one transaction.

What a new plan may do depends on the document's state:
never sent -> the new bytes replace the old; open -> nothing until it is settled; done -> the
scheme's `on_change`; refused by the target -> the next generation, under a new key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, and_, bindparam, delete, insert, or_, select, update

from engine.exact import encode
from engine.model.ledger import Action, PlanKept, Planned, Unplanned
from engine.model.values import Json, Problem
from engine.store import pools, prune, waits
from engine.store.after import hang, hold_back
from engine.store.keys import stored_key, with_key
from engine.store.prepared import Prepared
from engine.store.queue import fence
from engine.store.tables import document, document_record, lookup, record

_planned = Prepared(
    update(record).where(record.c.id == bindparam("at_id")).values(planned_hash=bindparam("to_hash"))
)
_CONTENT = """number stored_key sent_number state why due_at reason problems tables version settled_at body""".split()
_documents = Prepared(
    insert(document).returning(document.c.id),
    ["scheme_id", "key", "generation", "action", "changed_at", *_CONTENT],
)
_links = Prepared(insert(document_record), ["document_id", "record_id", "record_hash"])
_OPEN = or_(
    document.c.state == "sending",
    document.c.state == "unknown",
    and_(document.c.state == "waiting", document.c.first_sent_at.is_not(None)),
)


_busy = (
    select(document_record.c.record_id)
    .join(document, document.c.id == document_record.c.document_id)
    .where(document_record.c.record_id == record.c.id, _OPEN)
    .exists()
)
_unplanned = Prepared(
    select(record.c.id, record.c.key, record.c.number, record.c.hash, record.c.body)
    .where(
        record.c.scheme_id == bindparam("scheme"),
        record.c.hash != record.c.planned_hash,
        record.c.id > bindparam("after"),
        ~_busy,
    )
    .order_by(record.c.id)
    .limit(bindparam("most", type_=Integer))
)


def unplanned(connection: Connection, scheme_id: int, after: int, most: int) -> list[Unplanned]:
    """Records whose mapping is due, by id; those with an open document wait until it is settled."""
    asked = {"scheme": scheme_id, "after": after, "most": most}
    return [Unplanned(*row) for row in _unplanned.all(connection, asked)]


def plan(connection: Connection, batches: Sequence[PlanKept]) -> list[int]:
    """Keep each batch; gives how many documents of it wait to be sent or are to be mapped again.

    Raises LeaseLost where another worker took over.
    """
    fence(connection, [batch.lease for batch in batches])
    return [_plan(connection, batch) for batch in batches]


def _plan(connection: Connection, batch: PlanKept) -> int:
    held = any(plan.why == "held" for plan in batch.plans)
    if held and batch.revision is not None and tables_changed(connection, batch.revision):
        known = replace(batch, plans=tuple(plan for plan in batch.plans if plan.why != "held"), revision=None)
        return _plan(connection, known) + len(batch.plans) - len(known.plans)
    if held and batch.sources and (came := waits.arrived(connection, batch)):
        known = replace(batch, plans=tuple(plan for plan in batch.plans if plan.key not in came))
        return _plan(connection, known) + len(batch.plans) - len(known.plans)
    present = _present(connection, batch)
    fresh = [plan for plan in batch.plans if plan.key not in present]
    altered = [(present[plan.key], plan) for plan in batch.plans if plan.key in present]
    handled = list(fresh)
    _insert(connection, batch, fresh)
    changed = []
    for row, plan in altered:
        values = plan_values(batch, plan, row)
        if values is None:
            continue
        handled.append(plan)
        if values.get("action"):
            changed.append(row.id)
        if values:
            connection.execute(
                update(document).where(document.c.id == row.id).values(**values, changed_at=batch.at)
            )
        _link(connection, batch, [(row.id, plan)], replace=True)
    hashes = {ident: mapped for plan in handled for ident, mapped in _sources(plan)}
    if changed:
        hold_back(connection, changed)
    if batch.acknowledges and hashes:
        hang(connection, batch, hashes.items())
    if hashes:
        _planned.run(connection, [{"at_id": ident, "to_hash": mapped} for ident, mapped in hashes.items()])
    if batch.offers:
        pools.keep(connection, [one for one in batch.offers if one.record_id in hashes], batch.at)
    return sum(plan.state == "waiting" and plan.why == "new" for plan in handled)


def tables_changed(connection: Connection, revision: int) -> bool:
    """Whether a table was replaced since it was read. None is while we look: who replaces one after us
    finds what is held for it.
    """
    found = connection.scalars(select(lookup.c.revision).with_for_update(read=True))
    return sum(int(one) for one in found) != revision


def _present(connection: Connection, batch: PlanKept) -> dict[str, Any]:
    columns = (document.c.id, document.c.key, document.c.state, document.c.sends, document.c.first_sent_at)
    found = connection.execute(
        select(*columns, document.c.generation, document.c.action, document.c.stored_key, document.c.body)
        .where(
            document.c.scheme_id == batch.scheme_id, document.c.key.in_([plan.key for plan in batch.plans])
        )
        # What a person decides meanwhile is either seen here or waits for us, on PostgreSQL too.
        .with_for_update()
    )
    return {row.key: row for row in found}


def _insert(connection: Connection, batch: PlanKept, plans: Sequence[Planned]) -> None:
    if not plans:
        return
    action: Action = "keep" if batch.keeps else "create"
    rows = [
        {
            "scheme_id": batch.scheme_id,
            "key": plan.key,
            "generation": 1,
            "action": action,
            "changed_at": batch.at,
            **planned_values(batch, plan, action, 1),
        }
        for plan in plans
    ]
    _link(connection, batch, zip(_documents.firsts(connection, rows), plans, strict=True), replace=False)


def plan_values(batch: PlanKept, plan: Planned, row: Any) -> dict[str, Any] | None:
    """What the plan changes on a document that is there; None where it must wait, {} where nothing changes."""
    if row.state in ("sending", "unknown") or (row.state == "waiting" and row.first_sent_at):
        return None
    if row.state == "cancelled":
        return {}
    if batch.keeps:
        return planned_values(batch, plan, "keep", row.generation)
    if plan.action != "create":
        return _change(batch, plan, row)
    if row.state == "done":
        return _after_done(batch, plan, row)
    if not row.sends or plan.state != "waiting":
        return planned_values(batch, plan, row.action, row.generation)
    again = {
        "generation": row.generation + 1,
        "sends": 0,
        "looks": 0,
        "looked_at": None,
        "first_sent_at": None,
    }
    fresh = planned_values(batch, plan, row.action, row.generation + 1)
    return {**again, **fresh, "why": "again" if plan.why == "new" else plan.why}


def _change(batch: PlanKept, plan: Planned, row: Any) -> dict[str, Any] | None:
    """An update or a cancel of what is done: the next generation. None where it was made for an earlier one."""
    if plan.generation != row.generation:
        return None
    keys = dict(batch.change_keys) | {"create": batch.key_at}
    same = bool(plan.was) and prune.same(with_key(plan.was, keys.get(row.action), row.stored_key), row.body)
    if row.state == "done" and (same or plan.state != "waiting"):
        return {"flagged": False, "proposed": None}
    again = {
        "sends": 0,
        "looks": 0,
        "looked_at": None,
        "first_sent_at": None,
        "flagged": False,
        "proposed": None,
    }
    keyed = replace(batch, key_at=keys.get(plan.action))
    content = planned_values(keyed, plan, plan.action, row.generation + 1)
    return {**content, **again, "generation": row.generation + 1, "action": plan.action}


def _after_done(batch: PlanKept, plan: Planned, row: Any) -> dict[str, Any]:
    """The source changed after the document was made: the same bytes clear the mark, others set it."""
    if plan.state == "waiting" and same_bytes(batch, plan, row):
        return {"flagged": False, "proposed": None}
    if batch.on_change == "ignore":
        return {}
    return {"flagged": True, "proposed": plan.body or plan.reason or told_problems(plan.problems)}


def same_bytes(batch: PlanKept, plan: Planned, row: Any) -> bool:
    """Whether the plan would send again what the document holds."""
    return prune.same(with_key(plan.body, batch.key_at, row.stored_key), row.body)


def planned_values(batch: PlanKept, plan: Planned, action: Any, generation: int) -> dict[str, Any]:
    key = stored_key(batch.installation, batch.scheme, action, plan.key, generation)
    settled: datetime | None = batch.at if plan.state in ("skipped", "refused", "done") else None
    return {
        "number": plan.record.number,
        "stored_key": key,
        "sent_number": plan.sent_number,
        "state": plan.state,
        "why": plan.why,
        "due_at": batch.at if plan.state == "waiting" and plan.why == "new" else None,
        "reason": plan.reason,
        "problems": told_problems(plan.problems),
        "tables": encode([list(pair) for pair in plan.tables]).decode(),
        "version": batch.version,
        "settled_at": settled,
        "body": with_key(plan.body, batch.key_at, key) if plan.body else "",
    }


def told_problems(problems: Sequence[Problem]) -> str:
    """Problems as JSON: path, code, sentence and next step."""
    told: list[Json] = [
        {"path": p.path, "code": p.code, "says": str(p.says), "do": str(p.do)} for p in problems
    ]
    return encode(told).decode()


def _sources(plan: Planned) -> tuple[tuple[int, str], ...]:
    return plan.sources or ((plan.record.id, plan.record.hash),)


def _link(
    connection: Connection, batch: PlanKept, pairs: Iterable[tuple[int, Planned]], *, replace: bool
) -> None:
    """Which records stand behind which document, and with what content."""
    linked = [(ident, plan) for ident, plan in pairs]
    if replace:
        connection.execute(
            delete(document_record).where(document_record.c.document_id.in_([i for i, _ in linked]))
        )
    rows = [
        {"document_id": ident, "record_id": source, "record_hash": mapped}
        for ident, plan in linked
        for source, mapped in _sources(plan)
    ]
    _links.run(connection, rows)
    waits.note(connection, batch, linked, anew=replace)
