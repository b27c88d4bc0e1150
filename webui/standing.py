"""How a scheme stands: its documents by state, its cursor, and what in it needs a person, by reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import url_for

from engine.model.ledger import State
from engine.store import overview
from engine.store.overview import Cause, Wanted
from engine.store.schemes import Published
from webui.bars import Bar, of_states
from webui.rules import reading
from webui.web import web

NEEDY: tuple[tuple[str, Wanted], ...] = (
    ("unknown", Wanted(state="unknown")),
    ("refused", Wanted(state="refused")),
    ("held", Wanted(held=True)),
)
PATIENCE = timedelta(minutes=5)

# A number of a document, or another long code: what differs between sentences that say the same.
_PARTICULAR = re.compile(r"[A-Za-z]*[-_]?\d[\w-]{3,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Need:
    """Documents of one scheme that wait for a person for one reason. `about` finds them in the list."""

    kind: str
    scheme: Published
    cause: Cause
    about: str

    @property
    def address(self) -> str:
        """The documents it is about: the one itself, or the list of them."""
        if self.cause.count == 1:
            return url_for("documents.show", ident=self.cause.newest)
        return url_for("documents.listed", code=self.scheme.code, state=self.kind, about=self.about)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a scheme stands. `late` is set where it should have read further by now."""

    scheme: Published
    bar: Bar
    states: dict[str, int]
    held: int
    unplanned: int
    run: Any
    cursor: datetime | None
    lag: timedelta | None
    late: bool

    @property
    def needs(self) -> int:
        return self.states["unknown"] + self.states["refused"] + self.held


def standing(
    scheme: Published, states: dict[str, int], held: int, unplanned: int, run: Any, cursor: datetime | None
) -> Standing:
    lag = web().now() - cursor if cursor else None
    late = lag is not None and lag > _pace(scheme) + PATIENCE
    shown = {**states, "waiting": states["waiting"] + unplanned}
    return Standing(scheme, of_states(shown, held), shown, held, unplanned, run, cursor, lag, late)


def _pace(scheme: Published) -> timedelta:
    """How far behind a scheme may be: twice its shortest span; endless where it runs by clock or by hand."""
    read = reading(scheme.text)
    spans = [one.every for one in read.schedule if one.every] if read and scheme.enabled else []
    return 2 * min(spans) + (read.source.lag or timedelta(minutes=2)) if spans and read else timedelta(days=36500)


def needs(connection: Any, one: Standing) -> list[Need]:
    """A scheme's documents that wait for a person, by reason."""
    found = []
    counts = {"unknown": one.states["unknown"], "refused": one.states["refused"], "held": one.held}
    for kind, wanted in NEEDY:
        if counts[kind]:
            causes = overview.causes(connection, one.scheme.id, wanted)
            found += [Need(kind, one.scheme, cause, about) for about, cause in _merged(kind, causes)]
    return found


def _merged(kind: str, causes: list[Cause]) -> list[tuple[str, Cause]]:
    """Reasons that differ only in a document's number are one; a missing code is one of its own."""
    by_sense: dict[str, list[Cause]] = {}
    for cause in causes:
        sense = cause.reason if kind == "held" else _PARTICULAR.sub("…", cause.reason)
        by_sense.setdefault(sense, []).append(cause)
    merged = []
    for sense, same in by_sense.items():
        total = replace(same[0], count=sum(one.count for one in same), newest=max(one.newest for one in same))
        about = same[0].reason if len(same) == 1 else sense
        merged.append((about, replace(total, reason=about)))
    return merged


def state_of(kind: str) -> Wanted:
    """The documents a filter word of the pages means: a state, or held."""
    return Wanted(held=True) if kind == "held" else Wanted(state=_state(kind))


def _state(kind: str) -> State | None:
    states: dict[str, State] = {
        "done": "done",
        "waiting": "waiting",
        "sending": "sending",
        "unknown": "unknown",
        "refused": "refused",
        "skipped": "skipped",
        "cancelled": "cancelled",
    }
    return states.get(kind)
