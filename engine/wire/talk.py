"""Talking to one connection: builds calls from the catalogue, signs, sends, judges, and tells of it.

This is all that the loops see of a vendor: `page` reads, `save` writes, `look_up` asks what became
of a write. Each call that leaves is told to `heard` once, redacted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from engine.clock import Clock
from engine.errors import Fault
from engine.exact import canonical
from engine.model.catalog import Connector, Limits, Operation
from engine.model.exchange import Exchange
from engine.model.values import Call, Json, Reply
from engine.say import Say
from engine.wire.auth import Auth, Settings
from engine.wire.calls import Plan
from engine.wire.doors.deadline import Stale, never
from engine.wire.doors.door import Door
from engine.wire.envelope import Page, Saved, tests
from engine.wire.hosts import HostRule
from engine.wire.limits import Bucket
from engine.wire.path import at, placed, text
from engine.wire.redact import Redactor
from engine.wire.signing import Signer, Turn
from engine.wire.tokens import Ring, TokenStore

__all__ = ["Hit", "Link", "Page", "Saved", "Talk"]

T = TypeVar("T")
Purpose: TypeAlias = Literal["read", "save", "lookup", "token"]
Leave: TypeAlias = "Callable[[], Awaitable[Stale]]"
_Ready: TypeAlias = "tuple[Call, dict[str, str]]"

DEADLINE = 60.0
"""Seconds for one call all told: an ERP may take half a minute to save a long document."""

LOOK_PAGES = 20
NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Link:
    """One connection, opened: its connector and channel, settings with secrets, and what an account may add.

    `base` replaces the channel's, `hosts` are further hosts its calls may go to, `private` the CIDRs
    an administrator opened for it, `busy_wait` its own idea of how long busy lasts.
    """

    code: str
    connector: Connector
    channel: str
    settings: Settings
    base: str | None = None
    hosts: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    busy_wait: timedelta | None = None
    private: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """What stands before every path; empty where the vendor's gateway is discovered."""
        return self.base or self.connector.channels[self.channel].base

    def host_rule(self) -> HostRule:
        """Where this connection's calls may go. Raises ValueError where `private` holds no CIDR."""
        own = urlsplit(self.root).hostname or ""
        return HostRule.of([own, *self.hosts, *self.connector.channels[self.channel].hosts], self.private)

    def secrets(self) -> list[str]:
        named = [setting.name for setting in self.connector.channels[self.channel].settings if setting.secret]
        return [self.settings[name] for name in named if self.settings.get(name)]


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found in the target under exactly the number asked for."""

    id: str
    number: str | None


class Talk:
    """One connection's line. Shared by all that use the connection in this process.

    `tokens` is the store all workers share; `heard` is called once for each call that left or was
    tried, in the task that made it, and must be quick.
    """

    def __init__(
        self,
        link: Link,
        auth: Auth,
        door: Door,
        tokens: TokenStore,
        bucket: Bucket,
        clock: Clock,
        heard: Callable[[Exchange], None],
        deadline: float = DEADLINE,
    ) -> None:
        self.link = link
        self._door, self._bucket, self._clock, self._heard, self._deadline = (
            door,
            bucket,
            clock,
            heard,
            deadline,
        )
        self._ring = Ring(tokens, link.code)
        self._signer = Signer(auth, link.connector.title, link.settings, self._ring, clock)
        self._hosts = link.host_rule()
        self._token_names = link.connector.channels[link.channel].tokens
        self._token_codes = frozenset(link.connector.verdicts.login.codes)
        self._token_words = link.connector.verdicts.login.text
        self._plans: dict[str, Plan] = {}

    async def page(
        self,
        operation: Operation,
        params: Mapping[str, Json],
        number: int,
        size: int,
        token: str | None = None,
    ) -> Page:
        """One page of a query, from the vendor's own page numbers. Raises Fault."""
        plan = self._plan(operation)
        pages = operation.pages
        asked: Mapping[str, Json] = params
        counted: Json = token if pages.style == "token" else number
        for name, value in ((pages.number, counted), (pages.size, size)):
            asked = placed(asked, name, value) if name else asked
        first = number == pages.start or pages.style in ("none", "pool")
        columns = plan.columns(asked)
        page = await self._call(
            "read", plan, plan.query(asked), lambda reply: plan.judge.page(reply, first, columns)
        )
        if pages.style == "number" and pages.total is None:
            plan.went_on((canonical(dict(params)), number), page.rows)
        return page

    async def save(self, operation: Operation, body: bytes, leave: Leave | None = None) -> Saved:
        """Send one document's bytes. `leave` is awaited when the call is signed and owns its slot, just
        before it goes, and again where it goes once more with fresh tokens; what it raises keeps it here.
        What it gives is asked once more with nothing but the write behind it.

        Raises Fault: unreachable, busy, login where it was not executed; refused; unknown for all else.
        """
        plan = self._plan(operation)
        return await self._call("save", plan, plan.save([body]), plan.one_saved(body), leave)

    async def save_all(
        self, operation: Operation, bodies: Sequence[bytes], leave: Leave | None = None
    ) -> list[Saved | Fault]:
        """Send several documents in one call, at most `batch.most`; gives what became of each, in their order.

        A fault that struck the whole call is raised, as by `save`, and holds for every one of them.
        """
        most = operation.batch.most if operation.batch else 1
        if not 0 < len(bodies) <= most:
            raise ValueError(f"{operation.operation} takes 1 to {most} documents a call")
        plan = self._plan(operation)
        return await self._call("save", plan, plan.save(bodies), plan.saved(bodies), leave)

    async def look_up(self, save_operation: Operation, list_operation: Operation, number: str) -> list[Hit]:
        """The documents in the target whose number is `number`, character by character. Raises Fault.

        The vendor's list may match longer numbers too, so it is read to its end: an answer of "none"
        lets a document be sent again.
        """
        look = save_operation.lookup
        if look is None:
            raise Fault(
                "refused", Say("接口 {name} 没有反查的办法。", name=save_operation.operation), sent=False
            )
        ident, found = at(look.id), at(look.number or look.by)
        hits: dict[str, Hit] = {}
        fits = tests(look.where)
        asked: dict[str, Json] = {**look.ask, look.by: number}
        for row in await self._all_rows(self._plan(list_operation), asked):
            if text(found(row)) == number and fits(row) and (id_ := text(ident(row))):
                hits[id_] = Hit(id_, number)
        return list(hits.values())

    async def _all_rows(self, plan: Plan, asked: dict[str, Json]) -> list[dict[str, Json]]:
        pages = plan.operation.pages
        rows: list[dict[str, Json]] = []
        for turn in range(LOOK_PAGES):
            page = await self._look_page(plan, asked, first=turn == 0)
            rows += page.rows
            size, number = asked.get(pages.size), asked.get(pages.number)
            if not page.rows or (page.total is not None and len(rows) >= page.total):
                return rows
            if page.total is None and (not isinstance(size, int) or len(page.rows) < size):
                return rows
            if not isinstance(number, int):
                break
            asked = {**asked, pages.number: number + (len(page.rows) if pages.style == "offset" else 1)}
        raise Fault(
            "broken", Say("{vendor} 的反查结果没有读全，稍后再查。", vendor=self.link.connector.title)
        )

    async def _look_page(self, plan: Plan, asked: dict[str, Json], first: bool) -> Page:
        columns = plan.columns(asked)
        return await self._call(
            "lookup", plan, plan.query(asked), lambda reply: plan.judge.page(reply, first, columns)
        )

    def _plan(self, operation: Operation) -> Plan:
        plan = self._plans.get(operation.operation)
        if plan is None or plan.operation is not operation:
            link = self.link
            plan = Plan(
                link.connector, link.channel, operation, link.root, link.secrets(), self._ring, link.busy_wait
            )
            self._plans[operation.operation] = plan
        return plan

    # -- one call --------------------------------------------------------------------------------

    async def _call(
        self, purpose: Purpose, plan: Plan, call: Call, read: Callable[[Reply], T], leave: Leave | None = None
    ) -> T:
        """Sign and send; once more with fresh tokens where the vendor says that the token was the trouble."""
        ready, used = self._at_once(call) or await self._ready(plan, call)
        try:
            stale = await self._allowed(leave)
            return await self._exchange(purpose, plan, ready, read, stale)
        except Fault as fault:
            if fault.kind != "login" or not used or not self._blames_token(fault):
                raise
        self._ring.forget(used)
        ready, _ = await self._ready(plan, call)
        stale = await self._allowed(leave)
        return await self._exchange(purpose, plan, ready, read, stale)

    def _blames_token(self, fault: Fault) -> bool:
        """Whether the catalogue lists what was said: some vendors tell a dead token by words alone."""
        return fault.code in self._token_codes or any(word in fault.says for word in self._token_words)

    async def _allowed(self, leave: Leave | None) -> Stale:
        """Ask whoever sends; the slot is given back where the call must not go."""
        if leave is None:
            return never
        try:
            return await leave()
        except BaseException:
            self._bucket.release(used=False)
            raise

    def _at_once(self, call: Call) -> _Ready | None:
        """A slot taken, the call signed, and the tokens it was signed with; None where it must wait."""
        return self._signed(call) if self._bucket.take() else None

    async def _ready(self, plan: Plan, call: Call) -> _Ready:
        """As `_at_once`, after the wait for a slot and for tokens.

        Signed after the wait, for timestamps age. Where tokens must be fetched first the slot was
        given back, for the fetching needs one.
        """
        await self._bucket.acquire()
        if signed := self._signed(call):
            return signed

        async def ask(first: Call, read: Callable[[Reply], Turn]) -> Turn:
            await self._bucket.acquire()
            return await self._exchange("token", plan, first, read)

        ready = await self._signer.prepared(call, ask)
        used = self._ring.values(self._token_names)
        await self._bucket.acquire()
        return ready, used

    def _signed(self, call: Call) -> _Ready | None:
        """Signed in the slot just taken; the slot is given back where that fails or needs other calls first."""
        ready = None
        try:
            ready = self._signer.at_once(call)
        finally:
            if ready is None:
                self._bucket.release(used=False)
        return None if ready is None else (ready, self._ring.values(self._token_names))

    async def _exchange(
        self,
        purpose: Purpose,
        plan: Plan,
        ready: Call,
        read: Callable[[Reply], T],
        stale: Stale = never,
    ) -> T:
        """One call out, one reply judged, the slot given back, and the whole told to `heard`."""
        at_, begun = self._clock.now(), self._clock.monotonic()
        reply: Reply | None = None
        try:
            try:
                reply = await self._door.send(ready, self._hosts, self._deadline, stale)
            finally:
                self._bucket.release()
            answer = read(reply)
        except Fault as fault:
            if purpose == "save" and fault.kind == "broken":
                fault = Fault("unknown", fault.says, code=fault.code, wait=fault.wait)
            self._tell(purpose, plan, ready, reply, at_, begun, fault, fault.says)
            raise fault from fault.__cause__
        self._tell(purpose, plan, ready, reply, at_, begun, None, _told(answer))
        return answer

    def _tell(
        self,
        purpose: Purpose,
        plan: Plan,
        call: Call,
        reply: Reply | None,
        at_: datetime,
        begun: float,
        fault: Fault | None,
        says: str,
    ) -> None:
        redactor = plan.redactor()
        quick = purpose == "save"
        # The bytes of a save that was done are the document's own: the ledger holds them already.
        asked = quick and fault is None
        # A successful read is kept as records, a token nowhere but in the token store.
        kept = reply is not None and (fault is not None or purpose in ("save", "lookup"))
        self._heard(
            Exchange(
                connection=self.link.code,
                purpose=purpose,
                operation=plan.operation.operation,
                at=at_,
                took_ms=round((self._clock.monotonic() - begun) * 1000),
                method=call.method,
                url=redactor.url(call.url, call.query),
                status=reply.status if reply is not None else None,
                verdict=fault.kind if fault is not None else "done",
                code=fault.code if fault is not None else None,
                says=says,
                request="" if asked else _request(redactor, call, quick),
                reply=redactor.text(reply.body, quick=quick) if reply is not None and kept else "",
            )
        )


def _request(redactor: Redactor, call: Call, quick: bool) -> str:
    return redactor.form(call.form) if call.form else redactor.text(call.body or b"", quick=quick)


def _told(answer: object) -> Say:
    """What a good reply brought, in words for the log."""
    if isinstance(answer, Page):
        return Say("读到 {count} 条。", count=len(answer.rows))
    if isinstance(answer, Saved):
        return Say("已存下，编号 {id}。", id=answer.id)
    if isinstance(answer, list):
        done = sum(isinstance(one, Saved) for one in answer)
        return Say("{done} 张已存下，{rest} 张没有。", done=done, rest=len(answer) - done)
    return Say("已取得凭证。")
