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


def test_a_table_with_several_keys_columns_and_days_goes_in_and_out(duijie: Duijie, tmp_path: Path) -> None:
    file, out = tmp_path / "a.csv", tmp_path / "b.csv"
    rows = ("PO1,X,1,W1,2026-01-01,2026-06-30,", "PO1,X,2,W1,2026/07/01,,改", "*,*,0,W9,,,其余")
    file.write_text("\n".join(["左:单号,左:物料,右:行,右:仓,起,止,说明", *rows]), "utf-8")
    said = duijie("lookup", "import", "订单行", file)
    assert said.code == 0, said
    assert "+ PO1 / X → 1 / W1 [2026-01-01 … 2026-06-30]" in said.out
    assert duijie("lookup", "export", "订单行", "-o", out).code == 0
    assert duijie("lookup", "import", "订单行", out, "--json").json["changed"] == 0
    assert out.read_bytes().startswith("\ufeff左:单号,左:物料,右:行,右:仓,起,止,说明".encode())
    assert "PO1" in duijie("lookup", "list", "订单行").out


def test_an_import_may_be_looked_at_first(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,1\n", "utf-8")
    said = duijie("lookup", "import", "t", file, "--dry")
    assert (said.code, "+ a → 1" in said.out) == (0, True)
    assert duijie("lookup", "list", "t").code == 2


def test_every_row_that_makes_no_sense_is_told(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    rows = ("A,1,,2026-05-01", "A,2,2026-05-01,", "B,,,", "C,1,昨天,", "D,1,2026-02-01,2026-01-01")
    file.write_text("\n".join(["左:a,右:b,起,止", *rows]), "utf-8")
    said = duijie("lookup", "import", "t", file)
    assert said.code == 2
    for line in (3, 4, 5, 6):
        assert f"{file}:{line}:1 " in said.out
    file.write_text("左:a,右:a,颜色\n", "utf-8")
    assert "读不懂表头" in duijie("lookup", "import", "t", file).out
    assert duijie("lookup", "import", "a.b", file).code == 2


def test_a_rule_table_is_checked_and_goes_in_and_out(duijie: Duijie, tmp_path: Path) -> None:
    file, out = tmp_path / "a.csv", tmp_path / "b.csv"
    file.write_text(
        "省份,重量,→渠道,→费用\n浙江省|江苏省,..3,SF,12\n浙江省,..2,EMS,1\n,3..10,YTO,8\n", "utf-8"
    )
    said = duijie("lookup", "rules", "运费", file)
    assert said.code == 0, said
    for words in ("永远轮不到", "没有一行适用于：省份 江苏省，重量 10", "共 3 对"):
        assert words in said.out
    assert duijie("lookup", "export", "运费", "-o", out).code == 0
    again = duijie("lookup", "rules", "运费", out, "--json").json
    assert (again["added"], again["changed"], again["removed"]) == (0, 0, 0)
    file.write_text("省份,重量,→\n浙江省,,A\n,3,B\n", "utf-8")
    said = duijie("lookup", "rules", "运费", file, "--match", "best")
    assert (said.code, "同样贴切：省份 浙江省，重量 3" in said.out) == (2, True)
    file.write_text("省份,重量\n浙江省,3\n", "utf-8")
    assert "箭头开头" in duijie("lookup", "rules", "运费", file).out


def test_nothing_is_missing_where_nobody_waits(duijie: Duijie) -> None:
    assert duijie("lookup", "missing").code == 0
    assert duijie("lookup", "missing", "--scheme", "none").code == 2
