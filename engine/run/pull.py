"""Bring records in: window by window, page by page, each page kept in one transaction.

The cursor moves once per window, with its last page. Safe to stop anywhere and to run again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.clock import Clock
from engine.crash import point
from engine.errors import Fault
from engine.exact import canonical
from engine.model.catalog import Operation, Span
from engine.model.ledger import Kept, Lease, PageKept, Row, RunAsked
from engine.model.values import Json, Record, Window
from engine.run.details import detailed
from engine.run.flow import Flow
from engine.run.lines import collect, later
from engine.say import Say
from engine.store import runs
from engine.store.after import told_again
from engine.store.keep import cursor_of, keep
from engine.store.keys import document_key
from engine.store.queue import Asked, put
from engine.store.runs import Follower, ReadDone
from engine.store.send import Heard, hear
from engine.store.store import Store
from engine.wire.paging import Step, Walk, cut, window_asked
from engine.wire.talk import Page, Talk

TRIES = 6
"""How often one page is asked for before the run gives up; the next planned time tries again."""


@dataclass
class Pull:
    """One pull of one scheme, for one run."""

    flow: Flow
    talk: Talk
    lease: Lease
    store: Store
    clock: Clock
    kept: Callable[[], None]
    stopping: asyncio.Event
    early_cursor: bool = False
    followers: Callable[[], tuple[Follower, ...]] = tuple
    """Who comes after this scheme; asked when all was read."""
    left: int | None = None
    """How many records a run with a limit may still keep."""
    size: int | None = None
    """The page size the vendor was found to take; None while it is the catalogue's first."""

    async def run(self) -> bool:
        """Read every window that is due; False where it was stopped before the end.

        Raises Fault where the source does not answer as it should.
        """
        run_id = self._run_id
        asked = await asyncio.to_thread(self.store.read, lambda read: runs.asked_of(read, run_id))
        self.left = 1 if asked.only else asked.limit
        for window in await self._windows(asked):
            if self.stopping.is_set() or self.left == 0:
                break
            await self._window(window, asked)
        if self.stopping.is_set():
            return False
        await self.store.writer.write(
            runs.reads_done, ReadDone(self.lease, self.clock.now(), self.followers())
        )
        self.kept()
        return True

    @property
    def _run_id(self) -> int:
        if self.lease.run_id is None:
            raise ValueError("a pull job belongs to a run")
        return self.lease.run_id

    async def _windows(self, asked: RunAsked) -> list[Window]:
        span = self.flow.source.window
        now = self.clock.now()
        if span is None:
            return [Window(now, now)]
        if asked.span is not None:
            return cut(asked.span.since, asked.span.until, span.longest)
        source = self.flow.scheme.source
        cursor = await asyncio.to_thread(
            self.store.read, lambda read: cursor_of(read, self.flow.published.id)
        )
        until = _whole(now - (source.lag if source.lag is not None else span.lag))
        begin = first_moment(source.begin, span, now)
        overlap = source.overlap if source.overlap is not None else span.overlap
        since = max(begin, cursor - overlap) if cursor is not None else begin
        return cut(since, until, span.longest) if since < until else []

    async def _window(self, window: Window, asked: RunAsked) -> None:
        """One window to its end; the walk says which page comes next and whether the window must be halved."""
        params = window_params(self.flow, window, asked)
        moves = asked.moves_cursor and self.flow.source.window is not None
        if self.early_cursor and moves:
            await self._keep((), window.until, None)
        walk = Walk(self.flow.source.pages, self.size)
        step: Step | None = walk.first()
        while step is not None and not self.stopping.is_set() and self.left != 0:
            asked_at = self.clock.now()
            try:
                page = await self._page(self.flow.source, params, step)
            except Fault as fault:
                step = walk.smaller(fault.code)
                if step is None:
                    raise
                self.size = walk.size
                continue
            step = walk.after(step, len(page.rows), page.total, page.next)
            page = replace(page, rows=await self._details(wanted(self.flow, page.rows, asked.only)))
            ended = step is None and not walk.halve
            rows = self._rows(page)
            await self._keep(rows, window.until if ended and moves else None, walk.total)
            await self._came_again(rows, asked_at)
        if walk.halve and not self.stopping.is_set():
            await self._halves(window, asked)

    async def _halves(self, window: Window, asked: RunAsked) -> None:
        """The window's content moved under three readings: read it in two parts, down to a second."""
        middle = _whole(window.since + (window.until - window.since) / 2)
        if middle <= window.since:
            since = window.since.isoformat()
            await self._warn(
                Say("时间窗 {since} 内的数据一直在变，已读到的都已保存，下次运行会再读。", since=since)
            )
            await self._keep((), window.until if asked.moves_cursor else None, None)
            return
        for half in (Window(window.since, middle), Window(middle, window.until)):
            await self._window(half, asked)

    async def _details(self, rows: list[Record]) -> list[Record]:
        """Each listed row with what only its detail tells; what is more than a run may keep is not asked for."""
        if self.flow.detail is None:
            return rows
        detail, most = self.flow.detail, len(rows) if self.left is None else self.left
        first = Walk(detail.pages).first()

        async def ask(params: Mapping[str, Json]) -> list[Record]:
            return (await self._page(detail, params, first)).rows

        return await detailed(self.flow.source, rows, ask, self.talk.link.limits.at_once, most)

    async def _page(self, operation: Operation, params: Mapping[str, Json], step: Step) -> Page:
        """One page, asked for again where the fault is one that passes."""
        for tries in range(TRIES):
            point("read.asked")
            heard, stop = collect()
            try:
                page = await self.talk.page(operation, params, step.number, step.size, step.token)
            except Fault as fault:
                if tries == TRIES - 1 or self.stopping.is_set() or not self._passes(fault):
                    raise
                wait = fault.wait or later(self.clock.now(), tries, self.clock, most=30) - self.clock.now()
                await self.clock.sleep(wait.total_seconds())
            else:
                point("read.replied")
                return page
            finally:
                stop()
                for exchange in heard:
                    self.store.writer.submit(hear, Heard(self.flow.published.id, self._run_id, exchange))
        raise AssertionError("the last try returns or raises")

    def _passes(self, fault: Fault) -> bool:
        """Whether asking again the same way may help."""
        return fault.kind not in ("login", "refused") and fault.code not in self.flow.source.pages.smaller_on

    def _rows(self, page: Page) -> tuple[Row, ...]:
        rows = page.rows if self.left is None else page.rows[: self.left]
        if self.left is not None:
            self.left -= len(rows)
        return tuple(as_row(self.flow.source, record) for record in rows)

    async def _came_again(self, rows: tuple[Row, ...], asked_at: datetime) -> None:
        """A pool gives a record until it is acknowledged: one that was, and comes again, is told once more."""
        if self.flow.chain.acknowledge is None or not rows:
            return
        keys = [row.key for row in rows]
        asked = (self.flow.published.id, keys, asked_at)
        if await self.store.writer.write(told_again, asked):
            await self._wake_push()

    async def _keep(self, rows: tuple[Row, ...], cursor: datetime | None, expected: int | None) -> Kept:
        at = self.clock.now()
        page = PageKept(self.flow.published.id, self._run_id, at, rows, cursor, expected, self.lease)
        kept = await self.store.writer.write(keep, page)
        point("cursor.moved" if cursor else "read.kept")
        if kept.new or kept.changed:
            await self._wake_push()
        return kept

    async def _wake_push(self) -> None:
        await self.store.writer.write(
            put, Asked("push", self.flow.published.id, self.clock.now(), self._run_id)
        )
        self.kept()

    async def _warn(self, says: str) -> None:
        run_id = self._run_id
        await asyncio.to_thread(self.store.write, lambda connection: runs.warn(connection, run_id, str(says)))


def wanted(flow: Flow, rows: list[Record], only: str) -> list[Record]:
    """The rows of that number; all where none is asked for."""
    number = flow.source.number
    return [row for row in rows if number and _key(row.get(number)) == only] if only else rows


def as_row(operation: Operation, record: Record) -> Row:
    """A record as it is kept. Raises Fault(broken) where its key is missing: without key nothing is once."""
    parts = [record.get(name) for name in operation.key]
    if any(part is None or part == "" for part in parts):
        key = ", ".join(operation.key)
        raise Fault(
            "broken", Say("接口 {name} 返回的数据缺少主键 {key}。", name=operation.operation, key=key)
        )
    content = (
        {k: v for k, v in record.items() if k not in operation.volatile} if operation.volatile else record
    )
    body = canonical(content)
    digest = hashlib.sha256(body).hexdigest()
    kept = body.decode() if content is record else canonical(record).decode()
    number = record.get(operation.number) if operation.number else None
    return Row(
        document_key([_key(part) for part in parts]), _key(number) if number is not None else "", digest, kept
    )


def _key(part: Json) -> str:
    return part if isinstance(part, str) else canonical(part).decode()


def window_params(flow: Flow, window: Window, asked: RunAsked) -> dict[str, Json]:
    """The query's own parameters and its window, as the vendor wants them written."""
    span = flow.source.window
    if span is None:
        return {**flow.params({}), **asked.params}
    end = window.until - timedelta(seconds=1) if span.closed else window.until
    since, until = (moment.astimezone(ZoneInfo(span.zone)) for moment in (window.since, end))
    told: dict[str, Json] = {"since": f"{since:%Y-%m-%d %H:%M:%S}", "until": f"{until:%Y-%m-%d %H:%M:%S}"}
    own = flow.params(told)
    return {**own, **asked.params, **window_asked(span, since, until)}


def first_moment(begin: date | datetime | None, span: Span, now: datetime) -> datetime:
    """Where a scheme begins to read, in the vendor's zone where the text has none."""
    if begin is None:
        return _whole(now)
    moment = begin if isinstance(begin, datetime) else datetime.combine(begin, time.min)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(span.zone))
    return aware.astimezone(UTC)


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
