"""Which scheme runs before which: `needs` lets others go first, `schedule: {after: …}` comes when another has read.

Both are held by the database: who comes after is put in the transaction that ends the reading it
waits for, and a run whose turn it is not gives its job back and asks again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.document.scheme import read_scheme
from engine.model.scheme import Scheme
from engine.store import runs, schemes
from engine.store.runs import Follower
from engine.store.schemes import Published

PATIENCE = timedelta(seconds=2)
"""How long a run that must wait leaves the others alone before it looks again."""


def firsts(scheme: Scheme) -> tuple[str, ...]:
    """The schemes whose runs go before this one's, each once."""
    after = [one.after for one in scheme.schedule if one.after is not None]
    return tuple(dict.fromkeys((*scheme.needs, *after)))


@dataclass
class Order:
    """What the published schemes say of each other; each version is read once."""

    _read: dict[tuple[int, int], Scheme | None] = field(default_factory=dict)

    def of(self, published: Published) -> Scheme | None:
        place = (published.id, published.version)
        if place not in self._read:
            self._read[place] = read_scheme(published.text)[0]
        return self._read[place]

    def followers(self, connection: Any, code: str) -> tuple[Follower, ...]:
        """The schedules that are due when this scheme has read."""
        return tuple(self._followers(connection, code))

    def _followers(self, connection: Any, code: str) -> Iterator[Follower]:
        for published in schemes.every(connection):
            scheme = self.of(published) if published.enabled else None
            for schedule in scheme.schedule if scheme else ():
                if schedule.after == code:
                    yield Follower(published.id, published.version, schedule.name, code)

    def before(self, connection: Any, scheme: Scheme) -> list[Published]:
        """The schemes that go first, and those that go before them, the first first; each once."""
        found: dict[str, Published] = {}
        self._before(connection, scheme, found, {scheme.scheme})
        return list(found.values())

    def _before(self, connection: Any, scheme: Scheme, found: dict[str, Published], seen: set[str]) -> None:
        for code in firsts(scheme):
            published = None if code in seen else schemes.published(connection, code)
            seen.add(code)
            if published is not None and published.enabled:
                inner = self.of(published)
                if inner is not None:
                    self._before(connection, inner, found, seen)
                found[code] = published


def turn(connection: Any, scheme: Scheme, now: datetime) -> bool:
    """Whether a run may begin to read: nobody it waits for is at work, and each of them has run before.

    One that never did is asked to.
    """
    free = True
    for code in firsts(scheme):
        published = schemes.published(connection, code)
        if published is None or not published.enabled:
            continue
        if runs.at_work(connection, published.id):
            free = False
        elif not runs.ever(connection, published.id):
            runs.begin_slot(connection, published.id, published.version, "needed", scheme.scheme, now)
            free = False
    return free
