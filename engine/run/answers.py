"""Finding out what a mapping asks for: records that other schemes keep, and live queries of a vendor.

The mapping is pure and asks by needing (engine/mapping/codes.py). So a batch of records is mapped;
what it asked for is looked up in one go for all of them; who asked is mapped again, until nobody
asks. Answers are kept: those of a pool while the pool stands, those of a vendor for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from engine.clock import Clock
from engine.errors import Fault
from engine.mapping.codes import UNANSWERED, Partial, column_of, parted
from engine.mapping.compile import Lookups, Mapped
from engine.mapping.entry import Entry, Several
from engine.mapping.lens import Lens, lens_of
from engine.mapping.tables import asked as variables
from engine.model.ledger import Lease
from engine.model.scheme import Lookup
from engine.model.values import Record
from engine.run.flow import Flow
from engine.run.lines import Lines, collect
from engine.store import pools, waits
from engine.store.lookups import Tables
from engine.store.pools import Codes, Pool
from engine.store.send import Heard, hear
from engine.store.store import Store
from engine.wire.paging import Step, Walk

T = TypeVar("T")

MOST_ROUNDS = 8
"""How deep lookups may hang on each other."""

MOST_KEPT = 100_000
AT_ONCE = 8
SHORT = timedelta(minutes=1)
"""How long it is believed that a vendor does not have a code."""


@dataclass
class Known:
    """What is known of one lookup: the values behind each code, and until when that is believed."""

    revision: int = -1
    values: dict[str, list[str]] = field(default_factory=dict)
    until: dict[str, datetime] = field(default_factory=dict)
    views: dict[str, Partial] = field(default_factory=dict)

    def forget(self) -> None:
        self.values.clear()
        self.until.clear()
        for view in self.views.values():
            view.clear()

    def drop(self, code: str) -> None:
        del self.values[code], self.until[code]
        for view in self.views.values():
            view.pop(code, None)


@dataclass
class Library:
    """What a worker has found out, by scheme version and lookup."""

    _known: dict[tuple[int, int, str], Known] = field(default_factory=dict)
    _lenses: dict[str, Codes] = field(default_factory=dict)

    def known(self, flow: Flow, name: str) -> Known:
        place = (flow.published.id, flow.published.version, name)
        return self._known.setdefault(place, Known())

    def lens(self, ident: str) -> Codes:
        """A stored lens made ready; what it was made of was checked when its scheme was published."""
        if ident not in self._lenses:
            self._lenses[ident] = lens_of(ident).codes
        return self._lenses[ident]


@dataclass
class Answers:
    """The lookups of one pass of one scheme. `fault` is what kept a vendor from answering; who asked it
    stays unmapped, and the pass ends with that fault once all else is done."""

    flow: Flow
    store: Store
    lines: Lines
    clock: Clock
    library: Library
    lease: Lease | None = None
    fault: Fault | None = None
    _pools: dict[str, Pool] = field(default_factory=dict)

    @property
    def own(self) -> Mapping[str, Lookup]:
        return self.flow.scheme.lookups

    def seen_by(self, lens: str) -> Codes:
        """What a lens of another scheme sees of a record of ours."""
        return self.library.lens(lens)

    def sources(self) -> dict[str, str]:
        """Where what each lookup lacks will come from."""
        told = {name: f"{waits.LIVE}{name}" for name, one in self.own.items() if one.scheme is None}
        return told | {name: f"pool:{one.id}" for name, one in self._pools.items()}

    async def mapped(self, records: Sequence[Record], tables: Tables, now: datetime) -> list[Mapped]:
        """What each record becomes, with everything looked up that it asks for."""
        lookups = await self._open(tables) if self.own else tables.pairs
        apply = partial(self.flow.mapping.apply, lookups=lookups, now=now)
        made = [apply(record) for record in records]
        for _ in range(MOST_ROUNDS if self.own else 0):
            if not await self._answer(lookups):
                break
            for place, one in enumerate(made):
                if unanswered(one):
                    made[place] = apply(records[place])
        return made

    async def found(self, make: Callable[[Lookups], T], tables: Tables) -> T:
        """What `make` makes, with everything looked up that it asks for: it is called until it asks no more."""
        lookups = await self._open(tables) if self.own else tables.pairs
        made = make(lookups)
        for _ in range(MOST_ROUNDS if self.own else 0):
            if not await self._answer(lookups):
                break
            made = make(lookups)
        return made

    async def _open(self, tables: Tables) -> dict[str, Mapping[str, Entry]]:
        """Every lookup by name; of our own what is known so far."""
        lookups = dict(tables.pairs)
        for name in self.flow.mapping.tables:
            own = column_of(name)[0] if name not in self.own else name
            if own in self.own:
                known = self.library.known(self.flow, own)
                await self._refresh(own, known)
                lookups[name] = self._view(own, known, name)
        return lookups

    def _view(self, own: str, known: Known, name: str) -> Partial:
        if name not in known.views:
            place = self._place(own, name)
            view = {code: _entry(values, place, self._width(own)) for code, values in known.values.items()}
            known.views[name] = Partial(view)
        known.views[name].asked.clear()
        return known.views[name]

    def _lens(self, own: str) -> Lens:
        return self.flow.lenses[own]

    def _width(self, own: str) -> int:
        return len(self._lens(own).columns)

    def _place(self, own: str, name: str) -> int:
        return self._lens(own).place("" if name == own else column_of(name)[1])

    async def _refresh(self, own: str, known: Known) -> None:
        """Let go of what may have changed."""
        now = self.clock.now()
        if self.own[own].scheme is None:
            for code in [code for code, until in known.until.items() if until <= now]:
                known.drop(code)
        else:
            pool = await self._pool(own)
            if pool is not None and pool.revision != known.revision:
                known.forget()
                known.revision = pool.revision
        if len(known.values) > MOST_KEPT:
            known.forget()

    async def _pool(self, own: str) -> Pool | None:
        """The pool as it stands now, made and filled where this is the first look into it."""
        code, lens = self.own[own].scheme or "", self._lens(own)
        pool = await asyncio.to_thread(self.store.read, lambda read: pools.find(read, code, lens.ident))
        if pool is None or not pool.whole:
            pool = await asyncio.to_thread(self._filled, code, lens)
        if pool is not None:
            self._pools[own] = pool
        return pool

    def _filled(self, code: str, lens: Lens) -> Pool | None:
        pool = self.store.write(lambda write: pools.make(write, code, lens.ident))
        if pool is None:
            return None
        ident, now = pool.id, self.clock.now()
        while self.store.write(lambda write: pools.fill(write, ident, lens.codes, now)):
            pass
        return self.store.read(lambda read: pools.find(read, code, lens.ident))

    async def _answer(self, lookups: Mapping[str, Mapping[str, Entry]]) -> bool:
        """Look up all that was asked for; whether anything was found out."""
        found = False
        for own in self.own:
            known = self.library.known(self.flow, own)
            views = [view for name, view in known.views.items() if name in lookups]
            codes = list(dict.fromkeys(code for view in views for code in view.asked))
            for view in views:
                view.asked.clear()
            if codes:
                found = await self._find(own, known, codes) or found
        return found

    async def _find(self, own: str, known: Known, codes: Sequence[str]) -> bool:
        pool = self._pools.get(own)
        if self.own[own].scheme is None:
            answers = await self._ask(own, codes)
        elif pool is not None:
            ident = pool.id
            answers = await asyncio.to_thread(self.store.read, lambda read: pools.answers(read, ident, codes))
        else:
            answers = {code: [] for code in codes}
        now, keep = self.clock.now(), self.own[own].keep
        for code, values in answers.items():
            known.values[code] = values
            known.until[code] = now + (keep if values else min(keep, SHORT))
            for name, view in known.views.items():
                view[code] = _entry(values, self._place(own, name), self._width(own))
        return bool(answers)

    # -- live --------------------------------------------------------------------------------------

    async def _ask(self, own: str, codes: Sequence[str]) -> dict[str, list[str]]:
        """Each code asked of the vendor, some at once; those that got no answer are left out."""
        free = asyncio.Semaphore(AT_ONCE)
        heard, stop = collect()

        async def one(code: str) -> list[str] | None:
            async with free:
                return None if self.fault is not None else await self._query(own, code)

        try:
            found = await asyncio.gather(*(one(code) for code in codes))
        finally:
            stop()
            if self.lease is not None:
                for exchange in heard:
                    told = Heard(self.lease.scheme_id, self.lease.run_id, exchange)
                    self.store.writer.submit(hear, told)
        return {code: values for code, values in zip(codes, found, strict=True) if values is not None}

    async def _query(self, own: str, code: str) -> list[str] | None:
        """The values behind one code, character by character; None where the vendor gave no answer."""
        lookup, lens = self.own[own], self._lens(own)
        params = self.flow.asks[own](variables(lookup, code))
        operation = self.flow.live[own]
        values: dict[str, None] = {}
        walk = Walk(operation.pages)
        step: Step | None = walk.first()
        try:
            talk = self.lines.to(lookup.connection)
            while step is not None:
                page = await talk.page(operation, params, step.number, step.size)
                for row in page.rows:
                    values |= {value: None for found, value in lens.codes(row) if found == code}
                step = walk.after(step, len(page.rows), page.total)
        except Fault as fault:
            self.fault = self.fault or fault
            return None
        return list(values)


def unanswered(mapped: Mapped) -> bool:
    """Whether a record still lacks an answer, so that nothing may be made of it yet."""
    return any(problem.code == UNANSWERED for problem in mapped.problems)


def _entry(values: Sequence[str], place: int, width: int) -> Entry:
    found = {parted(value, width)[place] for value in values}
    return next(iter(found)) if len(found) == 1 else Several(len(found)) if found else None
