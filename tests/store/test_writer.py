"""The writer: what waits is committed together, in order; an error reaches only who caused it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import OperationalError

from engine.store.store import Store
from engine.store.tables import lookup
from tests.build import NOW


def add(connection: Connection, codes: Sequence[str]) -> list[str]:
    if "bad" in codes:
        raise ValueError("bad")
    connection.execute(insert(lookup), [{"code": code, "revision": 0, "changed_at": NOW} for code in codes])
    return [code.upper() for code in codes]


def kept(store: Store) -> list[str]:
    return store.read(lambda c: list(c.scalars(select(lookup.c.code).order_by(lookup.c.id))))


def test_each_row_gets_its_own_result_and_all_are_kept_in_order(store: Store) -> None:
    async def many() -> list[str]:
        return await asyncio.gather(*[store.writer.write(add, f"t{n:03}") for n in range(300)])

    assert asyncio.run(many()) == [f"T{n:03}" for n in range(300)]
    assert kept(store) == [f"t{n:03}" for n in range(300)]
    assert store.writer.commits < 300, "rows that wait together are committed together"


def test_a_bad_row_fails_alone(store: Store) -> None:
    async def some() -> list[str | BaseException]:
        return await asyncio.gather(
            *[store.writer.write(add, c) for c in ("a", "bad", "b")], return_exceptions=True
        )

    first, second, third = asyncio.run(some())
    assert (first, third) == ("A", "B")
    assert isinstance(second, ValueError)
    assert kept(store) == ["a", "b"]


def test_what_was_handed_in_is_committed_before_the_writer_closes(store: Store) -> None:
    futures = [store.writer.submit(add, f"x{n}") for n in range(50)]
    store.writer.close()
    assert [future.result() for future in futures] == [f"X{n}" for n in range(50)]
    assert len(kept(store)) == 50
    with pytest.raises(RuntimeError):
        store.writer.submit(add, "late")


def test_a_write_whose_waiter_was_cancelled_is_kept_all_the_same(store: Store) -> None:
    async def cancelled() -> None:
        task = asyncio.create_task(store.writer.write(add, "kept"))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(cancelled())
    store.writer.close()
    assert kept(store) == ["kept"]


def test_a_database_that_is_away_is_waited_for(store: Store) -> None:
    """Whoever waits hears of the result only: an outcome handed in meanwhile is not lost."""
    broken: list[str] = []

    def breaks_twice(connection: Connection, codes: Sequence[str]) -> list[str]:
        if len(broken) < 2:
            broken.append("once more")
            if not store.database.sqlite:
                connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            raise OperationalError("COMMIT", {}, Exception("database is locked"))
        return add(connection, codes)

    first, second = store.writer.submit(breaks_twice, "a"), store.writer.submit(add, "b")
    assert (first.result(30), second.result(30)) == ("A", "B")
    assert kept(store) == ["a", "b"]


def test_an_outcome_nobody_waits_for_any_more_is_kept_and_the_writer_goes_on(store: Store) -> None:
    first = threading.Event()

    def slow(connection: Connection, codes: Sequence[str]) -> list[str]:
        first.wait(10)
        return list(codes)

    busy = store.writer.submit(slow, "x")
    left = store.writer.submit(add, "left")
    assert left.cancel() or left.running()
    first.set()
    assert busy.result(10) == "x"
    assert store.writer.submit(add, "after").result(10) == "AFTER"
    assert kept(store) == ["left", "after"]
