"""The one writer: commits whenever it is free, with all that waits. Nothing waits for company.

Every change the loops make goes through here. A `Work` is a function over (connection, rows);
rows handed in for the same work while a commit is under way go together in the next one, in
the order they came, so a hundred records cost one sync. An error undoes the whole commit, and
each row is then tried alone, so that only the guilty one hears of it. A database that is away or
locked is waited for: what is handed in meanwhile is not lost, and nobody sends without a mark.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from engine.store.session import Database

MOST = 256
PAUSES = (0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 10.0, 10.0, 10.0, 10.0)
"""Seconds between tries to reach a database that is away: a minute all told, then those who wait hear of it."""

log = logging.getLogger("duijie.store")

In = TypeVar("In")
Out = TypeVar("Out")
Work = Callable[[Connection, Sequence[In]], Sequence[Out]]
"""Takes all rows at once and gives one result for each, in order."""

_Item = tuple[Work[Any, Any], Any, "Future[Any]"]


class Writer:
    """A thread with a queue. `write` is awaited in the loops, `submit` used where nobody waits at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Item] = []
        self._changed = threading.Condition()
        self._closing = False
        self.commits = 0
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[In, Out], row: In) -> Future[Out]:
        future: Future[Out] = Future()
        with self._changed:
            if self._closing:
                raise RuntimeError("the writer is closed")
            self._waiting.append((work, row, future))
            self._changed.notify()
        return future

    async def write(self, work: Work[In, Out], row: In) -> Out:
        """The result for `row` once it is committed and synced; raises what `work` raised for it.

        Whoever waits may be cancelled, the write is not: an outcome once handed in is kept.
        """
        return await asyncio.shield(asyncio.wrap_future(self.submit(work, row)))

    def close(self) -> None:
        """Commits what waits and ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if not batch:
                return
            # Nobody may wait for it any more; it is kept all the same.
            for _, _, future in batch:
                future.set_running_or_notify_cancel()
            self._commit(batch)

    def _commit(self, batch: Sequence[_Item]) -> None:
        try:
            results = self._patiently(batch)
        except Exception as error:  # whatever it is, those who wait must hear of it
            if len(batch) > 1 and not _away(error):
                for item in batch:
                    self._commit([item])
                return
            for _, _, future in batch:
                if not future.cancelled():
                    future.set_exception(error)
            return
        for (_, _, future), result in zip(batch, results, strict=True):
            if not future.cancelled():
                future.set_result(result)

    def _patiently(self, batch: Sequence[_Item]) -> list[Any]:
        for pause in PAUSES:
            try:
                return self._run(batch)
            except DBAPIError as error:
                if not _away(error):
                    raise
                log.warning(
                    "database away", extra={"error": type(error.orig).__name__, "waiting": len(batch)}
                )
            with self._changed:
                if self._changed.wait_for(lambda: self._closing, pause):
                    break
        return self._run(batch)

    def _run(self, batch: Sequence[_Item]) -> list[Any]:
        """One transaction: each work once, with all its rows, in the order in which works first came."""
        groups: dict[Work[Any, Any], list[int]] = {}
        for place, (work, _, _) in enumerate(batch):
            groups.setdefault(work, []).append(place)
        results: list[Any] = [None] * len(batch)
        with self._database.write() as connection:
            for work, places in groups.items():
                for place, result in zip(
                    places, work(connection, [batch[place][1] for place in places]), strict=True
                ):
                    results[place] = result
        self.commits += 1
        return results


def _away(error: Exception) -> bool:
    """Whether it is the database that cannot be used now, and not what was asked of it."""
    return isinstance(error, OperationalError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
