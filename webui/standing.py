"""How a scheme stands: its documents by state, its cursor, and what in it needs a person, by reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for

from engine.model.ledger import STATES, State
from engine.run.causes import LOOKED, NEEDY, merged
from engine.run.schedule import allowance, coming
from engine.store import overview, schemes
from engine.store.overview import Cause, Wanted
from engine.store.schemes import Published
from webui.bars import Bar, of_states
from webui.rules import reading
from webui.web import web

KINDS = [kind for kind, _ in NEEDY]
MOST_HEAPS = 15


@dataclass(frozen=True, slots=True)
class Tally:
    """A scheme's documents by state, those of them held, and the records that are not mapped yet."""

    states: dict[str, int]
    held: int = 0
    unplanned: int = 0

    @property
    def needs(self) -> int:
        return self.states["unknown"] + self.states["refused"] + self.held

    def of(self, kind: str) -> int:
        return self.held if kind == "held" else self.states[kind]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a scheme stands. `late` is set where it should have read further by now; `next` is None by hand."""

    scheme: Published
    tally: Tally
    bar: Bar
    run: Any
    cursor: datetime | None
    lag: timedelta | None
    late: bool
    next: datetime | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """Documents of one scheme that wait for a person for one reason. `about` finds them in the list.

    `more` where only the newest documents were looked at, so that there may be more of it.
    """

    kind: str
    scheme: Published
    cause: Cause
    about: str
    more: bool

    @property
    def address(self) -> str:
        """The documents it is about: the one itself, or the list of them."""
        if self.cause.count == 1:
            return url_for("documents.show", ident=self.cause.newest)
        return url_for("documents.listed", code=self.scheme.code, state=self.kind, about=self.about)


def tallies(schemes_: Sequence[Published]) -> dict[int, Tally]:
    """How many documents of each scheme stand where."""
    idents = tuple(one.id for one in schemes_)
    return web().counted(("tallies", idents), lambda c: _tallies(c, idents))


def _tallies(connection: Any, idents: Sequence[int]) -> dict[int, Tally]:
    counted, unplanned = schemes.counted(connection, idents), overview.unplanned(connection, idents)
    return {
        ident: Tally(counted[ident].states, counted[ident].held, unplanned.get(ident, 0)) for ident in idents
    }


def standing(scheme: Published, tally: Tally, run: Any, cursor: datetime | None) -> Standing:
    lag = web().now() - cursor if cursor else None
    read = reading(scheme.text) if scheme.enabled else None
    late = lag is not None and read is not None and lag > allowance(read)
    shown = {**tally.states, "waiting": tally.states["waiting"] + tally.unplanned}
    next_ = coming(read.schedule, web().now()) if read else None
    return Standing(scheme, tally, of_states(shown, tally.held), run, cursor, lag, late, next_)


def broken(one: Standing) -> bool:
    """Whether its last run met a fault."""
    return bool(one.run and one.run.fault)


def needs(standings: Sequence[Standing]) -> list[Need]:
    """What waits for a person, by reason, worst first. Of very many, the largest heaps are looked into."""
    heaps = [(kind, wanted, one) for kind, wanted in NEEDY for one in standings if one.tally.of(kind)]
    heaps.sort(key=lambda heap: (KINDS.index(heap[0]), -heap[2].tally.of(heap[0])))
    found = [need for kind, wanted, one in heaps[:MOST_HEAPS] for need in _needs(kind, wanted, one)]
    return sorted(found, key=lambda need: (KINDS.index(need.kind), -need.cause.count))


def _needs(kind: str, wanted: Wanted, one: Standing) -> list[Need]:
    def look(connection: Any) -> list[Cause]:
        return overview.causes(connection, one.scheme.id, wanted, LOOKED)

    causes = web().counted(("causes", one.scheme.id, kind), look)
    more = one.tally.of(kind) > LOOKED
    return [Need(kind, one.scheme, cause, about, more) for about, cause in merged(kind, causes)]


def state_of(kind: str) -> Wanted:
    """The documents a filter word of the pages means: a state, or held."""
    state: State | None = next((one for one in STATES if one == kind), None)
    return Wanted(held=True) if kind == "held" else Wanted(state=state)
