"""What the demo can show: for each starter its invented records, its lookups, and its second opinion.

The scripts and tables are content of `flows/demo`; none of them imports anything of ours.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.model.values import Json
from engine.say import Say
from engine.settings import SHIPPED

FLOWS = SHIPPED / "flows"
DEFAULT = "wdt-stockout-to-bip-othout"
_CODES = ("仓库", "物料", "单位")


@dataclass(frozen=True)
class Show:
    """One starter on stage.

    `maker` makes the records: (script, function). They are handed to the simulator `source` at `deed`,
    beside what `given` says. `expect` is the script of the second opinion. `key` is a record's number,
    `number` that of the document it becomes in `target`. `noun` is what the records are.
    """

    maker: tuple[str, str]
    deed: str
    expect: str
    key: str
    number: str
    noun: Say
    source: str = "wdt"
    target: str = "yonbip"
    tables: tuple[str, ...] = ()
    given: Mapping[str, Json] = field(default_factory=dict)
    records: str = "rows"

    def made(self, count: int, seed: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
        name, function = self.maker
        made: list[dict[str, Any]] = getattr(script(name), function)(count, seed, since, until)
        return made

    def expected(self, record: dict[str, Any]) -> dict[str, Any] | None:
        wanted: dict[str, Any] | None = script(self.expect).expected(record)
        return wanted


SHOWS: dict[str, Show] = {
    DEFAULT: Show(
        ("orders", "orders"),
        "orders",
        "expect",
        "order_no",
        "code",
        Say("出库单"),
        tables=_CODES,
        records="orders",
    ),
    "wdt-purchase-stockin-to-bip-purin": Show(
        ("stockins", "purchases"),
        "rows",
        "expect_purin",
        "order_no",
        "code",
        Say("采购入库单"),
        tables=(*_CODES, "供应商"),
        given={"of": "wdt.stockin.order.query.purchase"},
    ),
    "wdt-stockin-to-bip-othin": Show(
        ("stockins", "others"),
        "rows",
        "expect_othin",
        "order_no",
        "code",
        Say("其他入库单"),
        tables=_CODES,
        given={"of": "wdt.stockin.order.query"},
    ),
    "bip-goods-to-wdt-goods": Show(
        ("products", "products"),
        "products",
        "expect_goods",
        "code",
        "goods_no",
        Say("物料"),
        source="yonbip",
        target="wdt",
        records="products",
    ),
}


def starter(code: str) -> Path:
    return FLOWS / f"{code}.yaml"


def script(name: str) -> ModuleType:
    """A script of flows/demo: content, found by its path."""
    spec = importlib.util.spec_from_file_location(f"duijie_demo_{name}", FLOWS / "demo" / f"{name}.py")
    assert spec is not None and spec.loader is not None  # noqa: S101  (a .py file always has a loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
