"""Where a source field is seen from, and how a cell there writes it."""

from __future__ import annotations

import pytest

from engine.model.scheme import Cell, Fields, Grouping, Rows
from webui.places import choices, each, inside, owner, reads, written

LISTS = frozenset({("lines",), ("lines", "places"), ("pays",)})
ROWS = Rows(each=("lines",), map=Fields(entries=()))
DEEP = Rows(each=("lines", "places"), map=Fields(entries=()))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('CONCAT("旺店通 ", order_no, " ", ^.remark)', [("lines", "order_no"), ("remark",)]),
        ("IF(a.b > 0, c [0], 'd')", [("lines", "a", "b"), ("lines", "c")]),
        ('"a ""b"" c"', []),
    ],
)
def test_a_formula_reads_the_fields_it_names_and_no_function(text: str, names: list[tuple[str, ...]]) -> None:
    assert list(reads(Cell(how="formula", text=text), inside(ROWS, ((),)))) == names


def test_rows_are_seen_from_the_nearest_outwards() -> None:
    assert inside(ROWS, ((),)) == (("lines",), ())
    assert inside(DEEP, ((),)) == (("lines", "places"), ("lines",), ())
    grouped = ROWS.model_copy(update={"group": Grouping(by={"k": "k"})})
    assert inside(grouped, ((),)) == (None, ())


def test_a_field_is_written_as_its_row_is_reached() -> None:
    stack = inside(DEEP, ((),))
    for field, cell in (
        (("lines", "places", "batch"), "batch"),
        (("lines", "spec"), "^.spec"),
        (("order_no",), "^^.order_no"),
        (("lines", "odd name"), "^.odd\\ name"),
    ):
        assert written(field, owner(field, LISTS), stack) == cell
    assert written(("pays", "sum"), ("pays",), stack) is None


def test_a_field_of_other_rows_may_be_taken_in_three_or_four_ways() -> None:
    head = choices(("lines", "qty"), LISTS, ((),), listed=False)
    assert [(one.code, one.content) for one in head] == [
        ("first", "lines[0].qty"),
        ("join", 'JOIN(EACH(lines, qty), "、")'),
        ("sum", "SUMBY(lines, qty)"),
    ]
    assert [one.content for one in choices(("lines", "places", "n"), LISTS, ((),), listed=False)] == [
        "lines[0].places[0].n"
    ]
    rows = choices(("lines", "places", "n"), LISTS, (("lines",), ()), listed=True)[-1]
    assert (rows.code, rows.content, rows.rows) == ("rows", "n", ("lines", "places"))
    assert choices(("pays", "n"), LISTS, (None,), listed=True) == []


def test_a_row_source_names_every_list_on_the_way() -> None:
    assert each(("lines", "places"), LISTS, ((),)) == ["lines", "places"]
    assert each(("lines", "places"), LISTS, (("lines",), ())) == ["places"]
    assert each(("pays",), LISTS, (("lines",), ())) == ["^.pays"]
    assert each(("lines",), LISTS, (("lines",), ())) is None
