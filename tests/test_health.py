"""What a doctor finds: each trouble made here by hand, in a real store, and told with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.health import Finding, examine
from engine.model.ledger import Outcome, Planned
from engine.store import leader, queue, runs, schemes, send
from engine.store.store import Store
from tests.build import NOW, Desk, Stopped, settings

SCHEME = (Path(__file__).parents[1] / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text(encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = Store.open(settings(tmp_path), Stopped())
    desk = Desk(store)
    desk.store.write(lambda c: schemes.publish(c, "orders", "Orders", SCHEME, "", "t", NOW))
    desk.store.write(lambda c: runs.read_done(c, desk.run_id))
    yield desk
    store.close()


def found(desk: Desk, free: int = 10**12) -> dict[tuple[str, str], Finding]:
    """All but what is as it should be, by part and code."""
    file = desk.store.database.file
    assert file is not None
    told = examine(settings(file.parent), desk.clock, free=lambda _: free)
    return {(one.about, one.code): one for one in told if one.weight != "good"}


def beat(desk: Desk) -> None:
    desk.store.write(lambda c: leader.lead(c, leader.ALIVE, "a", desk.clock.now()))


def test_where_all_is_well_nothing_else_is_told(desk: Desk) -> None:
    beat(desk)
    assert found(desk) == {}


@pytest.mark.parametrize(("free", "weight"), [(499_000_000, "warning"), (99_000_000, "broken")])
def test_a_disk_that_fills_up_is_told_with_what_is_left(desk: Desk, free: int, weight: str) -> None:
    told = found(desk, free)["disk", "full"]
    assert told.weight == weight
    assert f"{free // 1_000_000} MB" in told.says


def test_schemes_that_nobody_runs_are_told_until_a_clock_says_it_is_alive(desk: Desk) -> None:
    assert "duijie up" in found(desk)["clock", "nobody"].do
    beat(desk)
    assert ("clock", "nobody") not in found(desk)
    desk.clock.at += timedelta(minutes=1)
    assert "02:00" in found(desk)["clock", "nobody"].says


def test_a_planned_time_that_went_by_is_told_with_the_time(desk: Desk) -> None:
    desk.clock.at += timedelta(minutes=14, seconds=59)
    assert ("scheme", "missed") not in found(desk)
    desk.clock.at += timedelta(minutes=1)
    assert "2026-11-20 02:10Z" in found(desk)["scheme", "missed"].says


def test_a_scheme_that_runs_but_reads_no_further_is_behind(desk: Desk) -> None:
    desk.read({"id": 1}, cursor=NOW)
    desk.clock.at += timedelta(minutes=30)
    desk.begin_run()
    told = found(desk)
    assert "30 分钟" in told["scheme", "behind"].says
    assert ("scheme", "missed") not in told


def test_a_paused_scheme_is_late_for_nothing(desk: Desk) -> None:
    desk.store.write(lambda c: schemes.enable(c, "orders", enabled=False))
    desk.clock.at += timedelta(days=3)
    assert [one.weight for one in found(desk).values()] == ["note"]


def test_the_fault_of_the_last_run_is_told_and_an_older_one_is_not(desk: Desk) -> None:
    desk.store.write(lambda c: runs.fail_reading(c, desk.run_id, "login", "密钥不对"))
    assert "密钥不对" in found(desk)["scheme", "fault"].says
    desk.begin_run()
    assert ("scheme", "fault") not in found(desk)


def test_a_lease_that_nobody_took_over_is_told(desk: Desk) -> None:
    desk.push_lease()
    desk.clock.at += timedelta(seconds=80)
    assert ("job", "expired") not in found(desk)
    desk.clock.at += timedelta(seconds=20)
    told = found(desk)["job", "expired"]
    assert "写入" in told.says
    assert "2026-11-20 02:00Z" in told.says


def test_a_job_that_waits_for_nobody_and_one_tried_in_vain_are_told_apart(desk: Desk) -> None:
    lease = desk.push_lease()
    now = desk.clock.now()
    for _ in range(3):
        desk.store.write(lambda c, held=lease: queue.finish(c, [(held, now, "对方不通")]))
        lease = desk.claim()
    desk.store.write(lambda c: queue.finish(c, [(lease, now + timedelta(hours=1), "对方不通")]))
    assert "对方不通" in found(desk)["job", "failing"].says
    desk.store.write(lambda c: queue.hurry(c, "push", desk.scheme_id, now))
    assert ("job", "failing") not in found(desk)
    desk.clock.at += timedelta(minutes=6)
    assert "6 分钟" in found(desk)["job", "left"].says


def test_a_clock_that_was_set_back_is_told(desk: Desk) -> None:
    desk.clock.at -= timedelta(minutes=10)
    assert "2026-11-20 02:00Z" in found(desk)["clock", "back"].says


def test_open_and_refused_documents_are_counted_by_cause_whatever_their_numbers(desk: Desk) -> None:
    desk.read(*({"id": number} for number in range(1, 8)))
    lost, *others = desk.unplanned()
    missing = [
        Planned(one, one.key, "refused", "", reason=f"单据 CK2026{one.key:0>5} 没有仓库")
        for one in others[:4]
    ]
    held = [
        Planned(one, one.key, "waiting", "held", reason="缺 X", tables=(("t", "X"),)) for one in others[4:]
    ]
    desk.plan(*missing, *held, Planned(lost, lost.key, "waiting", "new", body="{}"))
    lease = desk.push_lease()
    (due,) = desk.store.read(lambda c: send.due(c, desk.scheme_id, desk.clock.now(), 0, 9))
    desk.store.write(lambda c: send.mark(c, [send.Mark(lease, due, desk.clock.now())]))
    settled = send.Settled(lease, due.id, desk.clock.now(), Outcome("unknown", reason="没有回音"), None)
    desk.store.write(lambda c: send.settle(c, [settled]))
    told = {one.code: one for (about, _), one in found(desk).items() if about == "documents"}
    assert {code: one.count for code, one in told.items()} == {"unknown": 1, "refused": 4, "held": 2}
    assert "duijie retry orders" in told["refused"].do
    assert "没有回音" in told["unknown"].says


def test_a_database_server_whose_clock_is_another_is_told(postgres: str, tmp_path: Path) -> None:
    store = Store.open(settings(tmp_path, postgres), Stopped())
    try:
        told = examine(settings(tmp_path, postgres), Stopped(), free=lambda _: 10**12)
        (skew,) = [one for one in told if one.code == "skew"]
        assert (skew.about, skew.weight) == ("clock", "warning")
    finally:
        store.close()


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://u:geheim@127.0.0.1:1/none"
    (told,) = [one for one in examine(settings(tmp_path, url), Stopped()) if one.about == "store"]
    assert told.weight == "broken"
    assert "geheim" not in told.says
