"""聚水潭 and 用友BIP over a bad network, with tokens that die: outbound is booked once, articles arrive once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.demo.expect import lookup
from flows.demo.products import products
from tests.connectors.jushuitan.shelf import out as told
from tests.run.test_hupun_erp import ARTICLES, WRITES, booked, pieces, rough, settled
from tests.run.test_jd_eclp import ALL, DAYS, READS, found_documents, states
from tests.run.test_story import BAD_READS, BAD_WRITES
from tests.run.world import BEGIN, ROOT, World

OUTS = (ROOT / "flows" / "jushuitan-out-to-bip-salesout.yaml").read_text("utf-8")
GOODS = (ROOT / "flows" / "bip-goods-to-jushuitan-goods.yaml").read_text("utf-8")
DYING = {"token_expiry": 0.05}


def world(home: Path, text: str) -> World:
    lines = {"jst-main": ("jushuitan", "default"), "bip-main": ("yonbip", "private")}
    tables = ("物料", "聚水潭客户", "聚水潭仓库")
    return World(home, text=f"{text}parallel: 4\n", lines=lines, tables=tables, seed=7)


def out(serial: int, **more: Any) -> dict[str, Any]:
    items = [
        {"sku_id": ARTICLES[(serial * 5 + place) % 7], "qty": place + 1} for place in range(1 + serial % 4)
    ]
    own = {"shop_id": 11001 + serial % 2, "wms_co_id": 20001 + serial % 3}
    return told(serial, BEGIN + timedelta(minutes=serial * 5), items=items, **own, **more)


def wanted(made: Any) -> Counter[str]:
    products_of, counted = lookup("物料"), Counter[str]()
    for item in made["items"]:
        counted[products_of[item["sku_id"]]] += item["qty"]
    return counted


def test_every_outbound_document_is_booked_once_with_all_its_pieces(tmp_path: Path) -> None:
    with world(tmp_path, OUTS) as shop:
        made = [out(serial) for serial in range(70)]
        waits = [out(70, status="WaitConfirm"), out(71, status="Cancelled")]
        shop.simulators.direct("jushuitan/outs", outs=[*made, *waits])
        rough(shop, jushuitan={**BAD_READS, **DYING}, yonbip=BAD_WRITES)
        assert shop.run(ALL).add_up()
        rough(shop, jushuitan={}, yonbip={})
        settled(shop, ALL)
        assert {number: pieces(one) for number, one in booked(shop).items()} == {
            f"JST{one['io_id']}": wanted(one) for one in made
        }
        assert states(shop) == {"done": 70, "skipped": 2}
        report = shop.simulators.direct("report")
        assert report["yonbip"]["blind_resends"] == 0
        assert report["yonbip"]["faults"], "the network was bad indeed"


def test_a_token_that_dies_between_two_runs_is_replaced_and_nobody_is_called(tmp_path: Path) -> None:
    with world(tmp_path, OUTS) as shop:
        for serial in range(3):
            shop.simulators.direct("jushuitan/outs", outs=[out(serial)])
            assert shop.run(ALL).done == 1
            shop.simulators.direct("jushuitan/expire")
        assert len(booked(shop)) == 3


def test_a_row_whose_version_alone_went_on_has_not_changed(tmp_path: Path) -> None:
    with world(tmp_path, OUTS) as shop:
        shop.simulators.direct("jushuitan/outs", outs=[out(1), out(2)])
        assert shop.run(ALL).done == 2
        shop.simulators.direct("jushuitan/outs", outs=[out(1), out(2, remark="改了")])
        counts = shop.run(ALL)
        assert (counts.unchanged, counts.changed) == (1, 1)
        assert [row.flagged for row in found_documents(shop)] == [False, False]


def test_every_article_arrives_once_and_is_the_same_one_when_it_is_sent_again(tmp_path: Path) -> None:
    with world(tmp_path, GOODS) as shop:
        made = products(60, 7, BEGIN, BEGIN + timedelta(days=5))
        shop.simulators.direct("yonbip/products", products=made)
        rough(shop, yonbip=READS, jushuitan={**WRITES, **DYING})
        assert shop.run(DAYS).add_up()
        rough(shop, yonbip={}, jushuitan={})
        settled(shop, DAYS)
        report = shop.simulators.direct("report")["jushuitan"]
        found = {one["number"]: one["document"]["name"] for one in report["written"]}
        assert found == {one["code"]: one["name"] for one in made if not one["stopStatus"]}
        assert report["doubled"] == []
        assert report["blind_resends"] == 0
        assert sum(report["faults"].values()) > 3, "the network was bad indeed"
