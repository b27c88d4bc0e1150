"""lookup import and list."""

from __future__ import annotations

from pathlib import Path

from tests.cli.build import Duijie


def test_an_import_tells_what_it_changes_and_keeps_leading_zeros(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("左,右,说明\r\nWH01,0012,杭州\r\nWH02,B,\r\n".encode("gbk"))
    assert duijie("lookup", "import", "仓库", file, "--json").json == {
        "table": "仓库", "pairs": 2, "added": 2, "changed": 0, "removed": 0, "released": [],
    }  # fmt: skip
    file.write_text("WH01,0013\nWH03,C\n", "utf-8")
    said = duijie("lookup", "import", "仓库", file)
    assert (said.code, said.err) == (0, "")
    for line in ("+ WH03 → C", "~ WH01 → 0012 → 0013", "- WH02 → B"):
        assert line in said.out
    assert duijie("lookup", "list", "仓库", "--json").json["pairs"] == [
        ["WH01", "0013", ""],
        ["WH03", "C", ""],
    ]


def test_a_file_with_a_problem_changes_nothing(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,1\nb,2\n", "utf-8")
    assert duijie("lookup", "import", "t", file).code == 0
    file.write_text("a,1\n,2\na,3\n", "utf-8")
    said = duijie("lookup", "import", "t", file)
    assert said.code == 2
    assert f"{file}:2:1 " in said.out
    assert f"{file}:3:1 " in said.out
    assert len(duijie("lookup", "list", "t", "--json").json["pairs"]) == 2


def test_an_empty_file_and_an_unknown_table_are_told(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("left,right\n", "utf-8")
    assert duijie("lookup", "import", "t", file).code == 2
    assert duijie("lookup", "list").code == 0
    said = duijie("lookup", "list", "t")
    assert said.code == 2
    assert "lookup import" in said.err
