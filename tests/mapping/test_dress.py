"""Rule 10: the target's type decides; missing, null and "" stay three things."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.mapping.compile import compile_mapping
from engine.model.catalog import Field, Operation
from tests.mapping.build import NOW, scheme


def put(value: Any, kind: str, rule: Any = "x", **more: Any) -> Any:
    """What a target field of this type holds; ... where it is left out, the code where it is a problem."""
    field = Field(name="t", type=kind, **more)  # type: ignore[arg-type]  # a FieldType
    target = Operation(operation="t", kind="save", call={}, fields=(field,), source="test")
    mapping, found = compile_mapping(scheme({"t": rule}), None, target, None)
    if mapping is None:
        return [one.code for one in found]
    mapped = mapping.apply({} if value is ... else {"x": value}, {}, NOW)
    return mapped.problems[0].code if mapped.document is None else mapped.document.get("t", ...)


@pytest.mark.parametrize(
    ("kind", "value", "gives"),
    [
        ("text", "001", "001"),
        ("text", 7, "7"),
        ("text", Decimal("30.0000"), "30.0000"),
        ("text", Decimal("1E+3"), "1000"),
        ("text", "", ""),
        ("decimal", "30.0000", Decimal("30.0000")),
        ("decimal", 7, 7),
        ("decimal", Decimal("0.10"), Decimal("0.10")),
        ("integer", "30.0000", 30),
        ("integer", Decimal("3.0"), 3),
        ("id", "001", "001"),
        ("id", 9007199254740993, 9007199254740993),
        ("id", Decimal("12"), 12),
        ("boolean", True, True),
        ("date", "2026-01-02 03:04:05", "2026-01-02"),
        ("datetime", "2026-01-02T03:04:05", "2026-01-02 03:04:05"),
        ("object", {"a": 1}, {"a": 1}),
        ("list", [1], [1]),
    ],
)
def test_what_fits_is_taken_exactly(kind: str, value: Any, gives: Any) -> None:
    found = put(value, kind)
    assert found == gives
    assert str(found) == str(gives)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", True),
        ("text", {}),
        ("text", []),
        ("decimal", "1e3"),
        ("decimal", "abc"),
        ("decimal", True),
        ("decimal", Decimal("NaN")),
        ("decimal", Decimal("Infinity")),
        ("integer", "2.5"),
        ("integer", "x"),
        ("id", Decimal("1.5")),
        ("id", True),
        ("boolean", "true"),
        ("boolean", 1),
        ("date", "2026-02-30"),
        ("datetime", 20260102),
        ("object", []),
        ("list", "a"),
        ("text", Decimal("1E+99999")),
    ],
)
def test_all_else_is_a_problem(kind: str, value: Any) -> None:
    assert put(value, kind) == "type"


@pytest.mark.parametrize(
    "kind", ["decimal", "integer", "id", "boolean", "date", "datetime", "object", "list"]
)
def test_an_empty_text_is_no_value_of_any_other_type(kind: str) -> None:
    assert put("", kind) == "blank"


@pytest.mark.parametrize(
    "kind", ["text", "decimal", "integer", "id", "boolean", "date", "datetime", "object", "list"]
)
def test_missing_and_null_stay_two_things(kind: str) -> None:
    assert put(..., kind) is ...
    assert put(None, kind) is None


@pytest.mark.parametrize("value", [..., None, ""])
def test_a_required_field_needs_a_value(value: Any) -> None:
    assert put(value, "text", required=True) == "required"


@pytest.mark.parametrize(
    ("policy", "gives"), [("omit", ...), ("null", None), ("blank", ""), ("problem", "required")]
)
def test_missing_decides(policy: str, gives: Any) -> None:
    assert put(..., "text", {"from": "x", "missing": policy}) == gives
    assert put(..., "text", {"from": "x", "missing": policy}, required=True) == gives


def test_blank_cannot_stand_for_what_is_no_text() -> None:
    assert put(..., "decimal", {"from": "x", "missing": "blank"}) == ["missing"]


def test_a_pipe_makes_blank_missing_so_that_it_is_left_out() -> None:
    assert put("", "decimal", "x | decimal(2)") is ...
    assert put("0000-00-00", "date", "x | date") is ...


def test_a_date_in_a_form_the_person_chose_stays_in_it() -> None:
    assert put("2026-01-02", "date", "x | date(yyyyMMdd)") == "20260102"


def test_a_text_longer_than_the_target_takes_is_a_problem_unless_that_is_a_guess() -> None:
    assert put("abcd", "text", longest=3) == "too_long"
    assert put("abcd", "text", longest=3, guess=True) == "abcd"
    assert put("abcd", "text", "x | left(3)", longest=3) == "abc"


@pytest.mark.parametrize(
    ("kind", "value", "gives"),
    [
        ("text", "001", "001"),
        ("text", 1, "1"),
        ("text", Decimal("1.50"), "1.50"),
        ("id", "001", "001"),
        ("integer", "5", 5),
        ("decimal", "abc", ["type"]),
        ("boolean", True, True),
        ("date", "2026-01-02", "2026-01-02"),
        ("date", "soon", ["type"]),
        ("text", True, ["type"]),
        ("list", [1, "a"], [1, "a"]),
        ("text", None, None),
    ],
)
def test_a_fixed_value_is_typed_before_any_record(kind: str, value: Any, gives: Any) -> None:
    assert put(..., kind, {"value": value}) == gives


def test_a_fixed_value_that_begins_with_an_equals_sign_is_a_formula_without_a_record() -> None:
    assert put(..., "text", {"value": '="=x"'}) == "=x"
    assert put(..., "text", {"value": "=TODAY()"}) == "2026-11-20"
    assert put("A", "text", {"value": "=x"}) == ["no_row"]


def test_a_value_the_interface_does_not_list_warns() -> None:
    field = Field(name="t", values={"1": "是"})
    target = Operation(operation="t", kind="save", call={}, fields=(field,), source="test")
    mapping, found = compile_mapping(scheme({"t": {"value": "2"}}), None, target, None)
    assert mapping is not None
    assert [(one.code, one.weight) for one in found] == [("unlisted", "warning")]


def test_a_name_written_twice_holds_the_last_that_has_a_value() -> None:
    pairs: Any = [("t", {"from": "a"}), ("t", {"from": "b"}), ("t", {"from": "c"})]
    mapping, _ = compile_mapping(scheme(pairs), None, None, None)
    assert mapping is not None
    assert mapping.apply({"a": "1", "b": "2"}, {}, NOW).document == {"t": "2"}


@pytest.mark.parametrize(
    ("kind", "cell", "x", "gives"),
    [
        ("datetime", "x", "2026-01-01T20:00:00Z", "2026-01-02 04:00:00"),
        ("datetime", "x", "2026-01-01T20:00:00.123-0500", "2026-01-02 09:00:00"),
        ("date", "x", "2026-01-01T20:00:00Z", "2026-01-02"),
        ("datetime", "x | datetime(zoned)", "2026-01-01 20:00:00", "2026-01-01T20:00:00+08:00"),
        ("datetime", "x | datetime(zoned, zone=UTC)", "2026-01-01 20:00:00", "2026-01-01T12:00:00+00:00"),
        ("datetime", "x | datetime(from=ms)", 1767297845000, "2026-01-02 04:04:05"),
    ],
)
def test_a_time_with_an_offset_is_told_on_the_clock_of_the_source(
    kind: str, cell: str, x: Any, gives: str
) -> None:
    assert put(x, kind, cell) == gives
