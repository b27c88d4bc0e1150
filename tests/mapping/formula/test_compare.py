"""Rule 9: the literal decides whether text or numbers are compared, else the declared types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.parser import read_formula
from engine.mapping.ground import Ground, Level
from engine.mapping.scope import Trouble
from engine.mapping.slip import Slip
from tests.mapping.build import GIVE, apply, evaluate, says

TYPED = Ground((Level(GIVE),))


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("x = '7'", 7, True),
        ("x = '7'", "7.0", False),
        ("x = 7", "7.0", True),
        ("x = 7", "07", True),
        ("x = '07'", "7", False),
        ("x = 'A'", "a", False),
        ("x = ''", None, True),
        ("x <> 'a'", None, True),
        ("x < 5", "", False),
        ("x > 5", None, False),
        ("x <> 5", "", False),
        ("x >= 95", "110", True),
        ("x >= '95'", "110", False),
        ("5 < x", 6, True),
        ("x = 'true'", True, True),
        ("x = 1.50", Decimal("1.5"), True),
        ("x IN ('1', '2')", 1, True),
        ("x IN (1, 2)", "1.0", True),
        ("x IN (1, 2)", "", False),
        ("x NOT IN (1, 2)", "", False),
        ("x NOT IN ('1', '2')", "", True),
        ("x IN ('', 1)", None, True),
        ("x NOT IN (1)", "3", True),
    ],
)
def test_the_literal_decides(text: str, value: Any, holds: bool) -> None:
    assert evaluate(text, {"x": value}) is holds


def test_text_against_a_number_is_a_problem() -> None:
    with pytest.raises(Trouble) as caught:
        evaluate("x > 5", {"x": "abc"})
    assert caught.value.code == "no_number"


def test_fields_declared_numbers_compare_as_numbers() -> None:
    assert evaluate("weight > post_fee", {"weight": "10", "post_fee": "9"}, TYPED) is True
    assert evaluate("weight = post_fee", {"weight": "1.0", "post_fee": 1}, TYPED) is True


def test_other_fields_compare_as_text_and_have_no_order() -> None:
    assert evaluate("order_no = src_order_no", {"order_no": "1", "src_order_no": "1.0"}, TYPED) is False
    with pytest.raises(Slip) as caught:
        compile_formula(read_formula("goods_count > weight"), TYPED)
    assert "NUMBER(goods_count) > NUMBER(weight)" in caught.value.do


def test_what_was_computed_decides_like_a_literal() -> None:
    assert evaluate("NUMBER(goods_count) > weight", {"goods_count": "10", "weight": "9"}, TYPED) is True
    assert evaluate("goods_count > weight + 1", {"goods_count": "10", "weight": "8"}, TYPED) is True
    assert evaluate("consign_time < NOW()", {"consign_time": "2026-01-01"}, TYPED) is True


def test_a_condition_must_be_one() -> None:
    for text in ("order_no", "weight", "'x'", "1 + 1", "order_no AND urgent", "NOT weight"):
        with pytest.raises(Slip):
            compile_formula(read_formula(f"IF({text}, 1, 2)"), TYPED)
    assert evaluate("IF(urgent, 1, 2)", {"urgent": True}, TYPED) == 1
    assert evaluate("IF(urgent, 1, 2)", {}, TYPED) == 2


def test_a_number_against_a_word_is_told_before_any_record() -> None:
    with pytest.raises(Slip):
        compile_formula(read_formula("5 = 'abc'"), Ground((Level(),)))


def test_a_record_that_does_not_fit_is_skipped_with_the_filter_as_reason() -> None:
    mapped = apply({"x": "no"}, {"no": "A", "type": "3"}, where="type = '7'")
    assert mapped.skipped == "不符合条件：type = '7'"
    assert apply({"x": "no"}, {"no": "A", "type": 7}, where="type = '7'").document == {"x": "A"}


def test_a_filter_that_cannot_be_computed_is_a_problem_of_the_record() -> None:
    (problem,) = apply({"x": "no"}, {"status": "完成"}, where="status > 95").problems
    assert problem.path == "source.where"


def test_when_leaves_a_cell_out() -> None:
    rules: Any = {"x": {"from": "no", "when": "type = '1'"}, "y": {"value": "1", "when": "type = '2'"}}
    assert apply(rules, {"no": "A", "type": "1"}).document == {"x": "A"}
    assert apply(rules, {"no": "A", "type": "2"}).document == {"y": "1"}
    assert "不是数字" in says({"from": "no", "when": "no > 1"}, {"no": "A"})
