"""Short cells: grammar, columns, full-width signs, and printing that reads back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from engine.mapping.cell import Arg, PipeCall, ShortCell, print_cell, read_cell
from engine.mapping.slip import Slip
from tests.mapping.test_path import PATHS

BARE = st.text(st.sampled_from("abcXYZ仓库_-!"), min_size=1, max_size=6)
ARGS = st.one_of(
    st.builds(Arg, st.decimals(-1000, 1000, allow_nan=False, places=2), st.none() | BARE),
    st.builds(Arg, st.text(max_size=8), st.none() | BARE, st.just(True)),
    st.builds(Arg, BARE, st.none() | BARE),
)
CELLS = st.builds(
    ShortCell,
    PATHS,
    st.lists(st.builds(PipeCall, BARE, st.lists(ARGS, max_size=3).map(tuple)), max_size=3).map(tuple),
)


@given(CELLS)
def test_a_printed_cell_reads_as_itself(cell: ShortCell) -> None:
    assert read_cell(print_cell(cell)) == cell


@given(st.text(max_size=40))
def test_any_text_is_a_cell_or_one_slip(text: str) -> None:
    try:
        cell = read_cell(text)
    except Slip as slip:
        assert 0 <= slip.at <= len(text)
    else:
        assert read_cell(print_cell(cell)) == cell


def test_blanks_around_signs_mean_nothing() -> None:
    spread = read_cell("  warehouse_no  |  lookup ( 仓库 , miss = hold )  ")
    assert spread == read_cell("warehouse_no|lookup(仓库,miss=hold)")
    assert print_cell(spread) == "warehouse_no | lookup(仓库, miss=hold)"


def test_an_argument_is_a_number_a_text_or_a_name() -> None:
    pipe = read_cell("""x | p(4, -1.50, "a""b", 'c', 仓库, 001, yyyy-MM-dd)""").pipes[0]
    values = [arg.value for arg in pipe.args]
    assert values == [Decimal(4), Decimal("-1.50"), 'a"b', "c", "仓库", "001", "yyyy-MM-dd"]


@pytest.mark.parametrize(
    ("text", "at", "mended"),
    [
        ("warehouse_no｜lookup（仓库）", 12, "warehouse_no|lookup(仓库)"),
        ("x | lookup（仓库，miss＝hold）", 10, "x | lookup(仓库,miss=hold)"),
        ("x | default(“无，空”)", 12, 'x | default("无，空")'),
    ],
)
def test_full_width_signs_are_offered_mended(text: str, at: int, mended: str) -> None:
    with pytest.raises(Slip) as caught:
        read_cell(text)
    assert (caught.value.at, caught.value.code) == (at, "full_width")
    assert mended in caught.value.do
    read_cell(mended)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{order_no}}", "order_no"),
        ('旺店通 {{order_no}}"', '=CONCAT("旺店通 ", order_no, """")'),
        ("{{ a }}-{{b}}", '=CONCAT(a, "-", b)'),
    ],
)
def test_braces_are_refused_with_the_translation(text: str, said: str) -> None:
    with pytest.raises(Slip) as caught:
        read_cell(text)
    assert said in caught.value.do


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("x |", 3),
        ("x | p(", 6),
        ("x | p(1", 7),
        ("x | p(1 2)", 8),
        ('x | p("a)', 6),
        ("x y", 2),
        ("x | p(a=)", 8),
        ("x | p(1,)", 8),
    ],
)
def test_a_broken_cell_is_refused_at_its_column(text: str, at: int) -> None:
    with pytest.raises(Slip) as caught:
        read_cell(text)
    assert caught.value.at == at
