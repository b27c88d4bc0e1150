"""One push at the moments that matter: slots, leases, faults, stops. Both vendors are in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine.errors import LeaseLost
from engine.model.ledger import RunAsked
from engine.model.values import Window
from engine.simulate.faults import FaultPlan
from engine.simulate.frame import Answer
from engine.store import documents, runs
from flows.demo.expect import lookup
from tests.run.stand import Stand
from tests.run.world import BEGIN


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(tmp_path) as made:
        yield made


def struck(stand: Stand, connector: str = "yonbip", **rates: float) -> None:
    """From now on calls meet these faults; `_` stands for the dot of save.reset_after."""
    told = {name.replace("__", "."): rate for name, rate in rates.items()}
    stand.stages[connector].plan = FaultPlan(1, told, retry_after=31)


def at_the_first(purpose: str, act: Callable[[], None]) -> Callable[[str], Any]:
    """`act` while the first call of this purpose is under way."""
    acted = []

    async def meanwhile(made: str) -> None:
        if made == purpose and not acted:
            acted.append(made)
            act()

    return meanwhile


EVERYTHING = RunAsked(span=Window(BEGIN, BEGIN + timedelta(days=11)))


def read(stand: Stand, count: int) -> int:
    """A run that has read `count` orders; its push is due."""
    stand.orders(count)
    return stand.read()


def test_everything_goes_out_once_and_the_run_closes(stand: Stand) -> None:
    run_id = read(stand, 5)
    stand.work()
    assert (stand.states(), stand.run(run_id).state) == ({"done": 5}, "closed")
    assert stand.door.count("save") == 5


BUSY = Answer(429, b'{"code":"429","message":"too many"}', {"retry-after": "31"})
SLOW = {"at_once": 4, "per_minute": None, "per_second": 1}
ONE = {"at_once": 1, "per_minute": None, "per_second": 1}


def test_a_document_is_marked_only_when_its_call_may_go(tmp_path: Path) -> None:
    with Stand(tmp_path, limits=SLOW) as stand:
        read(stand, 4)
        ahead: list[int] = []
        sends = lambda: sum(one.sends for one in stand.documents())  # noqa: E731
        stand.clock.asleep = lambda: ahead.append(sends() - stand.door.count("save"))
        stand.work()
        assert stand.states() == {"done": 4}
        assert ahead, "the calls had to wait for their rate"
        assert max(ahead) <= 1, "no more than the one that is about to leave"


def test_a_push_overtaken_while_it_waited_for_its_turn_sends_nothing_more(tmp_path: Path) -> None:
    """A second of waiting may be a minute of sleep of the whole process."""
    with Stand(tmp_path, limits=ONE) as stand:
        read(stand, 4)

        def sleep_long() -> None:
            if stand.door.count("save") == 2:
                stand.clock.asleep = None
                stand.clock.at += timedelta(minutes=1)
                assert stand.claim("another").kind == "push"

        stand.clock.asleep = sleep_long
        with pytest.raises(LeaseLost):
            stand.work()
        assert stand.door.count("save") == 2
        assert stand.states().get("waiting") == 2


def test_a_document_that_was_throttled_first_is_refused_all_the_same(stand: Stand) -> None:
    """The throttled call was not executed, so the refusal answers the first one that was."""
    stand.table("仓库", dict.fromkeys(lookup("仓库"), "nowhere"))
    read(stand, 1)
    stand.door.instead["save"] = BUSY
    stand.work()
    (document,) = stand.documents()
    assert (document.state, document.why, document.sends) == ("waiting", "again", 0)
    stand.door.instead.clear()
    stand.clock.at += timedelta(seconds=31)
    stand.work()
    assert stand.states() == {"refused": 1}


def test_the_bytes_of_a_throttled_document_stand(stand: Stand) -> None:
    """They have left this machine: whoever throttled the call may have read them."""
    (order,) = stand.orders(1)
    stand.door.instead["save"] = BUSY
    stand.read()
    stand.work()
    stand.stages["wdt"].simulator.tell(
        "change", {"order_no": order["order_no"], "fields": {"remark": "changed"}}, stand.clock.now()
    )
    stand.door.instead.clear()
    stand.clock.at += timedelta(minutes=1)
    stand.begin(EVERYTHING)
    stand.work_off()
    assert stand.report()["payload_changed_under_one_key"] == []
    assert [(one.state, one.flagged) for one in stand.documents()] == [("done", True)]


def test_a_run_whose_target_is_busy_stays_open_and_hears_of_no_fault(stand: Stand) -> None:
    run_id = read(stand, 3)
    stand.door.instead["save"] = BUSY
    stand.work()
    assert (stand.run(run_id).state, stand.run(run_id).fault) == ("writing", None)
    assert "用友BIP" in stand.job("push").why
    assert stand.job("push").due_at == stand.clock.now() + timedelta(seconds=31)
    stand.door.instead.clear()
    stand.clock.at += timedelta(seconds=31)
    stand.work()
    assert (stand.run(run_id).state, stand.states()) == ("closed", {"done": 3})


def test_a_hitch_of_the_connection_closes_no_run_and_a_lasting_fault_does(stand: Stand) -> None:
    run_id = read(stand, 3)
    struck(stand, token__html=1)
    for _ in range(3):
        stand.work()
        assert (stand.run(run_id).state, stand.run(run_id).fault) == ("writing", None)
        stand.clock.at = stand.job("push").due_at
    stand.work()
    assert (stand.run(run_id).state, stand.run(run_id).fault_kind) == ("closed", "unreachable")
    assert stand.states() == {"waiting": 3}


def test_a_reading_that_fails_closes_no_run_that_is_still_written(stand: Stand) -> None:
    written = read(stand, 3)
    stand.door.instead["save"] = BUSY
    stand.work()
    failing = stand.begin()
    stand.door.instead["read"] = Answer(502)
    stand.work()
    assert (stand.run(written).state, stand.run(failing).state) == ("writing", "writing")
    assert stand.run(failing).fault_in == "reading"
    stand.door.instead.clear()
    stand.clock.at += timedelta(minutes=1)
    stand.work()
    assert (stand.run(written).state, stand.run(failing).state) == ("closed", "closed")
    counted = runs.counts_of(stand.run(written))
    assert counted is not None
    assert (counted.done, counted.waiting) == (3, 0)


def test_a_look_up_that_is_refused_is_tried_again_later_and_later_and_holds_nothing_up(stand: Stand) -> None:
    run_id = read(stand, 3)
    stand.door.meanwhile = at_the_first("save", lambda: struck(stand, save__reset_after=1))
    stand.door.instead["lookup"] = Answer.of({"code": "310008", "message": "没有权限", "data": None})
    stand.stages["yonbip"].plan = FaultPlan(1, {"save.reset_after": 0.5})
    stand.work()
    assert stand.run(run_id).state == "closed"
    assert stand.states()["unknown"] >= 1
    asked = stand.door.count("lookup")
    assert asked < 20
    began = stand.clock.now()
    while stand.clock.now() - began < timedelta(hours=6):
        stand.clock.at = max(stand.clock.at, stand.job("push").due_at)
        stand.work()
    assert stand.door.count("lookup") - asked < 20 * stand.states()["unknown"]
    stand.door.instead.clear()
    stand.clock.at += timedelta(hours=1)
    stand.work()
    assert stand.states() == {"done": 3}
    assert stand.report()["blind_resends"] == 0


def test_a_busy_look_up_waits_as_long_as_it_was_asked_to(stand: Stand) -> None:
    read(stand, 1)
    struck(stand, save__reset_after=1)
    stand.door.instead["lookup"] = BUSY
    stand.work()
    assert stand.door.count("lookup") == 1
    assert stand.job("push").due_at >= stand.clock.now() + timedelta(seconds=31)
    stand.door.instead.clear()
    stand.clock.at += timedelta(seconds=31)
    stand.work()
    assert stand.states() == {"done": 1}


def test_calls_under_way_are_heard_out_when_something_else_goes_wrong(stand: Stand) -> None:
    """A call cut off is an open question; here the tables go away while the first one is under way."""
    read(stand, 300)

    async def meanwhile(purpose: str) -> None:
        if purpose == "save":
            stand.store.write(lambda c: c.execute(text("ALTER TABLE lookup RENAME TO away")))
            stand.door.meanwhile = None
            for _ in range(100):
                await asyncio.to_thread(stand.states)

    stand.door.meanwhile = meanwhile
    stand.work()
    states = stand.states()
    assert "sending" not in states
    assert states["done"] == stand.door.count("save") < 300
    stand.store.write(lambda c: c.execute(text("ALTER TABLE away RENAME TO lookup")))
    stand.clock.at += timedelta(minutes=1)
    stand.work()
    assert stand.states() == {"done": 300}
    assert stand.door.count("lookup") == 0


def test_a_stopped_push_leaves_nothing_unknown_and_its_run_to_the_next_process(stand: Stand) -> None:
    run_id = read(stand, 20)
    stand.door.meanwhile = at_the_first("save", stand.worker.stop)
    stand.work()
    states = stand.states()
    assert states.keys() == {"done", "waiting"}
    assert stand.run(run_id).state == "writing"
    stand.new_worker()
    stand.work()
    assert (stand.run(run_id).state, stand.states()) == ("closed", {"done": 20})


def test_what_a_person_cancelled_meanwhile_does_not_go_out(tmp_path: Path) -> None:
    with Stand(tmp_path, limits=ONE) as stand:
        read(stand, 3)

        def cancel() -> None:
            key = stand.documents()[-1].key
            stand.store.write(
                lambda c: documents.decide(
                    c, stand.scheme, key, "cancelled", "not wanted", None, stand.clock.now()
                )
            )

        stand.door.meanwhile = at_the_first("save", cancel)
        stand.work()
        assert stand.states() == {"done": 2, "cancelled": 1}
        assert stand.door.count("save") == 2


def test_a_new_version_finds_the_tables_it_names(stand: Stand) -> None:
    """The worker has the tables of the version before at hand, and no table has changed since."""
    stand.table("库房", lookup("仓库"))
    first, second = stand.made(2)
    stand.give(first)
    stand.read()
    stand.work()
    stand.publish(stand.text.replace("lookup(仓库)", "lookup(库房)"))
    stand.give(second)
    stand.begin(EVERYTHING)
    stand.work_off()
    assert stand.states() == {"done": 2}
