"""Records, documents and what may become of them, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.errors import LeaseLost
from engine.model.ledger import MOVES, STATES, Counts, Lease, Outcome, Planned
from engine.store import documents, lookups, queue, runs, send
from engine.store.keep import cursor_of
from engine.store.keys import stored_key, with_key
from engine.store.lookups import Pair
from engine.store.send import Mark, Settled
from engine.store.tables import document, document_record
from tests.build import NOW, Desk


def states(desk: Desk) -> dict[str, str]:
    rows = desk.store.read(lambda c: documents.found(c, desk.scheme_id))
    return {row.key: row.state for row in rows}


def shown(desk: Desk, key: str) -> Any:
    return desk.store.read(
        lambda c: c.execute(
            select(document).where(document.c.key == key, document.c.scheme_id == desk.scheme_id)
        ).one()
    )


def send_all(desk: Desk, outcome: Outcome, lease: Lease | None = None) -> None:
    """Everything that is due goes out and meets this outcome."""
    lease = lease or desk.push_lease()
    due = desk.store.read(lambda c: send.due(c, desk.scheme_id, desk.clock.now(), 0, 100))
    desk.store.write(lambda c: send.mark(c, [Mark(lease, one, desk.clock.now()) for one in due]))
    settled = [Settled(lease, one.id, desk.clock.now(), outcome, None) for one in due]
    if settled:
        desk.store.write(lambda c: send.settle(c, settled))
    desk.store.write(lambda c: queue.finish(c, [(lease, None, "")]))


def counts(desk: Desk, run_id: int | None = None) -> Counts:
    return desk.store.read(lambda c: runs.count(c, run_id or desk.run_id))


DONE = Outcome("done", target_id="1", target_number="A")


def test_a_page_is_counted_once_however_often_it_is_read(desk: Desk) -> None:
    desk.read({"id": 1}, {"id": 2})
    desk.read({"id": 2}, {"id": 1}, {"id": 3})
    assert (counts(desk).read, counts(desk).new) == (3, 3)


def test_a_later_run_finds_the_same_records_unchanged_and_others_changed(desk: Desk) -> None:
    desk.read({"id": 1}, {"id": 2})
    later = desk.begin_run()
    desk.read({"id": 1}, {"id": 2, "qty": 5}, {"id": 3}, run_id=later)
    told = counts(desk, later)
    assert (told.read, told.new, told.changed, told.unchanged) == (3, 1, 1, 1)


def test_a_record_that_changes_while_it_is_read_counts_once_as_changed(desk: Desk) -> None:
    desk.read({"id": 1})
    later = desk.begin_run()
    desk.read({"id": 1}, run_id=later)
    desk.read({"id": 1, "qty": 2}, run_id=later)
    desk.read({"id": 1, "qty": 3}, run_id=later)
    told = counts(desk, later)
    assert (told.read, told.new, told.changed, told.unchanged) == (1, 0, 1, 0)


def test_the_cursor_moves_with_the_page_and_never_back(desk: Desk) -> None:
    desk.read({"id": 1}, cursor=NOW)
    desk.read({"id": 2}, cursor=NOW - timedelta(hours=1))
    assert desk.store.read(lambda c: cursor_of(c, desk.scheme_id)) == NOW
    desk.read({"id": 3}, cursor=NOW + timedelta(hours=1))
    assert desk.store.read(lambda c: cursor_of(c, desk.scheme_id)) == NOW + timedelta(hours=1)


def test_every_planned_record_has_a_document_whatever_became_of_it(desk: Desk) -> None:
    desk.read({"id": 1}, {"id": 2}, {"id": 3}, {"id": 4})
    one, two, three, four = desk.unplanned()
    desk.plan(
        Planned(one, "1", "waiting", "new", body='{"code":"1"}'),
        Planned(two, "2", "skipped", "", reason="where"),
        Planned(three, "3", "refused", "", reason="problem"),
        Planned(four, "4", "waiting", "held", tables=(("仓库", "WH"),)),
    )
    assert states(desk) == {"1": "waiting", "2": "skipped", "3": "refused", "4": "waiting"}
    assert desk.unplanned() == []
    told = counts(desk)
    assert (told.skipped, told.refused, told.waiting, told.documents) == (1, 1, 2, 4)
    assert told.add_up()


def test_only_documents_that_are_due_are_sent_and_held_ones_are_not(desk: Desk) -> None:
    desk.read({"id": 1}, {"id": 2})
    one, two = desk.unplanned()
    desk.plan(
        Planned(one, "1", "waiting", "new", body="{}"),
        Planned(two, "2", "waiting", "held", tables=(("t", "c"),)),
    )
    due = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    assert [one.key for one in due] == ["1"]


def test_the_key_is_a_function_of_what_is_asked_and_stands_in_the_bytes(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    row = shown(desk, "1")
    assert row.stored_key == stored_key(desk.store.installation, "orders", "create", "1", 1)
    assert len(row.stored_key) == 32
    assert row.body == f'{{"resubmitCheckKey":"{row.stored_key}","id":1}}'


def test_a_key_joins_an_empty_document_too() -> None:
    assert with_key("{}", "k", "x") == '{"k":"x"}'
    assert with_key('{"a":1}', None, "x") == '{"a":1}'


def test_a_mark_without_the_lease_is_refused(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    old = desk.push_lease()
    desk.clock.at += timedelta(minutes=1)
    new = desk.claim("another")
    assert new.token > old.token
    due = desk.store.read(lambda c: send.due(c, desk.scheme_id, desk.clock.now(), 0, 10))
    with pytest.raises(LeaseLost):
        desk.store.write(lambda c: send.mark(c, [Mark(old, due[0], NOW)]))
    assert states(desk) == {"1": "waiting"}


def test_what_the_lost_holder_was_sending_is_unknown_to_the_next(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    old = desk.push_lease()
    due = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    desk.store.write(lambda c: send.mark(c, [Mark(old, due[0], NOW)]))
    desk.clock.at += timedelta(minutes=1)
    new = desk.claim("another")
    assert desk.store.write(lambda c: send.recover(c, [(new, desk.clock.now())])) == [1]
    assert states(desk) == {"1": "unknown"}
    with pytest.raises(LeaseLost):
        desk.store.write(lambda c: send.settle(c, [Settled(old, due[0].id, NOW, DONE, None)]))


def test_a_document_marked_once_cannot_be_marked_again(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    lease = desk.push_lease()
    due = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    mark = Mark(lease, due[0], NOW)
    assert desk.store.write(lambda c: send.mark(c, [mark])) == [True]
    assert desk.store.write(lambda c: send.mark(c, [mark])) == [False]


def test_a_change_before_sending_replaces_the_bytes_under_the_same_key(desk: Desk) -> None:
    desk.read({"id": 1, "qty": 1})
    desk.plan()
    key = shown(desk, "1").stored_key
    desk.read({"id": 1, "qty": 2})
    desk.plan()
    row = shown(desk, "1")
    assert (row.stored_key, row.generation, row.state) == (key, 1, "waiting")
    assert '"qty":2' in row.body


def test_a_change_while_the_outcome_is_open_waits_until_it_is_settled(desk: Desk) -> None:
    desk.read({"id": 1, "qty": 1})
    desk.plan()
    send_all(desk, Outcome("unknown"))
    before = shown(desk, "1")
    desk.read({"id": 1, "qty": 2})
    assert desk.unplanned() == []
    assert shown(desk, "1").body == before.body
    lease = desk.push_lease()
    desk.store.write(lambda c: send.settle(c, [Settled(lease, before.id, NOW, DONE, None)]))
    assert [one.key for one in desk.unplanned()] == ["1"]


@pytest.mark.parametrize(("on_change", "flagged"), [("flag", True), ("ignore", False)])
def test_a_change_after_done_follows_on_change_and_sends_nothing(
    desk: Desk, on_change: str, flagged: bool
) -> None:
    desk.on_change = on_change
    desk.read({"id": 1, "qty": 1})
    desk.plan()
    send_all(desk, DONE)
    desk.read({"id": 1, "qty": 2})
    desk.plan()
    row = shown(desk, "1")
    assert (row.state, row.flagged, '"qty":1' in row.body) == ("done", flagged, True)
    assert row.proposed == ('{"id":1,"qty":2}' if flagged else None)


def test_a_change_that_maps_to_the_bytes_already_done_takes_the_mark_away(desk: Desk) -> None:
    desk.read({"id": 1, "qty": 1})
    desk.plan()
    send_all(desk, DONE)
    desk.read({"id": 1, "qty": 2})
    desk.plan()
    desk.read({"id": 1, "qty": 1, "status": 110})
    (one,) = desk.unplanned()
    desk.plan(Planned(one, "1", "waiting", "new", body='{"id":1,"qty":1}'))
    assert (shown(desk, "1").flagged, shown(desk, "1").proposed) == (False, None)


def test_refused_by_the_target_goes_again_under_a_new_key_when_a_person_retries(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    first = shown(desk, "1").stored_key
    send_all(desk, Outcome("refused", reason="no"))
    assert desk.store.write(lambda c: documents.again(c, desk.scheme_id, "1", ["refused"], NOW)) == 1
    desk.plan()
    row = shown(desk, "1")
    assert (row.state, row.why, row.generation, row.sends) == ("waiting", "again", 2, 0)
    assert row.stored_key != first


def test_refused_by_the_mapping_keeps_its_generation_since_nothing_was_sent(desk: Desk) -> None:
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    desk.plan(Planned(one, "1", "refused", "", reason="problem"))
    desk.store.write(lambda c: documents.again(c, desk.scheme_id, None, ["refused"], NOW))
    desk.plan()
    assert (shown(desk, "1").state, shown(desk, "1").generation) == ("waiting", 1)


def test_a_held_document_is_released_when_a_table_changes(desk: Desk) -> None:
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    desk.plan(Planned(one, "1", "waiting", "held", tables=(("仓库", "WH"),)))
    desk.store.write(lambda c: lookups.replace(c, "仓库", [Pair("WH", "001")], NOW))
    assert desk.store.write(lookups.release) == [desk.scheme_id]
    assert [one.key for one in desk.unplanned()] == ["1"]
    assert desk.store.read(lambda c: lookups.load(c, ["仓库", "none"])) == {"仓库": {"WH": "001"}, "none": {}}


def test_one_record_may_become_two_documents_and_shows_the_worse(desk: Desk) -> None:
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    desk.plan(
        Planned(one, "1#A", "waiting", "new", body="{}"), Planned(one, "1#B", "skipped", "", reason="where")
    )
    told = counts(desk)
    assert (told.read, told.documents, told.waiting, told.skipped) == (1, 2, 1, 0)
    send_all(desk, DONE)
    assert (counts(desk).skipped, counts(desk).done) == (1, 0)


def test_two_records_may_become_one_document_and_both_lead_to_it(desk: Desk) -> None:
    desk.read({"id": 1}, {"id": 2})
    one, two = desk.unplanned()
    both = ((one.id, one.hash), (two.id, two.hash))
    desk.plan(Planned(one, '["WH","2026-11-20"]', "waiting", "new", body="{}", sources=both))
    assert desk.unplanned() == []
    send_all(desk, DONE)
    assert counts(desk).done == 2
    linked = desk.store.read(lambda c: c.scalars(select(document_record.c.record_id)).all())
    assert sorted(linked) == sorted([one.id, two.id])


def test_a_run_closes_when_all_it_read_is_planned_and_nothing_is_in_flight(desk: Desk) -> None:
    desk.read({"id": 1}, {"id": 2})
    close = lambda: desk.store.write(lambda c: runs.close(c, desk.scheme_id, NOW))  # noqa: E731
    assert close() == []
    desk.store.write(lambda c: runs.read_done(c, desk.run_id))
    assert close() == []
    desk.plan()
    send_all(desk, DONE)
    assert close() == [desk.run_id]
    closed = desk.store.read(lambda c: runs.get(c, desk.run_id))
    assert closed is not None
    told = runs.counts_of(closed)
    assert told is not None
    assert (told.read, told.new, told.done, told.add_up()) == (2, 2, 2, True)


def test_a_run_with_an_open_outcome_closes_and_counts_it_as_unknown(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    send_all(desk, Outcome("unknown"))
    desk.read({"id": 1, "qty": 9})
    desk.store.write(lambda c: runs.read_done(c, desk.run_id))
    assert desk.store.write(lambda c: runs.close(c, desk.scheme_id, NOW)) == [desk.run_id]
    assert counts(desk).unknown == 1


def test_what_older_records_settle_meanwhile_is_counted_apart(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    later = desk.begin_run()
    send_all(desk, DONE)
    told = counts(desk, later)
    assert (told.read, told.done, told.older, told.add_up()) == (0, 0, 1, True)


def test_a_person_may_settle_an_unknown_document_and_not_undo_a_done_one(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    send_all(desk, Outcome("unknown"))
    decide = lambda state: desk.store.write(  # noqa: E731
        lambda c: documents.decide(c, desk.scheme_id, "1", state, "checked by hand", "A-1", NOW)
    )
    assert decide("done")
    assert shown(desk, "1").target_number == "A-1"
    assert not decide("cancelled")


def test_the_table_of_moves_knows_every_state_and_no_other() -> None:
    assert set(MOVES) == set(STATES)
    assert all(after <= set(STATES) for after in MOVES.values())
    assert "done" not in MOVES["waiting"]
    assert "waiting" not in MOVES["cancelled"]
