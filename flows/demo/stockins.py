"""Invented stock-in documents in the shape 旺店通 gives them: the same seed gives the same documents.

Standard library only. What they hold on purpose: documents that are not finished or of other types,
which the schemes skip; lines of zero, units left out, remarks blank or not there, the same article twice.
"""

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

BEIJING = timezone(timedelta(hours=8))
HERE = Path(__file__).parent
TYPES = {1: "采购入库", 2: "调拨入库", 4: "盘盈入库", 6: "其他入库"}
REMARKS = ["退样", "赠品入库", "盘点补录", "", None, "展会剩余 50%"]


def purchases(count: int, seed: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """`count` purchase stock-ins that are finished and 5 % that are not, changed within [since, until)."""
    return [
        {**_head(dice, serial, at, 35 if odd else 80), **_bought(dice, serial, at)}
        for serial, at, odd, dice in _moments(count, seed, since, until)
    ]


def others(count: int, seed: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """`count` other stock-ins that are finished, and 5 % that are open or of another type."""
    made = []
    for serial, at, odd, dice in _moments(count, seed, since, until):
        kind = dice.choice([2, 4, 6]) if odd else 6
        head = _head(dice, serial, at, 30 if odd and kind == 6 else 80)
        source = dice.choice([f"QT{at:%Y%m%d}{dice.randrange(1000):03}", "", None])
        remark = {"remark": dice.choice(REMARKS)} if dice.random() < 0.9 else {}
        made.append(
            {**head, "order_type": kind, "order_type_name": TYPES[kind], "src_order_no": source, **remark}
        )
    return made


def _moments(
    count: int, seed: int, since: datetime, until: datetime
) -> list[tuple[int, datetime, bool, random.Random]]:
    dice = random.Random(seed)  # noqa: S311  (dice, not secrets)
    odd = max(1, count // 20)
    span = int((until - since).total_seconds())
    times = sorted(since + timedelta(seconds=dice.randrange(span)) for _ in range(count + odd))
    odds = set(dice.sample(range(count + odd), odd))
    return [(serial, at.astimezone(BEIJING), serial in odds, dice) for serial, at in enumerate(times)]


def _head(dice: random.Random, serial: int, at: datetime, status: int) -> dict[str, Any]:
    lines = [_line(dice, serial, place) for place in range(dice.randint(1, 5))]
    if all(Decimal(line["goods_count"]) == 0 for line in lines):
        lines[0]["goods_count"] = "1.0000"
    number = f"RK{at:%Y%m%d}{serial:05}"
    checked = at - timedelta(minutes=dice.randrange(600))
    return {
        "order_no": number,
        "stockin_no": number,
        "warehouse_no": dice.choice(["WH-HZ01", "WH-HZ01", "WH-GZ02", "WH-CD03"]),
        "status": status,
        "check_time": checked.strftime("%Y-%m-%d %H:%M:%S"),
        "modified": at.strftime("%Y-%m-%d %H:%M:%S"),
        "goods_count": str(sum(Decimal(line["goods_count"]) for line in lines)),
        "details_list": lines,
    }


def _bought(dice: random.Random, serial: int, at: datetime) -> dict[str, Any]:
    provider = dice.choice(["GYS01", "GYS02", "GYS03"])
    return {"provider_no": provider, "purchase_no": f"CG{at:%Y%m%d}{serial:05}", "order_type_name": TYPES[1]}


def _line(dice: random.Random, serial: int, place: int) -> dict[str, Any]:
    cost = Decimal(dice.randrange(100, 90_000)) / 100
    line: dict[str, Any] = {
        "rec_id": 900_000 + serial * 10 + place,
        "spec_no": dice.choice(ARTICLES),
        "goods_count": dice.choice(["1.0000", "2.0000", "12.0000", "0.5000", "7.0625", "0.0000", "300.0000"]),
        "cost_price": f"{cost:.4f}",
        "tax_price": f"{cost * Decimal('1.13'):.6f}",
        "goods_unit": dice.choice(["个", "条", "盒", "箱", "千克", "", None]),
    }
    return {**line, "remark": dice.choice(["赠品", "外箱破损", "", None])} if dice.random() < 0.9 else line


def _articles() -> list[str]:
    with (HERE / "物料.csv").open(encoding="utf-8", newline="") as file:
        return [row["left"] for row in csv.DictReader(file)]


ARTICLES = _articles()
