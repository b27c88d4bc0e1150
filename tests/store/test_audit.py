"""The audit only grows, and who alters it is found out."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.model.people import Deed
from engine.store import audit
from engine.store.store import Store
from tests.build import NOW


def told(store: Store, count: int = 5) -> None:
    for number in range(count):
        deed = Deed("li.wei", "publish", f"orders {number}", "第 2 版", "127.0.0.1")
        store.write(lambda c, d=deed: audit.note(c, d, NOW))


def test_lines_are_found_newest_first_by_page_person_and_word(store: Store) -> None:
    told(store)
    store.write(lambda c: audit.note(c, Deed("zhao", "login", "zhao"), NOW))
    lines = store.read(lambda c: audit.listed(c, most=3))
    assert [line.what for line in lines] == ["zhao", "orders 4", "orders 3"]
    older = store.read(lambda c: audit.listed(c, before=lines[-1].id))
    assert [line.what for line in older] == ["orders 2", "orders 1", "orders 0"]
    assert len(store.read(lambda c: audit.listed(c, who="zhao"))) == 1
    assert [line.what for line in store.read(lambda c: audit.listed(c, word="orders 2"))] == ["orders 2"]


@pytest.mark.parametrize("deed", ["UPDATE audit SET who = 'eve'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_or_delete_a_line(store: Store, deed: str) -> None:
    told(store)
    with pytest.raises(DBAPIError, match="only grows"):
        store.write(lambda c: c.execute(text(deed)))
    assert store.read(audit.broken) is None


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE audit SET who = 'eve' WHERE what = 'orders 2'",
        "UPDATE audit SET detail = detail || ' ' WHERE what = 'orders 2'",
        "DELETE FROM audit WHERE what = 'orders 2'",
    ],
)
def test_whoever_takes_the_guard_away_and_alters_a_line_is_found_out(store: Store, deed: str) -> None:
    told(store)
    with store.database.write() as connection:
        if store.database.sqlite:
            for name in ("audit_no_update", "audit_no_delete"):
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("DROP TRIGGER audit_sealed ON audit"))
        connection.execute(text(deed))
    lines = store.read(lambda c: audit.listed(c))
    first = min(line.id for line in lines if line.what in ("orders 2", "orders 3") and line.id >= 3)
    assert store.read(audit.broken) == first


def test_what_was_done_and_what_is_told_of_it_are_one_transaction(store: Store) -> None:
    def fails(connection: object) -> None:
        audit.note(connection, Deed("li.wei", "publish", "x"), NOW)  # type: ignore[arg-type]  # a Connection
        raise RuntimeError("the deed failed")

    with pytest.raises(RuntimeError):
        store.write(fails)
    assert store.read(lambda c: audit.listed(c)) == []
