"""旺店通 to 金蝶云星空 over a bad network: days of a shop and warehouse as one bill each, every quantity and
every amount there once; bills submitted and audited once.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.store import documents, schemes
from flows.demo.expect import lookup
from flows.demo.sales import sales
from tests.connectors.drive import CONNECTORS, module
from tests.run.test_story import ALL
from tests.run.world import BEGIN, ROOT, World

STARTER = (ROOT / "flows" / "wdt-sales-to-k3-outstock.yaml").read_text("utf-8")
AT_ONCE = STARTER.replace("complete: {day: day, plus: 2h}", "complete: read").replace("most: 200", "most: 6")
TABLES = ("金蝶客户", "金蝶仓库", "金蝶物料", "金蝶单位")
CUSTOMERS, STOCKS, MATERIALS, UNITS = (lookup(table) for table in TABLES)
AUDITED = """\
scheme: wdt-sale-to-k3-outstock
title: 旺店通销售出库单 → 金蝶销售出库单，提交并审核
source: {connection: wdt-main, operation: wdt.stockout.order.query.trade, begin: 2026-11-01, where: status >= 95}
target: {connection: k3-main, operation: k3cloud.SAL_OUTSTOCK.Save}
map:
  FBillNo: order_no
  FBillTypeID: {map: {FNUMBER: {value: XSCKD01_SYS}}}
  FDate: consign_time | date
  FSaleOrgId: {map: {FNumber: {value: "100"}}}
  FStockOrgId: {map: {FNumber: {value: "100"}}}
  FCustomerID: {map: {FNumber: shop_no | lookup(金蝶客户)}}
  FEntity:
    each: details_list
    where: goods_count > 0
    map:
      FMaterialID: {map: {FNumber: spec_no | lookup(金蝶物料)}}
      FRealQty: goods_count | decimal(4)
      FStockID: {map: {FNumber: ^.warehouse_no | lookup(金蝶仓库)}}
after: [submit, audit]
"""
CENT = Decimal("0.01")
READS = {"reset_before": 0.05, "bad_gateway": 0.05, "html": 0.05, "busy": 0.05}
WRITES = {
    "save.reset_before": 0.05, "save.reset_after": 0.08, "bad_gateway": 0.03, "save.bad_gateway_after": 0.04,
    "save.system_error_after": 0.03,
}  # fmt: skip


def world(home: Path, text: str, account: str, **options: object) -> World:
    told = {"wdt.page_cap": 30, **{f"k3cloud.{name}": value for name, value in options.items()}}
    lines = {"wdt-main": ("wdt", "qimen"), "k3-main": ("k3cloud", account)}
    return World(home, text=f"{text}parallel: 4\n", lines=lines, tables=TABLES, options=told, seed=3)


def sold(world: World, count: int) -> list[dict[str, Any]]:
    made = sales(count, 5, BEGIN, BEGIN + timedelta(days=3))
    world.simulators.direct("wdt/rows", of="wdt.stockout.order.query.trade", rows=made)
    return made


def rough(world: World, on: bool) -> None:
    for vendor, rates in (("wdt", READS), ("k3cloud", WRITES)):
        world.simulators.direct(f"{vendor}/faults", seed=world.seed, rates=rates if on else {}, slow=0.02)


def settled(world: World, count: int = 8) -> Any:
    """Runs until nothing is on its way any more; gives the last counts."""
    for _ in range(count):
        counts = world.run(ALL)
        assert counts.add_up()
        if not counts.waiting and not counts.unknown and not open_ones(world):
            break
    return counts


def states(world: World) -> dict[str, int]:
    return world.in_services(  # type: ignore[no-any-return]
        lambda services: services.store.read(lambda c: documents.tally(c, schemes.every(c)[0].id))
    )


def open_ones(world: World) -> int:
    return sum(number for state, number in states(world).items() if state not in ("done", "skipped"))


Place = tuple[str, str, str]


def wanted(made: list[dict[str, Any]]) -> tuple[dict[Any, Decimal], dict[Place, Decimal]]:
    """Quantities by customer, stock, day, material, unit and gift or not; amounts by customer, stock and day."""
    quantities: Counter[Any] = Counter()
    amounts: Counter[Place] = Counter()
    for one in made:
        place = (CUSTOMERS[one["shop_no"]], STOCKS[one["warehouse_no"]], one["consign_time"][:10])
        for line in one["details_list"] if one["status"] >= 95 else []:
            count, amount = Decimal(line["goods_count"]), Decimal(line["share_amount"])
            if count > 0:
                unit = UNITS[line["unit_name"]] if "unit_name" in line else ""
                quantities[(*place, MATERIALS[line["spec_no"]], unit, amount == 0)] += count
                amounts[place] += amount
    return dict(quantities), dict(amounts)


def found(bills: list[dict[str, Any]]) -> tuple[dict[Any, Decimal], dict[Place, Decimal]]:
    quantities: Counter[Any] = Counter()
    amounts: Counter[Place] = Counter()
    for bill in bills:
        for line in bill["FEntity"]:
            place = (bill["FCustomerID"]["FNumber"], line["FStockID"]["FNumber"], bill["FDate"])
            unit = line.get("FUnitID", {}).get("FNumber", "")
            count = Decimal(line["FRealQty"])
            quantities[(*place, line["FMaterialID"]["FNumber"], unit, line["FIsFree"])] += count
            amounts[place] += (count * Decimal(line["FTaxPrice"])).quantize(CENT, ROUND_HALF_UP)
    return dict(quantities), dict(amounts)


@pytest.mark.parametrize("account", ["signed", "session"])
def test_a_days_sales_of_a_shop_and_warehouse_arrive_whole_over_a_bad_network(
    tmp_path: Path, account: str
) -> None:
    with world(tmp_path, AT_ONCE, account) as shop:
        made = sold(shop, 120)
        rough(shop, on=True)
        shop.run()
        rough(shop, on=False)
        settled(shop)
        report = shop.simulators.direct("report")["k3cloud"]
        bills = [one["document"] for one in report["written"]]
        assert found(bills) == wanted(made)
        assert len({bill["FBillNo"] for bill in bills}) == len(bills)
        assert all(len(bill["FEntity"]) <= 6 for bill in bills)
        assert report["blind_resends"] == 0
        assert sum(report["faults"].values()) > 3, "the network was bad indeed"
        again = shop.run(ALL)
        assert (again.unchanged, again.documents) == (len(made), 0)


def test_every_bill_is_saved_submitted_and_audited_once_over_a_bad_network(tmp_path: Path) -> None:
    with world(tmp_path, AUDITED, "session") as shop:
        made = sold(shop, 40)
        rough(shop, on=True)
        shop.run()
        rough(shop, on=False)
        settled(shop)
        report = shop.simulators.direct("report")["k3cloud"]
        taken = sorted(one["order_no"] for one in made if one["status"] >= 95)
        assert sorted(one["number"] for one in report["written"]) == taken
        assert {one["status"] for one in report["written"]} == {"C"}
        assert states(shop)["done"] == 3 * len(taken), "each save has its submit and its audit"
        assert report["blind_resends"] == 0


def test_an_account_that_numbers_its_bills_itself_gets_no_second_one(tmp_path: Path) -> None:
    with world(tmp_path, AUDITED, "signed", own_numbers=True) as shop:
        made = sold(shop, 30)
        shop.simulators.direct("k3cloud/faults", seed=4, rates={"save.reset_after": 0.1})
        counts = shop.run()
        assert counts.add_up()
        assert counts.unknown > 0, "what cannot be looked up is left to a person"
        bills = shop.simulators.direct("report")["k3cloud"]["written"]
        assert len(bills) == sum(one["status"] >= 95 for one in made)


def test_every_lookup_ends_in_a_code_the_simulator_knows() -> None:
    k3: Any = module(CONNECTORS / "k3cloud" / "simulator.py")
    for table, known in ((CUSTOMERS, k3.CUSTOMERS), (STOCKS, k3.STOCKS), (MATERIALS, k3.MATERIALS)):
        assert {*table.values()} <= {*known}
    assert {*UNITS.values()} <= {*k3.UNITS}
