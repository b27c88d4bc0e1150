"""Tables of code pairs as Excel writes them."""

from __future__ import annotations

import codecs

import pytest

from engine.cli.pairs import read_pairs
from engine.store.lookups import Pair


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("header", ["", "左,右,说明\n", "left,right,title\n", "Left,Right\n"])
def test_a_table_is_read_as_people_keep_it(encoding: str, header: str) -> None:
    pairs, problems = read_pairs((header + "WH01,0012,杭州仓\n\n 02 , B \n").encode(encoding))
    assert problems == []
    assert pairs == [Pair("WH01", "0012", "杭州仓"), Pair("02", "B")]


def test_every_problem_is_told_with_its_line() -> None:
    text = "a,1\n,2\nb,\na,3\nc;4\n1.23457E+12,5\nd,6,x,y\n"
    _, problems = read_pairs(text.encode())
    told = [(problem.at.line if problem.at else 0, problem.code) for problem in problems]
    assert told == [(2, "blank"), (3, "blank"), (4, "twice"), (5, "comma"), (6, "scientific"), (7, "columns")]


def test_a_quoted_line_break_does_not_move_the_lines_after_it() -> None:
    _, problems = read_pairs(b'a,1,"two\nlines"\n,2\n')
    assert [problem.at.line for problem in problems if problem.at] == [3]


def test_an_open_quote_is_told() -> None:
    _, problems = read_pairs(b'a,"1\nb,2\n')
    assert [problem.code for problem in problems] == ["quote"]


def test_what_is_no_text_is_told_once() -> None:
    _, problems = read_pairs(codecs.BOM_UTF16_LE + "a,1".encode("utf-16-le"))
    assert [problem.code for problem in problems] == ["encoding"]
