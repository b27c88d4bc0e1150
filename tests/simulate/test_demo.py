"""The demo's orders and their second opinion: checked by hand, and known to both simulators."""

from __future__ import annotations

import ast
import csv
import sys
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast

import pytest
import yaml

from engine.document.check import check
from engine.exact import decode, encode
from engine.model.values import Record
from flows.demo.expect import expected
from flows.demo.orders import orders
from tests.connectors.drive import CONNECTORS, ROOT, module, registry

DEMO = ROOT / "flows" / "demo"
BY_HAND: dict[str, Any] = yaml.safe_load((DEMO / "checked-by-hand.yaml").read_text(encoding="utf-8"))
HEAD = ("order_no", "order_type", "status", "consign_time", "warehouse_no", "remark", "src_order_no")
LINE = ("spec_no", "goods_count", "goods_unit", "remark")
SINCE, UNTIL = (datetime.fromisoformat(BY_HAND[name] + "T00:00:00+08:00") for name in ("since", "until"))


@cache
def made() -> dict[str, dict[str, Any]]:
    return {order["order_no"]: order for order in orders(BY_HAND["count"], BY_HAND["seed"], SINCE, UNTIL)}


@pytest.mark.parametrize("case", BY_HAND["cases"], ids=lambda case: case["order"]["order_no"])
def test_the_script_gives_what_was_worked_out_by_hand(case: dict[str, Any]) -> None:
    order = made()[case["order"]["order_no"]]
    lines = [{name: line[name] for name in LINE if name in line} for line in order["details_list"]]
    assert {name: order[name] for name in HEAD if name in order} | {"details_list": lines} == case["order"]
    assert expected(order) == whole(case["document"])


def whole(document: dict[str, Any]) -> dict[str, Any]:
    """A document of checked-by-hand.yaml with what every document has."""
    lines = [{**line, "qty": Decimal(line["qty"]), "_status": "Insert"} for line in document["othOutRecords"]]
    head = {"org": "001", "accountOrg": "001", "bustype": "A10001", "_status": "Insert"}
    return {**document, **head, "othOutRecords": lines}


def test_there_are_twenty_and_they_hold_the_hard_cases() -> None:
    cases = BY_HAND["cases"]
    lines = [line for case in cases for line in case["order"]["details_list"]]
    assert len(cases) == 20
    assert {case["order"].get("remark", "absent") for case in cases} >= {"", None, "absent", "=SUM(A1)"}
    assert {line.get("goods_unit", "absent") for line in lines} >= {"", None, "absent"}
    assert "0.0000" in {line["goods_count"] for line in lines}


def test_the_script_imports_nothing_of_ours_and_fits_on_a_page() -> None:
    text = (DEMO / "expect.py").read_text(encoding="utf-8")
    tree = ast.walk(ast.parse(text))
    names = [
        alias.name for node in tree if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    ]
    modules = [node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    assert {*modules} <= {*sys.stdlib_module_names}
    assert {name for name in names if name in ("engine", "connectors", "webui", "flows")} == set()
    assert len(text.splitlines()) <= 60


def test_the_same_seed_gives_the_same_orders_and_another_others() -> None:
    assert orders(50, 3, SINCE, UNTIL) == orders(50, 3, SINCE, UNTIL) != orders(50, 4, SINCE, UNTIL)


def test_a_thousand_orders_are_shaped_as_the_catalogue_says() -> None:
    made = orders(1000, 8, SINCE, UNTIL)
    taken = [order for order in made if expected(order)]
    fields = registry().operations["wdt.stockout.order.query"].give
    optional = {"remark"}
    assert (len(made), len(taken)) == (1050, 1000)
    assert all({*order} | optional == {field.name for field in fields} for order in made)
    assert len({order["order_no"] for order in made}) == len({order["stockout_id"] for order in made}) == 1050
    assert {len(order["details_list"]) for order in made} == {1, 2, 3, 4, 5, 6}
    assert all(SINCE <= at(order) < UNTIL for order in made)
    assert all(document["othOutRecords"] for order in taken if (document := expected(order)))


def at(order: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(order["consign_time"] + "+08:00").astimezone(UTC)


def test_the_scheme_and_the_script_agree_on_every_order() -> None:
    text = (ROOT / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text(encoding="utf-8")
    mapping = check(text, registry()).mapping
    assert mapping is not None
    lookups = {name: pairs(name) for name in ("仓库", "物料", "单位")}
    for order in orders(1000, 12, SINCE, UNTIL):
        mapped = mapping.apply(cast(Record, decode(encode(order))), lookups, SINCE)
        assert (mapped.problems, mapped.held) == ((), ())
        assert mapped.document == expected(order)
        assert (mapped.skipped is None) == (mapped.document is not None)


def test_every_lookup_ends_in_a_code_the_simulator_knows() -> None:
    bip: Any = module(CONNECTORS / "yonbip" / "simulator.py")
    wdt: Any = module(CONNECTORS / "wdt" / "simulator.py")
    assert right("仓库") <= {*bip.WAREHOUSES}
    assert right("物料") <= {*bip.PRODUCTS}
    assert right("单位") <= {*bip.UNITS}
    assert {*pairs("仓库")} == {*wdt.WAREHOUSES}


def right(table: str) -> set[str]:
    return {*pairs(table).values()}


def pairs(table: str) -> dict[str, str]:
    with (DEMO / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return {row["left"]: row["right"] for row in csv.DictReader(file)}
