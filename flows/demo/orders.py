"""Invented stock-out orders in the shape 旺店通 gives them: the same seed gives the same orders.

Standard library only. What they hold on purpose: quantities of zero and with decimals, remarks that
are text, blank, null or not there, units left out, lines with the same article twice, orders of
other types that the scheme skips, and numbers that contain other numbers.
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
TYPES = {2: "调拨出库", 3: "采购退货出库", 4: "盘亏出库", 8: "多发出库"}
REMARKS = ["展会陈列", "样品，勿外发", "部门/行政", "=SUM(A1)", "加急", 'A区"3"排', "退换补发", "试用 50%"]
RECEIVER = ["name", "province", "city", "district", "address", "mobile", "telno", "zip"]
LINE_REMARKS = ["赠品", "外箱破损", "试用装", "2 号货架"]
REASONS = ["领用", "样品", "展会", "报损"]


def orders(count: int, seed: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """`count` orders the scheme takes and 5 % it skips, consigned within [since, until), in time order."""
    dice = random.Random(seed)  # noqa: S311  (dice, not secrets)
    skipped = max(1, count // 20)
    span = int((until - since).total_seconds())
    times = sorted(since + timedelta(seconds=dice.randrange(span)) for _ in range(count + skipped))
    skips = set(dice.sample(range(count + skipped), skipped))
    made: list[dict[str, Any]] = []
    for serial, at in enumerate(times):
        made.append(_order(dice, serial, at.astimezone(BEIJING), serial in skips))
        if serial % 50 == 49:
            made[-1]["order_no"] = f"{made[-2]['order_no']}-1"
    return made


def _order(dice: random.Random, serial: int, at: datetime, skipped: bool) -> dict[str, Any]:
    kind = dice.choice(list(TYPES)) if skipped else 7
    consigned = at.strftime("%Y-%m-%d %H:%M:%S")
    lines = [_line(dice, serial, place, consigned) for place in range(dice.randint(1, 6))]
    if all(Decimal(line["goods_count"]) == 0 for line in lines):
        lines[0]["goods_count"] = "1.0000"
    reason = dice.choice(REASONS)
    return {
        "stockout_id": 4_400_000 + serial,
        "order_no": f"CK{at:%Y%m%d}{serial:05}",
        "src_order_no": dice.choice([f"QT{at:%Y%m%d}{dice.randrange(1000):03}"] * 8 + ["", None]),
        "warehouse_no": dice.choice(["WH-HZ01", "WH-HZ01", "WH-GZ02", "WH-CD03"]),
        "status": dice.choice([95, 95, 110, 113]),
        "consign_time": consigned,
        "order_type": kind,
        "order_type_name": TYPES.get(kind, "其他出库"),
        "subtype": reason + "出库",
        "stockout_reason": reason,
        "goods_count": _sum(lines, "goods_count"),
        "goods_total_amount": _sum(lines, "total_amount"),
        "goods_total_cost": "0.0000",
        "post_fee": "0.0000",
        "logistics_no": "",
        "package_fee": "0.0000",
        "receiver_country": "0",
        **{f"receiver_{name}": "" for name in RECEIVER},
        "weight": _sum(lines, "weight"),
        **_maybe(dice, "remark", REMARKS),
        "outer_no": "",
        "operator_name": "仓管甲",
        "logistics_type": "-1",
        "logistics_code": "",
        "logistics_name": "",
        "details_list": lines,
    }


def _line(dice: random.Random, serial: int, place: int, consigned: str) -> dict[str, Any]:
    article = dice.choice(ARTICLES)
    count = Decimal(dice.choice(["0", "1", "2", "3", "12", "40", "0.5", "1.25", "0.3333", "7.0625"]))
    price = Decimal(dice.randrange(100, 20000)) / 100
    batch = dice.choice(["", f"P{dice.randrange(2501, 2612)}A"])
    expires = "2028-05-31 00:00:00" if batch else "0000-00-00 00:00:00"
    rec = 7_700_000 + serial * 10 + place
    goods, spec = article["title"].split()
    position = {
        "position_id": dice.randrange(1, 90),
        "position_no": f"{dice.choice('ABC')}-{dice.randrange(1, 20):02}-{dice.randrange(1, 9):02}",
        "position_goods_count": f"{count:.4f}",
        "stockout_order_detail_id": rec,
        "rec_id": rec + 1_000_000,
        "stock_spec_detail_id": 88_000 + place,
        "stockin_detail_id": 0,
        "batch_id": 9 if batch else 0,
        "batch_no": batch,
        "cost_price": "0.0000",
        "modified": consigned,
        "v_stock_spec_detail_id": 0,
        "expire_date": expires,
        "created": consigned,
    }
    return {
        "stockout_id": 4_400_000 + serial,
        "rec_id": rec,
        "spec_no": article["left"],
        "goods_count": f"{count:.4f}",
        "sell_price": f"{price:.4f}",
        "brand_no": "BR1",
        "brand_name": "青禾",
        "goods_name": goods,
        "goods_no": f"G{article['left'][4:]}",
        "spec_name": spec,
        "spec_code": "",
        "cost_price": "0.0000",
        "total_amount": f"{count * price:.4f}",
        "weight": f"{count * Decimal('0.15'):.4f}",
        **_maybe(dice, "remark", LINE_REMARKS),
        **_maybe(dice, "goods_unit", [UNITS[(int(article["left"][4:]) - 1001) // 6]] * 24),
        "batch_no": batch,
        "batch_remark": "",
        "expire_date": expires,
        "position_list": [position] if count else [],
    }


def _maybe(dice: random.Random, name: str, texts: list[str]) -> dict[str, str | None]:
    """The field with a text, blank, null, or not there at all."""
    text = dice.choice([*texts, "", None, "absent"])
    return {} if text == "absent" else {name: text}


def _sum(lines: list[dict[str, Any]], name: str) -> str:
    return f"{sum(Decimal(line[name]) for line in lines):.4f}"


def _articles() -> list[dict[str, str]]:
    with (HERE / "物料.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ARTICLES = _articles()
