"""Comparisons (rule 9): the literal decides whether text or numbers are compared, else the declared types."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from engine.mapping.formula.coded import Coded, numbers, texts
from engine.mapping.formula.tree import Compare, In, Number, Text, print_formula
from engine.mapping.plain import MISSING, Value, as_number, as_text, blank
from engine.mapping.scope import Find, Scope
from engine.mapping.slip import Slip
from engine.say import Say

Test = Callable[[Any, Any], bool]
TESTS: dict[str, Test] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def compile_compare(tree: Compare, left: Coded, right: Coded, label: str) -> Coded:
    """`left` and `right` are the compiled sides. Raises Slip where nobody knows how to compare them."""
    how, test = _as_what(left, right, tree), TESTS[tree.sign]
    for one, side in ((left, tree.left), (right, tree.right)):
        if how == "number" and one.fixed and as_number(one.literal) is None:
            raise Slip(
                side.at, Say("{label} 不是数字", label=one.label), Say("两边都写数字，或都写带引号的文本")
            )
    find = _compare_numbers(left, right, test) if how == "number" else _compare_texts(left, right, test)
    return Coded(find, "truth", label, quote=left.quote and right.quote, cost=1 + left.cost + right.cost)


def _as_what(left: Coded, right: Coded, tree: Compare) -> str:
    """Rule 9. A literal decides; then a computed number; then a computed text; then the fields."""
    for one in (left, right):
        if one.fixed:
            return "number" if one.kind == "number" else "text"
    computed = [one.kind for one in (left, right) if not one.field]
    if "number" in computed or (left.kind == right.kind == "number"):
        return "number"
    if tree.sign in ("=", "<>") or "text" in computed:
        return "text"
    said = [print_formula(side) for side in (tree.left, tree.right)]
    do = Say("按数比较写 NUMBER({left}) {sign} NUMBER({right})", left=said[0], sign=tree.sign, right=said[1])
    raise Slip(
        tree.at,
        Say("不知道 {left} 和 {right} 按数还是按文本比较", left=left.label, right=right.label),
        do,
        "untyped",
    )


def _compare_numbers(left: Coded, right: Coded, test: Test) -> Find:
    """Both are Decimal; a blank side makes it false, other text is a problem."""
    if right.fixed:
        return _compare_to(left, cast(Decimal, as_number(right.literal)), test)
    a, b, read_a, read_b = left.find, right.find, numbers(left), numbers(right)

    def compare(row: Value, scope: Scope) -> Value:
        if blank(a(row, scope)) or blank(b(row, scope)):
            return False
        return test(read_a(row, scope), read_b(row, scope))

    return compare


def _compare_to(left: Coded, literal: Decimal, test: Test) -> Find:
    find, read = left.find, numbers(left)

    def compare(row: Value, scope: Scope) -> Value:
        value = find(row, scope)
        if value is MISSING or value is None or value == "":
            return False
        number = as_number(value)
        return test(read(row, scope) if number is None else number, literal)

    return compare


def _compare_texts(left: Coded, right: Coded, test: Test) -> Find:
    a, b = texts(left), texts(right)
    if right.fixed:
        said = as_text(right.literal)
        return lambda row, scope: test(a(row, scope), said)
    return lambda row, scope: test(a(row, scope), b(row, scope))


def compile_in(tree: In, coded: Coded, label: str) -> Coded:
    """Each literal is compared as its own kind; a blank is neither among numbers nor outside them."""
    said = frozenset(item.value for item in tree.items if isinstance(item, Text))
    counted = tuple(item.value for item in tree.items if isinstance(item, Number))
    text, number, find, negated = texts(coded), numbers(coded), coded.find, tree.negated

    def among(row: Value, scope: Scope) -> Value:
        if said and text(row, scope) in said:
            return not negated
        if counted:
            if blank(find(row, scope)):
                return False
            return (number(row, scope) in counted) is not negated
        return negated

    return Coded(among, "truth", label, quote=coded.quote, cost=1 + coded.cost)
