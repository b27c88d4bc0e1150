"""Lookups in the records other schemes keep, and in what a vendor answers: held, and released by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.model.ledger import Counts, RunAsked
from engine.model.values import Window
from engine.run.answers import AT_ONCE
from engine.simulate.frame import Answer
from engine.store import documents, lookups, runs, schemes, waits
from engine.store.lookups import Pair
from tests.run.stand import Stand
from tests.run.world import BEGIN

# The kept "shops" are orders of another type: what stands in them serves as codes well enough.
KEPT = """\
scheme: kept
source:
  connection: wdt-main
  operation: wdt.stockout.order.query
  begin: 2026-11-01
  where: order_type = '3'
"""
POOL = """\
lookups:
  单号: {scheme: kept, by: src_order_no, give: {号: order_no, 仓: warehouse_no}, miss: hold}
source:"""
LIVE = """\
lookups:
  已有: {connection: bip-main, operation: othoutrecord.list, by: code, give: id, ask: {code: =key, isSum: true}}
source:"""


@pytest.fixture(params=["sqlite", "postgres"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    with Stand(tmp_path, url) as opened:
        yield opened


def scheme_id(stand: Stand, code: str) -> int:
    found = stand.store.read(lambda c: schemes.published(c, code))
    assert found is not None
    return found.id


def run(stand: Stand, code: str) -> Counts:
    """A run that reads everything there is, and all that comes of it."""
    ident, now = scheme_id(stand, code), stand.clock.now()
    asked = RunAsked(Window(BEGIN, now))
    run_id = stand.store.write(lambda c: runs.begin(c, ident, 1, "test", now, asked))
    stand.work_off()
    stand.loop.run(stand.clock.sleep(1))
    return stand.store.read(lambda c: runs.count(c, run_id))


def publish(stand: Stand, head: str, memo: str) -> None:
    """The starter, with lookups of its own and this cell as its memo."""
    text = stand.text.replace("source:", head, 1)
    before, _, rest = text.partition("  memo: ")
    stand.publish(before + "  memo: " + memo + "\n" + rest.partition("\n")[2])
    stand.scheme = scheme_id(stand, "wdt-stockout-to-bip-othout")


def shop(number: int, order: dict[str, Any], warehouse: str = "W1") -> dict[str, Any]:
    """A kept record whose code is the order's source number."""
    kept = {"stockout_id": 9000 + number, "order_no": f"S{number}", "order_type": 3}
    return {**order, **kept, "warehouse_no": warehouse}


def memos(stand: Stand) -> list[str]:
    """Of the documents the target holds, in the order they came."""
    return [one["document"].get("memo", "") for one in stand.report()["written"]]


def test_a_held_record_goes_out_when_the_record_it_waits_for_is_kept(stand: Stand) -> None:
    stand.publish(KEPT)
    publish(stand, POOL, "src_order_no | lookup(单号)")
    one, two, three = stand.orders(3)
    stand.give(shop(2, two))
    counts = run(stand, "wdt-stockout-to-bip-othout")
    assert (counts.waiting, counts.skipped) == (3, 1)
    run(stand, "kept")
    assert memos(stand) == ["S2"]
    stand.give(shop(3, three), shop(1, one))
    run(stand, "kept")
    assert memos(stand) == ["S2", "S1", "S3"], "in the order of the documents, not of the arrivals"
    assert stand.states()["done"] == 3
    assert stand.store.read(lambda c: waits.lacking(c)) == []


def test_what_was_kept_before_anybody_looked_is_found(stand: Stand) -> None:
    stand.publish(KEPT)
    (one,) = stand.orders(1)
    stand.give(shop(1, one, "W7"))
    run(stand, "kept")
    publish(stand, POOL, '=LOOKUP("单号", src_order_no) & LOOKUP("单号.仓", src_order_no)')
    counts = run(stand, "wdt-stockout-to-bip-othout")
    assert (counts.done, counts.skipped) == (1, 1)
    assert memos(stand) == ["S1W7"]


def test_a_kept_record_that_changes_or_no_longer_fits_changes_what_is_found(stand: Stand) -> None:
    stand.publish(KEPT)
    publish(stand, POOL, "src_order_no | lookup(单号, miss=没有)")
    one, two = stand.orders(2)
    stand.give(shop(1, one), shop(2, two))
    run(stand, "kept")
    told = {"order_no": "S1", "fields": {"src_order_no": "elsewhere"}}
    stand.stages["wdt"].simulator.tell("change", told, stand.clock.now())
    told = {"order_no": "S2", "fields": {"order_type": 4}}
    stand.stages["wdt"].simulator.tell("change", told, stand.clock.now())
    run(stand, "kept")
    run(stand, "wdt-stockout-to-bip-othout")
    assert memos(stand) == ["没有", "没有"]


def test_two_records_of_one_code_with_different_values_are_a_problem(stand: Stand) -> None:
    stand.publish(KEPT)
    publish(stand, POOL, "src_order_no | lookup(单号)")
    (one,) = stand.orders(1)
    stand.give(shop(1, one), shop(2, one))
    run(stand, "kept")
    counts = run(stand, "wdt-stockout-to-bip-othout")
    assert counts.refused == 1
    assert "2 个不同的值" in stand.documents()[0].reason


def test_the_missing_codes_are_told_with_who_waits_for_them(stand: Stand) -> None:
    publish(
        stand, "lookups: {}\nsource:".replace("lookups: {}\n", ""), "warehouse_no | lookup(备注, miss=hold)"
    )
    made = stand.made(3)
    stand.give(*({**one, "warehouse_no": place} for one, place in zip(made, ("W1", "W1", "W2"), strict=True)))
    run(stand, "wdt-stockout-to-bip-othout")
    lacking = stand.store.read(lambda c: waits.lacking(c))
    told = [(one.label, one.code, one.waiting, one.refused) for one in lacking]
    assert ("仓库", "W1", 0, 2) in told
    assert {one.scheme for one in lacking} == {"wdt-stockout-to-bip-othout"}


def test_a_pair_that_comes_releases_only_who_waits_for_its_table(stand: Stand) -> None:
    publish(stand, "source:", "src_order_no | lookup(备注, miss=hold)")
    one, two = stand.orders(2)
    assert run(stand, "wdt-stockout-to-bip-othout").waiting == 2
    lacking = stand.store.read(lambda c: waits.lacking(c, "备注"))
    assert [(miss.code, miss.waiting) for miss in lacking] == sorted(
        (o["src_order_no"], 1) for o in (one, two)
    )
    now = stand.clock.now()

    def bring(connection: Any) -> list[int]:
        lookups.replace(connection, "备注", [Pair(one["src_order_no"], "好")], now)
        return lookups.release(connection, "备注")

    assert stand.store.write(lambda c: lookups.release(c, "别的")) == []
    assert stand.store.write(bring) == [stand.scheme]
    stand.store.write(lambda c: runs.begin_push(c, stand.scheme, 1, "lookup", now))
    stand.work_off()
    assert stand.states() == {"done": 1, "waiting": 1}
    assert [miss.code for miss in stand.store.read(lambda c: waits.lacking(c))] == [two["src_order_no"]]


def test_a_vendor_is_asked_once_for_each_code_and_again_when_it_may_know_more(stand: Stand) -> None:
    stand.publish(stand.text.replace("scheme: wdt-stockout-to-bip-othout", "scheme: first", 1))
    publish(stand, LIVE, "order_no | lookup(已有, miss=hold)")
    made = stand.orders(2)
    stand.give({**made[0], "stockout_id": 8000, "src_order_no": "again"})
    assert run(stand, "wdt-stockout-to-bip-othout").waiting == 3
    asked = [number for purpose, number in stand.door.calls if purpose == "lookup"]
    assert sorted(asked) == [one["order_no"] for one in made]
    assert [miss.waiting for miss in stand.store.read(lambda c: waits.lacking(c, "已有"))] == [2, 1]
    due = stand.job("push").due_at
    stand.loop.run(stand.clock.sleep((due - stand.clock.now()).total_seconds()))
    stand.work_off()
    assert stand.states() == {"waiting": 3}, "asked again, and still not there"
    for order in made:
        stand.stages["wdt"].simulator.tell(
            "change", {"order_no": order["order_no"], "fields": {"remark": "w"}}, stand.clock.now()
        )
    assert run(stand, "first").done == 3
    stand.loop.run(stand.clock.sleep(400))
    stand.work_off()
    assert stand.states()["done"] == 1, "two of them have one number, so what is found is not one thing"
    assert stand.states()["refused"] == 2


def test_who_asked_a_vendor_that_is_away_stays_unmapped_and_comes_again(stand: Stand) -> None:
    publish(stand, LIVE, "order_no | lookup(已有, miss=没有)")
    stand.orders(12)
    stand.door.instead["lookup"] = Answer(502, b"bad gateway")
    ident, now = stand.scheme, stand.clock.now()
    run_id = stand.store.write(lambda c: runs.begin(c, ident, 1, "test", now, RunAsked(Window(BEGIN, now))))
    stand.work_off()
    assert stand.states() == {}
    assert stand.run(run_id).state == "writing"
    assert stand.job("push").why
    assert 0 < stand.door.count("lookup") <= AT_ONCE, "one silence is enough for a pass"
    stand.door.instead.clear()
    stand.loop.run(stand.clock.sleep(400))
    stand.work_off()
    assert stand.states() == {"done": 12}
    assert stand.run(run_id).state == "closed"
    assert set(memos(stand)) == {"没有"}
    assert len(stand.store.read(lambda c: documents.attempts_of_run(c, run_id, 0, 99))) >= 3


GOODS = """\
scheme: bip-goods
source:
  connection: bip-main
  operation: product.integration.querylist
  begin: 2020-01-01
"""


def test_an_order_of_a_new_product_waits_until_the_product_is_kept(stand: Stand) -> None:
    """A chain: the code table gives the target's code, the kept products tell whether it is there."""
    stand.publish(GOODS)
    pool = "lookups:\n  存货: {scheme: bip-goods, by: code, give: code, miss: hold}\nsource:"
    chained = stand.text.replace("source:", pool, 1)
    stand.publish(chained.replace("spec_no | lookup(物料)", "spec_no | lookup(物料) | lookup(存货)"))
    stand.scheme = scheme_id(stand, "wdt-stockout-to-bip-othout")
    old, new = stand.made(2)
    table = {line["spec_no"]: "PD000001" for order in (old, new) for line in order["details_list"]}
    for line in new["details_list"]:
        line["spec_no"] = "SKU-NEW"
    stand.table("物料", {**table, "SKU-NEW": "PD900001"})
    stand.give(old, new)
    every(stand, "bip-goods")
    counts = run(stand, "wdt-stockout-to-bip-othout")
    assert (counts.done, counts.waiting) == (1, 1)
    (miss,) = stand.store.read(lambda c: waits.lacking(c))
    assert (miss.label, miss.code, miss.waiting) == ("存货", "PD900001", 1)
    told = {"products": [{"code": "PD900001", "name": "新品", "id": "2900000000000000001"}]}
    stand.stages["yonbip"].simulator.tell("products", told, stand.clock.now())
    stand.loop.run(stand.clock.sleep(300))
    assert every(stand, "bip-goods").new == 1
    assert stand.states() == {"done": 2}
    assert {line["product"] for one in stand.report()["written"] for line in one["document"]["othOutRecords"]} == {
        "PD000001",
        "PD900001",
    }


def every(stand: Stand, code: str) -> Counts:
    """A run of the scheme as it is planned, from its cursor on."""
    ident, now = scheme_id(stand, code), stand.clock.now()
    run_id = stand.store.write(lambda c: runs.begin(c, ident, 1, "test", now))
    stand.work_off()
    stand.loop.run(stand.clock.sleep(1))
    return stand.store.read(lambda c: runs.count(c, run_id))
