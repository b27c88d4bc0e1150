"""A record whose document may be there already: create, update or cancel, by how the document stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from engine.exact import encode
from engine.mapping.compile import Lookups, Mapped
from engine.model.ledger import Planned, Unplanned
from engine.model.values import Json, Record
from engine.run.deeds import seen_target
from engine.run.flow import Flow
from engine.run.planned import as_planned, source_of
from engine.say import Say
from engine.store.after import Standing


def changed(
    flow: Flow, record: Unplanned, stand: Standing | None, lookups: Lookups, now: datetime
) -> Planned:
    """As `planned` for a scheme with update or cancel: what is asked for depends on how the document stands."""
    source = source_of(record)
    change = _Change(flow, record, stand, source, lookups, now)
    cancels = flow.chain.cancels
    if cancels is not None:
        wanted = cancels.apply(change.seen("cancel"), lookups, now)
        if wanted.problems or wanted.held:
            return as_planned(flow, record, record.key, wanted)
        if wanted.document is not None:
            return change.cancelled()
    return change.updated() if change.may_update() else as_planned(flow, record, record.key, change.created())


class _Change:
    """One record of such a scheme."""

    def __init__(
        self,
        flow: Flow,
        record: Unplanned,
        stand: Standing | None,
        source: Record,
        lookups: Lookups,
        now: datetime,
    ) -> None:
        self._flow, self._record, self._stand, self._source = flow, record, stand, source
        self._lookups, self._now = lookups, now

    def seen(self, action: str) -> Record:
        """The record, what is asked for, and what stands in the target."""
        stand = self._stand
        there: Json = None
        if stand is not None and action != "create":
            there = seen_target(stand.target_id, stand.target_number, stand.reply, stand.body)
        return {**self._source, "_action": action, "_target": there}

    def created(self) -> Mapped:
        return self._flow.mapping.apply(self.seen("create"), self._lookups, self._now)

    def cancelled(self) -> Planned:
        """What was never made there is not written; what is there is cancelled, once."""
        stand, deed, record = self._stand, self._flow.chain.cancel, self._record
        there = stand is not None and (stand.state == "done" or stand.action == "update")
        if stand is None or deed is None or not there:
            return Planned(record, record.key, "skipped", "", reason=Say("源单据已作废，没有写过。"))
        if stand.action == "cancel":
            return self._as_change(Planned(record, record.key, "skipped", ""), "")
        given: Record = {field: self.seen("cancel")["_target"][which] for field, which in deed.fields.items()}  # type: ignore[index, call-overload]
        mapped = Mapped({})
        if deed.mapping is not None:
            mapped = deed.mapping.apply(self.seen("cancel"), self._lookups, self._now)
        if mapped.document is not None:
            mapped = Mapped({**given, **mapped.document})
        return self._as_change(as_planned(self._flow, record, record.key, mapped), "cancel")

    def may_update(self) -> bool:
        """Whether the document is there and the scheme says that changes are sent."""
        stand = self._stand
        if stand is None or self._flow.chain.update is None or self._flow.scheme.on_change != "update":
            return False
        made = stand.state == "done" and stand.action in ("create", "update")
        return made or (stand.state == "refused" and stand.action == "update")

    def updated(self) -> Planned:
        """The update, and what the last request would look like now: the same bytes mean that nothing is sent."""
        stand, deed = self._stand, self._flow.chain.update
        assert stand is not None and deed is not None and deed.mapping is not None  # noqa: S101
        was = self.created()
        if stand.action == "update":
            was = deed.mapping.apply(self.seen("update"), self._lookups, self._now)
        mapped = deed.mapping.apply(self.seen("update"), self._lookups, self._now)
        made = as_planned(self._flow, self._record, self._record.key, mapped)
        if made.state != "waiting" or made.why == "held":
            return made
        before = encode(was.document).decode() if was.document is not None else ""
        return self._as_change(replace(made, was=before), "update")

    def _as_change(self, made: Planned, action: str) -> Planned:
        assert self._stand is not None  # noqa: S101  (a change is of something that is there)
        fresh = action or self._stand.action
        return replace(made, action=fresh, generation=self._stand.generation)  # type: ignore[arg-type]  # an Action
