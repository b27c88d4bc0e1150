"""The target's type decides (rule 10): what a value must be before it may stand in a document.

Text takes a number digit by digit, a number takes text that is a Decimal, an id text or a whole number,
dates are normalised; all else is a problem. Missing and null pass: `missing` decides about them.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias, cast

from engine.mapping.dates import DATE, DATETIME, HOME, read_moment, read_pattern
from engine.mapping.plain import MISSING, Value, as_integer, as_number, as_text, shown
from engine.mapping.scope import Trouble
from engine.model.catalog import Field, FieldType
from engine.model.values import Json
from engine.say import Say

Wear: TypeAlias = Callable[[Value], Value]


def wear(field: Field | None, formed: bool, quote: bool, zone: str = HOME) -> Wear:
    """How a value becomes one of this field. `formed`: a pipe wrote a date in a form the person chose.
    A date-time with an offset is told on the clock of `zone`.
    """
    if field is None:
        return _checked(as_any, "any", quote)
    if formed and field.type in ("date", "datetime"):
        return _checked(as_plain_text, "text", quote)
    read = _checked(_reader(field.type, zone), field.type, quote)
    if field.longest is None or field.guess or field.type != "text":
        return read
    return _short(read, field.longest)


def _checked(read: Callable[[Value], Value], kind: FieldType | str, quote: bool) -> Wear:
    def dress(value: Value) -> Value:
        if value is None or value is MISSING:
            return value
        worn = read(value)
        if worn is MISSING:
            raise _unfit(value, kind, quote)
        return worn

    return dress


def _short(read: Wear, longest: int) -> Wear:
    def dress(value: Value) -> Value:
        worn = read(value)
        if isinstance(worn, str) and len(worn) > longest:
            raise Trouble(
                "too_long",
                Say("文本有 {size} 个字符，目标最多 {longest} 个", size=len(worn), longest=longest),
                Say("用 left({longest}) 截短", longest=longest),
            )
        return worn

    return dress


def _unfit(value: Value, kind: FieldType | str, quote: bool) -> Trouble:
    name = NAMES[kind]
    if value == "":
        return Trouble(
            "blank",
            Say("空文本不能作{name}", name=name),
            Say("空时不发送：加一个管道，例如 | decimal、| integer 或 | date"),
        )
    if isinstance(value, list | dict):
        return Trouble("type", Say("对象或列表不能作{name}", name=name), Say("取里面的字段，或用 join 连接"))
    do = Say("改正源数据，或加管道转换")
    if quote:
        return Trouble("type", Say("值 {value} 不能作{name}", value=shown(value), name=name), do)
    return Trouble("type", Say("值不能作{name}", name=name), do)


def as_any(value: Value) -> Value:
    """Where nothing is known of the target: whatever JSON can carry exactly."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else MISSING
    return value if isinstance(value, str | int | dict | list) else MISSING


def as_plain_text(value: Value) -> Value:
    if value.__class__ is str:
        return value
    text = None if isinstance(value, bool) else as_text(value)
    return MISSING if text is None else text


def as_decimal(value: Value) -> Value:
    if value.__class__ is int:
        return value
    number = as_number(value)
    return MISSING if number is None else number


def as_whole(value: Value) -> Value:
    whole = as_integer(value)
    return MISSING if whole is None else whole


def as_id(value: Value) -> Value:
    """Text stays text (001 too), a whole number stays a number."""
    if isinstance(value, str):
        return value or MISSING
    return as_whole(value)


def as_truth(value: Value) -> Value:
    return value if isinstance(value, bool) else MISSING


def _reader(kind: FieldType, zone: str) -> Callable[[Value], Value]:
    if kind in ("date", "datetime"):
        return _moment(DATE if kind == "date" else DATETIME, zone)
    return READ[kind]


def _moment(pattern: str, zone: str) -> Callable[[Value], Value]:
    write = read_pattern(pattern)

    def dated(value: Value) -> Value:
        moment = read_moment(value, zone) if isinstance(value, str) else None
        return MISSING if moment is None or write is None else write(moment)

    return dated


READ: dict[FieldType, Callable[[Value], Value]] = {
    "text": as_plain_text,
    "integer": as_whole,
    "decimal": as_decimal,
    "boolean": as_truth,
    "id": as_id,
    "object": lambda value: value if isinstance(value, dict) else MISSING,
    "list": lambda value: value if isinstance(value, list) else MISSING,
}
NAMES = {
    "text": Say("文本"), "integer": Say("整数"), "decimal": Say("数字"), "boolean": Say("是/否"),
    "date": Say("日期"), "datetime": Say("日期时间"),
    "id": Say("编号"), "object": Say("对象"), "list": Say("列表"), "any": Say("JSON 值"),
}  # fmt: skip


def constant(value: Json, field: Field | None) -> Value:
    """A written value as the field needs it. Raises Trouble."""
    return wear(field, formed=False, quote=True)(cast(Value, value))
