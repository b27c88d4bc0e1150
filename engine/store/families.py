"""Keeping families: the documents of one record that came apart, or of one batch of a group.

What has been written stays with the document that carried it. So a family of which something is done
keeps its records; it is mapped again as it stands, and where a done document would now look otherwise
or would no longer be, the others wait for a person: what left the one might be in the other, and be
written twice. Until something is done, records and lines move freely.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from engine.exact import encode
from engine.model.family import FamiliesKept, Family, Member
from engine.model.ledger import PlanKept, Planned
from engine.say import Say
from engine.store import pools, waits
from engine.store.groups import drop, empty, join
from engine.store.plan import plan_values, planned_values, same_bytes, tables_changed
from engine.store.prepared import Prepared
from engine.store.queue import fence
from engine.store.tables import document, document_record, record

OPEN = ("sending", "unknown")
_links = Prepared(insert(document_record), ["document_id", "record_id", "record_hash", "lines"])


def keep_families(connection: Connection, kept: Sequence[FamiliesKept]) -> list[int]:
    """Keep each; gives how many documents of it wait to be sent or to be gone on with.

    Raises LeaseLost where another worker took over.
    """
    fence(connection, [one.batch.lease for one in kept])
    return [_keep(connection, one) for one in kept]


def _keep(connection: Connection, one: FamiliesKept) -> int:
    batch = one.batch
    if one.closes is not None and not _still_gathers(connection, one.closes):
        return 0
    stale = _stale(connection, one)
    count, bound = 0, set[int]()
    for family in one.families:
        if any(plan.key in stale for plan in family.plans):
            count += 1  # mapped again with the pairs there are now
            bound |= {member.id for member in family.members}
            continue
        binds = keep_family(connection, batch, family, plans=one.closes is None)
        count += sum(plan.state == "waiting" and plan.why == "new" for plan in family.plans)
        if binds:
            bound |= {member.id for member in family.members}
    if batch.offers:
        pools.keep(connection, batch.offers, batch.at)
    fresh = [joining for joining in one.joins if not (joining.whole and joining.whole.key in stale)]
    count += len(one.joins) - len(fresh)
    return count + join(connection, replace(one, joins=tuple(fresh)), bound, keep_family)


def _stale(connection: Connection, one: FamiliesKept) -> set[str]:
    """Keys of what is held for something that came since the mapping looked."""
    plans = [plan for family in one.families for plan in family.plans if plan.why == "held"]
    plans += [joining.whole for joining in one.joins if joining.whole and joining.whole.why == "held"]
    if not plans:
        return set()
    if one.batch.revision is not None and tables_changed(connection, one.batch.revision):
        return {plan.key for plan in plans}
    return waits.arrived(connection, replace(one.batch, plans=tuple(plans))) if one.batch.sources else set()


def _still_gathers(connection: Connection, ident: int) -> bool:
    """A person may have decided otherwise meanwhile."""
    found = select(document.c.state, document.c.why).where(document.c.id == ident).with_for_update()
    row = connection.execute(found).one_or_none()
    return row is not None and (row.state, row.why) == ("waiting", "gathering")


def keep_family(connection: Connection, batch: PlanKept, family: Family, *, plans: bool = True) -> bool:
    """Keep what a family became. True where its records must not go anywhere else: something of it is
    done and would now be otherwise, or a person gave it up, or it is on its way. `plans`: its records
    are planned with that; a group that closes leaves them, for one may have changed since it joined.
    """
    rows = {row.key: row for row in _rows(connection, batch, family)}
    if any(_open(row) for row in rows.values()):
        return True  # planned again when it is settled
    wanted = {plan.key: plan for plan in family.plans}
    moved = [
        row for row in rows.values() if row.state == "done" and not _stands(batch, wanted.get(row.key), row)
    ]
    blocked = bool(moved) and batch.on_change != "update"
    for plan in _numbered(connection, batch, family, rows):
        row = rows.get(plan.key)
        loose = row is None or row.state not in ("done", "cancelled")
        made = _stopped(plan, moved[0].key) if blocked and loose and plan.state == "waiting" else plan
        _put(connection, batch, family, made, row)
    for row in rows.values():
        if row.key not in wanted:
            _vanish(connection, batch, family, row)
    if plans:
        plan_records(connection, family.members)
    return bool(moved) or any(row.state == "cancelled" for row in rows.values())


def _rows(connection: Connection, batch: PlanKept, family: Family) -> list[Row[Any]]:
    """The family's documents, and one under its first key from before records came apart."""
    mine = or_(document.c.family == family.name, document.c.key == family.key)
    key = or_(document.c.key == family.key, document.c.key.startswith(f"{family.key}#", autoescape=True))
    found = select(document).where(document.c.scheme_id == batch.scheme_id, mine, key).with_for_update()
    return list(connection.execute(found.order_by(document.c.id)))


def _open(row: Any) -> bool:
    return row.state in OPEN or (row.state == "waiting" and row.first_sent_at is not None)


def _stands(batch: PlanKept, plan: Planned | None, row: Any) -> bool:
    """Whether a done document would be made the same again."""
    return plan is not None and plan.state == "waiting" and same_bytes(batch, plan, row)


def _stopped(plan: Planned, other: str) -> Planned:
    says = Say("同一来源的单据 {key} 已经写出，源里后来变了；这一张可能重复，请人核对。", key=other)
    return replace(plan, state="refused", why="", body="", reason=says)


def _numbered(
    connection: Connection, batch: PlanKept, family: Family, rows: Collection[str]
) -> list[Planned]:
    """The plans; one with a number that another document of the scheme goes by is refused, for whoever
    looks it up by that number would find the other.
    """
    waiting = [plan for plan in family.plans if plan.state == "waiting" and plan.sent_number]
    numbers = {plan.sent_number for plan in waiting}
    twice = {n for n in numbers if sum(plan.sent_number == n for plan in waiting) > 1}
    own = {*rows, *(plan.key for plan in family.plans)}
    taken = _taken(connection, batch, numbers, own) if numbers else {}
    return [_refused(plan, taken.get(plan.sent_number), twice) for plan in family.plans]


def _taken(connection: Connection, batch: PlanKept, numbers: set[str], own: set[str]) -> dict[str, str]:
    found = connection.execute(
        select(document.c.sent_number, document.c.key).where(
            document.c.scheme_id == batch.scheme_id,
            document.c.family.is_not(None),
            document.c.sent_number.in_(numbers),
            document.c.key.not_in(own),
            or_(document.c.state.in_(("waiting", "done", *OPEN)), document.c.sends > 0),
        )
    )
    return {row.sent_number: row.key for row in found}


def _refused(plan: Planned, other: str | None, twice: set[str]) -> Planned:
    if plan.state != "waiting" or (other is None and plan.sent_number not in twice):
        return plan
    number = plan.sent_number
    says = Say("单号 {number} 也是另一张单据的，反查时分不清；在单号里加上分单或合单的值。", number=number)
    return replace(plan, state="refused", why="", body="", reason=says)


def _put(connection: Connection, batch: PlanKept, family: Family, plan: Planned, row: Any) -> None:
    if row is None:
        values = {
            "scheme_id": batch.scheme_id,
            "key": plan.key,
            "generation": 1,
            "action": "create",
            "changed_at": batch.at,
            "family": family.name,
            **planned_values(batch, plan, "create", 1),
        }
        ident = int(
            connection.execute(insert(document).values(**values).returning(document.c.id)).scalar_one()
        )
    else:
        ident = row.id
        changed = plan_values(batch, plan, row)
        if changed:
            changed = {**changed, "family": family.name, "whole_at": None, "changed_at": batch.at}
            connection.execute(update(document).where(document.c.id == ident).values(**changed))
    sources = {source for source, _ in plan.sources}
    waits.note(connection, batch, [(ident, plan)], anew=row is not None)
    link(connection, ident, [one for one in family.members if not sources or one.id in sources])


def link(connection: Connection, ident: int, members: Sequence[Member]) -> None:
    """Make these the records behind the document."""
    connection.execute(delete(document_record).where(document_record.c.document_id == ident))
    rows = [
        {
            "document_id": ident,
            "record_id": one.id,
            "record_hash": one.hash,
            "lines": encode(list(one.lines)).decode() if one.lines else None,
        }
        for one in members
    ]
    if rows:
        _links.run(connection, rows)


def plan_records(connection: Connection, members: Iterable[Member]) -> None:
    """These records are planned, as they were mapped."""
    for one in members:
        connection.execute(update(record).where(record.c.id == one.id).values(planned_hash=one.hash))


def _vanish(connection: Connection, batch: PlanKept, family: Family, row: Any) -> None:
    """The document would not be made any more."""
    this = document.c.id == row.id
    if row.state == "done":
        says = Say("源里已经没有这一张单据的内容，目标里还有，请人核对。")
        if batch.on_change != "ignore":
            connection.execute(update(document).where(this).values(flagged=True, proposed=says))
    elif row.key == family.name and family.plans and not row.sends and row.first_sent_at is None:
        # It only said what became of the whole record; its parts say that now, and nothing was ever sent.
        drop(connection, row.id)
    elif row.state not in ("cancelled", "skipped"):
        empty(connection, [row.id], batch)
