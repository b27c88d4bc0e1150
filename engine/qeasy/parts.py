"""What the translation of expressions is made of: a formula on its way, and how formulas are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from engine.mapping.formula.tree import Call, Chain, Compare, Number, Text, Tree, print_formula
from engine.mapping.slip import Slip
from engine.qeasy import expression as sql
from engine.qeasy.expression import Expression
from engine.say import Say

Kind = Literal["number", "text", "truth", "any"]
REWRITE = Say("对照原来的表达式改写成公式")
TIMES = ("LAST_SYNC_TIME", "CURRENT_TIME")
AGO = "DAYS_AGO_"
NOTHING = Call("NULL")


@dataclass(frozen=True, slots=True)
class Made:
    """A formula on its way. It is NULL where one of `zeros` is 0; `raw`: its quotient is not rounded yet."""

    tree: Tree
    kind: Kind = "any"
    zeros: tuple[Tree, ...] = ()
    raw: bool = False


def is_time(field: sql.Field) -> bool:
    name = field.steps[0]
    return len(field.steps) == 1 and (name in TIMES or (name.startswith(AGO) and name[len(AGO) :].isdigit()))


# -- what a part of an expression is ---------------------------------------------------------------


def quoted(of: Expression) -> bool:
    """Is it a text to MySQL?"""
    match of:
        case sql.Text() | sql.Find():
            return True
        case sql.Call(name=name):
            return name in ("CONCAT", "LEFT", "RIGHT", "SUBSTRING", "SUBSTR", "MID", "REPLACE", "TRIM", "DATE_FORMAT",
                "FROM_UNIXTIME", "UPPER", "LOWER", "DATE", "NOW", "CURDATE", "SUBSTRING_INDEX", "IFNULL")  # fmt: skip
        case sql.Field(pipe=pipe):
            return bool(pipe)
    return False


def number_of(of: Expression) -> Number | None:
    """A literal as a number, also where it is quoted; None for all else."""
    if isinstance(of, sql.Number):
        return Number(of.value)
    if isinstance(of, sql.Sign) and of.sign == "-" and isinstance(of.of, sql.Number):
        return Number(-of.of.value)
    if isinstance(of, sql.Text) and of.plain is not None:
        try:
            return numeric(of.plain, of.at)
        except Slip:
            return None
    return None


def is_zero(of: Expression) -> bool:
    number = number_of(of)
    return number is not None and not number.value


def divides(of: Expression) -> bool:
    """Is there a division in it that may be one by zero?"""
    if isinstance(of, sql.Pair):
        return of.sign in ("/", "%", "DIV") or divides(of.left) or divides(of.right)
    if isinstance(of, sql.Call):
        return any(divides(arg) for arg in of.args)
    return isinstance(of, sql.Sign) and divides(of.of)


# -- building --------------------------------------------------------------------------------------


def whole(value: int) -> Number:
    return Number(Decimal(value))


def numeric(text: str, at: int) -> Number:
    try:
        value = Decimal(text.strip())
    except ArithmeticError:
        value = Decimal("nan")
    if not value.is_finite() or abs(value.adjusted()) > 30:
        raise Slip(at, Say("“{text}”不是数字，不能计算", text=text), REWRITE)
    return Number(value)


def zero(tree: Tree) -> Tree:
    return Compare("=", tree, whole(0))


def any_zero(zeros: Sequence[Tree]) -> Tree:
    return joined("OR", tuple(dict.fromkeys(zero(one) for one in zeros)))


def joined(sign: str, trees: tuple[Tree, ...]) -> Tree:
    """Flat, as the tree of a formula is."""
    flat: list[Tree] = []
    for tree in trees:
        same = isinstance(tree, Chain) and all(one == sign for one, _ in tree.rest)
        flat += (
            (tree.first, *(part for _, part in tree.rest)) if isinstance(tree, Chain) and same else (tree,)
        )
    return flat[0] if len(flat) == 1 else Chain(flat[0], tuple((sign, part) for part in flat[1:]))


def chained(left: Tree, sign: str, right: Tree) -> Tree:
    level = ("+", "-") if sign in ("+", "-") else ("*", "/")
    if isinstance(left, Chain) and left.rest[0][0] in level:
        return Chain(left.first, (*left.rest, (sign, right)))
    return Chain(left, ((sign, right),))


def dated(tree: Tree, field: sql.Field) -> Tree:
    """A value with `|datetime` or `|date` behind it."""
    match field.pipe.lower():
        case "datetime":
            return Call("DATETIME", (tree,))
        case "date":
            return Call("DATE", (tree,))
    raise Slip(field.at, Say("没有管道 {name}", name=field.pipe), REWRITE)


def stopping(says: str) -> str:
    """A formula that refuses every record with a 待办 until a person has written what belongs here."""
    return print_formula(Call("ERROR", (Text(f"待办：{says}"),)))
