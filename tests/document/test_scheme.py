"""Scheme text -> Scheme: the example whole, every wrong thing at its place, cells as rules 2, 7 and 8 say."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from engine.document.scheme import read_scheme, sketch
from engine.model.scheme import Cell, Fields, Rows, Scheme
from engine.model.values import Problem

EXAMPLE = Path(__file__).parents[2] / "flows" / "wdt-stockout-to-bip-othout.yaml"
HEAD = "scheme: a-b\nsource: {connection: s, operation: q}\ntarget: {connection: t, operation: w}\n"


def good(text: str) -> Scheme:
    scheme, problems = read_scheme(text)
    assert problems == []
    assert scheme is not None
    return scheme


def cell(text: str) -> Cell:
    rule = good(f"{HEAD}map:\n  a: {text}\n").map.entries[0].rule
    assert isinstance(rule, Cell)
    return rule


def wrong(rest: str) -> list[tuple[str, str]]:
    scheme, problems = read_scheme(HEAD + rest)
    assert scheme is None
    return [(problem.code, problem.path) for problem in problems]


def test_the_example_is_read_whole() -> None:
    scheme = good(EXAMPLE.read_text("utf-8"))
    assert scheme.scheme == "wdt-stockout-to-bip-othout"
    assert scheme.schedule[0].every == timedelta(minutes=10)
    assert scheme.source.begin == date(2026, 11, 1)
    assert scheme.source.where == "order_type = '7' AND status >= 95"
    rules = {entry.to: entry.rule for entry in scheme.map.entries}
    assert list(rules)[:3] == ["code", "vouchdate", "org"]
    assert rules["org"] == Cell(how="value", value="001")
    assert rules["memo"] == Cell(how="formula", text='CONCAT("旺店通 ", order_no, " ", remark)')
    lines = rules["othOutRecords"]
    assert isinstance(lines, Rows)
    assert (lines.each, lines.where) == (("details_list",), "goods_count > 0")
    assert [entry.path for entry in lines.map.entries][:2] == [
        "map.othOutRecords.product",
        "map.othOutRecords.qty",
    ]


def test_marks_show_the_first_character_of_every_value() -> None:
    text = EXAMPLE.read_text("utf-8")
    marks = good(text).marks
    shown = {path: text[mark.offset : mark.offset + 8] for path, mark in marks.items()}
    assert shown["source.operation"] == "wdt.stoc"
    assert shown["map.code"] == "order_no"
    assert shown["map.org.value"] == '001"}\n  '
    assert shown["map.othOutRecords"] == "othOutRe"
    assert shown["map.othOutRecords.where"] == "goods_co"
    assert shown["map.othOutRecords.qty"] == "goods_co"
    assert (marks["map.othOutRecords.qty"].line, marks["map.othOutRecords.qty"].column) == (27, 12)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("b.c | date", Cell(how="from", text="b.c | date")),
        ("=b & c", Cell(how="formula", text="b & c")),
        ('"=b"', Cell(how="formula", text="b")),
        ("{value: 1.50}", Cell(how="value", value=Decimal("1.50"))),
        ("{value: null}", Cell(how="value", value=None)),
        ("{value: {b: [1, {x-c: d}]}}", Cell(how="value", value={"b": [1, {"x-c": "d"}]})),
        ("{from: b, pipe: ['lookup(仓库, miss=hold)'], when: c > 1, missing: blank}",
         Cell(how="from", text="b", pipe=("lookup(仓库, miss=hold)",), when="c > 1", missing="blank")),
        ("{formula: b + 1, note: why, x-old: {y: 1}}", Cell(how="formula", text="b + 1", note="why")),
        ("{template: '{{b}}'}", Cell(how="template", text="{{b}}")),
        ("{jmespath: 'b[0]'}", Cell(how="jmespath", text="b[0]")),
        ("{jsonpath: $.b}", Cell(how="jsonpath", text="$.b")),
        ("{ignore: true}", Cell(how="ignore")),
    ],
)  # fmt: skip
def test_a_cell_is_short_or_long(text: str, meant: Cell) -> None:
    assert cell(text) == meant


def test_an_object_a_list_and_the_list_form_of_a_map() -> None:
    scheme = good(
        HEAD
        + "map:\n  - {to: a.b, from: c}\n  - {to: a.b, value: 1, when: d = 1}\n"
        + "  - to: h\n    map: {i: j}\n  - to: k\n    each: l\n    map:\n      - {to: m, from: n}\n"
    )
    assert [(entry.to, entry.path) for entry in scheme.map.entries] == [
        ("a.b", "map.a.b"),
        ("a.b", "map.a.b#2"),
        ("h", "map.h"),
        ("k", "map.k"),
    ]
    inner, rows = scheme.map.entries[2].rule, scheme.map.entries[3].rule
    assert isinstance(inner, Fields)
    assert inner.entries[0].path == "map.h.i"
    assert isinstance(rows, Rows)
    assert rows.map.entries[0].path == "map.k.m"


def test_keys_that_begin_with_x_are_ignored_at_any_level() -> None:
    text = HEAD.replace("source: {", "source: {x-a: 1, ").replace(
        "scheme: a-b", "scheme: a-b\nx-qeasy: {b: [c]}"
    )
    scheme = good(text + "map:\n  x-k: 1\n  a: b\n  l: {each: m, x-n: 1, map: {x-o: 2, p: q}}\n")
    assert [entry.to for entry in scheme.map.entries] == ["a", "l"]


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("map: {a: 1}", [("cell", "map.a")]),
        ("map: {a: null}", [("cell", "map.a")]),
        ("map: {a: [b]}", [("cell", "map.a")]),
        ("map: {a: {}}", [("cell", "map.a")]),
        ("map: {a: {b: c}}", [("cell", "map.a")]),
        ("map: {a: {valu: c}}", [("cell", "map.a")]),
        ("map: {a: {from: b, value: c}}", [("cell", "map.a")]),
        ("map: {a: {from: =b}}", [("cell", "map.a.from")]),
        ("map: {a: {formula: =b}}", [("cell", "map.a.formula")]),
        ("map: {a: {from: 7}}", [("form", "map.a.from")]),
        ("map: {a: {from: b, pipe: c}}", [("form", "map.a.pipe")]),
        ("map: {a: {from: b, missing: omitt}}", [("form", "map.a.missing")]),
        ("map: {a: {ignore: false}}", [("form", "map.a.ignore")]),
        ("map: {a: {from: b, whenn: c}}", [("unknown_key", "map.a.whenn")]),
        ("map: {a: {each: b}}", [("missing", "map.a.map")]),
        ("map: {a: {map: {b: c}, where: d}}", [("unknown_key", "map.a.where")]),
        ("map: [{from: a}]", [("missing", "map[0]")]),
        ("map: abc", [("form", "map")]),
        ("mapp: {a: b}", [("missing", "map"), ("unknown_key", "mapp")]),
        ("map: {a: b}\nparallel: 0", [("form", "parallel")]),
        ('map: {a: b}\nparallel: "2"', [("form", "parallel")]),
        ("map: {a: b}\non_change: never", [("form", "on_change")]),
        ("map: {a: b}\ntitle: 7", [("form", "title")]),
        ('map: {a: b}\nschedule: {every: "1m\\n"}', [("form", "schedule.every")]),
        ('map: {a: b}\nschedule: {at: ["02:30\\n"]}', [("form", "schedule.at[0]")]),
    ],
)
def test_what_is_wrong_is_told_at_its_path(rest: str, told: list[tuple[str, str]]) -> None:
    assert sorted(wrong(rest)) == sorted(told)


@pytest.mark.parametrize(
    ("begin", "meant"),
    [
        ("2026-11-01", date(2026, 11, 1)),
        ('"2026-11-01 08:30:00"', datetime(2026, 11, 1, 8, 30)),  # noqa: DTZ001  (in the vendor's zone)
        ("2026-11-01T08:30", datetime(2026, 11, 1, 8, 30)),  # noqa: DTZ001
    ],
)
def test_begin_is_a_date_or_a_date_with_a_time(begin: str, meant: date) -> None:
    found = good(HEAD.replace("operation: q", f"operation: q, begin: {begin}") + "map: {a: b}").source.begin
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize("begin", ["2026-13-01", "2026-02-30", "20261101", "yesterday", '"2026-11-01 25:00"'])
def test_a_begin_that_never_was_is_a_problem(begin: str) -> None:
    _, problems = read_scheme(HEAD.replace("operation: q", f"operation: q, begin: {begin}") + "map: {a: b}")
    assert [problem.path for problem in problems] == ["source.begin"]


def told(text: str) -> dict[str, Problem]:
    return {problem.path: problem for problem in read_scheme(text)[1]}


def test_every_problem_of_a_scheme_is_told_at_once_in_the_order_of_its_lines() -> None:
    target = "target: {connection: t, operation: w}"
    text = f"scheme: A\ntitel: x\nsource:\n  connection：s\n{target}\nmap:\n  a: 1\n  b:\n"
    _, problems = read_scheme(text)
    assert [problem.path for problem in problems] == ["scheme", "titel", "source", "map.a", "map.b"]
    lines = [problem.at.line for problem in problems if problem.at]
    assert lines == [1, 2, 4, 7, 8]
    assert told(text)["titel"].do == "是不是“title”？"
    assert "半角" in told(text)["source"].do
    assert told(text)["map.a"].do == "固定值写成 {value: 1}"


def test_a_sketch_keeps_what_can_be_kept() -> None:
    scheme, problems = sketch("source: {operation: q}\nmap: {a: 1, b: c}\n")
    assert {problem.path for problem in problems} == {"scheme", "target", "source.connection", "map.a"}
    assert scheme is not None
    assert scheme.source.operation == "q"
    assert [rule.how for rule in (entry.rule for entry in scheme.map.entries) if isinstance(rule, Cell)] == [
        "ignore",
        "from",
    ]
