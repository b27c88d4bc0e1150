"""Retention: old texts of all schemes leave, piece by piece, each piece a commit of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from engine.clock import Clock
from engine.document.chain import NOTHING
from engine.errors import Wrong
from engine.run.flow import Flows
from engine.store import leader, prune, schemes
from engine.store.prune import Piece, Pruned
from engine.store.schemes import Published
from engine.store.store import Store

log = logging.getLogger("duijie.prune")

DAILY = timedelta(days=1)


def pieces(store: Store, flows: Flows, before: datetime, *, dry: bool = False) -> Iterator[Pruned]:
    """Prune what was settled before `before`; a piece is committed when it is given. May be left off anywhere."""
    read = store.read if dry else store.write
    looked_into = store.read(prune.looked_into)
    for one in store.read(schemes.every):
        bodies = one.id not in looked_into and _spares(one, flows)
        yield from _walk(
            lambda after, one=one, bodies=bodies: read(  # type: ignore[misc]
                lambda c: prune.documents(c, one.id, before, after, bodies=bodies, dry=dry)
            )
        )
    yield from _walk(lambda after: read(lambda c: prune.calls(c, before, after, dry=dry)))


def _walk(piece: Callable[[Any], Piece]) -> Iterator[Pruned]:
    after: Any = None
    while True:
        made = piece(after)
        yield made.pruned
        after = made.after
        if after is None:
            return


def _spares(one: Published, flows: Flows) -> bool:
    """Whether a scheme never needs a settled document's texts again: it only creates. Its records are no lookup,
    and no change, follow-up or acknowledgement is made of them later.
    """
    try:
        flow = flows.of(one)
    except Wrong:
        return False
    return flow.target is not None and flow.chain == NOTHING and flow.scheme.on_change != "update"


async def daily(
    store: Store, flows: Flows, clock: Clock, keep: timedelta, holder: str, stopping: asyncio.Event
) -> None:
    """Once a day, on one node of all, until told to stop; what goes wrong is told and tried again the next day."""
    while not stopping.is_set():
        try:
            if await asyncio.to_thread(_lead, store, clock, holder):
                await asyncio.to_thread(_once, store, flows, clock.now() - keep, stopping)
        except Exception:  # a database that is away comes back
            log.exception("pruning ended by an error")
        await clock.wait(DAILY.total_seconds(), stopping)


def _lead(store: Store, clock: Clock, holder: str) -> bool:
    return store.write(lambda c: leader.lead(c, "prune", holder, clock.now()))


def _once(store: Store, flows: Flows, before: datetime, stopping: asyncio.Event) -> None:
    total = Pruned()
    for piece in pieces(store, flows, before):
        total += piece
        if stopping.is_set():
            break
    if total != Pruned():
        told = {"documents": total.documents, "records": total.records, "attempts": total.attempts}
        log.info("old texts pruned", extra=told)
