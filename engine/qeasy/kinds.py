"""The kinds of functions most of MySQL's are, and what is asked of arguments."""

from __future__ import annotations

from collections.abc import Sequence

from engine.mapping.formula.tree import Call, Tree
from engine.mapping.slip import Slip
from engine.qeasy import expression as sql
from engine.qeasy.expression import Expression
from engine.qeasy.formula import Make, Translator
from engine.qeasy.parts import REWRITE, Kind, Made, number_of
from engine.say import Say


def call(name: str, *args: Tree) -> Call:
    return Call(name, args)


def of_numbers(name: str, least: int = 1, most: int = 1) -> Make:
    """A function of numbers that rounds or does not care."""

    def make(of: sql.Call, to: Translator) -> Made:
        counted(of, least, most)
        made = [to.exact(arg) for arg in of.args]
        return gathered(name, made, "number")

    return make


def of_texts(name: str, numbers: int = 0, least: int = 1, most: int = 1, kind: Kind = "text") -> Make:
    """A function of texts whose last `numbers` arguments are numbers."""

    def make(of: sql.Call, to: Translator) -> Made:
        counted(of, least, most)
        texts = most - numbers
        return gathered(
            name,
            [to.text(arg) if place < texts else to.exact(arg) for place, arg in enumerate(of.args)],
            kind,
        )

    return make


def gathered(name: str, made: Sequence[Made], kind: Kind) -> Made:
    zeros = tuple(zero for one in made for zero in one.zeros)
    return Made(Call(name, tuple(one.tree for one in made)), kind, zeros)


def counted(of: sql.Call, least: int, most: int) -> None:
    if not least <= len(of.args) <= most:
        raise Slip(of.at, Say("{name} 的参数个数不对", name=of.name), REWRITE)


def small(of: Expression) -> int:
    """A whole literal."""
    number = number_of(of)
    if number is None or number.value != number.value.to_integral_value():
        raise Slip(of.at, Say("这里要是固定的整数"), REWRITE)
    return int(number.value)
