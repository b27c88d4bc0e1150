"""When a scheme runs by itself: `every`, `at` clock times on days, or `cron`; one form or a named list."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass

from engine.document.cron import DAYS, read_cron
from engine.document.node import Items, Node, Pairs, under
from engine.document.shape import UNREAD, Choice, Keys, Listed, Reading, Span, Text, first
from engine.model.scheme import Schedule
from engine.model.values import Json
from engine.say import Say

_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
CODE, WRITE_CODE = "[a-z0-9-]{2,60}", Say("用 2 到 60 个小写字母、数字和 -")
_HOW = ("every", "at", "cron", "after")


def zone_trouble(name: str) -> Say | None:
    """What is wrong with a time zone's name; None where it is known."""
    try:
        if re.fullmatch(r"[A-Za-z0-9_+/-]+", name):
            zoneinfo.ZoneInfo(name)
            return None
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        pass
    return Say("没有时区“{zone}”", zone=name)


def _cron_trouble(text: str) -> Say | None:
    read = read_cron(text)
    return read if isinstance(read, Say) else None


ONE = Keys(
    {
        "name": Text("这个时间的名字，写成列表时每个都要有", "[a-z0-9-]{1,60}", Say("用小写字母、数字和 -")),
        "every": Span("每隔多久运行一次，如 10m"),
        "at": Listed(Text("", _CLOCK, Say('写成带引号的 "02:30"')), '每天的这些时刻，如 ["02:30"]'),
        "days": Listed(Choice(DAYS), "只在这些日子，与 at 一起用"),
        "cron": Text("五段的 cron：分 时 日 月 星期", "", Say('写成如 "*/10 8-22 * * *"'), _cron_trouble),
        "after": Text("另一个方案的代号：它每读完一次，这个方案就运行一次", CODE, WRITE_CODE),
        "zone": Text("时区，默认 Asia/Shanghai", "", Say("写成 Asia/Shanghai 这样的名字"), zone_trouble),
    },
    about="什么时候自动运行；不写就只能手动运行",
)


@dataclass(frozen=True)
class Schedules:
    """One schedule, or a list of named ones. Reads to a tuple of Schedule."""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Items):
            made = _one(node, path, reading, named=False)
            return UNREAD if made is None else (made,)
        schedules: list[Schedule] = []
        for number, item in enumerate(node.items):
            place = under(path, number)
            reading.marks[place] = first(item)
            one = _one(item, place, reading, named=len(node.items) > 1)
            if one is None:
                continue
            if any(one.name == other.name for other in schedules):
                says = Say("两个时间都叫“{name}”", name=one.name)
                reading.tell(
                    under(place, "name"),
                    "twice",
                    says,
                    Say("换一个名字"),
                    reading.marks[under(place, "name")],
                )
            schedules.append(one)
        return tuple(schedules)

    def schema(self) -> dict[str, Json]:
        one = ONE.schema()
        one["oneOf"] = [{"required": [key]} for key in _HOW]
        return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}


def _one(node: Node, path: str, reading: Reading, named: bool) -> Schedule | None:
    before = len(reading.problems)
    read = ONE.read(node, path, reading)
    if not isinstance(node, Pairs) or not isinstance(read, dict):
        return None
    at = reading.marks.get(path, node.at)
    how = [key for key in _HOW if key in node.values]
    if len(how) != 1:
        says = Say("every、at、cron、after 要写一个，也只能写一个")
        reading.tell(path, "schedule", says, Say("留下要用的那一个"), at)
    for key, with_ in (("days", ("at",)), ("zone", ("at", "cron"))):
        if len(how) == 1 and key in node.values and how[0] not in with_:
            says = Say("{key} 对 {how} 没有作用", key=key, how=how[0])
            reading.tell(under(path, key), "schedule", says, Say("删掉它"), reading.marks[under(path, key)])
    if named and "name" not in node.values:
        reading.tell(
            under(path, "name"),
            "missing",
            Say("少了“{key}”", key="name"),
            Say("列表里每个时间都要有名字"),
            at,
        )
    return Schedule.model_validate(read) if len(reading.problems) == before else None
