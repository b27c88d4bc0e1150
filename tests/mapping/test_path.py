"""Paths: read, printed, followed; nothing falls through to another row."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from engine.mapping.path import Path, Step, print_path, read_path
from engine.mapping.slip import Slip
from tests.mapping.build import says, value

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
STEPS = st.builds(Step, NAMES, st.none() | st.integers(-5, 99))
PATHS = st.just(Path()) | st.builds(
    Path, st.integers(0, 3), st.lists(STEPS, min_size=1, max_size=3).map(tuple)
)


@given(PATHS, st.booleans())
def test_a_printed_path_reads_as_itself(path: Path, formula: bool) -> None:
    text = print_path(path, formula)
    assert read_path(text, 0, formula) == (path, len(text))


def test_signs_of_vendors_stand_bare_in_a_cell_and_escaped_in_a_formula() -> None:
    path = Path(0, (Step("defines!define-1"),))
    assert print_path(path) == "defines!define-1"
    assert print_path(path, formula=True) == r"defines\!define\-1"


@pytest.mark.parametrize(
    ("text", "at"), [("^a", 1), ("a.", 2), ("a..b", 2), ("a[x]", 1), ("a[01]", 1), ("a\\", 1), ("", 0)]
)
def test_a_broken_path_is_refused_at_its_column(text: str, at: int) -> None:
    with pytest.raises(Slip) as caught:
        read_path(text, 0)
    assert caught.value.at == at


def test_a_bare_name_looks_only_into_the_nearest_row() -> None:
    record = {"remark": "头", "n": 9, "lines": [{"n": 1}, {"remark": "行", "n": 2}]}
    rule = {"each": "lines", "map": {"own": "remark", "head": "^.remark", "n": "n"}}
    assert value(rule, record) == [{"head": "头", "n": 1}, {"own": "行", "head": "头", "n": 2}]


def test_two_carets_lead_out_of_two_lists() -> None:
    record = {"no": "A", "lines": [{"no": "B", "parts": [{"no": "C"}]}]}
    inner = {"each": "parts", "map": {"a": "^^.no", "b": "^.no", "c": "no", "all": "."}}
    assert value({"each": "lines", "map": {"parts": inner}}, record) == [
        {"parts": [{"a": "A", "b": "B", "c": "C", "all": {"no": "C"}}]}
    ]


def test_numbers_choose_a_row_and_beyond_the_list_is_nothing() -> None:
    record = {"lines": [{"n": "a"}, {"n": "b"}]}
    assert value("lines[0].n", record) == "a"
    assert value("lines[-1].n", record) == "b"
    assert value("lines[2].n", record) is ...


@pytest.mark.parametrize("left_out", [None, "", []])
def test_what_vendors_send_for_an_object_they_leave_out_holds_nothing(left_out: object) -> None:
    assert value("shop.no", {"shop": left_out}) is ...


def test_a_path_through_a_list_without_a_number_is_a_problem() -> None:
    assert "列表" in says("lines.n", {"lines": [{"n": 1}]})


def test_nothing_lies_inside_a_single_value() -> None:
    assert "单个值" in says("no.inner", {"no": "A"})
