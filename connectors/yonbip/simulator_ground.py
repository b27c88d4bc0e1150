"""What the parts of the 用友BIP simulator share: its refusals, how it reads what it is asked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from engine.connect import Json, Record

BEIJING = timezone(timedelta(hours=8))


class No(Exception):
    """The vendor's own refusal."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code, self.says = code, says


def stamp(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def text(value: Json) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def rows(value: Json) -> list[Record]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def page_number(ask: Record, name: str) -> int:
    value = ask.get(name)
    if value is None or value == "":
        raise No("310008", f"参数{name}不能为空")
    if not str(value).isdecimal() or int(str(value)) < 1:
        raise No("310061", f"参数{name}应为数字")
    return int(str(value))


def page(found: list[Record], ask: Record) -> Record:
    """One page of what was found, from 1, with the total on every page."""
    number, size = page_number(ask, "pageIndex"), page_number(ask, "pageSize")
    pages = -(-len(found) // size)
    return {
        "pageIndex": number,
        "pageSize": size,
        "recordCount": len(found),
        "pageCount": pages,
        "beginPageIndex": 1,
        "endPageIndex": pages,
        "recordList": [*found[(number - 1) * size : number * size]],
    }
