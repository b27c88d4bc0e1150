"""What may happen between one look and the next: changes, other nodes, a person's decision."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, text

from engine.errors import Conflict
from engine.model.ledger import Lease, Offered, Outcome, Planned
from engine.store import documents, leader, lookups, plan as plans, pools, queue, runs, send
from engine.store.lookups import Pair
from engine.store.send import Mark, Settled
from engine.store.store import Store
from tests.build import NOW, Desk

T = TypeVar("T")


def test_bytes_that_were_replaced_since_they_were_found_due_do_not_go_out(desk: Desk) -> None:
    desk.read({"id": 1, "qty": 1}, {"id": 2})
    desk.plan()
    found = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    desk.read({"id": 1, "qty": 2})
    desk.plan()
    lease = desk.push_lease()
    marks = [Mark(lease, one, NOW) for one in found]
    assert desk.store.write(lambda c: send.mark(c, marks)) == [False, True]
    again = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    assert [(one.key, '"qty":2' in one.body, one.sends) for one in again] == [("1", True, 0)]


def while_uncommitted(desk: Desk, first: Callable[[Connection], Any], second: Callable[[Connection], T]) -> T:
    """`second` in another thread begins before `first` commits, and has to wait for it."""
    told: list[T] = []
    other = threading.Thread(target=lambda: told.append(desk.store.write(second)))
    with desk.store.database.write() as connection:
        first(connection)
        other.start()
        until_blocked(desk.store, other)
    other.join()
    return told[0]


def until_blocked(store: Store, other: threading.Thread) -> None:
    """On PostgreSQL a transaction begins at once and is held up at a row; on SQLite it waits to begin."""
    if store.database.sqlite:
        return
    blocked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while other.is_alive():
        with store.database.read() as connection:
            if connection.scalar(blocked):
                return


def test_a_lease_just_taken_over_is_not_freed_by_another_that_looked_before(desk: Desk) -> None:
    desk.push_lease()
    later = NOW + timedelta(seconds=31)
    taken: list[Lease | None] = []
    other = while_uncommitted(
        desk,
        lambda c: taken.append(queue.claim(c, later, "second")),
        lambda c: queue.claim(c, later, "third"),
    )
    assert other is None
    assert taken[0] is not None
    desk.store.write(lambda c: queue.extend(c, [(taken[0], later)]))  # type: ignore[list-item]


def test_a_lease_just_taken_over_is_not_lost_where_the_key_waits_too(desk: Desk) -> None:
    desk.push_lease()
    desk.store.write(lambda c: queue.put(c, [queue.Asked("push", desk.scheme_id, NOW)]))
    later = NOW + timedelta(seconds=31)
    taken: list[Lease | None] = []
    other = while_uncommitted(
        desk,
        lambda c: taken.append(queue.claim(c, later, "second")),
        lambda c: queue.claim(c, later, "third"),
    )
    assert other is None
    assert taken[0] is not None
    desk.store.write(lambda c: queue.extend(c, [(taken[0], later)]))  # type: ignore[list-item]


def test_a_plan_does_not_undo_what_a_person_decided_meanwhile(desk: Desk) -> None:
    desk.read({"id": 1, "qty": 1})
    desk.plan()
    desk.read({"id": 1, "qty": 2})
    (one,) = desk.unplanned()
    plan = desk.planned(Planned(one, "1", "waiting", "new", body='{"qty":2}'))
    while_uncommitted(
        desk,
        lambda c: documents.decide(c, desk.scheme_id, "1", "cancelled", "by hand", None, NOW),
        lambda c: plans.plan(c, [plan]),
    )
    assert desk.store.read(lambda c: documents.tally(c, desk.scheme_id)) == {"cancelled": 1}


def test_what_is_on_the_wire_is_no_persons_to_settle(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    lease = desk.push_lease()
    (found,) = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    desk.store.write(lambda c: send.mark(c, [Mark(lease, found, NOW)]))
    decide = lambda: desk.store.write(  # noqa: E731
        lambda c: documents.decide(c, desk.scheme_id, "1", "done", "by hand", "A-1", NOW)
    )
    assert not decide()
    desk.store.write(lambda c: send.settle(c, [Settled(lease, found.id, NOW, Outcome("unknown"), None)]))
    assert decide()


def test_a_run_whose_key_waits_already_is_not_begun(desk: Desk) -> None:
    """It would have no job, and stay open for ever."""
    desk.store.write(lambda c: runs.begin(c, desk.scheme_id, 1, "one", NOW))
    with pytest.raises(Conflict):
        desk.store.write(lambda c: runs.begin(c, desk.scheme_id, 1, "two", NOW))
    assert len(desk.store.read(lambda c: runs.latest(c, desk.scheme_id))) == 2, "the desk's own, and one"


def test_two_nodes_at_one_slot_make_one_run(desk: Desk) -> None:
    begin = lambda c: runs.begin_slot(c, desk.scheme_id, 1, "default", "2026-11-20 10:00", NOW)  # noqa: E731
    made: list[int | None] = []
    other = while_uncommitted(desk, lambda c: made.append(begin(c)), begin)
    assert (made[0] is not None, other) == (True, None)
    assert len(desk.store.read(lambda c: runs.latest(c, desk.scheme_id))) == 2


def test_two_nodes_at_one_time_elect_one_leader(desk: Desk) -> None:
    lead: list[bool] = []
    other = while_uncommitted(
        desk,
        lambda c: lead.append(leader.lead(c, "schedule", "a", NOW)),
        lambda c: leader.lead(c, "schedule", "b", NOW),
    )
    assert (lead[0], other) == (True, False)


def test_two_nodes_may_fetch_a_token_at_the_same_time(desk: Desk) -> None:
    tokens = desk.store.tokens
    keep = lambda value: tokens.keep("bip", "access_token", value, NOW)  # noqa: E731
    threads = [threading.Thread(target=keep, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tokens.load("bip")["access_token"][0] in {f"t{n}" for n in range(8)}


def test_a_pair_that_came_while_a_record_was_mapped_is_not_missed(desk: Desk) -> None:
    """Mapped before the import, kept after it: nobody would ever release it."""
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    seen = desk.store.read(lookups.revision)
    held = desk.planned(Planned(one, "1", "waiting", "held", tables=(("t", "x"),)), revision=seen)
    desk.store.write(lambda c: replaced(c))
    assert desk.store.write(lambda c: plans.plan(c, [held])) == [1], "there is work left"
    assert desk.unplanned() == [one]
    desk.store.write(lambda c: plans.plan(c, [replace(held, revision=seen + 1)]))
    assert desk.unplanned() == []


@pytest.mark.parametrize("first", ["plan", "import"])
def test_a_plan_and_an_import_at_the_same_time_see_each_other(desk: Desk, first: str) -> None:
    desk.store.write(lambda c: lookups.replace(c, "t", [Pair("y", "1")], NOW))
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    seen = desk.store.read(lookups.revision)
    held = desk.planned(Planned(one, "1", "waiting", "held", tables=(("t", "x"),)), revision=seen)
    both = [lambda c: plans.plan(c, [held]), replaced]
    while_uncommitted(desk, *(both if first == "plan" else both[::-1]))
    assert desk.unplanned() == [one], "it is mapped once more, with the new pairs"


def replaced(connection: Connection) -> None:
    lookups.replace(connection, "t", [Pair("x", "1")], NOW)
    lookups.release(connection)


def test_a_code_that_comes_into_a_pool_while_its_plan_is_on_the_way_holds_nothing(desk: Desk) -> None:
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    found = desk.store.write(lambda c: pools.make(c, desk.code, "[]"))
    assert found is not None
    held = replace(
        desk.planned(Planned(one, "1", "waiting", "held", tables=(("goods", "x"),))),
        sources={"goods": f"pool:{found.id}"},
    )
    came = [Offered(found.id, one.id, (("x", "1"),))]
    assert while_uncommitted(desk, lambda c: pools.keep(c, came, NOW), lambda c: plans.plan(c, [held])) == [1]
    assert desk.unplanned() == [one], "it is mapped once more, with the code"


def test_a_code_that_comes_into_a_pool_after_its_plan_lets_it_go(desk: Desk) -> None:
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    found = desk.store.write(lambda c: pools.make(c, desk.code, "[]"))
    assert found is not None
    held = replace(
        desk.planned(Planned(one, "1", "waiting", "held", tables=(("goods", "x"),))),
        sources={"goods": f"pool:{found.id}"},
    )
    came = [Offered(found.id, one.id, (("x", "1"),))]
    while_uncommitted(desk, lambda c: plans.plan(c, [held]), lambda c: pools.keep(c, came, NOW))
    assert desk.unplanned() == [one]
    assert desk.store.read(lambda c: queue.standing(c, "push", desk.scheme_id))["waiting"].due_at == NOW
