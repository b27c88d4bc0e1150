"""Update and cancel: sent once for each change, to the document that is there, after its outcome is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.run.office import Office, order

UPDATES = """\
scheme: bills
source: {connection: office, operation: office.orders.list}
target:
  connection: office
  create: office.bill.save
  update: office.bill.update
  cancel: {operation: office.bill.cancel, map: {id: _target.id}}
  cancel_when: state = 'void'
map:
  no: no
  amount: amount
  id: _target.id
  mode: '=IF(_action = "update", "Update", "Insert")'
on_change: update
"""
CHAINED = UPDATES + "after: [audit]\n"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


def test_a_changed_order_is_updated_once_with_the_targets_id(tmp_path: Path, database: str | None) -> None:
    with Office(tmp_path, UPDATES, database) as office:
        office.give("orders", order(1), order(2))
        office.run()
        office.give("orders", order(1, "20.00"))
        office.run()
        assert sorted(office.deeds) == ["save N-1", "save N-2", "update N-1"]
        bills = {bill["no"]: bill for bill in office.tell("tell")["bills"]}
        assert (str(bills["N-1"]["amount"]), bills["N-1"]["mode"]) == ("20.00", "Update")
        assert bills["N-2"]["mode"] == "Insert"
        row = office.documents()["1"]
        assert (row.state, row.action, row.generation, row.target_number) == ("done", "update", 2, "N-1")
        office.run()
        assert len(office.deeds) == 3


def test_a_change_that_makes_no_difference_to_the_document_sends_nothing(tmp_path: Path) -> None:
    with Office(tmp_path, UPDATES) as office:
        office.give("orders", order(1))
        office.run()
        office.give("orders", order(1, state="seen"))
        office.run()
        office.give("orders", order(1, "30.00", "seen"))
        office.run()
        office.give("orders", order(1, "30.00", "seen again"))
        office.run()
        assert office.deeds == ["save N-1", "update N-1"]
        assert not office.documents()["1"].flagged


def test_a_voided_order_is_cancelled_once_and_stays_so(tmp_path: Path, database: str | None) -> None:
    with Office(tmp_path, UPDATES, database) as office:
        office.give("orders", order(1))
        office.run()
        office.give("orders", order(1, state="void"))
        office.run()
        assert office.deeds == ["save N-1", "cancel N-1"]
        row = office.documents()["1"]
        assert (row.state, row.action, row.flagged) == ("done", "cancel", False)
        office.give("orders", order(1, "77.00", "void"))
        office.run()
        assert office.deeds == ["save N-1", "cancel N-1"]


def test_an_order_voided_before_it_was_sent_is_skipped(tmp_path: Path) -> None:
    with Office(tmp_path, UPDATES) as office:
        office.give("orders", order(1, state="void"), order(2))
        office.refuse("save:N-2")
        office.run()
        office.give("orders", order(2, state="void"))
        office.run()
        assert office.states() == {"1": "skipped", "2": "skipped"}
        assert office.deeds == []


def test_a_cancel_waits_for_the_outcome_of_the_create(tmp_path: Path) -> None:
    with Office(tmp_path, UPDATES) as office:
        office.give("orders", order(1))
        office.door.lost = {"/bill", "/bills"}
        office.run()
        office.give("orders", order(1, state="void"))
        office.run()
        assert office.states() == {"1": "unknown"}
        assert office.deeds == ["save N-1"]
        office.door.lost = set()
        office.later(hours=2)
        office.run()
        assert office.deeds == ["save N-1", "cancel N-1"]
        assert office.documents()["1"].action == "cancel"


def test_a_cancel_that_the_target_refuses_leaves_the_document_done_and_marked(tmp_path: Path) -> None:
    with Office(tmp_path, UPDATES) as office:
        office.give("orders", order(1))
        office.run()
        office.refuse("cancel")
        office.give("orders", order(1, state="void"))
        run = office.run()
        row = office.documents()["1"]
        assert (row.state, row.flagged, row.action) == ("done", True, "create")
        assert "不让作废" in row.reason
        assert office.count(run).done == 1
        office.refuse("")
        office.give("orders", order(1, "11.00", state="void"))
        office.run()
        assert office.deeds == ["save N-1", "cancel N-1"]
        assert not office.documents()["1"].flagged


def test_an_update_whose_reply_was_lost_is_sent_again_under_the_same_key(tmp_path: Path) -> None:
    with Office(tmp_path, UPDATES) as office:
        office.give("orders", order(1))
        office.run()
        office.door.lost = {"/bill/update"}
        office.give("orders", order(1, "20.00"))
        office.run()
        assert office.documents()["1"].target_number == "N-1"
        office.door.lost = set()
        office.later(hours=1)
        assert office.states() == {"1": "done"}
        assert set(office.deeds) == {"save N-1", "update N-1"}


def test_a_refused_update_is_told_and_the_next_change_tries_again(tmp_path: Path) -> None:
    with Office(tmp_path, UPDATES) as office:
        office.give("orders", order(1))
        office.run()
        office.refuse("update")
        office.give("orders", order(1, "20.00"))
        office.run()
        assert office.states() == {"1": "refused"}
        office.refuse("")
        office.give("orders", order(1, "21.00"))
        office.run()
        row = office.documents()["1"]
        assert (row.state, row.generation) == ("done", 3)
        assert office.deeds == ["save N-1", "update N-1"]


def test_what_was_still_to_follow_a_cancelled_document_is_skipped(tmp_path: Path) -> None:
    with Office(tmp_path, CHAINED) as office:
        office.give("orders", order(1))
        office.refuse("audit")
        office.run()
        office.give("orders", order(1, state="void"))
        office.refuse("")
        office.run()
        assert office.states() == {"1": "done", "1 → audit": "skipped"}
        assert office.deeds == ["save N-1", "cancel N-1"]


def test_an_update_does_not_repeat_what_followed_the_create(tmp_path: Path) -> None:
    with Office(tmp_path, CHAINED) as office:
        office.give("orders", order(1))
        office.run()
        office.give("orders", order(1, "20.00"))
        office.run()
        assert office.deeds == ["save N-1", "audit N-1", "update N-1"]
