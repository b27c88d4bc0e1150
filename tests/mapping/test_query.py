"""JMESPath and JSONPath in their long forms: core syntax, bounded, exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.mapping.build import problems, says, value

RECORD: dict[str, Any] = {
    "no": "CK1",
    "nil": None,
    "lines": [
        {"s": "a", "q": Decimal("1.50"), "p": [{"b": "x"}, {"b": "y"}]},
        {"s": "b", "q": 2, "p": [{"b": "z"}]},
    ],
}


@pytest.mark.parametrize(
    ("query", "gives"),
    [
        ("no", "CK1"),
        ("nil", ...),
        ("gone.deeper", ...),
        ("lines[0].q", Decimal("1.50")),
        ("lines[*].s", ["a", "b"]),
        ("lines[?q > `1.5`].s", ["b"]),
        ("lines[?q == `1.50`].s | [0]", "a"),
        ("lines[].p[].b", ["x", "y", "z"]),
        ("lines[-1:].s", ["b"]),
        ("{a: no, b: lines[0].s}", {"a": "CK1", "b": "a"}),
        ("`1.10`", Decimal("1.1")),
    ],
)
def test_jmespath(query: str, gives: Any) -> None:
    assert value({"jmespath": query}, RECORD) == gives


@pytest.mark.parametrize(
    "query",
    ["length(lines)", "a[*].b[*].c[*]", "a[", "(" * 3000, "sort_by(a, &b)", "", "!" * 60 + "a", "x" * 9000],
)
def test_jmespath_beyond_the_core_is_refused(query: str) -> None:
    assert [one.path for one in problems({"memo": {"jmespath": query}}, typed=False)] == ["map.memo"]


@pytest.mark.parametrize(
    ("query", "gives"),
    [
        ("$.no", "CK1"),
        ("$['no']", "CK1"),
        ("$.nil", None),
        ("$.gone", ...),
        ("$.lines[1].q", 2),
        ("$.lines[-1].s", "b"),
        ("$.lines[*].s", ["a", "b"]),
        ("$.lines[0:1].s", ["a"]),
        ("$..b", ["x", "y", "z"]),
        ("$.lines[*].p[*].b", ["x", "y", "z"]),
        ("$.lines[0]['s','q']", ["a", Decimal("1.50")]),
        ("$.none[*]", []),
    ],
)
def test_jsonpath(query: str, gives: Any) -> None:
    assert value({"jsonpath": query}, RECORD) == gives


@pytest.mark.parametrize(
    "query",
    [
        "no",
        "$.",
        "$..a..b",
        "$.a[*].b[*].c[*]",
        "$.a[?(@.b > 1)]",
        "$.a|b",
        "$.a where b",
        "$.`parent`",
        "$.a.`len`",
        "$.a[::0]",
        "x" * 9000,
    ],
)
def test_jsonpath_beyond_the_core_is_refused(query: str) -> None:
    assert [one.path for one in problems({"memo": {"jsonpath": query}}, typed=False)] == ["map.memo"]


def test_results_are_bounded() -> None:
    record = {"l": [{"a": 1}] * 10_001}
    assert "超过" in says({"jmespath": "l[*].a"}, record)
    assert "超过" in says({"jsonpath": "$.l[*].a"}, record)


def test_a_deep_record_is_walked_without_recursion() -> None:
    record: dict[str, Any] = {"x": 1}
    for _ in range(3000):
        record = {"d": record}
    assert value({"jsonpath": "$..x"}, record) == [1]


def test_what_a_query_finds_goes_through_pipes_and_types() -> None:
    assert value({"jmespath": "lines[*].s", "pipe": ['join("、")']}, RECORD) == "a、b"
    (problem,) = problems({"memo": {"jsonpath": "$.details_list[*].spec_no"}})
    assert problem.code == "type"
