"""Invented sales stock-outs in the shape 旺店通 gives them: the same seed gives the same documents.

Standard library only. What they hold on purpose: documents that were cancelled, gifts whose share of the
money is nothing, lines of zero, decimals, units left out, amounts that do not divide evenly.
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
UNITS = ["条", "个", "个", "瓶", "个", "盒", "箱", "米", "千克", "升"]


def sales(count: int, seed: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """`count` stock-outs that were consigned and 5 % that were cancelled, within [since, until), in time order."""
    dice = random.Random(seed)  # noqa: S311  (dice, not secrets)
    odd = max(1, count // 20)
    span = int((until - since).total_seconds())
    times = sorted(since + timedelta(seconds=dice.randrange(span)) for _ in range(count + odd))
    odds = set(dice.sample(range(count + odd), odd))
    return [_sale(dice, serial, at.astimezone(BEIJING), serial in odds) for serial, at in enumerate(times)]


def _sale(dice: random.Random, serial: int, at: datetime, cancelled: bool) -> dict[str, Any]:
    lines = [_line(dice, serial, place) for place in range(dice.randint(1, 4))]
    if all(Decimal(line["goods_count"]) == 0 for line in lines):
        lines[0]["goods_count"] = "1.0000"
    trade = f"JY{at:%Y%m%d}{serial:05}"
    moment = at.strftime("%Y-%m-%d %H:%M:%S")
    return {
        "stockout_id": 4_500_000 + serial,
        "order_no": f"CK{at:%Y%m%d}{serial:05}",
        "src_order_no": trade,
        "src_tids": f"T{serial:06}",
        "shop_no": dice.choice(["S01", "S01", "S02"]),
        "warehouse_no": dice.choice(["WH-HZ01", "WH-HZ01", "WH-GZ02", "WH-CD03"]),
        "status": 5 if cancelled else dice.choice([95, 95, 105, 110]),
        "consign_time": moment,
        "modified": moment,
        "goods_count": str(sum(Decimal(line["goods_count"]) for line in lines)),
        "receiver_name": "收件人甲",
        "receiver_mobile": "10000000000",
        "logistics_no": f"YT{serial:010}",
        "details_list": lines,
    }


def _line(dice: random.Random, serial: int, place: int) -> dict[str, Any]:
    # A few articles make most of the sales, so that documents of a day meet in a line.
    article = ARTICLES[min(dice.randrange(60), dice.randrange(60))]
    count = Decimal(dice.choice(["0", "1", "1", "1", "2", "3", "12", "0.5", "0.3333"]))
    price = Decimal(dice.randrange(100, 20_000)) / 100
    gift = dice.random() < 0.1
    amount = (
        Decimal(0)
        if gift
        else (count * price * dice.choice([1, 1, Decimal("0.87")])).quantize(Decimal("0.01"))
    )
    line: dict[str, Any] = {
        "rec_id": 7_900_000 + serial * 10 + place,
        "spec_no": article["left"],
        "goods_no": f"G{article['left'][4:]}",
        "goods_name": article["title"].split()[0],
        "goods_count": f"{count:.4f}",
        "sell_price": f"{price:.4f}",
        "share_amount": f"{amount:.4f}",
        "gift_type": 1 if gift else 0,
    }
    unit = UNITS[(int(article["left"][4:]) - 1001) // 6]
    return {**line, **({"unit_name": unit} if dice.random() < 0.95 else {})}


with (HERE / "物料.csv").open(encoding="utf-8", newline="") as file:
    ARTICLES = [*csv.DictReader(file)]
