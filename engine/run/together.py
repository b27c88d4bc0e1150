"""Planning where one record is not one document: apart into families, together in groups.

Records are planned first, all there are: each finds its place in the ledger. Then groups that are
complete are closed: their documents are made from the records linked to them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from engine.crash import point
from engine.exact import decode, encode
from engine.mapping.codes import UNANSWERED
from engine.mapping.compile import Lookups
from engine.mapping.dates import read_moment
from engine.mapping.reshape import Gather, Part
from engine.mapping.together import Shares, Together
from engine.model.family import FamiliesKept, Family, Joining, Member, Membership, Standing
from engine.model.ledger import PlanKept, Planned, Unplanned
from engine.model.values import Problem
from engine.run.answers import Answers
from engine.run.flow import Flow
from engine.run.planned import as_planned, offers, source_of
from engine.say import Say
from engine.store.families import keep_families
from engine.store.groups import base_of, batch_of, members, standings, whole
from engine.store.lookups import Tables
from engine.store.plan import unplanned
from engine.store.store import Store

T = TypeVar("T")

BATCH = 128
CLOSED = 16
"""Groups closed in one go; each may hold thousands of records."""


@dataclass
class Planner:
    """One pass over one scheme whose records come apart or together."""

    flow: Flow
    shaping: Together
    store: Store
    tables: Tables
    answers: Answers
    batch: PlanKept
    lookups: Lookups = field(default_factory=dict)
    _shares: dict[int, Shares] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.batch.at

    async def next(self, after: int) -> tuple[int, int]:
        """As `plan_next`: the last id planned (0: none left), and how many documents may go on."""
        ident = self.flow.published.id
        rows = await asyncio.to_thread(self.store.read, lambda read: unplanned(read, ident, after, BATCH))
        if not rows:
            return 0, await self._close_groups()
        made = await self._answered(lambda: self._made(rows))
        point("plan.made")
        told = [self._told(row) for row in rows]
        offered = await asyncio.to_thread(offers, self.flow, self.store, self.answers, told)
        batch = replace(self.batch, sources=self.answers.sources(), offers=offered)
        kept = await self.store.writer.write(keep_families, replace(self._known(made), batch=batch))
        point("plan.kept")
        return rows[-1].id, kept

    async def _answered(self, make: Callable[[], T]) -> T:
        """What `make` makes, once everything is looked up that it asks for; large ones leave the loop to others."""

        def with_lookups(lookups: Lookups) -> T:
            self.lookups = lookups
            self._shares.clear()
            return make()

        if self.answers.own:
            return await self.answers.found(with_lookups, self.tables)
        return await asyncio.to_thread(with_lookups, self.tables.pairs)

    def _known(self, made: FamiliesKept) -> FamiliesKept:
        """Without what asked a vendor that gave no answer: that stays as it is and is planned again."""
        if self.answers.fault is None:
            return made
        away = [one for one in made.families if any(_unanswered(plan) for plan in one.plans)]
        behind = {member.id for one in away for member in one.members}
        joins = [
            one
            for one in made.joins
            if one.record.id not in behind and not (one.whole and _unanswered(one.whole))
        ]
        families = tuple(one for one in made.families if one not in away)
        return replace(made, families=families, joins=tuple(joins))

    def _told(self, row: Unplanned) -> Planned:
        """Whether the filter left a record out, for those who look into this scheme's records."""
        whole = self._shares_of(row).whole
        return Planned(row, row.key, "skipped" if whole and whole.skipped is not None else "waiting", "")

    def _made(self, rows: Sequence[Unplanned]) -> FamiliesKept:
        gather = self.shaping.gather
        if gather is None:
            return FamiliesKept(self.batch, tuple(self._apart(row) for row in rows))
        standing = self.store.read(lambda read: standings(read, [row.id for row in rows]))
        fixed = _fixed(standing)
        documents = {key: ident for found in fixed.values() for key, ident in found.items()}
        families = [self._standing_family(key, ident, rows) for key, ident in documents.items()]
        joins = tuple(self._joining(gather, row, fixed.get(row.id, {})) for row in rows)
        return FamiliesKept(self.batch, tuple(families), joins, gather.late == "stop")

    # -- apart -----------------------------------------------------------------------------------

    def _apart(self, row: Unplanned) -> Family:
        """All documents of one record."""
        shares = self._shares_of(row)
        member = Member(row.id, row.hash)
        if shares.whole is not None:
            return Family(row.key, row.key, (member,), (as_planned(self.flow, row, row.key, shares.whole),))
        plans: list[Planned] = []
        for share in shares.shares:
            value = share.part.value
            key = row.key if value is None else f"{row.key}#{value.replace('#', '##')}"
            for number, mapped in enumerate(self.shaping.alone(share.part, self.lookups, self.now), 1):
                plans.append(as_planned(self.flow, row, key + (f"#{number}" if number > 1 else ""), mapped))
        lines = tuple(share.part.value for share in shares.shares if share.part.value is not None)
        return Family(row.key, row.key, (replace(member, lines=lines),), tuple(plans))

    def _shares_of(self, row: Unplanned) -> Shares:
        if row.id not in self._shares:
            source = source_of(row)
            filtered = self.flow.mapping.filtered(source, self.lookups, self.now)
            self._shares[row.id] = (
                Shares(whole=filtered) if filtered else self.shaping.parts(source, self.lookups, self.now)
            )
        return self._shares[row.id]

    # -- together --------------------------------------------------------------------------------

    def _joining(self, gather: Gather, row: Unplanned, fixed: dict[str, int]) -> Joining:
        """Where a record belongs now, without the groups that carried it already."""
        shares = self._shares_of(row)
        if shares.whole is not None:
            return Joining(row, whole=as_planned(self.flow, row, own_key(row.key), shares.whole))
        carried = {_group_of(key) for key in fixed}
        parts: dict[str, tuple[tuple[str, ...], list[str]]] = {}
        for share in shares.shares:
            values = share.group or ()
            lines = parts.setdefault(encode(list(values)).decode(), (values, []))[1]
            if share.part.value is not None:
                lines.append(share.part.value)
        groups = []
        for group, (values, lines) in parts.items():
            if group in carried:
                continue
            complete = self._whole_at(gather, values)
            if isinstance(complete, Problem):
                plan = Planned(
                    row, own_key(row.key), "refused", "", reason=complete.says, problems=(complete,)
                )
                return Joining(row, whole=plan)
            groups.append(Membership(group, " / ".join(values)[:200], tuple(lines), complete))
        return Joining(row, tuple(groups))

    def _whole_at(self, gather: Gather, values: tuple[str, ...]) -> datetime | Problem | None:
        """Not before then the group may be complete; None: when the reading has ended."""
        complete = gather.complete
        if complete.quiet is not None:
            return self.now + complete.quiet
        if gather.day is None:
            return None
        day = read_moment(values[gather.day])
        if day is None:
            name = complete.day or ""
            says = Say("合单的 {name} 不是日期，不知道哪一天过完", name=name)
            return Problem(
                f"{gather.path}.complete.day", "no_date", says, Say("核对源数据，或在 by 里用 date 管道")
            )
        zone = self.flow.source.window.zone if self.flow.source.window else "Asia/Shanghai"
        midnight = datetime.combine(day.date() + timedelta(days=1), time.min, ZoneInfo(zone))
        return midnight + (complete.plus or timedelta(0))

    def _standing_family(self, key: str, ident: int, fresh: Sequence[Unplanned]) -> Family:
        """A family of which something was written, with the records that it carried, as they are now."""
        rows = self.store.read(lambda read: members(read, ident))
        now = {row.id: row for row in fresh}
        return self._group_family(key, [now.get(row.id, row) for row in rows])

    def _group_family(self, key: str, rows: Sequence[Unplanned]) -> Family:
        """The documents that these records make of a batch of a group."""
        group = _group_of(key)
        parts: list[Part] = []
        behind: list[Member] = []
        for row in rows:
            mine = [one.part for one in self._shares_of(row).shares if _named(one.group) == group]
            parts += mine
            lines = tuple(part.value for part in mine if part.value is not None)
            behind.append(Member(row.id, row.hash, lines))
        if not parts:
            return Family(key, group, tuple(behind), ())
        mapped = self.shaping.joined(parts, batch_of(key), self.lookups, self.now)
        label = Unplanned(0, key, " / ".join(_values(group))[:200], "", "")
        plans = [
            as_planned(self.flow, label, key + (f"#{number}" if number > 1 else ""), one)
            for number, one in enumerate(mapped, 1)
        ]
        return Family(key, group, tuple(behind), tuple(plans))

    async def _close_groups(self) -> int:
        """Make the documents of groups that are complete; gives how many may go on."""
        if self.shaping.gather is None:
            return 0
        ident, now, after, count = self.flow.published.id, self.now, 0, 0
        while True:
            reached = after
            found = await asyncio.to_thread(
                self.store.read,
                lambda read: whole(read, ident, now, reached, CLOSED),  # noqa: B023
            )
            for one in found:
                family = await self._answered(partial(self._closed, one.id, one.key))
                point("group.made")
                batch = replace(self.batch, sources=self.answers.sources())
                kept = self._known(FamiliesKept(batch, (family,), closes=one.id))
                count += await self.store.writer.write(keep_families, kept)
                point("group.closed")
            if len(found) < CLOSED:
                return count
            after = found[-1].id

    def _closed(self, ident: int, key: str) -> Family:
        return self._group_family(key, self.store.read(lambda read: members(read, ident)))


def own_key(key: str) -> str:
    """The key of the document that tells what became of a record as a whole, where others are groups': a
    record's key of several parts looks like a group's.
    """
    return f"{key}#" if key.endswith("]") else key


def _unanswered(plan: Planned) -> bool:
    return any(problem.code == UNANSWERED for problem in plan.problems)


def _fixed(standing: Sequence[Standing]) -> dict[int, dict[str, int]]:
    """By record, the families of which something was written or given up, each with one of its documents."""
    fixed: dict[int, dict[str, int]] = {}
    for one in standing:
        if one.state in ("done", "cancelled"):
            key = base_of(one.key) if one.family is not None and one.family.endswith("]") else one.key
            fixed.setdefault(one.record_id, {})[key] = one.document_id
    return fixed


def _group_of(key: str) -> str:
    """The group of a family: its values without the number of the batch."""
    if not key.endswith("]"):
        return key
    values = decode(key)
    return (
        encode([one for one in values if isinstance(one, str)]).decode() if isinstance(values, list) else key
    )


def _named(group: tuple[str, ...] | None) -> str:
    return encode(list(group or ())).decode()


def _values(group: str) -> list[str]:
    found = decode(group) if group.endswith("]") else [group]
    return [str(one) for one in found] if isinstance(found, list) else [group]
