"""Every function does what its help shows; numbers are exact; misuse is told before any record."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.function import Function, signature
from engine.mapping.formula.functions import FUNCTIONS, REGISTRY
from engine.mapping.formula.parser import read_formula
from engine.mapping.ground import Found, Ground, Level
from engine.mapping.path import Path
from engine.mapping.plain import MISSING
from engine.mapping.scope import Trouble
from engine.mapping.slip import Slip
from tests.mapping.build import evaluate

IN_A_ROW = Ground((Level(),)).inside(Found(Path()))


@pytest.mark.parametrize("function", REGISTRY, ids=lambda function: function.name)
def test_the_examples_of_every_function_hold(function: Function) -> None:
    assert function.help
    assert function.examples
    for example in function.examples:
        gives = evaluate(example.written, example.record, ground=IN_A_ROW)
        assert gives == example.gives
        assert isinstance(gives, type(example.gives))


@pytest.mark.parametrize("function", REGISTRY, ids=lambda function: function.name)
def test_every_function_has_a_chinese_name_that_reads_as_it(function: Function) -> None:
    assert FUNCTIONS[function.alias] is function
    assert function.alias.isalpha()
    assert not function.alias.isascii()
    assert signature(function).startswith(function.name)


def test_there_are_more_than_a_hundred_functions_and_no_name_twice() -> None:
    assert len(REGISTRY) > 100
    assert len(FUNCTIONS) == 2 * len(REGISTRY)


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("0.1 + 0.2", "0.3"),
        ("128.50 * 1.13", "145.2050"),
        ("ROUND(128.50 * 1.13, 2)", "145.21"),
        ("ROUND(2.675, 2)", "2.68"),
        ("ROUND(1250, -2)", "1300"),
        ("1 / 3", "0.3333333333333333333333333333333333"),
        ('NUMBER("30.0000")', "30.0000"),
        ("POWER(2, 0.5) * POWER(2, 0.5)", "2.000000000000000000000000000000000"),
    ],
)
def test_arithmetic_is_decimal(text: str, gives: str) -> None:
    assert str(evaluate(text)) == gives


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("LEFT(n, 0)", ""),
        ("RIGHT(n, 0)", ""),
        ("RIGHT(n, 99)", "CK1"),
        ("MID(n, 0, 2)", "CK"),
        ("LEFT(nothing, 2)", ""),
        ("LEN(no & nil & empty)", 0),
        ("SPLIT(n, ',', 2)", MISSING),
        ("COALESCE(nil, empty)", MISSING),
        ("IF(FALSE, 1)", MISSING),
        ("JOIN(list, '-')", "1-a"),
        ("COUNT(rows)", 2),
        ("SUM(COLUMN(rows, 'q'), 1)", Decimal("4.5")),
        ("SUM(COLUMN(gone, 'q'))", Decimal(0)),
        ("DATE(zero)", MISSING),
        ("ADDDAYS(zero, 1)", MISSING),
        ("TEXT(zero, 'yyyyMMdd')", ""),
        ("TEXT(-1234.565, '#,##0.00')", "-1,234.57"),
        ("TEXT(30.0000)", "30.0000"),
        ("NOW()", "2026-11-20 10:00:00"),
        ("TODAY()", "2026-11-20"),
    ],
)
def test_blanks_edges_and_lists(text: str, gives: Any) -> None:
    record = {
        "n": "CK1", "nil": None, "empty": "", "zero": "0000-00-00 00:00:00", "list": [1, None, "", "a"],
        "rows": [{"q": "2.5"}, {"q": 1}],
    }  # fmt: skip
    assert evaluate(text, record) == gives


def test_only_the_chosen_branch_is_computed() -> None:
    assert evaluate("IF(q = 0, 0, 10 / q)", {"q": "0"}) == 0
    assert evaluate("IFS(q > 5, '大', q > 0, '小', '无')", {"q": "0"}) == "无"
    assert evaluate("q = 0 OR 10 / q > 1", {"q": "0"}) is True


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 / q", "zero"),
        ("1 + nothing", "blank_number"),
        ("1 + word", "no_number"),
        ("SUM(list)", "no_number"),
        ("MIN(gone)", "blank_number"),
        ("COLUMN(list, 'q')", "no_inside"),
        ("word & rows", "no_text"),
        ("COUNT(word)", "no_list"),
        ("LEFT(word, 1.5)", "no_count"),
        ("POWER(10, 99999)", "overflow"),
        ("POWER(-1, 0.5)", "overflow"),
        ("POWER(10, 6000) * POWER(10, 6000)", "overflow"),
        ("ROUND(POWER(10, 40), 2)", "overflow"),
        ("ROUND(1, 99)", "places"),
        ("ADDDAYS('9999-12-31', 1)", "overflow"),
        ("ADDDAYS(word, 1)", "no_date"),
        ("IF(word, 1, 2)", "no_truth"),
        ("JOIN(rows)", "no_text"),
        ("SPLIT(word, '')", "blank_separator"),
    ],
)
def test_what_cannot_be_computed_is_a_trouble_with_a_way_out(text: str, code: str) -> None:
    record = {"q": 0, "word": "abc", "list": ["a"], "rows": [{"q": 1}]}
    with pytest.raises(Trouble) as caught:
        evaluate(text, record)
    assert caught.value.code == code
    assert caught.value.do


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("LEFT()", 0),
        ("1 + LEFT(a, 1, 2)", 4),
        ('"a" + 1', 0),
        ("a * TRUE", 4),
        ('ABS("x")', 4),
        ("LOOKUP(a, b)", 7),
        ("COLUMN(a, b)", 10),
        ('TEXT(a, "?")', 0),
        ('DATE(a, "QQ")', 0),
        ("ROWNO()", 0),
        ("IF(1, 2, 3)", 3),
        ("IFS(1 = 1)", 0),
        ('"a" AND a', 0),
        ("NOT 1", 4),
    ],
)
def test_misuse_is_told_before_any_record(text: str, at: int) -> None:
    with pytest.raises(Slip) as caught:
        compile_formula(read_formula(text), Ground((Level(),)))
    assert caught.value.at == at


def test_texts_cannot_grow_without_bound() -> None:
    doubling = "a"
    for _ in range(30):
        doubling = f"REPLACE({doubling}, 'x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')"
    with pytest.raises(Trouble) as caught:
        evaluate(doubling, {"a": "xxxx"})
    assert caught.value.code == "too_long"
    with pytest.raises(Trouble):
        evaluate(" & ".join(["a"] * 500), {"a": "x" * 100_000})
    with pytest.raises(Trouble):
        evaluate("COUNT(SPLIT(a, ','))", {"a": "," * 20_000})
