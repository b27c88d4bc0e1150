"""旺店通 to a warehouse behind 奇门 over a bad network: articles, stock-ins and deliveries, every piece once."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.run.test_jd_eclp import ALL, ARTICLES, DAYS, READS, found_documents, give, states, trade
from tests.run.world import ROOT, World

GOODS, ENTRY, DELIVERY, RETURN = (
    (ROOT / "flows" / f"wdt-{name}.yaml").read_text("utf-8")
    for name in (
        "goods-to-qimen-goods",
        "purchase-to-qimen-entry",
        "trade-to-qimen-delivery",
        "refund-to-qimen-return",
    )
)
WRITES = {
    "save.reset_before": 0.05, "save.reset_after": 0.1, "bad_gateway": 0.03, "save.bad_gateway_after": 0.05,
    "html": 0.03, "save.html_after": 0.04, "busy": 0.03, "save.system_error_after": 0.04,
    "save.system_error": 0.02,
}  # fmt: skip


def world(home: Path, text: str, **options: object) -> World:
    told = {"wdt.page_cap": 30, **{f"qimen_wms.{name}": value for name, value in options.items()}}
    lines = {"wdt-main": ("wdt", "qimen"), "qimen-main": ("qimen_wms", "default")}
    return World(home, text=f"{text}parallel: 4\n", lines=lines, tables=("奇门仓库",), options=told, seed=2)


def rough(world: World, on: bool) -> None:
    for vendor, rates in (("wdt", READS), ("qimen_wms", WRITES)):
        world.simulators.direct(f"{vendor}/faults", seed=world.seed, rates=rates if on else {}, slow=0.02)


def through(world: World, asked: Any) -> Any:
    """Runs over a bad network, then over a good one until nothing is on its way; the warehouse's report."""
    rough(world, on=True)
    assert world.run(asked).add_up()
    rough(world, on=False)
    for _ in range(8):
        counts = world.run(asked)
        assert counts.add_up()
        if {*states(world)} <= {"done", "skipped"}:
            break
    report = world.simulators.direct("report")["qimen_wms"]
    assert sum(report["faults"].values()) > 3, "the network was bad indeed"
    assert report["blind_resends"] == 0
    return report


def articles(world: World) -> None:
    world.simulators.direct("qimen_wms/items", items=ARTICLES)


def orders(report: Any) -> dict[str, dict[str, Any]]:
    found = [one for one in report["written"] if one["kind"] != "item"]
    assert len({one["number"] for one in found}) == len(found), "each once"
    return {one["number"]: one for one in found}


def pieces(one: dict[str, Any]) -> Counter[str]:
    inner = one["document"]["orderLines"]["orderLine"]
    counted: Counter[str] = Counter()
    for line in inner if isinstance(inner, list) else [inner]:
        counted[line["itemCode"]] += int(line["planQty"])
    return counted


def wanted(lines: list[dict[str, Any]]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for line in lines:
        counted[line["spec_no"]] += int(Decimal(line["num"]))
    return counted


def sale(serial: int, **more: Any) -> dict[str, Any]:
    made = trade(serial, warehouse_no="WH-QM01" if serial % 4 else "WH-QM02", shop_name="自营商城")
    for line in made["goods_list"]:
        line["share_amount"] = str(Decimal(line["num"]) * Decimal("9.9"))
    return {**made, **more}


@pytest.mark.parametrize("again", ["same", "error"])
def test_every_delivery_arrives_once_with_all_its_pieces_over_a_bad_network(
    tmp_path: Path, again: str
) -> None:
    with world(tmp_path, DELIVERY, again=again) as shop:
        articles(shop)
        made = [sale(serial) for serial in range(24)]
        give(shop, "wdt.trade.query", [*made, sale(24, warehouse_no="WH-HZ01"), sale(25, trade_status=30)])
        rough(shop, on=True)
        assert shop.run(ALL).add_up()
        rough(shop, on=False)
        for _ in range(6):
            assert shop.run(ALL).add_up()
        report = shop.simulators.direct("report")["qimen_wms"]
        found = orders(report)
        assert {*found} == {one["trade_no"] for one in made}
        assert {number: pieces(one) for number, one in found.items()} == {
            one["trade_no"]: wanted(one["goods_list"]) for one in made
        }
        assert report["blind_resends"] == 0
        open_ones = {
            state: count for state, count in states(shop).items() if state not in ("done", "skipped")
        }
        assert {*open_ones} <= ({"unknown"} if again == "error" else set()), (
            "a person looks, nothing is doubled"
        )


def test_every_purchase_becomes_one_stock_in_with_all_its_pieces(tmp_path: Path) -> None:
    with world(tmp_path, ENTRY) as shop:
        articles(shop)
        made: list[dict[str, Any]] = [
            {
                "purchase_no": f"CG{serial:05}", "provider_no": "GYS01", "status": 40 if serial % 7 else 30,
                "warehouse_no": "WH-QM01", "modified": f"2026-11-0{2 + serial % 7} 10:00:00",
                "details_list": [
                    {"spec_no": ARTICLES[(serial + place) % 12], "num": f"{place}.0000"} for place in range(5)
                ],
            }
            for serial in range(1, 41)
        ]  # fmt: skip
        give(shop, "wdt.purchase.order.query", made)
        found = orders(through(shop, DAYS))
        taken = {one["purchase_no"]: one for one in made if one["status"] == 40}
        assert {*found} == {*taken}
        for number, one in found.items():
            assert pieces(one) == +wanted(taken[number]["details_list"])
        shop.simulators.direct("qimen_wms/work")
        assert {one["status"] for one in orders(shop.simulators.direct("report")["qimen_wms"]).values()} == {
            "FULFILLED"
        }


def test_every_article_arrives_once(tmp_path: Path) -> None:
    with world(tmp_path, GOODS) as shop:
        made: list[dict[str, Any]] = [
            {
                "goods_id": serial, "goods_no": f"G{serial:04}", "goods_name": "竹纤维毛巾", "unit_name": "条",
                "goods_type": 1 if serial % 6 else 3, "modified": f"2026-11-0{2 + serial % 6} 10:00:00",
                "spec_list": [
                    {"spec_no": f"SKU-{serial:04}-{one}", "spec_name": f"色<{one}>&"} for one in range(1 + serial % 3)
                ],
            }
            for serial in range(1, 31)
        ]  # fmt: skip
        give(shop, "wdt.goods.query", made)
        report = through(shop, DAYS)
        found = {one["number"]: one["document"]["itemName"] for one in report["written"]}
        assert found == {
            spec["spec_no"]: f"竹纤维毛巾 {spec['spec_name']}"
            for one in made
            if one["goods_type"] == 1
            for spec in one["spec_list"]
        }


def test_a_cancelled_trade_is_cancelled_in_the_warehouse_or_says_why_not(tmp_path: Path) -> None:
    with world(tmp_path, DELIVERY) as shop:
        articles(shop)
        made = [sale(serial) for serial in range(4)]
        give(shop, "wdt.trade.query", made[:2])
        shop.run(ALL)
        shop.simulators.direct("qimen_wms/work", until="PICK")
        give(shop, "wdt.trade.query", made[2:])
        shop.run(ALL)
        give(shop, "wdt.trade.query", [{**one, "trade_status": 5} for one in (made[0], made[3])])
        shop.run(ALL)
        found = orders(shop.simulators.direct("report")["qimen_wms"])
        assert found[made[3]["trade_no"]]["status"] == "CANCELED"
        assert found[made[0]["trade_no"]]["status"] == "PICK"
        marked = [row for row in found_documents(shop) if row.flagged]
        assert [row.number for row in marked] == [made[0]["trade_no"]]
        assert "不能取消" in str(marked[0].reason)


def test_every_return_arrives_once_and_a_cancelled_one_is_cancelled(tmp_path: Path) -> None:
    with world(tmp_path, RETURN) as shop:
        articles(shop)
        made: list[dict[str, Any]] = [
            {
                "refund_no": f"TK{serial:05}", "sales_tid": f"JY{serial:05}", "warehouse_no": "WH-QM02",
                "process_status": 60, "return_logistics_no": f"YT{serial:07}" if serial % 5 else "",
                "return_name": "退货人甲", "return_mobile": "10000000000", "modified": "2026-11-03 10:00:00",
                "refund_order_list": [
                    {"spec_no": ARTICLES[(serial + place) % 12], "refund_num": f"{place + 1}.0000"}
                    for place in range(1 + serial % 3)
                ],
            }
            for serial in range(1, 31)
        ]  # fmt: skip
        give(shop, "wdt.refund.query", made)
        found = orders(through(shop, DAYS))
        taken = {one["refund_no"]: one for one in made if one["return_logistics_no"]}
        assert {*found} == {*taken}
        for number, one in found.items():
            lines = [{**line, "num": line["refund_num"]} for line in taken[number]["refund_order_list"]]
            assert pieces(one) == wanted(lines)
        give(shop, "wdt.refund.query", [{**taken["TK00007"], "process_status": 10}])
        shop.run(DAYS)
        done = orders(shop.simulators.direct("report")["qimen_wms"])
        assert [number for number, one in done.items() if one["status"] == "CANCELED"] == ["TK00007"]
