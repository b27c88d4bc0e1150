"""What follows a done document: each call with a state of its own, in order, once, the acknowledgement last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.store import documents, runs
from tests.run.office import ORDERS, POOL, Office, order

CHAIN = ORDERS + "after: [audit, submit]\n"
SHIP = """\
after:
  - name: ship
    operation: office.jobs.ship
    map: {id: id, bill: '=CONCAT(_target.number, "/", _target.reply.data.line.code)'}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


def test_the_steps_come_one_after_the_other_and_once(tmp_path: Path, database: str | None) -> None:
    with Office(tmp_path, CHAIN, database) as office:
        office.give("orders", order(1), order(2))
        office.run()
        assert sorted(office.deeds) == [
            "audit N-1", "audit N-2", "save N-1", "save N-2", "submit N-1", "submit N-2"
        ]  # fmt: skip
        assert [deed.split()[0] for deed in office.deeds if deed.endswith("N-1")] == [
            "save",
            "audit",
            "submit",
        ]
        assert set(office.states().values()) == {"done"}
        assert sorted(office.states()) == ["1", "1 → audit", "1 → submit", "2", "2 → audit", "2 → submit"]
        office.run()
        assert len(office.deeds) == 6


def test_a_refused_step_stops_the_chain_and_a_retry_goes_on_from_there(tmp_path: Path) -> None:
    with Office(tmp_path, CHAIN) as office:
        office.give("orders", order(1))
        office.refuse("audit")
        run = office.run()
        assert office.states() == {"1": "done", "1 → audit": "refused"}
        counts = office.store.read(lambda c: runs.count(c, run))
        assert (counts.refused, counts.done, counts.add_up()) == (1, 0, True)
        office.refuse("")
        office.store.write(lambda c: documents.again(c, office.scheme, None, ["refused"], office.clock.now()))
        office.later(seconds=1)
        office.run()
        assert office.states() == {"1": "done", "1 → audit": "done", "1 → submit": "done"}
        assert office.deeds == ["save N-1", "audit N-1", "submit N-1"]


def test_a_refused_create_is_followed_by_nothing(tmp_path: Path) -> None:
    with Office(tmp_path, CHAIN) as office:
        office.give("orders", order(1))
        office.refuse("save")
        office.run()
        assert office.states() == {"1": "refused"}
        assert office.deeds == []


def test_a_repeatable_step_whose_reply_was_lost_is_sent_again_and_another_is_left_to_a_person(
    tmp_path: Path,
) -> None:
    with Office(tmp_path, CHAIN) as office:
        office.give("orders", order(1))
        office.door.lost = {"/bill/audit"}
        office.run()
        assert office.states()["1 → audit"] in ("unknown", "waiting")
        office.door.lost = {"/bill/submit"}
        for _ in range(3):
            office.later(minutes=10)
        assert office.states() == {"1": "done", "1 → audit": "done", "1 → submit": "unknown"}
        assert office.deeds.count("submit N-1") == 1
        office.door.lost = set()
        office.later(hours=2)
        assert office.deeds.count("submit N-1") == 1


def test_a_create_found_by_look_up_is_followed_too(tmp_path: Path) -> None:
    with Office(tmp_path, CHAIN) as office:
        office.give("orders", order(1))
        office.door.lost = {"/bill"}
        office.run()
        assert office.deeds.count("save N-1") == 1
        office.later(minutes=1)
        assert office.states() == {"1": "done", "1 → audit": "done", "1 → submit": "done"}


def test_a_create_that_a_person_settled_as_done_is_followed_by_the_next_run(tmp_path: Path) -> None:
    with Office(tmp_path, CHAIN) as office:
        office.give("orders", order(1))
        office.door.lost = {"/bill", "/bills"}
        office.run()
        assert office.states() == {"1": "unknown"}
        office.door.lost = set()
        bill = office.tell("tell")["bills"][0]
        decided = office.store.write(
            lambda c: documents.decide(
                c, office.scheme, "1", "done", "seen", bill["no"], office.clock.now(), office.then()
            )
        )
        assert decided
        office.run()
        # Without an id there is nothing the audit could name: a person reads why.
        assert office.states() == {"1": "done", "1 → audit": "refused"}


def test_values_of_the_reply_go_back_to_the_source(tmp_path: Path) -> None:
    with Office(tmp_path, POOL + SHIP) as office:
        office.give("jobs", order(7))
        office.run()
        (job,) = office.tell("tell")["jobs"]
        assert job["bill"] == "N-7/L-1000"
        assert office.deeds == ["save N-7", "ship 7", "ack 7"]


def test_a_job_is_acknowledged_after_all_else_and_never_before(tmp_path: Path, database: str | None) -> None:
    with Office(tmp_path, POOL + SHIP, database) as office:
        office.give("jobs", *[order(n, state="skip" if n == 3 else "") for n in range(1, 6)])
        office.refuse("ship")
        office.run()
        ended: dict[str, Any] = {job["id"]: job.get("ended") for job in office.tell("tell")["jobs"]}
        assert ended == {1: "failed", 2: "failed", 3: "done", 4: "failed", 5: "failed"}
        assert office.deeds.count("ack 3") == 1
        assert not [deed for deed in office.deeds if deed.startswith("ship")]


def test_an_acknowledgement_waits_for_what_is_open(tmp_path: Path) -> None:
    with Office(tmp_path, POOL) as office:
        office.give("jobs", order(1))
        office.door.lost = {"/bill", "/bills"}
        office.run()
        assert office.states() == {"1": "unknown", "1 → ack": "waiting"}
        office.door.lost = set()
        office.later(hours=2)
        assert office.states() == {"1": "done", "1 → ack": "done"}
        assert office.deeds == ["save N-1", "ack 1"]


def test_a_job_that_comes_again_after_its_acknowledgement_is_acknowledged_again(tmp_path: Path) -> None:
    with Office(tmp_path, POOL) as office:
        office.give("jobs", order(1))
        office.run()
        office.later(minutes=1)
        office.tell("forget", id=1)
        office.run()
        assert office.deeds == ["save N-1", "ack 1", "ack 1"]
        office.run()
        assert office.deeds == ["save N-1", "ack 1", "ack 1"]


def test_a_pool_that_is_longer_than_a_page_is_emptied_by_one_run_after_the_other(tmp_path: Path) -> None:
    with Office(tmp_path, POOL) as office:
        office.give("jobs", *[order(n) for n in range(1, 51)])
        office.run()
        assert sum(job.get("ended") == "done" for job in office.tell("tell")["jobs"]) == 50
        assert len(office.deeds) == 100


def test_a_step_that_a_new_version_no_longer_has_is_skipped(tmp_path: Path) -> None:
    with Office(tmp_path, CHAIN) as office:
        office.give("orders", order(1))
        office.refuse("audit")
        office.run()
        office.publish(ORDERS)
        office.store.write(lambda c: documents.again(c, office.scheme, None, ["refused"], office.clock.now()))
        office.run()
        assert office.states() == {"1": "done", "1 → audit": "skipped"}
