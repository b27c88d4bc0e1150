"""Lookups out of Excel: codes stay texts, rows are counted as Excel counts them, and lost digits are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.pairs import read_pairs
from engine.cli.sheets import read_sheet
from engine.store.lookups import Pair
from tests.cli.build import Duijie
from tests.cli.excel import xlsx


def test_codes_stay_what_they_are() -> None:
    rows = [
        ["源", "目标", "说明"],
        ["010", 7, "七"],
        [1001, 2.5, "多行\n说明"],
        [0.1, "2480013579246801111", ""],
    ]
    pairs, problems = read_pairs(xlsx(rows))
    assert problems == []
    assert pairs == [
        Pair("010", "7", "七"),
        Pair("1001", "2.5", "多行 说明"),
        Pair("0.1", "2480013579246801111", ""),
    ]


def test_what_is_wrong_is_told_by_excels_own_rows() -> None:
    _, problems = read_pairs(xlsx([["左", "右"], ["a", "1"], ["", ""], ["a", "2"], ["b", ""]]))
    assert [(one.path, one.code) for one in problems] == [("line 4", "twice"), ("line 5", "blank")]


def test_digits_that_excel_lost_are_never_taken() -> None:
    pairs, problems = read_pairs(xlsx([["a", 2480013579246801111], ["b", 1], ["c", 10**15]]))
    assert pairs == []
    assert [one.code for one in problems] == ["digits"]
    assert "1、3" in str(problems[0].says)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 no", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no", xlsx([["a", "b"]])[:200]]
)
def test_what_is_no_excel_file_is_told_in_words(data: bytes) -> None:
    pairs, problems = read_pairs(data)
    assert pairs == []
    assert [one.code for one in problems] == ["excel"]


def test_columns_and_days_are_read_too() -> None:
    sheet, problems = read_sheet(xlsx([["左:店铺", "右:客户", "起"], ["S1", "C1", "2026-11-01"]]))
    assert problems == []
    assert sheet.columns.keys == ("店铺",)
    assert sheet.pairs[0].since == "2026-11-01"


def test_the_command_takes_the_file_as_it_is(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "仓库.xlsx"
    file.write_bytes(xlsx([["WH-1", "010"], ["WH-2", "020"]]))
    said = duijie("lookup", "import", "仓库", str(file), "--json")
    assert said.code == 0, said.err
    assert "010" in duijie("lookup", "export", "仓库").out
