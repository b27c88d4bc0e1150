"""A compiled part of a formula and how it is read as text, number, truth or list.

Blank (missing, null, "") is "" as text, false as truth, no rows as a list, and a problem as a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeAlias

from engine.mapping.manual import Kind
from engine.mapping.plain import MISSING, Missing, Value, as_integer, as_number, as_text, blank, shown
from engine.mapping.scope import MOST_ITEMS, Find, Scope, Trouble
from engine.model.values import Json
from engine.say import Say

Texts: TypeAlias = Callable[[Value, Scope], str]
Numbers: TypeAlias = Callable[[Value, Scope], Decimal]
Counts: TypeAlias = Callable[[Value, Scope], int]
Truths: TypeAlias = Callable[[Value, Scope], bool]
Lists: TypeAlias = Callable[[Value, Scope], list[Json]]


@dataclass(frozen=True, slots=True)
class Coded:
    """`label` is what messages call it; a literal has its `literal` value; `field`: it is a bare name.

    `quote`: messages may show its value (nothing in it is personal or unknown). `cost` is its steps.
    `near`: it is a single name so many levels out.
    """

    find: Find
    kind: Kind
    label: str
    literal: Value = MISSING
    field: bool = False
    quote: bool = False
    cost: int = 1
    near: tuple[int, str] | None = None

    @property
    def fixed(self) -> bool:
        return not isinstance(self.literal, Missing)

    def giving(self, find: Find) -> Coded:
        return replace(self, find=find, near=None)


def not_read(coded: Coded, value: Value, code: str, says: Callable[[str], Say], do: Say) -> Trouble:
    """The Trouble of a value that is not what its place needs, quoted only where that is allowed."""
    what = coded.label
    if coded.quote and not blank(value):
        what = Say("{label} 的值 {value}", label=coded.label, value=shown(value))
    return Trouble(code, says(what), do)


def texts(coded: Coded) -> Texts:
    find = coded.find
    up, member = coded.near or (-1, "")

    def text(row: Value, scope: Scope) -> str:
        value = find(row, scope)
        if value.__class__ is str:
            return value
        said = as_text(value)
        if said is None:
            do = Say("取里面的字段，或用 JOIN 连接列表")
            raise not_read(coded, value, "no_text", lambda what: Say("{what} 不能当作文本", what=what), do)
        return said

    if up != 0:
        return text

    def quick(row: Any, scope: Scope) -> str:
        """The same for a plain name that holds text, which most are, with fewer calls."""
        try:
            value: str = row[member]
        except (KeyError, TypeError):
            return text(row, scope)
        return value if value.__class__ is str else text(row, scope)

    return quick


def numbers(coded: Coded) -> Numbers:
    find = coded.find

    def number(row: Value, scope: Scope) -> Decimal:
        value = find(row, scope)
        read = as_number(value)
        if read is not None:
            return read
        if blank(value):
            raise Trouble(
                "blank_number",
                Say("{label} 是空的，不能计算", label=coded.label),
                Say("用 COALESCE(…, 0) 给出空时的数"),
            )
        do = Say("核对源数据，或用 REPLACE、TRIM 去掉多余字符")
        raise not_read(coded, value, "no_number", lambda what: Say("{what} 不是数字", what=what), do)

    return number


def counts(coded: Coded) -> Counts:
    find = coded.find

    def count(row: Value, scope: Scope) -> int:
        value = find(row, scope)
        read = as_integer(value)
        if read is None or not -MOST_ITEMS * 1000 <= read <= MOST_ITEMS * 1000:
            says = lambda what: Say("{what} 不是合适的整数", what=what)  # noqa: E731
            raise not_read(coded, value, "no_count", says, Say("写一个整数"))
        return read

    return count


def truths(coded: Coded) -> Truths:
    find = coded.find

    def truth(row: Value, scope: Scope) -> bool:
        value = find(row, scope)
        if value is True or value is False:
            return value
        if blank(value):
            return False
        says = lambda what: Say("{what} 不是“是/否”", what=what)  # noqa: E731
        raise not_read(coded, value, "no_truth", says, Say("写成比较，例如 status = '95'"))

    return truth


def lists(coded: Coded) -> Lists:
    find = coded.find

    def rows(row: Value, scope: Scope) -> list[Json]:
        value = find(row, scope)
        if isinstance(value, list):
            scope.run.spend(len(value))
            return value
        if blank(value):
            return []
        raise Trouble("no_list", Say("{label} 不是列表", label=coded.label), Say("核对路径"))

    return rows
