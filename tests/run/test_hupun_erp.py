"""万里牛 and 用友BIP over a bad network: what was sent is booked once with all its pieces, articles arrive once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.demo.expect import lookup
from flows.demo.products import products
from tests.connectors.hupun_erp.shelf import trade as told
from tests.run.test_jd_eclp import ALL, DAYS, READS, found_documents, states
from tests.run.test_story import BAD_READS, BAD_WRITES
from tests.run.world import BEGIN, ROOT, World

TRADES = (ROOT / "flows" / "hupun-trade-to-bip-salesout.yaml").read_text("utf-8")
GOODS = (ROOT / "flows" / "bip-goods-to-hupun-goods.yaml").read_text("utf-8")
ARTICLES = sorted(lookup("物料"))[:7]
STORAGES = sorted(lookup("仓库"))
WRITES = {
    "save.reset_before": 0.05, "save.reset_after": 0.1, "bad_gateway": 0.03, "save.bad_gateway_after": 0.05,
    "html": 0.03, "save.html_after": 0.04, "busy": 0.03, "save.system_error_after": 0.04,
    "save.system_error": 0.02, "throttled": 0.02,
}  # fmt: skip


def world(home: Path, text: str) -> World:
    lines = {"hupun-main": ("hupun_erp", "default"), "bip-main": ("yonbip", "private")}
    tables = ("仓库", "物料", "万里牛客户")
    # All of its history is told, so that the test does not age.
    options = {"hupun_erp.history_days": 0}
    return World(home, text=f"{text}parallel: 4\n", lines=lines, tables=tables, options=options, seed=5)


def rough(world: World, **rates: Any) -> None:
    for vendor, mine in rates.items():
        world.simulators.direct(f"{vendor}/faults", seed=world.seed, rates=mine, slow=0.02)


def settled(world: World, asked: Any) -> None:
    """Runs over a good network until nothing is on its way."""
    for _ in range(8):
        assert world.run(asked).add_up()
        if {*states(world)} <= {"done", "skipped"}:
            return
    raise AssertionError(states(world))


def trade(serial: int, **more: Any) -> dict[str, Any]:
    lines = [
        {"order_id": f"{serial}-{place}", "sku_code": ARTICLES[(serial * 5 + place) % 7], "size": place + 1}
        for place in range(1 + serial % 4)
    ]
    own = {"shop_nick": "青禾旗舰" if serial % 3 else "青禾专营", "storage_code": STORAGES[serial % 3]}
    return told(f"XD{serial:05}", BEGIN + timedelta(minutes=serial * 7), orders=lines, **own, **more)


def booked(world: World) -> dict[str, Any]:
    """The sales outbound documents of the target by number, each there once."""
    written = world.simulators.direct("report")["yonbip"]["written"]
    found = {one["document"]["code"]: one["document"] for one in written}
    assert len(found) == len(written)
    return found


def pieces(document: Any) -> Counter[str]:
    return Counter({line["product"]: int(line["qty"]) for line in document["details"]})


def wanted(made: Any) -> Counter[str]:
    products_of, counted = lookup("物料"), Counter[str]()
    for line in made["orders"]:
        counted[products_of[line["sku_code"]]] += line["size"]
    return counted


def test_every_trade_that_was_sent_is_booked_once_with_all_its_pieces(tmp_path: Path) -> None:
    with world(tmp_path, TRADES) as shop:
        made = [trade(serial) for serial in range(60)]
        waits = [trade(60, process_status=4), trade(61, process_status=0)]
        shop.simulators.direct("hupun_erp/trades", trades=[*made, *waits])
        rough(shop, hupun_erp=BAD_READS, yonbip=BAD_WRITES)
        assert shop.run(ALL).add_up()
        rough(shop, hupun_erp={}, yonbip={})
        settled(shop, ALL)
        found = booked(shop)
        assert {number: pieces(one) for number, one in found.items()} == {
            one["trade_no"]: wanted(one) for one in made
        }
        assert states(shop) == {"done": 60, "skipped": 2}
        report = shop.simulators.direct("report")
        assert report["yonbip"]["blind_resends"] == 0
        assert report["yonbip"]["faults"], "the network was bad indeed"


def test_a_trade_is_booked_when_it_leaves_and_flagged_when_it_changes_afterwards(tmp_path: Path) -> None:
    with world(tmp_path, TRADES) as shop:
        made = [trade(serial, process_status=4) for serial in range(3)]
        shop.simulators.direct("hupun_erp/trades", trades=made)
        assert shop.run(ALL).skipped == 3
        left = [{**one, "process_status": 8} for one in made[:2]]
        shop.simulators.direct("hupun_erp/trades", trades=left)
        counts = shop.run(ALL)
        assert (counts.changed, counts.done) == (2, 2)
        assert {*booked(shop)} == {"XD00000", "XD00001"}
        more = {"sku_code": ARTICLES[6], "size": 9}
        shop.simulators.direct("hupun_erp/trades", trades=[{**left[0], "orders": [*left[0]["orders"], more]}])
        assert shop.run(ALL).add_up()
        assert [row.number for row in found_documents(shop) if row.flagged] == ["XD00000"]
        assert pieces(booked(shop)["XD00000"]) == wanted(left[0]), "what is booked stays"


def test_every_article_arrives_once_though_the_vendor_does_not_say_so(tmp_path: Path) -> None:
    with world(tmp_path, GOODS) as shop:
        made = products(60, 5, BEGIN, BEGIN + timedelta(days=5))
        shop.simulators.direct("yonbip/products", products=made)
        rough(shop, yonbip=READS, hupun_erp=WRITES)
        assert shop.run(DAYS).add_up()
        rough(shop, yonbip={}, hupun_erp={})
        settled(shop, DAYS)
        report = shop.simulators.direct("report")["hupun_erp"]
        found = {one["number"]: one["document"]["item_name"] for one in report["written"]}
        assert found == {one["code"]: one["name"] for one in made if not one["stopStatus"]}
        assert report["doubled"] == []
        assert report["blind_resends"] == 0
        assert sum(report["faults"].values()) > 3, "the network was bad indeed"
