"""What else is asked of vendors besides the create: from a scheme's chain to lines, and to documents.

A `Leg` is one way a document of this scheme can go. The content of a follow-up is made when its turn
has come: from the record, and from what the target said of the document before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from engine.crash import point
from engine.document.chain import Deed
from engine.exact import decode, encode
from engine.mapping.compile import Lookups, Mapped
from engine.model.catalog import Operation
from engine.model.ledger import Due, Lease, Outcome
from engine.model.values import Json, Problem, Record
from engine.run.flow import Flow
from engine.run.verdict import Rules, after_save
from engine.say import Say
from engine.store import after
from engine.store.after import Prepared, Ready, Then
from engine.store.keys import stored_key, with_key
from engine.store.lookups import Tables
from engine.store.plan import told_problems
from engine.store.prune import is_pruned
from engine.store.store import Store
from engine.wire.path import at, text
from engine.wire.talk import Saved, Talk

BATCH = 128


@dataclass(slots=True)
class Leg:
    """One way a document can go: line, operation, what to do about open outcomes, and what comes next."""

    talk: Talk
    operation: Operation
    list: Operation | None
    rules: Rules
    then: Then | None = None
    keeps_reply: bool = False

    def done(self, due: Due, saved: Saved) -> Outcome:
        """What a yes makes of the document; the reply is kept where somebody will want it."""
        outcome = after_save(due, saved)
        if not self.keeps_reply or saved.said is None:
            return outcome
        return replace(outcome, reply=encode(saved.said).decode())


def then_of(flow: Flow, way: str) -> Then | None:
    """What follows a done call; nothing follows a change of what was followed already."""
    steps = flow.chain.after
    names = ["", *(deed.name for deed in steps)]
    place = names.index(way) if way in names else len(steps)
    return Then(steps[place].name, steps[place].step) if place < len(steps) else None


def deeds_of(flow: Flow) -> dict[str, Deed]:
    """Every call besides the create, by the name that documents keep."""
    chain = flow.chain
    return {one.name: one for one in (chain.update, chain.cancel, *chain.after, chain.acknowledge) if one}


def seen_target(ident: str | None, number: str | None, reply: str | None, document: str) -> dict[str, Json]:
    """`_target` as a mapping sees it."""
    return {
        "id": ident,
        "number": number,
        "reply": decode(reply) if reply else None,
        "document": decode(document) if document and not is_pruned(document) else None,
    }


@dataclass(frozen=True, slots=True)
class Preparing:
    """Makes the content of every follow-up whose turn has come."""

    flow: Flow
    store: Store
    lease: Lease
    tables: Callable[[], Tables]
    needed: bool = True
    """False where the scheme has no such calls and none is left of an earlier version."""

    async def prepare(self, now: datetime) -> int:
        """Gives how many there were; each is to be sent now, or settled, or held."""
        if not self.needed:
            return 0
        found = await asyncio.to_thread(self.store.read, self._ready)
        if not found:
            return 0
        lookups = self.tables().pairs
        contents = [self._content(one, lookups, now) for one in found]
        point("follow.made")
        for future in [self.store.writer.submit(after.prepared, one) for one in contents]:
            await asyncio.wrap_future(future)
        point("follow.kept")
        return len(found)

    def _ready(self, read: object) -> list[Ready]:
        ident, chain = self.flow.published.id, self.flow.chain
        found = after.ready(read, ident, BATCH)  # type: ignore[arg-type]  # a Connection
        if chain.acknowledge is not None and chain.acknowledge.acknowledge is not None:
            too = chain.acknowledge.acknowledge.refused is not None
            found += after.due_acks(read, ident, too, BATCH)  # type: ignore[arg-type]  # a Connection
        return found

    def _content(self, one: Ready, lookups: Lookups, now: datetime) -> Prepared:
        version = self.flow.published.version
        deed = deeds_of(self.flow).get(one.follow)
        if deed is None:
            says = Say("方案里已没有步骤“{name}”。", name=one.follow)
            return Prepared(self.lease, one.id, now, version, "skipped", "", reason=says)
        mapped = content(deed, one, lookups, now)
        if mapped.problems:
            first = mapped.problems[0]
            told = told_problems(mapped.problems)
            return Prepared(self.lease, one.id, now, version, "refused", "", reason=first.says, problems=told)
        if mapped.held:
            lacks = tuple((miss.table, miss.code) for miss in mapped.held)
            says = Say("对照表 {table} 里没有 {code}，补上后自动放行。", table=lacks[0][0], code=lacks[0][1])
            return Prepared(self.lease, one.id, now, version, "waiting", "held", reason=says, lacks=lacks)
        if mapped.document is None:
            return Prepared(self.lease, one.id, now, version, "skipped", "", reason=mapped.skipped or "")
        return self._to_send(one, deed, mapped.document, now)

    def _to_send(self, one: Ready, deed: Deed, document: Record, now: datetime) -> Prepared:
        operation, scheme = deed.operation, self.flow.scheme.scheme
        key = stored_key(self.store.installation, scheme, "follow", one.key, one.generation)
        field = operation.lookup.number_field if operation.lookup else None
        number = text(document.get(field)) if field else None
        body = with_key(
            encode(document).decode(), operation.idempotency.at if operation.idempotency else None, key
        )
        version = self.flow.published.version
        return Prepared(
            self.lease, one.id, now, version, "waiting", "new", body, key, sent_number=number or ""
        )


def content(deed: Deed, one: Ready, lookups: Lookups, now: datetime) -> Mapped:
    """What a follow-up sends; or why it does not."""
    record = decode(one.record)
    if not isinstance(record, dict):
        raise TypeError("a kept record is a JSON object")
    if deed.acknowledge is not None:
        return Mapped(_told(deed, record, one.refused))
    target = seen_target(one.target_id, one.target_number, one.reply, one.document)
    mapped = Mapped({})
    if deed.mapping is not None:
        mapped = deed.mapping.apply({**record, "_action": deed.name, "_target": target}, lookups, now)
    if mapped.document is None:
        return mapped
    given: dict[str, Json] = {field: target[which] for field, which in deed.fields.items()}
    lacks = [field for field, value in given.items() if value is None]
    if lacks:
        says = Say("目标单据没有编号或单号，{field} 无法填写", field=lacks[0])
        return Mapped(problems=(Problem(lacks[0], "no_number", says, Say("到目标系统人工处理这一步")),))
    return Mapped({**given, **mapped.document})


def _told(deed: Deed, record: Record, refused: str | None) -> Record:
    """One record's entry in an acknowledgement."""
    told = deed.acknowledge
    assert told is not None  # noqa: S101  (asked by `content`)
    entry: Record = {name: at(path)(record) for name, path in told.fields.items()}
    entry |= told.done if refused is None else told.refused or {}
    if told.message is not None:
        entry[told.message] = refused or ""
    return entry


def needs_preparing(flow: Flow, left: bool) -> bool:
    """Whether follow-ups of this scheme, or of its earlier versions, may want their content."""
    return left or bool(flow.chain.after) or flow.chain.acknowledge is not None


def acknowledges(flow: Flow) -> bool:
    return flow.chain.acknowledge is not None and flow.target is not None
