"""Rule tables: what a condition takes, which row is chosen, and what the check finds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from engine.mapping.coverage import coverage
from engine.mapping.entry import Several
from engine.mapping.rules import Reading, read_condition, read_rules
from engine.mapping.slip import Slip
from tests.mapping.build import apply, rule_table, says, value

INPUTS: list[tuple[str, Any]] = [("省份", "text"), ("重量", "number")]


@pytest.mark.parametrize(
    ("cell", "takes", "leaves"),
    [
        (3, ["3", "3.0"], ["2.99", "4"]),
        ("3..10", ["3", "9.99"], ["2.99", "10"]),
        ("..3", ["-5", "2.9"], ["3"]),
        ("10..", ["10", "11"], ["9.9"]),
        ("<= 3", ["3"], ["3.01"]),
        ("> 3 <= 5", ["3.01", "5"], ["3", "5.01"]),
        ("≥3，＜5", ["3"], ["5"]),
        ([1, "5..7"], ["1", "5"], ["2", "7"]),
    ],
)
def test_a_number_condition_takes_these_and_leaves_those(
    cell: Any, takes: list[str], leaves: list[str]
) -> None:
    condition = read_condition(cell, "number")
    assert condition is not None
    assert [one for one in takes if not condition.holds(Decimal(one))] == []
    assert [one for one in leaves if condition.holds(Decimal(one))] == []
    assert not condition.holds(None)


@pytest.mark.parametrize("cell", ["三公斤", "10..3", "3..3", "..", "< ", [], ["a"]])
def test_a_number_condition_that_makes_no_sense_is_told(cell: Any) -> None:
    with pytest.raises(Slip):
        made = read_condition(cell, "number")
        assert made is not None
        assert made.spans == ()  # type: ignore[union-attr]
        raise Slip(0, "an empty list takes nothing")  # type: ignore[arg-type]


def test_a_text_condition_takes_words_and_beginnings() -> None:
    condition = read_condition(["浙江省", "DB*", 7], "text")
    assert condition is not None
    assert [one for one in ("浙江省", "DB12", "7", "浙江", "db1", "") if condition.holds(one)] == [
        "浙江省",
        "DB12",
        "7",
    ]
    assert read_condition("*", "text") is None


def test_the_first_row_that_fits_is_taken() -> None:
    assert [
        value('=RULE("渠道", p, w)', {"p": p, "w": w})
        for p, w in (("江苏省", "2"), ("江苏省", 3), ("", None))
    ] == [
        "SF",
        "YTO",
        "ZTO",
    ]
    assert "不是数字" in says('=RULE("渠道", p, w)', {"p": "江苏省", "w": "重"})


def test_the_best_row_is_the_one_with_more_and_more_exact_conditions() -> None:
    rows: list[dict[str, Any]] = [
        {"give": "其余"},
        {"省份": "浙*", "give": "浙"},
        {"省份": ["浙江省", "江苏省"], "give": "江浙"},
        {"省份": "浙江省", "give": "浙江"},
        {"省份": "浙江省", "重量": "..3", "give": "浙江小件"},
    ]
    best = rule_table("t", INPUTS, rows, match="best")

    def given_(province: str, weight: str) -> Any:
        found = best.find(best.read((province, weight)))
        assert found is not None
        assert not isinstance(found, Several)
        return found.gives[0]

    asked = [("浙江省", "1"), ("浙江省", "5"), ("江苏省", "1"), ("浙", "1"), ("x", "1")]
    assert [given_(*one) for one in asked] == ["浙江小件", "浙江", "江浙", "浙", "其余"]
    assert coverage(best).idle == []


def test_a_table_may_give_several_columns() -> None:
    rows: list[dict[str, Any]] = [
        {"省份": "浙江省", "give": {"渠道": "SF", "费用": Decimal("12.5")}},
        {"give": {"渠道": "YTO", "费用": 8}},
    ]
    from engine.mapping.rules import Ruled

    lookups: Any = {"运费": Ruled(rule_table("运费", INPUTS[:1], rows))}
    assert value('=RULE("运费.费用", p)', {"p": "浙江省"}, lookups=lookups) == Decimal("12.5")
    assert value("p | rule(运费)", {"p": "x"}, lookups=lookups) == "YTO"
    assert "没有结果列" in says('=RULE("运费.颜色", p)', {"p": "x"}, lookups=lookups)
    assert "有 1 个条件" in says('=RULE("运费", p, p)', {"p": "x"}, lookups=lookups)


def test_no_row_means_what_the_table_says() -> None:
    from engine.mapping.rules import Ruled

    rows: list[dict[str, Any]] = [{"省份": "浙江省", "give": "SF"}]

    def tried(miss: str) -> Any:
        return apply(
            {"x": "p | rule(t)"},
            {"p": "海南省"},
            lookups={"t": Ruled(rule_table("t", INPUTS[:1], rows, miss=miss))},
        )

    (problem,) = tried("problem").problems
    assert problem.lacks == ("t", "省份 海南省")
    assert tried("hold").held[0].table == "t"
    assert tried("skip").skipped
    assert tried("EMS").document == {"x": "EMS"}


def test_gaps_idle_rows_and_ties_are_found() -> None:
    gap = coverage(rule_table("t", INPUTS[1:], [{"重量": "..3", "give": 1}, {"重量": "> 3", "give": 2}]))
    assert gap.gaps == ["重量 3"]
    idle = coverage(
        rule_table(
            "t", INPUTS, [{"省份": "浙*", "give": 1}, {"省份": "浙江省", "重量": 3, "give": 2}, {"give": 3}]
        )
    )
    assert (idle.idle, idle.gaps) == ([1], [])
    rows: list[dict[str, Any]] = [{"省份": "浙江省", "give": 1}, {"重量": 3, "give": 2}, {"give": 3}]
    assert coverage(rule_table("t", INPUTS, rows, match="best")).equal == {(0, 1): "省份 浙江省，重量 3"}


def test_every_wrong_cell_of_a_table_is_told() -> None:
    reading = Reading()
    rows: list[dict[str, Any]] = [{"省": "浙江省", "give": 1}, {"重量": "重"}, {"give": {"a": 1}}]
    assert read_rules("t", INPUTS, rows, "first", "problem", reading) is None
    assert [(row, column) for row, column, _ in reading.wrong] == [
        (0, "省"),
        (0, "give"),
        (1, "重量"),
        (1, "give"),
        (1, "give"),
        (2, "give"),
    ]


CELLS = st.sampled_from(["*", "..3", "3..5", "5..", ">= 3 < 9", 3, [1, 7]])
WORDS = st.sampled_from(["*", "a", "ab", "a*", ["a", "b"], "b*"])


@given(
    st.lists(st.tuples(WORDS, CELLS), min_size=1, max_size=5),
    st.sampled_from(["first", "best"]),
    st.sampled_from(["", "a", "ab", "abc", "b", "bb", "c"]),
    st.decimals(-1, 12, places=1),
)
def test_a_table_without_gaps_has_a_row_for_everything(
    rows: Any, match: str, word: str, number: Decimal
) -> None:
    table = rule_table(
        "t", INPUTS, [{"省份": p, "重量": w, "give": n} for n, (p, w) in enumerate(rows)], match=match
    )
    seen = coverage(table)
    found = table.find((word, number))
    assert seen.whole
    if not seen.gaps:
        assert found is not None
    if isinstance(found, Several):
        assert seen.equal
    elif found is not None:
        assert table.rows.index(found) not in seen.idle
