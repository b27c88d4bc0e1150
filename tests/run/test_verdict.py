"""From what a call came to, to what becomes of its document: every line of the table in engine.run.verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import Fault, FaultKind
from engine.model.ledger import Due, Open
from engine.run.pace import BREAK_AFTER, Pace
from engine.run.verdict import SENDS, Rules, after_fault, after_look, after_save, shown_numbering
from engine.wire.talk import Hit, Saved
from tests.build import NOW

LATER = NOW + timedelta(seconds=9)
DUE = Due(id=1, key="1", number="CK1", stored_key="k", body="{}", sends=0, sent_number="CK1")
OPEN = Open(**{name: getattr(DUE, name) for name in Due.__slots__} | {"sends": 1}, first_sent_at=NOW)
ASKED = Rules(look_up=True, settle=timedelta(seconds=120), numbering="ours")
KEYS = Rules(keys=True, key_age=timedelta(hours=24))
NEITHER = Rules()


def test_a_done_save_keeps_the_targets_id_and_number() -> None:
    outcome = after_save(DUE, Saved("77", "CK1"))
    assert (outcome.state, outcome.target_id, outcome.target_number) == ("done", "77", "CK1")


@pytest.mark.parametrize("kind", ["unreachable", "busy", "login"])
def test_what_was_not_executed_waits_and_goes_again(kind: FaultKind) -> None:
    outcome = after_fault(DUE, Fault(kind, "x", sent=False), ASKED, NOW, LATER)
    assert (outcome.state, outcome.why, outcome.due_at) == ("waiting", "again", LATER)


def test_a_busy_vendor_is_given_the_time_it_asks_for() -> None:
    fault = Fault("busy", "x", wait=timedelta(seconds=31), sent=False)
    assert after_fault(DUE, fault, ASKED, NOW, LATER).due_at == NOW + timedelta(seconds=31)


def test_a_refusal_is_believed_only_in_answer_to_the_first_send() -> None:
    refused = Fault("refused", "物料不存在")
    assert after_fault(DUE, refused, ASKED, NOW, LATER).state == "refused"
    assert after_fault(replace(DUE, sends=1), refused, ASKED, NOW, LATER).state == "unknown"


@pytest.mark.parametrize("kind", ["broken", "unknown", "busy", "login", "unreachable"])
def test_everything_that_may_have_happened_is_unknown(kind: FaultKind) -> None:
    outcome = after_fault(DUE, Fault(kind, "x", sent=True), ASKED, NOW, LATER)
    assert outcome.state == "unknown"


@pytest.mark.parametrize(
    ("rules", "due_at"), [(ASKED, NOW), (KEYS, LATER), (NEITHER, None)], ids=["look-up", "keys", "neither"]
)
def test_an_open_outcome_is_asked_for_by_what_the_target_offers(rules: Rules, due_at: object) -> None:
    assert after_fault(DUE, Fault("unknown", "x"), rules, NOW, LATER).due_at == due_at


def test_one_hit_is_done() -> None:
    outcome = after_look(OPEN, [Hit("77", "CK1")], ASKED, NOW, LATER)
    assert (outcome.state, outcome.target_id, outcome.target_number) == ("done", "77", "CK1")


def test_several_hits_wait_for_a_person() -> None:
    outcome = after_look(OPEN, [Hit("77", "CK1"), Hit("78", "CK1")], ASKED, NOW, LATER)
    assert (outcome.state, outcome.due_at) == ("unknown", None)
    assert "2" in outcome.reason


def test_an_empty_look_up_is_believed_only_the_second_time_and_after_settle() -> None:
    first = after_look(OPEN, [], ASKED, NOW, LATER)
    assert (first.state, first.due_at, first.looks, first.looked) == ("unknown", NOW + ASKED.settle, 1, NOW)
    looked = replace(OPEN, looks=1, looked_at=NOW)
    early = after_look(looked, [], ASKED, NOW + timedelta(seconds=60), LATER)
    assert (early.state, early.due_at) == ("unknown", NOW + ASKED.settle)
    second = after_look(looked, [], ASKED, NOW + timedelta(seconds=120), LATER)
    assert (second.state, second.why) == ("waiting", "again")


def test_an_empty_look_up_is_not_believed_while_the_targets_numbering_is_unproven() -> None:
    looked = replace(OPEN, looks=1, looked_at=NOW)
    rules = replace(ASKED, numbering="unproven")
    outcome = after_look(looked, [], rules, NOW + timedelta(seconds=120), LATER)
    assert (outcome.state, outcome.due_at, outcome.looks) == ("unknown", None, 1)


def test_a_target_that_replaces_our_numbers_is_not_looked_up() -> None:
    assert shown_numbering(DUE, Saved("77", "OTHER-1")) == "theirs"
    assert shown_numbering(DUE, Saved("77", "CK1")) == "ours"
    assert shown_numbering(DUE, Saved("77", None)) is None
    assert not replace(ASKED, numbering="theirs").looks_up(OPEN)
    assert not ASKED.looks_up(replace(OPEN, sent_number=""))


def test_without_look_up_the_same_bytes_go_again_only_while_the_key_is_young() -> None:
    young = after_look(OPEN, None, KEYS, NOW, LATER)
    assert (young.state, young.why, young.due_at) == ("waiting", "again", LATER)
    old = after_look(OPEN, None, KEYS, NOW + timedelta(hours=25), LATER)
    assert (old.state, old.due_at) == ("unknown", None)


def test_with_neither_a_person_decides() -> None:
    outcome = after_look(OPEN, None, NEITHER, NOW, LATER)
    assert (outcome.state, outcome.due_at) == ("unknown", None)


def test_a_document_that_never_gets_a_clear_answer_ends_with_a_person() -> None:
    tired = replace(OPEN, sends=SENDS, looks=1, looked_at=NOW)
    outcome = after_look(tired, [], ASKED, NOW + timedelta(hours=1), LATER)
    assert (outcome.state, outcome.due_at) == ("unknown", None)
    assert after_look(replace(OPEN, sends=SENDS), None, KEYS, NOW, LATER).state == "unknown"


def test_a_fault_of_the_connection_stops_the_loop_at_once_and_one_of_a_document_does_not() -> None:
    pace = Pace()
    pace.heard(Fault("refused", "x"), None)
    assert pace.stopped is None
    pace.heard(Fault("unreachable", "x", sent=False), None)
    assert pace.stopped is not None


def test_a_locked_document_holds_no_other_up() -> None:
    pace = Pace()
    for _ in range(2 * BREAK_AFTER):
        pace.heard(Fault("busy", "x", wait=timedelta(seconds=60), sent=False, alone=True), LATER)
    assert (pace.rest(NOW), pace.stopped) == (0.0, None)
    pace.heard(Fault("busy", "x", sent=False), LATER)
    assert pace.rest(NOW) == 9.0


def test_the_breaker_opens_after_five_bad_calls_in_a_row() -> None:
    pace = Pace()
    for _ in range(BREAK_AFTER - 1):
        pace.heard(Fault("unknown", "x"), None)
    pace.heard(None, None)
    for _ in range(BREAK_AFTER - 1):
        pace.heard(Fault("unknown", "x"), None)
    assert pace.stopped is None
    pace.heard(Fault("unknown", "x"), None)
    assert pace.stopped is not None
