"""Text -> nodes: rule 1, exact marks, limits, and every kind of trouble told as what to do."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from engine.document.node import Scalar, value, walk
from engine.document.reader import MOST_BYTES, MOST_NODES, read
from engine.model.values import Json, Mark, Problem

MESSY = st.text(alphabet=list("ab1:{}[],#&*!|>'\"%@`-? \n\t\r=（：\\.0e~\x85\u2028\ufeff中😀"), max_size=60)


def meaning(text: str) -> Json:
    root, problems = read(text)
    assert problems == []
    assert root is not None
    return value(root)


def only(text: str) -> Problem:
    _, problems = read(text)
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("null", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-17", -17),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("30.0000", Decimal("30.0000")),
        ("-0.50", Decimal("-0.50")),
        *(
            (text, text)
            for text in ("010", "no", "yes", "1e3", "12:30", "2024-01-01", "~", "+1", ".5", "1.", "0x1f")
        ),
        *((text, text) for text in ("True", "NULL", "1_000", "１")),
        ('"1"', "1"),
        ("'null'", "null"),
    ],
)
def test_a_scalar_means_what_rule_1_says_and_nothing_more(text: str, means: Json) -> None:
    read_back = meaning(f"a: {text}\n")
    assert read_back == {"a": means}
    assert isinstance(read_back, dict)
    assert type(read_back["a"]) is type(means)


def test_digits_of_a_decimal_are_kept() -> None:
    assert str(meaning("a: 1.10")["a"]) == "1.10"  # type: ignore[index,call-overload]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert meaning("1: a\nnull: b\ntrue: c\n") == {"1": "a", "null": "b", "true": "c"}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
def test_every_node_knows_where_it_was_written(mark: str, breaks: str) -> None:
    text = mark + breaks.join(
        ["甲: 😀乙 # 说明", 'b: {c: "d", e: [1, x]}', "f: |", "  g", "  h", "i: 'j'", ""]
    )
    root, problems = read(text)
    assert root is not None
    assert problems == []
    written = {path: text[node.start : node.end] for path, node, _ in walk(root)}
    assert written["甲"] == "😀乙"
    assert written["b"] == '{c: "d", e: [1, x]}'
    assert written["b.e[1]"] == "x"
    assert written["f"] == breaks.join(["|", "  g", "  h", ""])
    assert written["i"] == "'j'"


def test_the_first_character_of_a_quoted_value_stands_behind_the_quote() -> None:
    root, _ = read('a: "b"')
    assert root is not None
    node = {path: node for path, node, _ in walk(root)}["a"]
    assert isinstance(node, Scalar)
    assert (node.at.column, node.first.column, node.first.offset) == (4, 5, 4)


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "path"),
    [
        ("a: &x 1", "anchor", 1, 4, "a"),
        ("a: *x", "alias", 1, 4, "a"),
        ("a: !!str 1", "tag", 1, 4, "a"),
        ("<<: {a: 1}", "merge", 1, 1, "<<"),
        ("a: 1\nb: 2\na: 3", "twice", 3, 1, "a"),
        ("a:\n  b:\n  c: 1", "no_value", 2, 3, "a.b"),
        ("a:\n  -\n  - 1", "no_value", 2, 4, "a[0]"),
        ("a: 1\n---\nb: 1", "several_documents", 2, 1, ""),
        ("a: 1\n...\nb: 1", "several_documents", 3, 1, ""),
        ("%YAML 1.1\n---\na: 1", "directive", 1, 1, ""),
        ("? [a]\n: b", "no_key", 1, 3, ""),
        ("{: b}", "no_key", 1, 2, ""),
        (": b", "no_key", 1, 1, ""),
        ("", "empty", 1, 1, ""),
        ("# nothing", "empty", 1, 1, ""),
        ("a: " + "9" * 1001, "long_number", 1, 4, "a"),
        ("a: \x07", "control_character", 1, 4, ""),
        ("a: {{order_no}}", "braces", 1, 4, "a"),
        ("a: {{b}}-{{c}}", "braces", 1, 4, "a"),
        # YAML's own errors, translated.
        ("a:\n\tb: 1", "tab", 2, 1, "a"),
        ("a:\n  b: 1\n\tc: 2", "tab", 3, 1, "a.b"),
        ("a:\n  b: 1\n c: 2", "indent", 3, 2, ""),
        ("a: 1\n  b: 2", "indent", 2, 4, ""),
        ("- a\nb: 1", "indent", 2, 1, "[1]"),
        ("a: - b", "dash", 1, 4, "a"),
        ("- a\n-b", "glued_dash", 2, 1, "[1]"),
        ('a: "b\nc: d', "unclosed_quote", 1, 4, "a"),
        ('a: "\\q"', "escape", 1, 5, "a"),
        ("a: [1, 2\nb: 1", "unclosed_bracket", 1, 4, "a[2]"),
        ("a: }", "stray_sign", 1, 4, "a"),
        ("a: 1\nb:2\nc: 3", "glued_colon", 2, 2, ""),
        ("a:1\nb: 2", "glued_colon", 1, 2, ""),
        ("a：1\nb: 2", "wide_colon", 1, 2, ""),
        ("s:\n  a：1\n  b: 2", "wide_colon", 2, 4, ""),
        ("a: 1\nb\n", "no_colon", 2, 1, ""),
    ],
)
def test_what_is_refused_is_told_with_its_place(
    text: str, code: str, line: int, column: int, path: str
) -> None:
    problem = only(text)
    assert problem.at is not None
    assert (problem.code, problem.at.line, problem.at.column, problem.path) == (code, line, column, path)
    assert problem.says
    assert problem.do


@pytest.mark.parametrize(
    ("text", "code", "mended"),
    [
        ('a: =CONCAT("x # y", b)', "cut_by_comment", "a: '=CONCAT(\"x # y\", b)'"),
        ('a: =CONCAT("x # y")  # why', "cut_by_comment", "a: '=CONCAT(\"x # y\")'  # why"),
        ("a: {formula: F(b, c), when: d}", "cut_by_comma", "a: {formula: 'F(b, c)', when: d}"),
        ("a: {formula: F(b[0], c)}", "cut_by_comma", "a: {formula: 'F(b[0], c)'}"),
        ('a: {formula: F("b: c")}', "cut_by_comma", "a: {formula: 'F(\"b: c\")'}"),
        ("pipe: [lookup(仓库, miss=hold)]", "cut_by_comma", "pipe: ['lookup(仓库, miss=hold)']"),
        ("a: {every:10m}", "no_value", "a: {every: 10m}"),
        ("a: {b, c: 1}", "no_value", "a: {b: …, c: 1}"),
        ("a: {b: 1, c}", "no_value", "a: {b: 1, c: …}"),
        ("a: {value: x, y}", "no_value", "a: {value: 'x, y'}"),
        ("cron: */10 * * * *", "sign", "cron: '*/10 * * * *'"),
        ("a: @b", "sign", "a: '@b'"),
        ("a: '7' = b", "trailing", "a: '''7'' = b'"),
        ("a: 'it's'", "trailing", "a: 'it''s'"),
        ("a: b: c", "colon_in_value", "a: 'b: c'"),
        ('a: =IF(b, "c: d")', "colon_in_value", "a: '=IF(b, \"c: d\")'"),
        ("a: {{b}}", "braces", "b"),
        ("a: 1\nb:2", "glued_colon", "b: 2"),
    ],
)
def test_what_yaml_would_cut_comes_with_the_mended_line(text: str, code: str, mended: str) -> None:
    problem = only(text)
    assert problem.code == code
    assert problem.do.endswith(mended)


@pytest.mark.parametrize(
    "text", ["a: it's # so", "a: b # (", 'a: 5" # inch', "a: (b) # c", "a: [x, '(,']", 'a: {b: "f("}']
)
def test_a_real_comment_or_comma_cuts_nothing(text: str) -> None:
    assert read(text)[1] == []


def test_all_problems_are_told_at_once() -> None:
    _, problems = read('a: &x 1\nb: !y 2\na: 3\nc:\nd: F("x # y")\n')
    assert [problem.code for problem in problems] == ["anchor", "tag", "twice", "no_value", "cut_by_comment"]


def test_what_follows_from_a_cut_is_not_told_again() -> None:
    assert only('a: {b: =f(" # 1"), c}').code == "cut_by_comment"
    assert only("a: {b: f(c, d, e)}").code == "cut_by_comma"


def test_a_text_too_large_too_deep_or_too_long_is_refused_before_it_is_built() -> None:
    assert only("a: " + "b" * MOST_BYTES).code == "too_large"
    assert only("a: " + "中" * (MOST_BYTES // 3)).code == "too_large"
    assert only("[" * 21).code == "too_deep"
    assert read("[" * 20 + "]" * 20)[1] == []
    assert only("[" * 500_000).code == "too_deep"
    assert only("- a\n" * MOST_NODES).code == "too_many"
    assert read("- a\n" * (MOST_NODES - 1))[1] == []


@settings(max_examples=400, deadline=None)
@given(st.one_of(MESSY, st.text(max_size=40)))
def test_no_text_whatever_makes_it_raise(text: str) -> None:
    root, problems = read(text)
    assert root is not None or problems
    assert all(problem.at and problem.says for problem in problems)


@settings(max_examples=200, deadline=None)
@given(MESSY)
def test_every_mark_lies_in_the_text(text: str) -> None:
    root, problems = read(text)
    assert all(0 <= problem.at.offset <= len(text) for problem in problems if problem.at)
    assert root is None or all(0 <= node.start <= node.end <= len(text) for _, node, _ in walk(root))


@pytest.mark.parametrize(
    "text",
    ["a: [" + "(," * 9000, "a: {" + "x(," * 9000 + "}", "a: {" + "x, " * 9000 + "}", "- &a *\n" * 9000],
)
def test_a_hostile_text_gives_a_bounded_number_of_problems(text: str) -> None:
    assert 0 < len(read(text)[1]) <= 201


def test_a_second_document_is_not_even_read() -> None:
    assert only("a: 1\n---\n" + "[" * 500_000).code == "several_documents"


def test_a_problem_in_the_first_line_is_placed_behind_a_byte_order_mark() -> None:
    problem = only("\ufeffa: @b")
    assert problem.at == Mark(1, 4, 4)
