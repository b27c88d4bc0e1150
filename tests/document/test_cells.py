"""A cell is written or cleared where it stands; comments, order and unknown keys stay byte for byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from engine.document.cells import Filling, clear, fill, frame
from engine.document.scheme import read_scheme
from engine.errors import Wrong

FLOWS = Path(__file__).parents[2] / "flows"
EXAMPLE = (FLOWS / "wdt-stockout-to-bip-othout.yaml").read_text("utf-8")
ODD = "scheme: a # 😀\r\nmap:\r\n  # 头\r\n  a: {value: '1', note: 为什么, x-tool: {b: [1,  2]}}  # 尾\r\n"
ODD += "  b: {map: {c: d}}"


def lines(old: str, new: str) -> tuple[list[str], list[str]]:
    """The lines only in the first text, and only in the second."""
    one, other = old.splitlines(), new.splitlines()
    return [line for line in one if line not in other], [line for line in other if line not in one]


@pytest.mark.parametrize(
    ("to", "filling", "line"),
    [
        ("code", Filling("from", "src_order_no | text"), "  code: src_order_no | text"),
        ("code", Filling("formula", 'CONCAT("a # b", c)'), "  code: '=CONCAT(\"a # b\", c)'"),
        ("code", Filling("value", "001"), "  code: {value: '001'}"),
        ("code", Filling("ignore"), "  code: {ignore: true}"),
        ("org", Filling("from", "shop_no"), "  org: {from: shop_no}"),
        ("department", Filling("from", "shop_no"), "  department: shop_no"),
        ("othOutRecords.qty", Filling("from", "num"), "      qty: num"),
        ("othOutRecords.batchno", Filling("from", "batch_no"), "      batchno: batch_no"),
    ],
)
def test_one_line_says_the_new_cell(to: str, filling: Filling, line: str) -> None:
    edited = fill(EXAMPLE, to.split("."), filling)
    assert lines(EXAMPLE, edited)[1] == [line]
    assert len(lines(EXAMPLE, edited)[0]) <= 1
    assert read_scheme(edited)[1] == []


def test_a_long_cell_keeps_its_note_and_what_we_do_not_know() -> None:
    edited = fill(ODD, ["a"], Filling("from", "x"))
    assert edited == ODD.replace("value: '1'", "from: x")
    assert fill(ODD, ["b", "e"], Filling("from", "f")) == ODD.replace("c: d", "c: d, e: f")
    assert fill(ODD, ["z"], Filling("from", "f")) == ODD + "\r\n  z: f"
    assert clear(fill(ODD, ["z"], Filling("from", "f")), ["z"]) == ODD


def test_the_last_rule_leaves_an_empty_mapping_that_can_be_filled_again() -> None:
    text = "map:\n  a: b  # 说明\n"
    assert clear(text, ["a"]) == "map:\n  {}  # 说明\n"
    assert fill(clear(text, ["a"]), ["a"], Filling("from", "b")) == text
    assert fill("map: {}\n", ["a"], Filling("from", "b")) == "map:\n  a: b\n"
    assert clear("map: {a: b}\n", ["a"]) == "map: {}\n"


LISTED = """map:
  code: a
  lines:
    each: details_list
    map: {}
"""


def test_a_list_gets_a_row_source_and_then_its_cells() -> None:
    text = frame("map:\n  code: a\n", ["lines"], ["details_list"])
    assert text == LISTED
    assert fill(text, ["lines", "qty"], Filling("from", "num")) == LISTED.replace("{}", "").replace(
        "map: \n", "map:\n      qty: num\n"
    )
    assert clear(text, ["lines"]) == "map:\n  code: a\n"
    assert frame("map: {}\n", ["lines"], ["a", "b"]) == "map:\n  lines:\n    each: [a, b]\n    map: {}\n"
    assert frame("map: {x: y}\n", ["lines"], ["a"]) == "map: {x: y, lines: {each: a, map: {}}}\n"
    assert frame("map:\n  code: a\n", ["head"]) == "map:\n  code: a\n  head:\n    map: {}\n"


def test_another_row_source_leaves_the_cells_of_a_list_alone() -> None:
    edited = frame(EXAMPLE, ["othOutRecords"], ["details_list", "position_list"])
    assert lines(EXAMPLE, edited) == (
        ["    each: details_list"],
        ["    each: [details_list, position_list]"],
    )
    assert frame(edited, ["othOutRecords"], ["details_list"]) == EXAMPLE


def test_no_list_is_made_where_a_cell_stands() -> None:
    for to, each in ((["code"], ["details_list"]), (["othOutRecords"], []), (["no", "where"], ["a"])):
        with pytest.raises(Wrong):
            frame(EXAMPLE, to, each)


@pytest.mark.parametrize(
    ("text", "to"),
    [
        (EXAMPLE, ["nowhere", "qty"]),
        (EXAMPLE, ["othOutRecords"]),
        (EXAMPLE, []),
        ("map:\n  - {to: a, from: b}\n", ["a"]),
        ("map: [", ["a"]),
    ],
)
def test_where_a_cell_has_no_place_nothing_is_edited(text: str, to: list[str]) -> None:
    with pytest.raises(Wrong):
        fill(text, to, Filling("from", "x"))


PLACES = (
    "code",
    "org",
    "memo",
    "fresh",
    "a: b",
    "othOutRecords.qty",
    "othOutRecords.fresh",
    "othOutRecords._status",
)
FILLINGS = (
    *(Filling("from", one) for one in ("order_no | date", "a\\.b", "x | lookup(仓库, miss=hold)")),
    *(Filling("formula", one) for one in ('CONCAT("a: b", c)', "a & ' # '")),
    *(Filling("value", one) for one in ("", "001", "a, b", "=x", "行\n行")),
    Filling("ignore"),
)


@pytest.mark.parametrize("text", [EXAMPLE, EXAMPLE.replace("\n", "\r\n"), EXAMPLE.rstrip("\n")])
@pytest.mark.parametrize("seed", range(3))
def test_after_200_edits_the_document_is_whole_and_what_no_edit_touched_is_as_it_was(
    text: str, seed: int
) -> None:
    chance, now = random.Random(seed), text
    for _ in range(200):
        to = chance.choice(PLACES).split(".")
        try:
            now = clear(now, to) if chance.random() < 0.4 else fill(now, to, chance.choice(FILLINGS))
        except Wrong as wrong:
            assert wrong.problems[0].code == "no_place", "every edit that has a place is written"
    assert read_scheme(now)[1] == []
    names = {place.rpartition(".")[2] for place in PLACES} | {"'a"}
    kept = [line for line in text.splitlines(keepends=True) if line.split(":")[0].strip() not in names]
    assert [line.rstrip() for line in kept] == [
        line.rstrip() for line in now.splitlines() if line.split(":")[0].strip() not in names
    ]
