"""Groups and parts in the ledger: nothing lost, nothing doubled, a person sees what the machine must not decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from engine.model.ledger import Outcome
from engine.store import documents, runs
from tests.build import NOW, Desk
from tests.store.gathering import DONE, GROUP, SPLIT, Gathering, order

G = '["S","2026-11-18"]'
G2 = '["S","2026-11-18",2]'
T = '["T","2026-11-18"]'
REFUSED = Outcome("refused", reason="no")
UNKNOWN = Outcome("unknown")


@pytest.fixture
def groups(desk: Desk) -> Iterator[Gathering]:
    with closing(Gathering(desk)) as made:
        yield made


@pytest.fixture
def parts(desk: Desk) -> Iterator[Gathering]:
    with closing(Gathering(desk, SPLIT)) as made:
        yield made


# -- when a group is complete ----------------------------------------------------------------------------


def test_a_group_gathers_until_the_reading_has_ended_and_is_one_document(groups: Gathering) -> None:
    groups.read(order(1, "S", ("x", 2)), order(2, "T", ("x", 7)), ends=False)
    groups.plan()
    assert groups.states() == {G: "gathering", T: "gathering"}
    assert groups.counts().waiting == 2
    assert groups.send() == [], "a document without bytes never leaves"
    groups.desk.read(order(3, "S", ("x", 1), ("y", 4)), run_id=groups.run_id)
    groups.plan()
    groups.end()
    groups.plan()
    assert groups.send() == [G, T]
    assert groups.rows(G) == {"x": 3, "y": 4}
    assert groups.behind(G) == [1, 3]
    told = groups.counts()
    assert (told.done, told.documents, told.add_up()) == (3, 3, True)


def test_a_run_stays_open_until_the_groups_it_read_are_made(groups: Gathering) -> None:
    groups.read(order(1, "S", ("x", 2)), ends=False)
    groups.plan()
    groups.end()
    now = groups.desk.clock.now()
    close = lambda: groups.desk.store.write(lambda c: runs.close(c, groups.desk.scheme_id, now))  # noqa: E731
    assert groups.run_id not in close()
    groups.plan()
    assert groups.run_id in close()


def test_a_group_waits_until_it_was_quiet_and_read_that_far(desk: Desk) -> None:
    quiet = GROUP.replace("day: day}}", "day: day}}\n    complete: {quiet: 30m}")
    with closing(Gathering(desk, quiet)) as groups:
        groups.read(order(1, "S", ("x", 1)), cursor=NOW)
        groups.plan()
        desk.clock.at = NOW + timedelta(minutes=20)
        groups.read(order(2, "S", ("x", 1)), cursor=desk.clock.at)
        groups.plan()
        desk.clock.at = NOW + timedelta(minutes=40)
        groups.read(cursor=desk.clock.at)
        groups.plan()
        assert groups.states() == {G: "gathering"}, "20 minutes ago something came"
        desk.clock.at = NOW + timedelta(minutes=55)
        groups.plan()
        assert groups.states() == {G: "gathering"}, "nobody has looked at the last minutes yet"
        groups.read(cursor=desk.clock.at)
        groups.plan()
        assert groups.send() == [G]
        assert groups.rows(G) == {"x": 2}


def test_a_days_group_is_complete_when_the_day_was_read_to_its_end(desk: Desk) -> None:
    daily = GROUP.replace("day: day}}", "day: day}}\n    complete: {day: day, plus: 2h}")
    midnight = datetime.fromisoformat("2026-11-19 00:00:00+08:00")
    with closing(Gathering(desk, daily)) as groups:
        desk.clock.at = midnight + timedelta(hours=5)
        groups.read(order(1, "S", ("x", 1)), cursor=midnight + timedelta(hours=1, minutes=59))
        groups.plan()
        assert groups.states() == {G: "gathering"}
        groups.read(
            order(2, "S", ("x", 1)), order(3, "S", ("x", 1), day="无"), cursor=midnight + timedelta(hours=2)
        )
        groups.plan()
        assert groups.send() == [G]
        assert groups.behind(G) == [1, 2]
        assert groups.states()["3"] == "refused", "nobody knows when 无 is over"


def test_a_person_need_not_wait_for_a_group_to_be_complete(desk: Desk) -> None:
    quiet = GROUP.replace("day: day}}", "day: day}}\n    complete: {quiet: 7d}")
    with closing(Gathering(desk, quiet)) as groups:
        assert groups.go(order(1, "S", ("x", 1))) == []
        assert groups.retry(G, "waiting") == 1
        groups.plan()
        assert groups.send() == [G]


# -- late, changed, moved, gone -----------------------------------------------------------------------------


def test_who_comes_before_the_sending_joins_the_same_document(groups: Gathering) -> None:
    groups.read(order(1, "S", ("x", 2)))
    groups.plan()
    assert groups.states() == {G: "waiting"}
    groups.read(order(2, "S", ("x", 3)))
    groups.plan()
    assert groups.send() == [G]
    assert groups.rows(G) == {"x": 5}
    assert groups.documents()[G].generation == 1


def test_who_comes_after_the_sending_gets_a_further_document_with_another_number(groups: Gathering) -> None:
    groups.go(order(1, "S", ("x", 2)))
    assert groups.go(order(2, "S", ("x", 3))) == [G2]
    assert groups.written() == {"x": 5}
    numbers = [row.sent_number for row in groups.documents().values()]
    assert numbers == ["S2026-11-18", "S2026-11-18-B2"], "a look-up must not find the first for the second"
    assert groups.go(order(3, "S", ("x", 1))) == ['["S","2026-11-18",3]']
    assert groups.documents()[G].flagged is False


def test_who_comes_while_the_outcome_is_open_waits_for_nobody_and_joins_nobody_on_the_way(
    groups: Gathering,
) -> None:
    groups.read(order(1, "S", ("x", 2)))
    groups.plan()
    groups.send(UNKNOWN)
    before = groups.documents()[G].body
    groups.read(order(2, "S", ("x", 3)))
    groups.plan()
    assert groups.states() == {G: "unknown", G2: "waiting"}
    assert groups.documents()[G].body == before


def test_a_scheme_may_rather_stop_who_comes_late(desk: Desk) -> None:
    with closing(Gathering(desk, GROUP.replace("day: day}}", "day: day}}\n    late: stop"))) as groups:
        groups.go(order(1, "S", ("x", 2)))
        assert groups.go(order(2, "S", ("x", 3))) == []
        assert groups.states() == {G: "done", "2": "refused"}
        assert "来晚了" in groups.documents()["2"].reason
        groups.retry()
        groups.plan()
        assert groups.states() == {G: "done", "2": "refused"}


def test_a_changed_record_is_mapped_again_with_the_others_of_its_unsent_group(groups: Gathering) -> None:
    groups.read(order(1, "S", ("x", 2)), order(2, "S", ("x", 3)))
    groups.plan()
    groups.read(order(2, "S", ("x", 30)))
    groups.plan()
    assert groups.send() == [G]
    assert groups.rows(G) == {"x": 32}


def test_a_change_after_the_writing_is_flagged_and_written_nowhere(groups: Gathering) -> None:
    groups.go(order(1, "S", ("x", 2)), order(2, "S", ("x", 3)))
    assert groups.go(order(2, "S", ("x", 30))) == []
    row = groups.documents()[G]
    assert (row.state, row.flagged) == ("done", True)
    assert '"qty":32' in row.proposed
    groups.go(order(2, "S", ("x", 3)))
    assert groups.documents()[G].flagged is False


def test_a_change_that_does_not_matter_leaves_the_document_alone(groups: Gathering) -> None:
    groups.go(order(1, "S", ("x", 2)), order(2, "S", ("x", 3)))
    assert groups.go(order(2, "S", ("x", 3), remark="new")) == []
    assert groups.documents()[G].flagged is False
    assert groups.desk.unplanned() == []


def test_a_record_that_changes_group_before_the_sending_moves_whole(groups: Gathering) -> None:
    groups.read(order(1, "S", ("x", 2)), order(2, "S", ("x", 3)))
    groups.plan()
    groups.read(order(2, "T", ("x", 3)))
    groups.plan()
    assert sorted(groups.send()) == [G, T]
    assert (groups.rows(G), groups.rows(T)) == ({"x": 2}, {"x": 3})
    assert groups.behind(T) == [2]


def test_a_record_that_changes_group_after_the_writing_stays_and_a_person_sees_it(groups: Gathering) -> None:
    groups.go(order(1, "S", ("x", 2)), order(2, "S", ("x", 3)))
    assert groups.go(order(2, "T", ("x", 3))) == []
    assert groups.states() == {G: "done"}, "in both groups it would be written twice"
    assert groups.documents()[G].flagged is True
    assert groups.written() == {"x": 5}
    groups.go(order(2, "S", ("x", 3)))
    assert groups.documents()[G].flagged is False


def test_a_group_that_everybody_left_is_skipped_and_comes_back_with_the_next_record(
    groups: Gathering,
) -> None:
    groups.read(order(1, "S", ("x", 2)))
    groups.plan()
    groups.read(order(1, "T", ("x", 2)))
    groups.plan()
    assert groups.states() == {G: "skipped", T: "waiting"}
    assert groups.go(order(2, "S", ("x", 1))) == [G, T]
    assert groups.written() == {"x": 3}


def test_a_group_with_a_problem_is_mended_and_sent_once(groups: Gathering) -> None:
    groups.read(order(1, "S", ("x", 2)), order(2, "S", ("x", 3)))
    bad = order(2, "S", ("x", 3))
    bad["lines"][0]["n"] = "three"
    groups.read(bad)
    groups.plan()
    assert groups.states() == {G: "refused"}
    assert groups.counts().refused == 1
    groups.read(order(2, "S", ("x", 3)))
    groups.plan()
    assert groups.send() == [G]
    assert groups.rows(G) == {"x": 5}


def test_what_the_target_refused_goes_again_as_a_new_request_with_who_came_meanwhile(
    groups: Gathering,
) -> None:
    groups.read(order(1, "S", ("x", 2)))
    groups.plan()
    groups.send(REFUSED)
    first = groups.documents()[G].stored_key
    groups.go(order(2, "S", ("x", 3)))
    row = groups.documents()[G]
    assert (row.state, row.generation, groups.rows(G)) == ("done", 2, {"x": 5})
    assert row.stored_key != first


def test_a_group_that_waits_for_a_pair_is_released_by_it(groups: Gathering) -> None:
    assert groups.go(order(1, "Z", ("x", 2)), order(2, "Z", ("x", 3))) == []
    key = '["Z","2026-11-18"]'
    assert groups.states() == {key: "held"}
    groups.pairs("店铺", {"S": "s", "Z": "z"})
    groups.plan()
    assert groups.send() == [key]
    assert groups.rows(key) == {"x": 5}


def test_a_group_that_a_person_gave_up_takes_nobody_with_it(groups: Gathering) -> None:
    groups.read(order(1, "S", ("x", 2)))
    groups.plan()
    assert groups.decide(G, "cancelled")
    assert groups.go(order(2, "S", ("x", 3))) == [G2]
    assert groups.go(order(1, "S", ("x", 20))) == [], "what was given up stays given up"
    assert groups.go(order(1, "T", ("x", 20))) == []
    assert groups.written() == {"x": 3}


def test_a_batch_a_person_skipped_while_it_gathered_is_not_made(groups: Gathering) -> None:
    groups.read(order(1, "S", ("x", 2)), ends=False)
    groups.plan()
    assert groups.decide(G, "skipped")
    groups.end()
    groups.plan()
    assert groups.states() == {G: "skipped"}


def test_every_record_finds_its_document_by_its_own_number(groups: Gathering) -> None:
    groups.go(order(1, "S", ("x", 2)), order(2, "S", ("x", 3)))
    store, scheme = groups.desk.store, groups.desk.scheme_id
    for number in ("1", "2"):
        found = store.read(lambda c: documents.found(c, scheme, key=number))  # noqa: B023  (called at once)
        assert [row.key for row in found] == [G]
    assert groups.retry("2", "waiting") == 0


def test_many_pieces_of_one_batch_are_sent_each_once(desk: Desk) -> None:
    shape = GROUP.replace("map:", "  - chunk: rows\n    most: 2\nmap:", 1)
    with closing(Gathering(desk, shape)) as groups:
        lines = [(f"s{n}", 1) for n in range(5)]
        assert groups.go(order(1, "S", *lines[:3]), order(2, "S", *lines[3:])) == [G, f"{G}#2", f"{G}#3"]
        assert sum(groups.written().values()) == 5
        assert [row.sent_number for row in groups.documents().values()] == [
            "S2026-11-18",
            "S2026-11-18-2",
            "S2026-11-18-3",
        ]
        assert groups.go(order(3, "S", ("z", 1))) == [G2]


def test_pieces_that_are_no_longer_needed_are_not_sent(desk: Desk) -> None:
    shape = GROUP.replace("map:", "  - chunk: rows\n    most: 2\nmap:", 1)
    with closing(Gathering(desk, shape)) as groups:
        groups.read(order(1, "S", ("a", 1), ("b", 1), ("c", 1)))
        groups.plan()
        groups.read(order(1, "S", ("a", 1)))
        groups.plan()
        assert groups.send() == [G]
        assert groups.states() == {G: "done", f"{G}#2": "skipped"}
        assert groups.written() == {"a": 1}


def test_a_piece_that_was_refused_is_retried_without_the_done_one(desk: Desk) -> None:
    shape = GROUP.replace("map:", "  - chunk: rows\n    most: 1\nmap:", 1)
    with closing(Gathering(desk, shape)) as groups:
        groups.read(order(1, "S", ("a", 1), ("b", 1)))
        groups.plan()
        groups.send(DONE, **{f"{G}#2": REFUSED})
        assert groups.states() == {G: "done", f"{G}#2": "refused"}
        groups.retry()
        groups.plan()
        assert groups.send() == [f"{G}#2"]
        assert groups.written() == {"a": 1, "b": 1}


# -- parts of one record -------------------------------------------------------------------------------------


def test_each_part_is_a_document_of_its_own_under_its_value(parts: Gathering) -> None:
    assert parts.go(order(1, "S", ("x@W1", 2), ("y@W2", 3), ("z@W1", 4))) == ["1#W1", "1#W2"]
    assert (parts.rows("1#W1"), parts.rows("1#W2")) == ({"x": 2, "z": 4}, {"y": 3})
    told = parts.counts()
    assert (told.done, told.documents) == (1, 2)


def test_a_new_part_goes_out_where_the_written_ones_stay_as_they_are(parts: Gathering) -> None:
    parts.go(order(1, "S", ("x@W1", 2)))
    assert parts.go(order(1, "S", ("x@W1", 2), ("y@W2", 3))) == ["1#W2"]
    assert parts.documents()["1#W1"].flagged is False


def test_a_line_that_moves_to_another_part_after_the_writing_is_not_written_twice(parts: Gathering) -> None:
    parts.go(order(1, "S", ("x@W1", 2), ("y@W1", 3)))
    assert parts.go(order(1, "S", ("x@W1", 2), ("y@W2", 3))) == []
    assert parts.states() == {"1#W1": "done", "1#W2": "refused"}
    assert parts.documents()["1#W1"].flagged is True
    assert "1#W1" in parts.documents()["1#W2"].reason
    assert parts.written() == {"x": 2, "y": 3}
    parts.retry()
    parts.plan()
    assert parts.send() == [], "a person decides it, not a retry"
    assert parts.go(order(1, "S", ("x@W1", 2), ("y@W1", 3))) == []
    assert parts.states() == {"1#W1": "done", "1#W2": "skipped"}


def test_a_part_that_disappears_is_skipped_before_and_flagged_after_the_writing(parts: Gathering) -> None:
    parts.read(order(1, "S", ("x@W1", 2), ("y@W2", 3)))
    parts.plan()
    parts.read(order(1, "S", ("x@W1", 2)))
    parts.plan()
    assert parts.send() == ["1#W1"]
    assert parts.states() == {"1#W1": "done", "1#W2": "skipped"}
    assert parts.counts().done == 1
    parts.go(order(1, "S", ("x@W2", 2)))
    assert parts.documents()["1#W1"].flagged is True
    assert parts.states()["1#W2"] == "refused"
    assert parts.written() == {"x": 2}


def test_parts_replace_what_said_that_the_whole_record_would_not_do(parts: Gathering) -> None:
    broken = order(1, "S", ("x@W1", 2))
    broken["lines"] = "none"
    parts.go(broken)
    assert parts.states() == {"1": "refused"}
    parts.go(order(1, "S", ("x@W1", 2)))
    assert parts.states() == {"1#W1": "done"}
    assert parts.counts().done == 1


def test_two_parts_under_one_number_do_not_leave(desk: Desk) -> None:
    with closing(Gathering(desk, SPLIT.replace('=CONCAT(id, "-", wh)', "id | text"))) as parts:
        assert parts.go(order(1, "S", ("x@W1", 2), ("y@W2", 3))) == []
        assert parts.states() == {"1#W1": "refused", "1#W2": "refused"}
        assert "单号" in parts.documents()["1#W1"].reason


def test_a_group_under_the_number_of_another_does_not_leave(desk: Desk) -> None:
    with closing(Gathering(desk, GROUP.replace("=CONCAT(shop, day)", "day"))) as groups:
        assert groups.go(order(1, "S", ("x", 2)), order(2, "T", ("x", 3))) == [G]
        assert groups.states() == {G: "done", T: "refused"}


def test_no_sign_of_a_part_makes_its_key_that_of_another(parts: Gathering) -> None:
    parts.go(order(1, "S", ("x@W#2", 2), ("y@W", 3)))
    assert sorted(parts.states()) == ["1#W", "1#W##2"]
