"""`condition`: which records are kept. OR of ANDs of `{field, logic, value}`, as one `where`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.mapping.formula.tree import (
    Call,
    Chain,
    Compare,
    In,
    Name,
    Number,
    Prefix,
    Text,
    Tree,
    print_formula,
)
from engine.mapping.slip import Slip
from engine.qeasy import expression as sql
from engine.qeasy.ledger import Spot
from engine.qeasy.parts import joined
from engine.qeasy.sight import InRecord, Steps
from engine.say import Say

SIGNS = {"eq": "=", "neq": "<>", "gt": ">", "egt": ">=", "lt": "<", "elt": "<="}
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
STAMP = "timestamp:"


@dataclass
class Filter:
    """`where` of the record, and of the lines of each list; "" where there is none. `stop`: why there is none."""

    where: str = ""
    stop: Say | None = None
    lines: dict[Steps, str] = field(default_factory=dict)


def read_condition(spot: Spot | None, sight: InRecord) -> Filter:
    """What cannot be said here is left, all of it: half a filter lets through what it should stop."""
    if spot is None:
        return Filter()
    groups = [group.items() for group in spot.items()]
    try:
        if not all(groups) or not all(isinstance(one.value, dict) for group in groups for one in group):
            raise Slip(0, Say("条件要是两层的列表"))
        made = _several(groups, sight) if len(groups) > 1 else _single(groups[0] if groups else [], sight)
    except Slip as slip:
        spot.leave(slip.says)
        return Filter(stop=Say("condition 没有译出：{says}", says=slip.says))
    spot.take(deep=True)
    return made


def _single(group: Sequence[Spot], sight: InRecord) -> Filter:
    """All must hold: those about lines drop lines only, unless they are strict."""
    whole: list[Tree] = []
    lines: dict[Steps, list[Tree]] = {}
    for one in group:
        rows = _rows(one, sight)
        if rows and not _strict(one):
            lines.setdefault(rows, []).append(_test(one, sight.inside(rows)))
        else:
            whole.append(_about(one, rows, sight))
    return Filter(_said(whole), lines={rows: _said(trees) for rows, trees in lines.items()})


def _several(groups: Sequence[Sequence[Spot]], sight: InRecord) -> Filter:
    """One of them must hold: what is about lines cannot be told apart from the record then."""
    either = []
    for group in groups:
        each = []
        for one in group:
            rows = _rows(one, sight)
            if rows and not _strict(one):
                raise Slip(0, Say("几组条件里有明细的条件，不会分开"))
            each.append(_about(one, rows, sight))
        either.append(joined("AND", tuple(each)))
    return Filter(_said([joined("OR", tuple(either))]))


def _about(one: Spot, rows: Steps, sight: InRecord) -> Tree:
    """A condition of the record; a strict one about lines holds for all of them."""
    if not rows:
        return _test(one, sight)
    inner = replace(sight, levels=()).inside(rows)
    return Call("ALL", (Name(sight.path(rows)), _test(one, inner)))


def _said(trees: list[Tree]) -> str:
    return print_formula(joined("AND", tuple(trees))) if trees else ""


def _strict(one: Spot) -> bool:
    strict = one.at("strictMode")
    return strict is not None and strict.value is True


def _steps(one: Spot) -> Steps:
    field = one.at("field")
    if field is None or not all(field.text.split(".")):
        raise Slip(0, Say("条件里没有写字段"))
    return tuple(field.text.split("."))


def _rows(one: Spot, sight: InRecord) -> Steps:
    """The list that the condition's field goes into; () where it is the record's own."""
    steps = _steps(one)
    return next((steps[:size] for size in range(1, len(steps)) if steps[:size] in sight.lists), ())


def _test(one: Spot, sight: InRecord) -> Tree:
    tree = sight.field(sql.Field(_steps(one), 0))
    logic, value = (one.at(key) for key in ("logic", "value"))
    said = logic.text.lower() if logic is not None else ""
    text, number = _text(value), _steps(one) in sight.numbers
    if said in SIGNS:
        return _compared(tree, SIGNS[said], text, number)
    match said:
        case "isnull":
            return Call("ISBLANK", (tree,))
        case "notnull":
            return Prefix("NOT", Call("ISBLANK", (tree,)))
        case "like":
            return _like(tree, text)
        case "notlike":
            return Prefix("NOT", _like(tree, text))
        case "in" | "notin":
            return In(tree, tuple(_item(part.strip(), number) for part in text.split(",")), said == "notin")
        case "between":
            low, comma, high = text.partition(",")
            if comma:
                return Chain(
                    _compared(tree, ">=", low.strip()), (("AND", _compared(tree, "<=", high.strip())),)
                )
    raise Slip(0, Say("不认识条件 {logic}", logic=said))


def _text(value: Spot | None) -> str:
    if value is None or value.value is None:
        return ""
    if isinstance(value.value, str | int | Decimal) and not isinstance(value.value, bool):
        return str(value.value)
    raise Slip(0, Say("条件的值要是一个文本或数字"))


def _item(text: str, number: bool) -> Text | Number:
    return Number(Decimal(text)) if number and _NUMBER.fullmatch(text) else Text(text)


def _compared(tree: Tree, sign: str, text: str, number: bool = False) -> Tree:
    """Larger and smaller are of numbers where it is one; equal is of texts, unless the field is a number."""
    if text.startswith(STAMP):
        stamp = text.removeprefix(STAMP)
        if not _NUMBER.fullmatch(stamp):
            raise Slip(0, Say("“{text}”不是时间戳", text=text))
        return Compare(sign, Call("TOEPOCH", (tree,)), Number(Decimal(stamp)))
    return Compare(sign, tree, _item(text, number or sign not in ("=", "<>")))


def _like(tree: Tree, text: str) -> Tree:
    """With `%` as in MySQL, without as a part."""
    inner = text.strip("%")
    if any(sign in inner for sign in "%_"):
        raise Slip(0, Say("like 的写法太复杂：{text}", text=text))
    if text == inner or (text[:1] == text[-1:] == "%"):
        return Call("CONTAINS", (tree, Text(inner)))
    return Call("ENDSWITH" if text.startswith("%") else "STARTSWITH", (tree, Text(inner)))
