"""Edges of the functions over texts, numbers and dates; zones; wildcards that nothing can make slow."""

from __future__ import annotations

from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given, strategies as st

from engine.mapping.dates import read_form, read_moment, read_pattern
from engine.mapping.formula.search import compiled
from engine.mapping.plain import MISSING
from tests.cost import seconds
from tests.mapping.build import evaluate, says, value


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("FIND('abab', 'b', 3)", 4),
        ("FIND('', '')", 1),
        ("BEFORE('abc', '')", "abc"),
        ("AFTER('abc', 'x')", ""),
        ("AFTERLAST('abc', 'x')", ""),
        ("INSIDE('a[b', '[', ']')", ""),
        ("INSIDE('a=b&c=d', 'c=', '')", "d"),
        ("PADLEFT('12345', 3)", "12345"),
        ("LEFTBYTES('a出b', 2)", "a"),
        ("LEFTBYTES('a出b', 3)", "a出"),
        ("LEFTBYTES('出', -1)", ""),
        ("MASK('')", ""),
        ("MASK('张')", "*"),
        ("MASK('13800000000', 20, 20)", "1380000000*"),
        ("CLEAN(' a\t\n b\u200b ')", "a b"),
        ("MOD(5.5, -2)", Decimal("-0.5")),
        ("DIVIDE(1, nothing, 'x')", "x"),
        ("DIVIDE(1, 0)", MISSING),
        ("RMB(0)", "零元整"),
        ("RMB(-1.05)", "负壹元零伍分"),
        ("RMB(100000001)", "壹亿零壹元整"),
        ("RMB(1010.10)", "壹仟零壹拾元壹角整"),
        ("RMB(1234500000000)", "壹万贰仟叁佰肆拾伍亿元整"),
        ("INRANGE(nothing, 0, 9)", False),
        ("SWITCH('7', 7, 'n')", "n"),
        ("SWITCH('07', '7', 'n')", MISSING),
        ("ISMISSING(nothing)", True),
        ("BOOLEAN(nothing)", MISSING),
        ("READJSON('')", MISSING),
        ("READJSON('1e2')", Decimal("1E+2")),
        ("WRITEJSON(LIST(1.50, '010'))", '[1.50,"010"]'),
        ("SHORTID('a') = SHORTID('a')", True),
        ("ADDMONTHS('2024-02-29 10:00:00', -12)", "2023-02-28 10:00:00"),
        ("ADDHOURS('2026-01-01', 1)", "2026-01-01 01:00:00"),
        ("MONTHEND('0000-00-00')", MISSING),
        ("DAYS('2026-03-01', '2026-02-28')", -1),
        ("TOEPOCH(FROMEPOCH(1767297845))", 1767297845),
        ("DATE('2026-01-01T20:00:00Z')", "2026-01-02"),
        ("DATETIME('2026-01-01T20:00:00.123+0000', 'zoned')", "2026-01-02T04:00:00+08:00"),
        ("TEXT('2026-01-02 03:04:05', 'yyyy-MM-dd HH:mm:ss.SSS')", "2026-01-02 03:04:05.000"),
    ],
)
def test_edges(text: str, gives: Any) -> None:
    assert evaluate(text, {}) == gives


@pytest.mark.parametrize(
    ("cell", "x", "gives"),
    [
        ("x | date", "2026-01-01T20:00:00Z", "2026-01-02"),
        ("x | date", "2026-01-01T20:00:00.5+08:00", "2026-01-01"),
        ("x | datetime(zoned)", "2026-01-02 03:04:05", "2026-01-02T03:04:05+08:00"),
        ("x | datetime(zone=UTC)", "2026-01-02 03:04:05", "2026-01-01 19:04:05"),
        ("x | datetime(from=ms)", 1767297845123, "2026-01-02 04:04:05"),
        ("x | date(from=s)", "1767297845", "2026-01-02"),
        ("x | date(from=yyyyMMdd)", 20260102, "2026-01-02"),
        ('x | datetime(from="yyyy/MM/dd HH:mm", format=iso)', "2026/01/02 03:04", "2026-01-02T03:04:00"),
        ("x | date(yyyyMMdd, zone=UTC)", "2026-01-02 03:04:05", "20260101"),
        ("x | date(from=yyyyMMdd)", "", ...),
    ],
)
def test_dates_are_read_as_told_and_written_in_any_zone(cell: str, x: Any, gives: Any) -> None:
    assert value(cell, {"x": x}) == gives


def test_a_count_that_is_no_moment_is_told() -> None:
    assert says("x | date(from=ms)", {"x": "abc"}).startswith("「x」：")
    assert says("x | date(from=s)", {"x": 10**15}).startswith("「x」：")
    assert says("=PARSEDATE(x, 'yyyy年MM月dd日')", {"x": "26年"}).endswith("不是这种日期")


@given(st.datetimes())
def test_what_a_pattern_writes_its_reader_reads(moment: Any) -> None:
    for pattern in ("yyyy-MM-dd HH:mm:ss", "yyyyMMddHHmmss", "yyyy年MM月dd日 HH:mm:ss"):
        write, read = read_pattern(pattern), read_form(pattern)
        assert write is not None
        assert read is not None
        assert read(write(moment)) == moment.replace(microsecond=0)


@given(st.text("0123456789-T: Z+.", max_size=32))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    read_moment(text)
    read_moment("2026-01-02 03:04:05" + text)
    read_moment("0001-01-01 00:00:00" + text)


PATTERNS = st.text("ab*?", min_size=1, max_size=12)


@given(pattern=PATTERNS, text=st.text("ab\n", max_size=20))
def test_wildcards_match_what_a_shell_matches(pattern: str, text: str) -> None:
    assert (compiled(pattern).fullmatch(text) is not None) is fnmatchcase(text, pattern)


def test_no_pattern_is_slow() -> None:
    pattern = compiled("*a?" * 60 + "b")
    assert pattern.fullmatch("a" * 10_000) is None
    assert seconds(lambda: pattern.fullmatch("a" * 10_000), limit=0.5) < 0.5
