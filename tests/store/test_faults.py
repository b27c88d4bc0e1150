"""Which run a fault is told to: the one that was reading, or those that are being written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.model.ledger import Planned
from engine.store import documents, queue, runs
from tests.build import Desk


def told(desk: Desk, run_id: int) -> Any:
    return desk.store.read(lambda c: runs.get(c, run_id))


def test_a_target_that_is_away_ends_no_reading(desk: Desk) -> None:
    desk.store.write(lambda c: runs.fail_writing(c, desk.scheme_id, "unreachable", "away"))
    assert (told(desk, desk.run_id).state, told(desk, desk.run_id).fault) == ("reading", None)


def test_a_source_that_is_away_is_told_to_its_own_run_only(desk: Desk) -> None:
    desk.store.write(lambda c: runs.read_done(c, desk.run_id))
    reading = desk.begin_run()
    desk.store.write(lambda c: runs.fail_reading(c, reading, "unreachable", "away"))
    assert (told(desk, reading).state, told(desk, reading).fault_in) == ("writing", "reading")
    assert told(desk, desk.run_id).fault is None


def test_the_first_fault_of_a_run_is_kept(desk: Desk) -> None:
    desk.store.write(lambda c: runs.fail_reading(c, desk.run_id, "broken", "first"))
    desk.store.write(lambda c: runs.fail_writing(c, desk.scheme_id, "login", "second"))
    row = told(desk, desk.run_id)
    assert (row.fault_kind, row.fault, row.fault_in) == ("broken", "first", "reading")


def test_what_was_tried_in_vain_is_tried_afresh_when_a_person_asks(desk: Desk) -> None:
    lease = desk.push_lease()
    later = desk.clock.now() + timedelta(minutes=5)
    desk.store.write(lambda c: queue.finish(c, [(lease, later, "away")]))
    desk.store.write(lambda c: queue.hurry(c, "push", desk.scheme_id, desk.clock.now()))
    waits = desk.store.read(lambda c: queue.standing(c, "push", desk.scheme_id))["waiting"]
    assert (waits.due_at, waits.attempts, waits.why) == (desk.clock.now(), 0, "")


def test_a_retry_counts_what_waits_for_a_pair(desk: Desk) -> None:
    desk.read({"id": 1})
    (record,) = desk.unplanned()
    desk.plan(Planned(record, record.key, "waiting", "held", reason="no pair", tables=(("t", "x"),)))
    now = desk.clock.now()
    assert desk.store.write(lambda c: documents.again(c, desk.scheme_id, None, ("waiting",), now)) == 1
    assert desk.unplanned() == [record]
