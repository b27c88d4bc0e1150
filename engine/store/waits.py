"""Who waits for which code of which lookup: noted with the plan that held the document, and let go by arrival."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete, func, insert, select

from engine.mapping.codes import column_of
from engine.model.ledger import PlanKept, Planned
from engine.store.tables import document, document_wait, pool, pool_row, scheme
from engine.store.unplan import unplan

LIVE = "live:"


def table(name: str) -> str:
    """The source that a stored table is; `name` may say which column it is to give."""
    return f"table:{column_of(name)[0]}"


def note(
    connection: Connection, batch: PlanKept, linked: Sequence[tuple[int, Planned]], *, anew: bool
) -> None:
    """What these documents wait for, or were refused for lack of; `anew` where something may be noted already."""
    if anew:
        old = document_wait.c.document_id.in_([ident for ident, _ in linked])
        connection.execute(delete(document_wait).where(old))
    rows = {
        (ident, source, code): {
            "document_id": ident,
            "source": source,
            "code": code,
            "label": label,
            "again_at": _again(batch, source) if plan.why == "held" else None,
        }
        for ident, plan in linked
        for label, code in lacks(plan)
        for source in [source_of(batch, label)]
    }
    if rows:
        connection.execute(insert(document_wait), list(rows.values()))


def lacks(plan: Planned) -> Iterable[tuple[str, str]]:
    """Table and code of everything the mapping missed."""
    yield from plan.tables
    for problem in plan.problems:
        if problem.lacks is not None:
            yield problem.lacks


def source_of(batch: PlanKept, label: str) -> str:
    return batch.sources.get(column_of(label)[0]) or table(label)


def _again(batch: PlanKept, source: str) -> datetime | None:
    """Nothing tells us when a vendor has what was missing, so it is asked again."""
    return batch.at + timedelta(minutes=5) if source.startswith(LIVE) else None


def arrived(connection: Connection, batch: PlanKept) -> set[str]:
    """Keys of held plans whose code has come into a pool since the mapping looked. None comes while we look:
    who brings one after us finds what is held for it.
    """
    wanted: dict[int, dict[str, set[str]]] = {}
    for plan in batch.plans:
        for label, code in plan.tables if plan.why == "held" else ():
            source = source_of(batch, label)
            if source.startswith("pool:"):
                wanted.setdefault(int(source[5:]), {}).setdefault(code, set()).add(plan.key)
    found: set[str] = set()
    for ident in sorted(wanted):
        connection.execute(select(pool.c.id).where(pool.c.id == ident).with_for_update(read=True))
        there = select(pool_row.c.code).where(pool_row.c.pool_id == ident, pool_row.c.code.in_(wanted[ident]))
        for code in connection.scalars(there).all():
            found |= wanted[ident][code]
    return found


def release(connection: Connection, source: str, codes: Sequence[str] | None = None) -> list[int]:
    """Have the documents held for a source (and one of these codes) mapped again; gives the schemes concerned."""
    waits = (document_wait.c.document_id == document.c.id) & (document_wait.c.source == source)
    if codes is not None:
        waits = waits & document_wait.c.code.in_(codes)
    held = (document.c.state == "waiting") & (document.c.why == "held")
    these = held & select(document_wait.c.document_id).where(waits).exists()
    schemes = list(connection.scalars(select(document.c.scheme_id).where(these).distinct()))
    if schemes:
        unplan(connection, these)
    return schemes


def wake(connection: Connection, scheme_id: int, now: datetime) -> int:
    """Have what a live query missed some time ago asked again; gives how many records."""
    mine = document_wait.c.again_at <= now
    waits = select(document_wait.c.document_id).where(mine, document_wait.c.document_id == document.c.id)
    held = (document.c.scheme_id == scheme_id) & (document.c.state == "waiting") & (document.c.why == "held")
    return unplan(connection, held & waits.exists())


def next_wake(connection: Connection, scheme_id: int) -> datetime | None:
    """When a missed live query is asked again; None where none is waited for."""
    held = (document.c.scheme_id == scheme_id) & (document.c.state == "waiting") & (document.c.why == "held")
    joined = document_wait.join(document, document.c.id == document_wait.c.document_id)
    soonest = select(document_wait.c.again_at).select_from(joined).where(held)
    soonest = soonest.where(document_wait.c.again_at.is_not(None)).order_by(document_wait.c.again_at)
    return connection.scalar(soonest.limit(1))


@dataclass(frozen=True, slots=True)
class Lacked:
    """A code that a lookup lacks: how many documents wait for it, and how many were refused for want of it.

    `scheme` is the code of the scheme whose documents these are, `first` the oldest of them.
    """

    label: str
    code: str
    scheme: str
    waiting: int
    refused: int
    first: int
    source: str


def lacking(
    connection: Connection, label: str | None = None, scheme_code: str | None = None, most: int = 200
) -> list[Lacked]:
    """The missing codes, those that hold up most first."""
    held = (document.c.state == "waiting") & (document.c.why == "held")
    waiting = func.sum(case((held, 1), else_=0))
    refused = func.sum(case((document.c.state == "refused", 1), else_=0))
    chosen = (
        select(
            document_wait.c.label,
            document_wait.c.code,
            scheme.c.code.label("scheme"),
            waiting,
            refused,
            func.min(document.c.id),
            document_wait.c.source,
        )
        .join(document, document.c.id == document_wait.c.document_id)
        .join(scheme, scheme.c.id == document.c.scheme_id)
        .where(held | (document.c.state == "refused"))
    )
    if label is not None:
        chosen = chosen.where((document_wait.c.label == label) | (document_wait.c.source == table(label)))
    if scheme_code is not None:
        chosen = chosen.where(scheme.c.code == scheme_code)
    grouped = chosen.group_by(
        document_wait.c.label, document_wait.c.code, scheme.c.code, document_wait.c.source
    )
    ordered = grouped.order_by((waiting + refused).desc(), document_wait.c.label, document_wait.c.code)
    return [Lacked(*row) for row in connection.execute(ordered.limit(most))]
