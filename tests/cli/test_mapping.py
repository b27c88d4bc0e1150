"""map: offline, with the story of every cell; records kept as cases that then hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.build import ROOT, STARTER, Duijie

RECORD: dict[str, Any] = {
    "order_no": "CK1", "order_type": "7", "status": "95", "consign_time": "2026-11-20 08:00:00",
    "warehouse_no": "WH-HZ01", "remark": "# 轻放: 是", "receiver_name": "张三", "receiver_mobile": "13800000000",
    "details_list": [
        {"spec_no": "SKU-1001", "goods_count": "2.0000", "goods_unit": "件", "remark": "", "src_order_no": "JY1"},
    ],
}  # fmt: skip
LOOKUPS = {"仓库": {"WH-HZ01": "CK01", "other": "x"}, "物料": {"SKU-1001": "M1"}, "单位": {"件": "PCS"}}


def files(tmp_path: Path, records: Any = RECORD, lookups: Any = LOOKUPS) -> list[str]:
    (tmp_path / "R.json").write_text(json.dumps(records), encoding="utf-8")
    (tmp_path / "L.json").write_text(json.dumps(lookups), encoding="utf-8")
    return ["--records", str(tmp_path / "R.json"), "--lookups", str(tmp_path / "L.json")]


def test_records_become_documents_without_any_system(duijie: Duijie, tmp_path: Path, home: Path) -> None:
    other = {**RECORD, "order_no": "CK2", "status": "55"}
    wrong = {**RECORD, "order_no": "CK3", "warehouse_no": "WH-??"}
    said = duijie("map", STARTER, *files(tmp_path, [RECORD, other, wrong]), "--now", "2026-11-20", "--json")
    assert said.code == 1
    found = said.json["documents"]
    assert [one["outcome"] for one in found] == ["document", "skipped", "refused"]
    assert found[0]["document"]["warehouse"] == "CK01"
    assert found[2]["problems"][0]["path"] == "map.warehouse"
    assert "cells" not in found[0]
    assert list(home.iterdir()) == []
    text = duijie("map", STARTER, *files(tmp_path, [RECORD, other, wrong]))
    assert text.out.startswith('1: {"')
    assert "2：跳过" in text.out
    assert "单据 1、跳过 1、等对照 0、有问题 1" in text.err


def test_every_cell_tells_where_its_value_comes_from(duijie: Duijie, tmp_path: Path) -> None:
    wrong = {**RECORD, "warehouse_no": "WH-??"}
    said = duijie("map", STARTER, *files(tmp_path, wrong), "--cells", "--json")
    cells = {cell["at"]: cell for cell in said.json["documents"][0]["cells"]}
    one = cells["othOutRecords[0].product"]
    assert one["value"] == "M1"
    assert one["reads"] == ["details_list[0].spec_no"]
    assert one["looked"] == [{"table": "物料", "code": "SKU-1001", "gives": "M1"}]
    assert [step["written"] for step in one["steps"]] == ["spec_no", "lookup(物料)"]
    assert cells["warehouse"]["failed"] == "lookup(仓库)"
    assert "value" not in cells["warehouse"]
    shown = duijie("map", STARTER, *files(tmp_path, wrong), "--cells").out
    assert 'othOutRecords[0].product = "M1"  spec_no | lookup(物料)  ← details_list[0].spec_no' in shown


def test_a_kept_record_is_a_case_that_holds_and_tells_nothing_personal(
    duijie: Duijie, tmp_path: Path
) -> None:
    scheme = tmp_path / "mine.yaml"
    scheme.write_bytes(STARTER.read_bytes())
    beside = tmp_path / "mine.test.yaml"
    wrong = {**RECORD, "warehouse_no": "WH-??"}
    for name, record in (("一张", RECORD), ("没有仓库: 对照", wrong), ("没发货", {**RECORD, "status": "55"})):
        before = beside.read_text("utf-8") if beside.exists() else ""
        assert duijie(
            "map", scheme, *files(tmp_path, record), "--keep", name, "--now", "2026-11-20"
        ).code in (0, 1)
        assert beside.read_text("utf-8").startswith(before)
    text = beside.read_text("utf-8")
    assert "张三" not in text
    assert "13800000000" not in text
    assert "other" not in text
    assert duijie("test", scheme).out == "3 个例子，3 个符合。\n"
    again = duijie("map", scheme, *files(tmp_path), "--keep", "一张")
    assert again.code == 2
    assert "一张" in again.err
    assert beside.read_text("utf-8") == text


def test_a_case_is_kept_behind_comments_and_other_styles(duijie: Duijie, tmp_path: Path) -> None:
    scheme = tmp_path / "mine.yaml"
    scheme.write_bytes(STARTER.read_bytes())
    beside = tmp_path / "mine.test.yaml"
    beside.write_bytes("cases:\r\n  - {name: a, record: {status: '1'}, skipped: status}\r\n  # 尾".encode())
    assert duijie("map", scheme, *files(tmp_path), "--keep", "b").code == 0
    assert beside.read_bytes().count(b"\n") == beside.read_bytes().count(b"\r\n")
    assert duijie("test", scheme).code == 0
    beside.write_text("cases: [{name: a, record: {status: '1'}, skipped: status}]\n")
    said = duijie("map", scheme, *files(tmp_path), "--keep", "b")
    assert said.code == 2
    assert beside.read_text() == "cases: [{name: a, record: {status: '1'}, skipped: status}]\n"


@pytest.mark.parametrize(
    ("records", "lookups", "now", "told"),
    [
        ([], LOOKUPS, "2026-11-20", "--records"),
        ([1], LOOKUPS, "2026-11-20", "--records"),
        (RECORD, [], "2026-11-20", "--lookups"),
        (RECORD, {"仓库": {"a": 1}}, "2026-11-20", "仓库"),
        (RECORD, LOOKUPS, "noon", "--now"),
    ],
)
def test_wrong_files_are_told(
    duijie: Duijie, tmp_path: Path, records: Any, lookups: Any, now: str, told: str
) -> None:
    said = duijie("map", STARTER, *files(tmp_path, records, lookups), "--now", now, "--json")
    assert said.code == 2
    assert said.json["problems"][0]["path"] == told


def test_a_scheme_with_problems_is_not_mapped(duijie: Duijie, tmp_path: Path) -> None:
    scheme = tmp_path / "bad.yaml"
    scheme.write_text(STARTER.read_text("utf-8").replace("order_no\n", "order_no |\n", 1), encoding="utf-8")
    assert duijie("map", scheme, *files(tmp_path)).code == 2
    (tmp_path / "none.json").write_text("{")
    assert duijie("map", STARTER, "--records", tmp_path / "none.json").code == 2
    assert (ROOT / "flows").is_dir()


def test_suggestions_for_operations_and_for_files_of_fields(duijie: Duijie, tmp_path: Path) -> None:
    said = duijie("suggest", "--source", "wdt.stockout.order.query", "--target", "othoutrecord.single.save", "--json")
    told = {one["target"]: one["suggestions"] for one in map(json.loads, said.out.splitlines())}
    assert told["warehouse"][0]["source"] == "warehouse_no"
    assert told["warehouse"][0]["reasons"]
    fields = tmp_path / "fields.json"
    fields.write_text(json.dumps([{"name": "ckbm", "title": "仓库编码"}]), "utf-8")
    said = duijie("suggest", "--source", fields, "--target", "othoutrecord.single.save")
    assert said.code == 0
    assert "ckbm" in said.out
    assert "warehouse" in said.out


def test_what_is_neither_operation_nor_fields_is_told(duijie: Duijie, tmp_path: Path) -> None:
    said = duijie("suggest", "--source", "wdt.stockout.order.qery", "--target", "othoutrecord.single.save")
    assert said.code == 2
    assert "wdt.stockout.order.query" in said.err
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"name": 3}', "utf-8")
    assert duijie("suggest", "--source", wrong, "--target", "othoutrecord.single.save").code == 2
