"""Which run a fault is told to: the one that was reading, or those that are being written."""

from __future__ import annotations

from typing import Any

from engine.store import runs
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
