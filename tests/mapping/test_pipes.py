"""Every pipe does what its help shows, takes blanks as missing, and tells its own misuse."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.mapping.pipes import PIPES, REGISTRY
from tests.mapping.build import apply, problems, says, value


@pytest.mark.parametrize("pipe", REGISTRY, ids=lambda pipe: pipe.name)
def test_the_example_of_every_pipe_holds(pipe: object) -> None:
    one = PIPES[pipe.name]  # type: ignore[attr-defined]  # pytest hands objects over
    gives = value(one.example.written, one.example.record)
    assert gives == one.example.gives
    assert type(gives) is type(one.example.gives)
    assert one.help
    assert PIPES[one.alias] is one


BLANK_TAKING = [pipe for pipe in REGISTRY if pipe.name != "default"]


@pytest.mark.parametrize("blank", [None, ""])
@pytest.mark.parametrize("pipe", BLANK_TAKING, ids=lambda pipe: pipe.name)
def test_blank_in_is_missing_out(pipe: object, blank: object) -> None:
    written = pipe.example.written  # type: ignore[attr-defined]  # pytest hands objects over
    assert value(written, {"x": blank}) is ...
    assert value(written, {}) is ...


@pytest.mark.parametrize("pipe", ["date", "datetime", "date(yyyyMMdd)"])
def test_the_vendors_zero_date_is_blank(pipe: str) -> None:
    assert value(f"x | {pipe}", {"x": "0000-00-00 00:00:00"}) is ...
    assert value(f"x | {pipe}", {"x": "0000-00-00"}) is ...


@pytest.mark.parametrize(
    ("pipe", "text", "gives"),
    [
        ("date", "2026-01-02", "2026-01-02"),
        ("date", "2026-01-02T03:04:05", "2026-01-02"),
        ("date", "2026-01-02 03:04:05.0", "2026-01-02"),
        ("datetime", "2026-01-02", "2026-01-02 00:00:00"),
        ("datetime(iso)", "2026-01-02 03:04:05", "2026-01-02T03:04:05"),
        ("date(compact)", "2026-01-02", "20260102"),
        ('date("yyyy年MM月dd日")', "2026-01-02", "2026年01月02日"),
        ("日期", "2026-01-02", "2026-01-02"),
    ],
)
def test_dates_are_read_strictly_and_written_by_pattern(pipe: str, text: str, gives: str) -> None:
    assert value(f"x | {pipe}", {"x": text}) == gives


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026/01/02", "20260102", "2026-1-2", "明天", "2026-01-02 25:00:00", 20260102]
)
def test_what_is_no_date_is_a_problem(text: object) -> None:
    assert "不是日期" in says("x | date", {"x": text})


@pytest.mark.parametrize(
    ("text", "places", "gives"),
    [
        ("1.005", 2, "1.01"),
        ("-1.005", 2, "-1.01"),
        ("2.5", 0, "3"),
        ("30", 4, "30.0000"),
        (Decimal("0.00005"), 4, "0.0001"),
        (7, 1, "7.0"),
    ],
)
def test_decimal_rounds_half_up_and_never_through_binary(text: object, places: int, gives: str) -> None:
    assert str(value(f"x | decimal({places})", {"x": text})) == gives


@pytest.mark.parametrize("text", ["1e3", " 1", "1,000", "１２", "abc", "1_0", "NaN", True, "."])
def test_what_is_no_plain_number_is_a_problem(text: object) -> None:
    assert "不是数字" in says("x | decimal", {"x": text})


def test_decimal_without_places_keeps_every_digit() -> None:
    assert str(value("x | decimal", {"x": "30.0000"})) == "30.0000"


def test_pipes_run_from_left_to_right() -> None:
    assert value('x | trim | lower | default("-")', {"x": " AB "}) == "ab"
    assert value('x | trim | default("-") | upper', {"x": None}) == "-"
    assert value({"from": "x", "pipe": ["trim", "left(1)"]}, {"x": " AB"}) == "A"


@pytest.mark.parametrize(("miss", "gives"), [("A9", "A9"), ('"0"', "0")])
def test_a_lookup_miss_may_give_a_literal(miss: str, gives: str) -> None:
    assert value(f"x | lookup(仓库, miss={miss})", {"x": "WH9"}) == gives


def test_a_lookup_miss_is_a_problem_or_holds_or_passes_the_record() -> None:
    record = {"x": "WH9"}
    assert "对照表「仓库」里没有「WH9」" in says("x | lookup(仓库)", record)
    (miss,) = apply({"x": "x | lookup(仓库, miss=hold)"}, record).held
    assert (miss.table, miss.code, miss.path) == ("仓库", "WH9", "map.x")
    assert apply({"x": "x | lookup(仓库, miss=skip)"}, record).skipped is not None


def test_a_table_that_is_not_there_is_a_problem_but_a_held_record_waits_for_it() -> None:
    assert "没有对照表" in says("x | lookup(仓库, miss=A9)", {"x": "WH9"}, lookups={})
    assert apply({"x": "x | lookup(仓库, miss=hold)"}, {"x": "WH9"}, lookups={}).held


def test_a_number_is_looked_up_digit_by_digit() -> None:
    assert value("x | lookup(t)", {"x": 7}, lookups={"t": {"7": "G"}}) == "G"
    assert value("x | lookup(t)", {"x": Decimal("7.0")}, lookups={"t": {"7.0": "G"}}) == "G"


def test_enum_gives_else_to_the_rest_and_is_a_problem_without() -> None:
    assert value("x | enum(1=A, else=B)", {"x": 2}) == "B"
    assert "不在 enum 里" in says("x | enum(1=A)", {"x": 2})


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("order_no | lokup(仓库)", "unknown_pipe"),
        ("order_no | lookup", "syntax"),
        ("order_no | lookup(仓库, mis=hold)", "syntax"),
        ("order_no | decimal(x)", "syntax"),
        ("order_no | decimal(2, 3)", "syntax"),
        ("order_no | date(yyyy~MM)", "syntax"),
        ('order_no | date(format="yyyy?")', "syntax"),
        ("order_no | enum", "syntax"),
    ],
)
def test_a_misused_pipe_is_a_problem_before_any_record(written: str, code: str) -> None:
    (problem,) = problems({"memo": written})
    assert (problem.path, problem.code) == ("map.memo", code)
    assert problem.do


def test_problems_of_a_cell_are_told_together() -> None:
    found = problems({"memo": {"from": "nope", "pipe": ["lokup(仓库)", "decimal(x)", "(("], "when": "a >"}})
    assert [one.path for one in found] == [
        "map.memo.when",
        "map.memo",
        "map.memo.pipe[2]",
        "map.memo.pipe[0]",
        "map.memo.pipe[1]",
    ]
