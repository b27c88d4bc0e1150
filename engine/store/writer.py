"""The one writer: commits whenever it is free, with all that waits. Nothing waits for company.

Every change the loops make goes through here. A `Work` is a function over (connection, rows);
rows handed in for the same work while a commit is under way go together in the next one, in
the order they came, so a hundred records cost one sync. An error undoes the whole commit, and
each row is then tried alone, so that only the guilty one hears of it. A database that is away or
locked is waited for: what is handed in meanwhile is not lost, and nobody sends without a mark.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

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

_Waiter: TypeAlias = "Future[Any] | asyncio.Future[Any]"
_Item: TypeAlias = "tuple[Work[Any, Any], Any, _Waiter]"
_Told: TypeAlias = "tuple[_Waiter, Any, Exception | None]"


class Writer:
    """A thread with a queue. `write` is awaited in the loops, `hand` where a loop waits later, `submit` elsewhere."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._waiting: list[_Item] = []
        self._changed = threading.Condition()
        self._closing = False
        self.commits = 0
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[In, Out], row: In) -> Future[Out]:
        future: Future[Out] = Future()
        self._put(work, row, future)
        return future

    def hand(self, work: Work[In, Out], row: In) -> asyncio.Future[Out]:
        """The result for `row`, once it is committed and synced, or what `work` raised for it.

        Whoever waits may be cancelled, the write is not: an outcome once handed in is kept.
        """
        future: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._put(work, row, future)
        return future

    async def write(self, work: Work[In, Out], row: In) -> Out:
        return await self.hand(work, row)

    def _put(self, work: Work[In, Out], row: In, waiter: _Waiter) -> None:
        with self._changed:
            if self._closing:
                raise RuntimeError("the writer is closed")
            self._waiting.append((work, row, waiter))
            self._changed.notify()

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
                self._leave()
                return
            for _, _, waiter in batch:
                if isinstance(waiter, Future):  # from here on it can no longer be cancelled
                    waiter.set_running_or_notify_cancel()
            _tell(self._commit(batch))

    def _commit(self, batch: Sequence[_Item]) -> list[_Told]:
        try:
            results = self._patiently(batch)
        except Exception as error:  # whatever it is, those who wait must hear of it
            if len(batch) > 1 and not _away(error):
                return [told for item in batch for told in self._commit([item])]
            return [(waiter, None, error) for _, _, waiter in batch]
        return [(waiter, result, None) for (_, _, waiter), result in zip(batch, results, strict=True)]

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
        try:
            connection = self._connection = self._connection or self._database.writing()
            with connection.begin():
                for work, places in groups.items():
                    given = work(connection, [batch[place][1] for place in places])
                    for place, result in zip(places, given, strict=True):
                        results[place] = result
        except BaseException:
            self._leave()
            raise
        self.commits += 1
        return results

    def _leave(self) -> None:
        """The connection is kept from commit to commit, and given up where anything went wrong in it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _tell(told: Sequence[_Told]) -> None:
    """Each loop is woken once for all that it waits for."""
    loops: dict[asyncio.AbstractEventLoop, list[_Told]] = {}
    for one in told:
        if isinstance(one[0], asyncio.Future):
            loops.setdefault(one[0].get_loop(), []).append(one)
        else:
            _give([one])
    for loop, its in loops.items():
        with contextlib.suppress(
            RuntimeError
        ):  # a loop that is closed waits for nothing; what it handed in is kept
            loop.call_soon_threadsafe(_give, its)


def _give(told: Sequence[_Told]) -> None:
    for waiter, result, error in told:
        if waiter.cancelled():  # nobody waits for it any more
            continue
        if error is None:
            waiter.set_result(result)
        else:
            waiter.set_exception(error)


def _away(error: Exception) -> bool:
    """Whether it is the database that cannot be used now, and not what was asked of it."""
    return isinstance(error, OperationalError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
