"""What the parts of the 金蝶云星空 simulator share: its refusals, and how it reads a FilterString."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from engine.connect import Json, Record

BEIJING = timezone(timedelta(hours=8))
_CONDITION = re.compile(
    r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|<>|=|>|<)\s*(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?))\s*"
)


class No(Exception):
    """The vendor's own refusal: a MsgCode and a message, of a field where it is about one."""

    def __init__(self, code: int, says: str, field: str = "") -> None:
        super().__init__(says)
        self.code, self.says, self.field = code, says, field

    def row(self, place: int = 0) -> Record:
        return {"FieldName": self.field, "Message": self.says, "DIndex": place}


def stamp(at: datetime) -> str:
    """A moment as queries give it."""
    return f"{at.astimezone(BEIJING):%Y-%m-%dT%H:%M:%S}"


def text(value: Json) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def rows(value: Json) -> list[Record]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def number_of(value: Json) -> str:
    """The code in {"FNumber": code}, however its name is written."""
    if not isinstance(value, dict):
        return ""
    return next((text(inner) for name, inner in value.items() if name.upper() == "FNUMBER"), "")


def condition(written: str) -> Callable[[Mapping[str, Json]], bool]:
    """A FilterString as a test: conditions joined by "and", in brackets or not; what else there is, is refused."""
    parts: list[tuple[str, str, str]] = []
    rest = written.replace("(", " ").replace(")", " ") if "'" not in written else _unbracketed(written)
    while rest.strip():
        found = _CONDITION.match(rest)
        if found is None:
            raise No(8, f"过滤条件有误：{rest.strip()}", "FilterString")
        value = found[3].replace("''", "'") if found[3] is not None else found[4]
        parts.append((found[1], found[2], value))
        rest = rest[found.end() :]
        if rest.strip():
            if not re.match(r"and\s", rest, re.IGNORECASE):
                raise No(8, f"过滤条件有误：{rest.strip()}", "FilterString")
            rest = rest[3:]
    return lambda row: all(_holds(row, *part) for part in parts)


def _unbracketed(written: str) -> str:
    """The text without brackets outside of quotes."""
    pieces = re.split(r"('(?:[^']|'')*')", written)
    return "".join(piece if place % 2 else re.sub(r"[()]", " ", piece) for place, piece in enumerate(pieces))


def _holds(row: Mapping[str, Json], name: str, sign: str, value: str) -> bool:
    known = {key.upper(): key for key in row}
    if name.upper() not in known:
        raise No(9, f"字段{name}不存在", name)
    has = row[known[name.upper()]]
    if has is None:
        return False
    left: Decimal | str
    right: Decimal | str
    left, right = str(has), value.replace(" ", "T") if "T" in str(has) and len(str(has)) == 19 else value
    if not isinstance(has, str):
        try:
            left, right = Decimal(str(has)), Decimal(value)
        except InvalidOperation:
            return False
    return {
        "=": left == right,
        "<>": left != right,
        ">=": left >= right,  # type: ignore[operator]  # both are of one kind
        "<=": left <= right,  # type: ignore[operator]
        ">": left > right,  # type: ignore[operator]
        "<": left < right,  # type: ignore[operator]
    }[sign]
