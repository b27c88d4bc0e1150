"""Printing a value and reading it back; seeing where quotes and brackets are open."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given, settings, strategies as st

from engine.document.node import value
from engine.document.quote import is_open, printed, whole
from engine.document.reader import read
from engine.model.values import Json

TEXTS = st.one_of(
    st.text(alphabet=list("ab1:{}[],#&*!|>'\"%@`-? \n\t\r=\\.0e~\x85\u2028\ufeff中😀"), max_size=30),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(
        [
            "no",
            "~",
            "1e3",
            "0x1",
            "12:30",
            "-",
            "?",
            "null",
            "1",
            "1.0",
            ".5",
            "=",
            "<<",
            "---",
            "--- a",
            "...",
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(), st.decimals(allow_nan=False, allow_infinity=False, places=4), st.booleans(), st.none()
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(TEXTS, NUMBERS))
@example('."')
@example("")
def test_what_is_printed_reads_back_the_same_in_every_place(said: Json) -> None:
    plain, flow = printed(said), printed(said, flow=True)
    for text in (f"k: {plain}\n", f"k: {plain} # why\n", f"k: [{flow}]", f"k: {{a: {flow}, b: 1}}"):
        root, problems = read(text)
        assert problems == [], text
        assert root is not None
        found = value(root)["k"]  # type: ignore[index,call-overload]
        found = found[0] if isinstance(found, list) else found["a"] if isinstance(found, dict) else found
        assert found == said
        assert type(found) is type(said)


@pytest.mark.parametrize(
    ("said", "as_written"),
    [
        ("order_no", "order_no"),
        ("warehouse_no | lookup(仓库)", "warehouse_no | lookup(仓库)"),
        ('=CONCAT("a", b)', '=CONCAT("a", b)'),
        ('=CONCAT("a # b")', "'=CONCAT(\"a # b\")'"),
        ("001", "'001'"),
        ("1", "'1'"),
        ("no", "'no'"),
        ("2026-11-01", "2026-11-01"),
        ("12:30", "'12:30'"),
        ("a\\.b", "a\\.b"),
        ("a\\.b: c's", "'a\\.b: c''s'"),
        ("", "''"),
        ("a\nb", '"a\\nb"'),
        (Decimal("1.50"), "1.50"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_quotes_stand_only_where_yaml_would_cut_or_misread(said: Json, as_written: str) -> None:
    assert printed(said) == as_written


@pytest.mark.parametrize(
    ("text", "is_it"),
    [("f(a", True), ("f(a)", False), ('"a', True), ("it's", False), ('"a)"', False), ("[(])", True)],
)
def test_an_open_quote_or_bracket_is_seen(text: str, is_it: bool) -> None:
    assert is_open(text) is is_it


def test_one_value_ends_at_a_comment_or_in_brackets_at_a_comma() -> None:
    assert whole('f("a # b") # c', flow=False) == 'f("a # b")'
    assert whole("f(a, b), c: d}", flow=True) == "f(a, b)"
    assert whole("f(a", flow=False) == "f(a"
