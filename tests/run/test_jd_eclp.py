"""旺店通 and 京东仓海 over a bad network: articles and orders once each, cancelled where the warehouse lets them be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.model.ledger import RunAsked
from engine.model.values import Window
from engine.store import documents, schemes
from tests.connectors.jd_eclp.shelf import goods
from tests.run.world import BEGIN, ROOT, World

GOODS = (ROOT / "flows" / "wdt-goods-to-jd-goods.yaml").read_text("utf-8")
OUTBOUND = (ROOT / "flows" / "wdt-trade-to-jd-outbound.yaml").read_text("utf-8")
TABLES = ("京东店铺", "京东仓库", "京东类目")
ARTICLES = [f"SKU-{1001 + place}" for place in range(12)]
ALL = RunAsked(span=Window(BEGIN - timedelta(hours=1), BEGIN + timedelta(hours=9)))
"""旺店通 tells of one hour of trades a call, so that the days since then would be many calls."""
DAYS = RunAsked(span=Window(BEGIN, BEGIN + timedelta(days=11)))
READS = {"reset_before": 0.05, "bad_gateway": 0.05, "html": 0.05, "busy": 0.05}
WRITES = {
    "save.reset_before": 0.05, "save.reset_after": 0.1, "bad_gateway": 0.03, "save.bad_gateway_after": 0.05,
    "html": 0.03, "save.html_after": 0.04, "busy": 0.03, "save.system_error_after": 0.04,
    "save.system_error": 0.02,
}  # fmt: skip


def world(home: Path, text: str, **options: object) -> World:
    told = {"wdt.page_cap": 30, **{f"jd_eclp.{name}": value for name, value in options.items()}}
    lines = {"wdt-main": ("wdt", "classic"), "jd-main": ("jd_eclp", "default")}
    return World(home, text=f"{text}parallel: 4\n", lines=lines, tables=TABLES, options=told, seed=9)


def trade(serial: int, **more: Any) -> dict[str, Any]:
    at = BEGIN + timedelta(minutes=serial * 7)
    moment = (at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    lines = [
        {
            "rec_id": 10 * serial + place,
            "spec_no": ARTICLES[(serial * 5 + place) % 7],
            "num": f"{place + 1}.0000",
        }
        for place in range(1 + serial % 4)
    ]
    return {
        "trade_no": f"JY20261101{serial:05}", "shop_no": "S01" if serial % 3 else "S02",
        "warehouse_no": "WH-JD01" if serial % 5 else "WH-JD02", "trade_status": 55, "src_tids": f"T{serial}",
        "trade_time": moment, "modified": moment, "receiver_name": "收件人甲", "receiver_mobile": "10000000000",
        "receiver_province": "浙江省", "receiver_city": "杭州市", "receiver_district": "西湖区",
        "receiver_address": f"示例路 {serial} 号, 2 幢", "goods_list": lines, **more,
    }  # fmt: skip


def give(world: World, of: str, rows: list[dict[str, Any]]) -> None:
    world.simulators.direct("wdt/rows", of=of, rows=rows)


def rough(world: World, on: bool) -> None:
    for vendor, rates in (("wdt", READS), ("jd_eclp", WRITES)):
        world.simulators.direct(f"{vendor}/faults", seed=world.seed, rates=rates if on else {}, slow=0.02)


def states(world: World) -> Mapping[str, int]:
    return world.in_services(  # type: ignore[no-any-return]
        lambda services: services.store.read(lambda c: documents.tally(c, schemes.every(c)[0].id))
    )


def found_documents(world: World) -> list[Any]:
    """All documents, newest first."""
    return world.in_services(  # type: ignore[no-any-return]
        lambda services: services.store.read(lambda c: documents.found(c, schemes.every(c)[0].id))
    )


def through(world: World, asked: RunAsked = ALL) -> Any:
    """Runs over a bad network, then over a good one until nothing is on its way; the jd simulator's report."""
    rough(world, on=True)
    assert world.run(asked).add_up()
    rough(world, on=False)
    for _ in range(8):
        counts = world.run(asked)
        assert counts.add_up()
        if {*states(world)} <= {"done", "skipped"}:
            break
    report = world.simulators.direct("report")["jd_eclp"]
    assert sum(report["faults"].values()) > 3, "the network was bad indeed"
    assert report["blind_resends"] == 0
    return report


def test_every_article_arrives_once_and_is_the_same_one_when_it_is_sent_again(tmp_path: Path) -> None:
    with world(tmp_path, GOODS, suffix="response") as shop:
        made: list[dict[str, Any]] = [
            {
                "goods_id": serial, "goods_no": f"G{serial:04}", "goods_name": "竹纤维毛巾", "class_name": "毛巾",
                "goods_type": 1 if serial % 6 else 3, "unit_name": "条",
                "modified": f"2026-11-0{2 + serial % 6} 10:00:00",
                "spec_list": [
                    {"spec_no": f"SKU-{serial:04}-{one}", "spec_name": f"色 {one}", "weight": "0.2500"}
                    for one in range(1 + serial % 3)
                ],
            }
            for serial in range(1, 31)
        ]  # fmt: skip
        give(shop, "wdt.goods.query", made)
        report = through(shop, DAYS)
        wanted = {
            spec["spec_no"]: f"竹纤维毛巾 {spec['spec_name']}"
            for one in made
            if one["goods_type"] == 1
            for spec in one["spec_list"]
        }
        found = {one["number"]: one["document"] for one in report["written"]}
        assert {number: one["goodsName"] for number, one in found.items()} == wanted
        assert len(report["written"]) == len(wanted)
        assert {one["grossWeight"] for one in found.values()} == {Decimal("0.2500")}


def ready(shop: World) -> None:
    shop.simulators.direct("jd_eclp/goods", goods=[goods(own) for own in ARTICLES])


def orders(report: Any) -> dict[str, dict[str, Any]]:
    return {one["number"]: one for one in report["written"] if one["kind"] == "order"}


def pieces(one: dict[str, Any]) -> Counter[str]:
    """Articles and quantities of an order as it arrived, side by side."""
    ask = one["document"]
    assert (
        len(ask["isvGoodsNo"].split(","))
        == len(ask["quantity"].split(","))
        == len(ask["orderLine"].split(","))
    )
    return Counter(
        {
            sku: int(count)
            for sku, count in zip(ask["isvGoodsNo"].split(","), ask["quantity"].split(","), strict=True)
        }
    )


def test_every_order_arrives_once_with_all_its_pieces_over_a_bad_network(tmp_path: Path) -> None:
    with world(tmp_path, OUTBOUND) as shop:
        ready(shop)
        made = [trade(serial) for serial in range(60)]
        odd = [trade(60, warehouse_no="WH-HZ01"), trade(61, trade_status=30), trade(62, trade_status=5)]
        give(shop, "wdt.trade.query", [*made, *odd])
        found = orders(through(shop))
        assert {*found} == {one["trade_no"] for one in made}
        for one in made:
            wanted: Counter[str] = Counter()
            for line in one["goods_list"]:
                wanted[line["spec_no"]] += int(Decimal(line["num"]))
            assert pieces(found[one["trade_no"]]) == wanted
        assert states(shop) == {"done": 60, "skipped": 3}


def test_a_cancelled_order_is_cancelled_once_and_one_that_is_packed_says_why_not(tmp_path: Path) -> None:
    with world(tmp_path, OUTBOUND) as shop:
        ready(shop)
        made = [trade(serial) for serial in range(6)]
        give(shop, "wdt.trade.query", made[:3])
        shop.run(ALL)
        shop.simulators.direct("jd_eclp/work", until="10018")
        give(shop, "wdt.trade.query", made[3:])
        shop.run(ALL)
        give(shop, "wdt.trade.query", [{**one, "trade_status": 5} for one in (made[0], made[4])])
        rough(shop, on=True)
        shop.run(ALL)
        rough(shop, on=False)
        for _ in range(8):
            shop.run(ALL)
            if {*states(shop)} == {"done"}:
                break
        found = orders(shop.simulators.direct("report")["jd_eclp"])
        status = {number: one["status"] for number, one in found.items()}
        assert status[made[4]["trade_no"]] == "10028"
        assert status[made[0]["trade_no"]] == "10019", "it is on its way, and stays there"
        assert len(found) == 6
        marked = [row for row in found_documents(shop) if row.flagged]
        assert [row.number for row in marked] == [made[0]["trade_no"]]
        assert "打回审核" in str(marked[0].reason)


def test_a_comma_in_a_line_holds_its_order_alone_and_says_where(tmp_path: Path) -> None:
    with world(tmp_path, OUTBOUND) as shop:
        ready(shop)
        bad = trade(1)
        bad["goods_list"][0]["spec_no"] = "SKU,1001"
        give(shop, "wdt.trade.query", [bad, trade(2)])
        counts = shop.run(ALL)
        assert (counts.done, counts.refused) == (1, 1)
        assert "isvGoodsNo 里有逗号" in str(found_documents(shop)[-1].reason)
        assert {*orders(shop.simulators.direct("report")["jd_eclp"])} == {trade(2)["trade_no"]}
