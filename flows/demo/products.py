"""Invented articles in the shape 用友BIP lists them: the same seed gives the same articles.

Standard library only. Some are stopped, which the scheme skips; names hold quotes, blanks and signs
that a form or a signature might trip over.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any

BEIJING = timezone(timedelta(hours=8))
NAMES = [
    "亚麻桌旗",
    "手冲壶 600ml",
    "棉线本/方格",
    "陶罐(大)",
    "木勺=试样",
    '"云"系列茶杯',
    "毛巾 50%棉",
    "香皂&礼盒",
    "竹篮+盖",
    "围裙;藏青",
]
UNITS = {"GE": "个", "TIAO": "条", "HE": "盒", "XIANG": "箱"}
CLASSES = {"01": "成品", "0102": "厨房", "0201": "家纺/床品"}


def products(count: int, seed: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """`count` articles the scheme takes and 5 % that are stopped, changed within [since, until)."""
    dice = random.Random(seed)  # noqa: S311  (dice, not secrets)
    stopped = max(1, count // 20)
    span = int((until - since).total_seconds())
    times = sorted(since + timedelta(seconds=dice.randrange(span)) for _ in range(count + stopped))
    stops = set(dice.sample(range(count + stopped), stopped))
    return [
        _product(dice, serial, at.astimezone(BEIJING), serial in stops) for serial, at in enumerate(times)
    ]


def _product(dice: random.Random, serial: int, at: datetime, stopped: bool) -> dict[str, Any]:
    unit, kind = dice.choice([*UNITS]), dice.choice([*CLASSES])
    made = {
        "id": str(2_320_000_000_000_000_000 + serial * 7_919),
        "code": f"WL{at:%y%m%d}{serial:05}",
        "name": f"{dice.choice(NAMES)} {serial:05}",
        "unitCode": unit,
        "unitName": UNITS[unit],
        "stopStatus": stopped,
        "pubts": at.strftime("%Y-%m-%d %H:%M:%S"),
    }
    return (
        made if dice.random() < 0.1 else {**made, "manageClassCode": kind, "manageClassName": CLASSES[kind]}
    )
