"""The watch: looks every half minute at what needs a person, and tells whoever is to be told.

One process of an installation watches at a time. A message is sent again until it was taken, so one may
come twice; a cause is told once when it begins and once when it ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import quote

from engine.clock import Clock
from engine.errors import Fault
from engine.model.alerts import ZONE, AlertKind, Found, Notice, Receiver
from engine.model.scheme import Scheme
from engine.run.causes import LOOKED, NEEDY, meaning, merged
from engine.run.order import Order
from engine.run.schedule import allowance
from engine.say import Say, Stored, Words, tell
from engine.store import alerts, leader, overview, receivers, schemes
from engine.store.schemes import Published
from engine.store.store import Store
from engine.wire.doors.door import Door
from engine.wire.hosts import HostRule
from engine.wire.robots import Message, call, trouble

log = logging.getLogger("duijie.alerts")

EVERY = 30.0
DEADLINE = 15.0
MOST = 10
"""Causes of a kind that are told of a scheme, and lines of one message."""

KINDS: dict[AlertKind, Say] = {
    "fault": Say("运行有故障"),
    "late": Say("落后了"),
    "unknown": Say("结果未知"),
    "refused": Say("被拒绝"),
    "held": Say("等对照"),
}


@dataclass
class Watch:
    """`address` is where the pages are for others, "" where nobody else can open them."""

    store: Store
    clock: Clock
    door: Door
    holder: str
    address: str = ""
    _order: Order = field(default_factory=Order)

    async def run(self, stopping: asyncio.Event) -> None:
        """Look and tell until stopped."""
        while not stopping.is_set():
            try:
                await self.once()
            except Exception:  # the database may be back at the next look
                log.exception("the watch could not look")
            await self.clock.wait(EVERY, stopping)

    async def once(self) -> None:
        """One look, and what is to be told now."""
        if await asyncio.to_thread(self._look):
            await self._tell()

    def _look(self) -> bool:
        """Bring the alerts up to date; False where another process watches.

        Counting goes over much, and nobody else could write to SQLite meanwhile: only what was found is written.
        """
        now = self.clock.now()
        if not self.store.write(lambda c: leader.lead(c, "alerts", self.holder, now)):
            return False
        found = self.store.read(lambda c: causes(c, self._order, now))
        told = self.store.read(lambda c: receivers.every(c, self.store.vault))
        self.store.write(lambda c: alerts.keep(c, found, told, now))
        return True

    async def _tell(self) -> None:
        waiting = await asyncio.to_thread(self.store.read, lambda c: alerts.due(c, self.clock.now()))
        by_receiver: dict[int, list[Notice]] = {}
        for one in waiting:
            by_receiver.setdefault(one.receiver_id, []).append(one)
        for ident, notices in by_receiver.items():
            await self._tell_one(ident, notices)

    async def _tell_one(self, ident: int, notices: Sequence[Notice]) -> None:
        who = await asyncio.to_thread(self.store.read, lambda c: receivers.get(c, self.store.vault, ident))
        if who is None:
            return
        says = await send(
            self.store, self.clock, self.door, who, message(notices, who.language, self.address)
        )
        idents, now = [one.id for one in notices], self.clock.now()
        if says is None:
            await asyncio.to_thread(self.store.write, lambda c: alerts.sent(c, idents, now))
            return
        again = now + timedelta(minutes=2 ** min(6, max(one.tries for one in notices)))
        await asyncio.to_thread(self.store.write, lambda c: alerts.unsent(c, idents, says, again))


async def send(store: Store, clock: Clock, door: Door, who: Receiver, what: Message) -> str | None:
    """Tell one receiver; gives why it could not be told."""
    secrets = await asyncio.to_thread(store.read, lambda c: receivers.opened(c, store.vault, who.id))
    try:
        asked = call(who.kind, secrets, what, clock.now())
        reply = await door.send(asked, HostRule.of([who.host], who.private), DEADLINE)
    except Fault as fault:
        return fault.says
    return trouble(who.kind, reply)


def causes(connection: Any, order: Order, now: datetime) -> list[Found]:
    """Everything that needs a person now, of schemes that run and of those that are paused."""
    every = schemes.every(connection)
    counted = schemes.counted(connection, [one.id for one in every])
    cursors = schemes.cursors(connection)
    found: list[Found] = []
    for one in every:
        states, held = counted[one.id].states, counted[one.id].held
        for kind, wanted in NEEDY:
            if held if kind == "held" else states[wanted.state or "waiting"]:
                found += _documents(connection, one.id, cast(AlertKind, kind), wanted)
        scheme = order.of(one) if one.enabled else None
        if scheme and (late := _late(one, scheme, cursors.get(one.id), now)):
            found.append(late)
    running = [one.id for one in every if one.enabled]
    faults = alerts.last_faults(connection, running)
    return found + [Found(row.scheme_id, "fault", meaning("fault", row.fault), 1, row.id) for row in faults]


def _documents(connection: Any, scheme: int, kind: AlertKind, wanted: Any) -> list[Found]:
    """Numbers of documents are left out: what goes to a chat tells the cause, and the page tells whose it is."""
    reasons = overview.causes(connection, scheme, wanted, LOOKED)
    largest = merged(kind, reasons)[:MOST]
    return [
        Found(scheme, kind, meaning(kind, cause.reason), cause.count, cause.newest) for _, cause in largest
    ]


def _late(one: Published, scheme: Scheme, cursor: datetime | None, now: datetime) -> Found | None:
    if cursor is None or now - cursor <= allowance(scheme):
        return None
    return Found(one.id, "late", "", 1, 0)


def message(notices: Sequence[Notice], language: str, address: str) -> Message:
    """Several notices as one message; what is too many is counted."""
    lines = [tell(Say("【对接】{count} 条告警", count=len(notices)), language)] if len(notices) > 1 else []
    head = "" if lines else tell(Say("【对接】"), language)
    for one in notices[:MOST]:
        lines.append(head + _line(one, language, address))
    if len(notices) > MOST:
        lines.append(tell(Say("另有 {count} 条。", count=len(notices) - MOST), language))
    return Message("\n".join(lines), [_facts(one, address) for one in notices])


def _line(one: Notice, language: str, address: str) -> str:
    name = one.title or one.scheme
    if one.what == "ended":
        return tell(Words((Say("已恢复"), name, KINDS[one.kind], _cause(one)), "；"), language)
    what: str = KINDS[one.kind]
    if one.kind in ("unknown", "refused", "held"):
        what = Say("{kind} {count} 单", kind=what, count=one.count)
    since = Say("{time} 起", time=f"{one.began_at.astimezone(ZONE):%m-%d %H:%M}")
    says = tell(Words((name, what, since, _cause(one)), "；"), language)
    return f"{says}\n{_link(one, address)}" if address else says


def _cause(one: Notice) -> str:
    if one.kind == "late":
        return Say("没有按时读到现在，看一下最近的运行。")
    return Stored(one.cause) if one.cause else Say("没有说明原因")


def _link(one: Notice, address: str) -> str:
    """The page that shows it."""
    if one.kind == "fault":
        return f"{address}/runs/{one.newest}"
    if one.kind == "late":
        return f"{address}/schemes/{one.scheme}"
    if one.count == 1:
        return f"{address}/documents/{one.newest}"
    return f"{address}/schemes/{one.scheme}/documents?state={one.kind}&about={quote(one.cause, safe='')}"


def _facts(one: Notice, address: str) -> dict[str, Any]:
    return {
        "what": one.what,
        "scheme": one.scheme,
        "title": one.title,
        "kind": one.kind,
        "cause": one.cause,
        "count": one.count,
        "began_at": one.began_at.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "page": _link(one, address) if address else None,
    }


def trial(language: str) -> Message:
    """What the test button sends."""
    return Message(tell(Say("【对接】这是一条测试消息，收到就说明设好了。"), language), [])
