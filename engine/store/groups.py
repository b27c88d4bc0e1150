"""Groups: records gather at a document that is not made yet, until their group is complete.

Every record finds its place the moment it is planned: the batch of its group that still gathers or
was not sent yet, else the next batch. A crash therefore loses and doubles nothing; the body is made
from the records linked when the group is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from engine.exact import decode, encode
from engine.model.family import FamiliesKept, Family, Member, Membership, Standing, Whole
from engine.model.ledger import PlanKept, Planned, Unplanned
from engine.say import Say
from engine.store import waits
from engine.store.keep import cursor_of
from engine.store.plan import plan_values, planned_values
from engine.store.tables import document, document_record, document_wait, record, run

MOST = 20_000
"""Records of one batch; the next one after that begins another, so that a document can still be made."""

Keep = Callable[[Connection, PlanKept, Family], bool]
_BEGUN = or_(
    document.c.state.in_(("sending", "unknown", "done", "cancelled")),
    and_(document.c.state == "waiting", document.c.first_sent_at.is_not(None)),
)


def first_key(group: str, batch: int) -> str:
    """The key of a batch's first document: the group's values as a JSON array, from the second batch
    with its number behind them; values are text, so no number is one of them.
    """
    return group if batch == 1 else f"{group[:-1]}{',' if group != '[]' else ''}{batch}]"


def batch_of(key: str) -> int:
    """The number of the batch that a group's document belongs to."""
    found = decode(base_of(key))
    last = found[-1] if isinstance(found, list) and found else None
    return last if isinstance(last, int) else 1


def base_of(key: str) -> str:
    """The key of the family's first document, from any of a group's."""
    return key if key.endswith("]") else key.rpartition("#")[0]


# -- what the planner asks ---------------------------------------------------------------------------


def standings(connection: Connection, records: Sequence[int]) -> list[Standing]:
    """The documents behind these records."""
    behind = document.join(document_record, document_record.c.document_id == document.c.id)
    found = connection.execute(
        select(
            document_record.c.record_id, document.c.id, document.c.key, document.c.family, document.c.state
        )
        .select_from(behind)
        .where(document_record.c.record_id.in_(records))
        .order_by(document.c.id)
    )
    return [Standing(*row) for row in found]


def members(connection: Connection, document_id: int) -> list[Unplanned]:
    """The records linked to a document, as they are now, oldest first."""
    found = connection.execute(
        select(record.c.id, record.c.key, record.c.number, record.c.hash, record.c.body)
        .join(document_record, document_record.c.record_id == record.c.id)
        .where(document_record.c.document_id == document_id)
        .order_by(record.c.id)
    )
    return [Unplanned(*row) for row in found]


def whole(connection: Connection, scheme_id: int, now: datetime, after: int, most: int) -> list[Whole]:
    """Gathering documents whose groups are complete, behind id `after`: nothing is being read, and the
    time they wait for is past and was read.
    """
    reading = select(run.c.id).where(run.c.scheme_id == scheme_id, run.c.state == "reading").limit(1)
    if connection.scalar(reading) is not None:
        return []
    read_to = cursor_of(connection, scheme_id)
    until = min(now, read_to) if read_to is not None else now
    found = connection.execute(
        select(document.c.id, document.c.key, document.c.family)
        .where(
            document.c.scheme_id == scheme_id,
            document.c.why == "gathering",
            document.c.state == "waiting",
            document.c.id > after,
            or_(document.c.whole_at.is_(None), document.c.whole_at <= until),
        )
        .order_by(document.c.id)
        .limit(most)
    )
    return [Whole(*row) for row in found]


def next_whole(connection: Connection, scheme_id: int, now: datetime) -> datetime | None:
    """When the next group may be complete that is not yet."""
    soonest: datetime | None = connection.scalar(
        select(func.min(document.c.whole_at)).where(
            document.c.scheme_id == scheme_id,
            document.c.why == "gathering",
            document.c.state == "waiting",
            document.c.whole_at > now,
        )
    )
    return soonest


# -- joining -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """The document that a group's records join, None where they must wait for a person; `late`: why."""

    id: int | None
    late: str = ""


def join(connection: Connection, one: FamiliesKept, bound: set[int], keep: Keep) -> int:
    """Give every record its place; gives how many. `bound` records have been written and stay where they are."""
    batch, places, joined = one.batch, dict[str, _Place](), 0
    free = [joining for joining in one.joins if joining.record.id not in bound]
    left = _leave(
        connection, [joining.record.id for joining in free], [family.key for family in one.families]
    )
    for joining in free:
        member = Member(joining.record.id, joining.record.hash)
        plan = joining.whole or _late(connection, one, joining.record, joining.groups, places)
        if plan is not None:
            own = Family(joining.record.key, joining.record.key, (member,), (plan,))
            keep(connection, batch, own)
            continue
        for share in joining.groups:
            _enter(connection, places[share.group].id, member, share)
        connection.execute(update(record).where(record.c.id == member.id).values(planned_hash=member.hash))
        joined += 1
    joined_ones = {place.id for place in places.values()}
    _settle_left(connection, batch, [ident for ident in left if ident not in joined_ones])
    return joined


def _late(
    connection: Connection,
    one: FamiliesKept,
    behind: Unplanned,
    groups: Iterable[Membership],
    places: dict[str, _Place],
) -> Planned | None:
    """Find the places of a record's groups. A plan where one is closed and the scheme says to stop."""
    for share in groups:
        if share.group not in places:
            places[share.group] = _place(connection, one, share)
        if places[share.group].id is None:
            says = Say(
                "这一组的单据 {key} 已经写出，这条来晚了，没有写；请人处理。", key=places[share.group].late
            )
            return Planned(behind, behind.key, "refused", "", reason=says)
    return None


def _place(connection: Connection, one: FamiliesKept, share: Membership) -> _Place:
    """The latest batch of the group where it may still be joined, else the next one."""
    batch = one.batch
    mine = and_(document.c.scheme_id == batch.scheme_id, document.c.family == share.group)
    latest = connection.scalar(select(document.c.key).where(mine).order_by(document.c.id.desc()).limit(1))
    if latest is None:
        return _Place(_open(connection, one, share, 1))
    number = batch_of(latest)
    key = first_key(share.group, number)
    rows = connection.execute(
        select(document)
        .where(mine, or_(document.c.key == key, document.c.key.startswith(f"{key}#", autoescape=True)))
        .order_by(document.c.id)
        .with_for_update()
    ).all()
    if not _begun(connection, rows):
        return _Place(_gather(connection, batch, share, rows))
    if one.stops:
        return _Place(None, key)
    return _Place(_open(connection, one, share, number + 1))


def _begun(connection: Connection, rows: Sequence[Any]) -> bool:
    """Whether something of a batch was sent or settled by a person, or it is full."""
    idents = [row.id for row in rows]
    if connection.scalar(select(document.c.id).where(document.c.id.in_(idents), _BEGUN).limit(1)) is not None:
        return True
    links = select(func.count()).select_from(document_record)
    skipped = [row.id for row in rows if row.state == "skipped"]
    if skipped and connection.scalar(links.where(document_record.c.document_id.in_(skipped))):
        return True
    return bool((connection.scalar(links.where(document_record.c.document_id == rows[0].id)) or 0) >= MOST)


def _gathering(share: Membership, key: str) -> Planned:
    return Planned(Unplanned(0, key, share.label, "", ""), key, "waiting", "gathering")


def _open(connection: Connection, one: FamiliesKept, share: Membership, number: int) -> int:
    key = first_key(share.group, number)
    values = {
        "scheme_id": one.batch.scheme_id,
        "key": key,
        "generation": 1,
        "action": "create",
        "changed_at": one.batch.at,
        "family": share.group,
        "whole_at": share.whole_at,
        **planned_values(one.batch, _gathering(share, key), "create", 1),
    }
    return int(connection.execute(insert(document).values(**values).returning(document.c.id)).scalar_one())


def _gather(connection: Connection, batch: PlanKept, share: Membership, rows: Sequence[Any]) -> int:
    """Have a batch that was not sent gather again: its first document waits, its pieces carry nothing."""
    first = rows[0]
    gathering = _gathering(share, first.key)
    waits.note(connection, batch, [(first.id, gathering)], anew=True)
    values = plan_values(batch, gathering, first) or {}
    values = {**values, "whole_at": share.whole_at, "changed_at": batch.at}
    connection.execute(update(document).where(document.c.id == first.id).values(**values))
    pieces = [row.id for row in rows[1:]]
    if pieces:
        empty(connection, pieces, batch)
    return int(first.id)


def _enter(connection: Connection, ident: int | None, member: Member, share: Membership) -> None:
    values = {
        "document_id": ident,
        "record_id": member.id,
        "record_hash": member.hash,
        "lines": encode(list(share.lines)).decode() if share.lines else None,
    }
    connection.execute(insert(document_record).values(**values))


# -- leaving -----------------------------------------------------------------------------------------


def _leave(connection: Connection, records: Sequence[int], stays: Sequence[str]) -> list[int]:
    """Take records out of the documents that did not carry them to the target; gives those documents.

    Families with these keys were planned as they stand: their documents keep their records.
    """
    found = connection.execute(
        select(document.c.id, document.c.key)
        .join(document_record, document_record.c.document_id == document.c.id)
        .where(document_record.c.record_id.in_(records), ~_BEGUN)
        .distinct()
    )
    idents = [row.id for row in found if row.key not in stays and base_of(row.key) not in stays]
    if idents:
        gone = delete(document_record).where(document_record.c.document_id.in_(idents))
        connection.execute(gone.where(document_record.c.record_id.in_(records)))
    return idents


def _settle_left(connection: Connection, batch: PlanKept, left: Sequence[int]) -> None:
    """What records left is made anew from those that stayed; where none did, it has nothing to carry."""
    if not left:
        return
    stays = document_record.c.document_id == document.c.id
    rows = connection.execute(
        select(document, select(document_record.c.record_id).where(stays).exists().label("carries"))
        .where(document.c.id.in_(left))
        .with_for_update(of=document)
    ).all()
    for row in rows:
        if row.carries and row.family is not None and row.key == base_of(row.key):
            label = Membership(row.family, row.number, (), row.whole_at)
            _gather(connection, batch, label, _batch_rows(connection, batch, row))
        elif not row.carries and row.family is not None and not row.family.endswith("]"):
            # It only said what became of a record as a whole; nothing was ever sent.
            drop(connection, row.id)
        elif not row.carries and row.state != "skipped":
            empty(connection, [row.id], batch)


def _batch_rows(connection: Connection, batch: PlanKept, first: Any) -> Sequence[Any]:
    key = or_(document.c.key == first.key, document.c.key.startswith(f"{first.key}#", autoescape=True))
    mine = and_(document.c.scheme_id == batch.scheme_id, document.c.family == first.family)
    return connection.execute(select(document).where(mine, key).order_by(document.c.id)).all()


def drop(connection: Connection, ident: int) -> None:
    """Forget a document that only told of a record as a whole; nothing of it was ever sent."""
    for table in (document_record, document_wait):
        connection.execute(delete(table).where(table.c.document_id == ident))
    connection.execute(delete(document).where(document.c.id == ident))


def empty(connection: Connection, idents: Sequence[int], batch: PlanKept) -> None:
    """These documents have nothing to carry any more, and were not written."""
    for table in (document_record, document_wait):
        connection.execute(delete(table).where(table.c.document_id.in_(idents)))
    values = {
        "state": "skipped",
        "why": "",
        "due_at": None,
        "whole_at": None,
        "reason": Say("源里已经没有这一张单据的内容，它也没有写出过。"),
        "settled_at": batch.at,
        "changed_at": batch.at,
    }
    connection.execute(update(document).where(document.c.id.in_(idents)).values(**values))
