"""Formulas: precedence, columns of what is wrong, and printing that reads back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from engine.mapping.formula.functions import REGISTRY
from engine.mapping.formula.parser import read_formula
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
    Truth,
    print_formula,
)
from engine.mapping.slip import Slip
from tests.mapping.build import evaluate
from tests.mapping.test_path import PATHS

NUMBERS = st.decimals(0, 10**9, allow_nan=False, places=3).map(Number)
SIGNED = st.decimals(-999, 999, allow_nan=False, places=1).map(lambda value: Number(value + 0))
TEXTS = st.builds(Text, st.text(max_size=6))
LEAVES = st.one_of(NUMBERS, TEXTS, st.builds(Truth, st.booleans()), st.builds(Name, PATHS))


def _chain(signs: list[str], inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    rest = st.lists(st.tuples(st.sampled_from(signs), inner), min_size=1, max_size=3).map(tuple)
    return st.builds(Chain, inner, rest)


def signs(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """All signs between such trees."""
    return st.one_of(
        *(_chain(signs, inner) for signs in (["+", "-"], ["*", "/"], ["&"], ["AND"], ["OR"])),
        st.builds(Prefix, st.sampled_from(["-", "NOT"]), inner),
        st.builds(Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), inner, inner),
        st.builds(In, inner, st.lists(TEXTS | SIGNED, min_size=1, max_size=3).map(tuple), st.booleans()),
    )


def _larger(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    names = st.sampled_from([one.name for one in REGISTRY])
    return signs(inner) | st.builds(Call, names, st.lists(inner, max_size=3).map(tuple))


@given(st.recursive(LEAVES, _larger, max_leaves=12))
def test_a_printed_formula_reads_as_itself(tree: Tree) -> None:
    assert read_formula(print_formula(tree)) == tree


@given(st.text(st.sampled_from("abc仓1.0\"'()<>=&+-*/,^\\[] ANDORTI"), max_size=30))
def test_any_text_is_a_formula_or_one_slip(text: str) -> None:
    try:
        tree = read_formula(text)
    except Slip as slip:
        assert 0 <= slip.at <= len(text)
    else:
        assert read_formula(print_formula(tree)) == tree


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("1 + 2 * 3", Decimal(7)),
        ("(1 + 2) * 3", Decimal(9)),
        ("10 - 2 - 3", Decimal(5)),
        ("8 / 4 / 2", Decimal(1)),
        ("-2 * 3", Decimal(-6)),
        ("2 - -3", Decimal(5)),
        ('1 + 1 & "x"', "2x"),
        ('"a" & "b" = "ab"', True),
        ("NOT 1 = 2 AND 2 = 2", True),
        ("1 = 1 OR 1 = 2 AND 1 = 3", True),
        ("AND(1 = 1, OR(1 = 2, 2 = 2))", True),
        ("3 NOT IN (1, -2) AND 'a' IN ('a')", True),
        ("如果(TRUE, 拼接('一', '二'), '')", "一二"),
        ("if(FALSE, 1, 2)", Decimal(2)),
    ],
)
def test_signs_bind_as_in_a_spreadsheet(text: str, gives: Any) -> None:
    assert evaluate(text) == gives


def test_names_that_look_like_signs_are_escaped() -> None:
    record = {"AND": "x", "1号仓": "y", "a-b": "z", "and": "w"}
    assert evaluate(r"\AND & \1号仓 & a\-b & \and", record) == "xyzw"


@pytest.mark.parametrize(
    ("text", "at", "do"),
    [
        ("CONCAT(a，b)", 8, "CONCAT(a,b)"),
        ("a ＝ “x”", 2, 'a = "x"'),
        ("{{a}} & b", 0, "=CONCAT(a, "),
        ("a | lookup(t)", 2, "LOOKUP("),
        ("a == 1", 2, "="),
        ("a != 1", 2, "<>"),
        ("a && b", 2, "AND"),
        ("a = 1 and b = 2", 6, "AND"),
        ("1 < a < 3", 6, "AND"),
        ("CONCATT(a)", 0, "CONCAT"),
        ("LEFT(a", 6, "括号"),
        ("a b", 2, "&"),
        ("a +", 3, "补全"),
        ("a IN (b)", 6, "IN ("),
        ("12ab", 0, "反斜杠"),
        ("", 0, "补全"),
    ],
)
def test_what_is_wrong_is_told_at_its_column_with_the_way_out(text: str, at: int, do: str) -> None:
    with pytest.raises(Slip) as caught:
        read_formula(text)
    assert caught.value.at == at
    assert do in caught.value.do


@pytest.mark.parametrize(
    "text",
    [
        "(" * 60 + "1" + ")" * 60,
        "-" * 60 + "1",
        "NOT " * 60 + "a",
        "IF(TRUE," * 60 + "1" + ")" * 60,
        "1" * 9000,
    ],
)
def test_depth_and_size_are_bounded(text: str) -> None:
    with pytest.raises(Slip):
        read_formula(text)


def test_a_long_flat_formula_is_no_deep_one() -> None:
    assert evaluate(" + ".join(["1"] * 2000)) == 2000
    assert evaluate(" & ".join(['"a"'] * 1000)) == "a" * 1000
