"""Faults by dice, the journal, the kill hook, and a ledger nobody can argue with."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.exact import decode, encode
from engine.model.values import Json, Record
from engine.simulate.faults import AFTER, BEFORE, KILLED, FaultPlan, Kill
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options
from engine.simulate.ledger import Ledger
from engine.simulate.stage import Stage, Turn

NOW = datetime(2026, 11, 20, 2, 0, 0, tzinfo=UTC)


class Shop:
    """A vendor of three paths: it makes a document of every save, and never refuses."""

    name = "shop"
    behaviours = (Behaviour("存下每一张", "推测"),)
    mishaps = frozenset({"closed"})

    def __init__(self) -> None:
        self.kept: list[Record] = []

    def about(self, heard: Heard) -> About:
        number = str(heard.json.get("number", "")) or None
        key = str(heard.json.get("key", "")) or None
        return About({"/save": "save", "/find": "lookup"}.get(heard.path, "read"), number, key)  # type: ignore[arg-type]

    def hear(self, heard: Heard, now: datetime) -> Answer:
        if heard.path != "/save":
            return Answer.of({"ok": True})
        self.kept.append(heard.json)
        return Answer(200, b"{}", created=str(len(self.kept)))

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        return Answer.of({"says": "今天不开门"}, doubtful=True)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        raise ValueError(deed)

    def connections(self, base: str) -> dict[str, Json]:
        return {}

    def written(self) -> list[Record]:
        return self.kept


def stage(**rates: float) -> Stage:
    return Stage(Shop(), FaultPlan(7, {name.replace("__", "."): rate for name, rate in rates.items()}))


def save(stage: Stage, number: str = "A", key: str = "k", **more: Any) -> Turn:
    turn = stage.hear(Heard("POST", "/save", body=encode({"number": number, "key": key, **more})), NOW)
    stage.left()
    return turn


def find(stage: Stage, number: str = "A") -> Turn:
    turn = stage.hear(Heard("POST", "/find", body=encode({"number": number})), NOW)
    stage.left()
    return turn


def test_without_faults_a_save_is_made_once_and_answered() -> None:
    one = stage()
    assert save(one) == Turn(Answer(200, b"{}", created="1"))
    report = one.report()
    assert (report["documents"], report["created"], report["doubled"]) == (1, 1, [])


@pytest.mark.parametrize("fault", sorted((BEFORE | AFTER) - KILLED - {"over_limit"}))
def test_a_fault_before_leaves_nothing_and_a_fault_after_leaves_a_document(fault: str) -> None:
    one = stage(**{fault: 1.0})
    turn = save(one)
    assert one.report()["created"] == (1 if fault in AFTER else 0)
    assert (turn.answer is None) == fault.startswith("reset")
    assert turn.answer is None or turn.answer.status in (200, 429, 502)


def test_slow_is_executed_and_answered_late() -> None:
    turn = save(Stage(Shop(), FaultPlan(1, {"slow": 1.0}, slow=3.0), latency=0.5))
    assert turn.wait == 3.5
    assert turn.answer is not None


def test_a_mishap_of_the_vendors_own_is_its_own_words() -> None:
    turn = save(stage(closed=1.0))
    assert turn.answer is not None
    assert decode(turn.answer.body) == {"says": "今天不开门"}


def test_the_same_seed_strikes_the_same_calls() -> None:
    rates = {"reset_after": 0.2, "busy": 0.1, "save.html": 0.1}
    first, second = ([FaultPlan(5, rates).draw("save") for _ in range(1)] for _ in range(2))
    assert first == second
    plans = FaultPlan(5, rates), FaultPlan(5, rates), FaultPlan(6, rates)
    drawn = [[plan.draw("save") for _ in range(500)] for plan in plans]
    assert drawn[0] == drawn[1] != drawn[2]
    share = Counter(drawn[0])
    assert 70 < share["reset_after"] < 130
    assert 30 < share["html"] < 70


def test_a_rate_for_one_purpose_leaves_the_others_alone() -> None:
    one = stage(save__reset_after=1.0)
    assert find(one).answer is not None
    assert save(one).answer is None


@pytest.mark.parametrize("rates", [{"busy": 1.1}, {"busy": -0.1}, {"busy": 0.6, "html": 0.6}])
def test_shares_beyond_all_calls_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="0 到 1"):
        FaultPlan(1, rates)


def test_a_resend_after_silence_is_blind_unless_somebody_asked_first() -> None:
    one = stage(save__reset_after=1.0)
    save(one, "A")
    save(one, "A")
    save(one, "B")
    find(one, "B")
    save(one, "B")
    report = one.report(full=True)
    assert report["blind_resends"] == 1
    assert report["doubled"] == ["A", "B"]
    numbers = report["numbers"]
    assert isinstance(numbers, dict)
    assert numbers["B"] == {"writes": 2, "created": ["3", "4"], "keys": ["k"], "blind_resends": 0}


def test_a_look_up_that_was_not_answered_was_not_heard() -> None:
    one = stage(save__reset_after=1.0)
    save(one)
    one.plan = FaultPlan(1, {"bad_gateway": 1.0})
    find(one)
    one.plan = FaultPlan(1)
    save(one)
    assert one.report()["blind_resends"] == 1


def test_a_resend_after_429_is_not_blind() -> None:
    one = stage(busy=1.0)
    save(one)
    one.plan = FaultPlan(1)
    save(one)
    assert one.report()["blind_resends"] == 0


def test_words_that_leave_it_open_make_the_resend_blind() -> None:
    one = stage(closed=1.0)
    save(one)
    save(one)
    assert one.report()["blind_resends"] == 1


def test_a_changed_payload_a_missing_key_and_several_keys_are_told() -> None:
    one = stage()
    save(one, "A", "k1", memo="x")
    save(one, "A", "k1", memo="y")
    save(one, "A", "k2")
    save(one, "B", "")
    report = one.report()
    assert report["payload_changed_under_one_key"] == ["k1"]
    assert report["several_keys"] == ["A"]
    assert report["writes_without_key"] == 1


def test_more_calls_at_once_than_allowed_are_429_and_counted() -> None:
    one = stage()
    one.at_once = 1
    heard = Heard("POST", "/save", body=b'{"number":"A","key":"k"}')
    first, second = one.hear(heard, NOW), one.hear(heard, NOW)
    assert first.answer is not None
    assert second.answer is not None
    assert (first.answer.status, second.answer.status) == (200, 429)
    report = one.report()
    assert (report["over_limit"], report["peak"], report["created"]) == (1, 2, 1)


@pytest.mark.parametrize(("when", "created"), [("before", 1), ("after", 2)])
def test_the_caller_is_killed_at_the_nth_save_before_or_after_it_was_made(when: str, created: int) -> None:
    one = stage()
    one.kill = Kill(4711, nth=2, when=when)
    turns = [save(one, number) for number in "AB"]
    assert [turn.kill for turn in turns] == [None, 4711]
    assert turns[1].answer is None
    assert one.report()["created"] == created
    assert save(one, "C").kill is None


def test_the_kill_may_wait_for_another_purpose() -> None:
    one = stage()
    one.kill = Kill(4711, purpose="lookup")
    assert save(one).kill is None
    assert find(one).kill == 4711


def test_the_journal_tells_every_call_and_clearing_forgets_it() -> None:
    one = stage(save__busy=1.0)
    find(one)
    save(one)
    journal = one.report(full=True)["journal"]
    assert isinstance(journal, list)
    assert [(line["purpose"], line["fault"]) for line in journal if isinstance(line, dict)] == [
        ("lookup", None),
        ("save", "busy"),
    ]
    one.clear()
    assert one.report()["calls"] == {}


def test_a_number_nobody_wrote_may_be_asked_for() -> None:
    ledger = Ledger()
    ledger.asked("X")
    assert ledger.report()["documents"] == 0


def test_json_in_ascii_escapes_everything_else() -> None:
    body = Answer.of({"text": "中😀"}, ascii=True).body
    assert body == rb'{"text":"\u4e2d\ud83d\ude00"}'
    assert decode(body) == {"text": "中😀"}


def test_a_body_that_is_no_json_object_is_an_empty_one() -> None:
    assert [Heard("POST", "/", body=body).json for body in (b"", b"<html>", b"[1]")] == [{}, {}, {}]


def test_options_take_numbers_as_they_are_written() -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Options:
        share: float = 0.0
        many: int = 1

    assert with_options(Options(), {"share": Decimal("0.5"), "many": 2}) == Options(0.5, 2)
    assert with_options(Options(), {"share": 1}) == Options(1, 1)
    with pytest.raises(ValueError, match="可以改的是 share many"):
        with_options(Options(), {"many": Decimal("1.5")})
