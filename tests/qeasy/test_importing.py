"""Metadata into a scheme: what each key becomes, and that none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings as limits, strategies as st

from engine.document.check import check
from engine.document.node import Pairs, value
from engine.document.reader import read
from engine.errors import Wrong
from engine.exact import decode
from engine.model.values import Json
from engine.qeasy.importing import Imported, Wish, imported
from engine.registry import Registry
from engine.settings import SHIPPED
from tests.cli.build import Duijie
from tests.qeasy.conftest import SAMPLES

REGISTRY = Registry.read((SHIPPED / "connectors",))
WISH = Wish("from-qeasy", begin=date(2026, 11, 1), source="wdt-main", target="bip-main")
SOURCE: dict[str, Any] = {"api": "wdt.stockout.order.query", "effect": "QUERY"}
TARGET: dict[str, Any] = {"api": "/yonbip/scm/othoutrecord/single/save", "effect": "EXECUTE"}


def brought(*pages: Json) -> tuple[Any, Imported]:
    """The scheme as it reads, and all there is to say."""
    made = imported(pages, WISH, REGISTRY)
    node, problems = read(made.text)
    assert node is not None, problems
    assert not problems, problems
    return value(node), made


def field(name: str, said: Json = None, **more: Json) -> dict[str, Json]:
    return {"field": name, "label": name, "type": "string", "value": said, **more}


def mapped(*fields: Json, source: dict[str, Any] | None = None, **more: Json) -> tuple[Any, Imported]:
    """The map of a target nobody knows, so that nothing but the fields stands in it."""
    scheme, made = brought(
        {**SOURCE, **(source or {})}, {"api": "x.save", "effect": "EXECUTE", "request": [*fields], **more}
    )
    return scheme["map"], made


def lost(made: Imported) -> list[str]:
    return [one.at for one in made.left]


def keys(json: Json) -> Iterator[str]:
    members = json.values() if isinstance(json, dict) else json if isinstance(json, list) else ()
    if isinstance(json, dict):
        yield from json
    for inner in members:
        yield from keys(inner)


# -- nothing is lost -------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_checks_and_nearly_every_key_is_translated(sample: Path) -> None:
    _, made = brought(decode(sample.read_bytes()))
    told = [str(one) for one in check(made.text, REGISTRY).problems if one.weight == "problem"]
    assert told == []
    assert made.todos == ()
    assert made.translated >= made.keys - 1


def test_what_nobody_knows_stands_word_for_word_at_the_end() -> None:
    odd: Json = {"a: b": [1, {"k": None, "'": "x\n# y"}], "": "-", "大": True}
    scheme, made = brought({**SOURCE, "buildModel": odd, "delay": 5}, TARGET)
    told = {one["at"]: one["value"] for one in scheme["x-qeasy"]}
    assert told == {"source.buildModel": odd, "source.delay": 5}
    assert lost(made) == ["source.buildModel", "source.delay"]


WORDS = """api effect type method id number idCheck request otherRequest response otherResponse operation pagination
    condition beatFlat formatResponse omissionRemedy groupCalculate callBackStrategy field label value children parser
    name params parent describe is_required mapping source target old new format crontab takeOverRequest headerGroup
    bodyGroup bodyName targetBodyName bodyMaxLine calculate logic title value_raw target_field rowsKey rows arrayKey
    pageSize strictMode""".split()
VALUES = [
    "{{a}}", "{{d.x}}", "_function {{a}}/{{d.x}}", "_findCollection find a from b where c={{d}}", "details_list",
    "{{LAST_SYNC_TIME|datetime}}", "batchArraySave", "string", "array", "date", "eq", "$sum", "QUERY", "EXECUTE",
]  # fmt: skip
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9**20) | st.text(max_size=12) | st.sampled_from(VALUES),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=7)
    ),
    max_leaves=30,
)


def spoilt(page: Any, draw: Any) -> Any:
    """The page with one of its values taken away or made something else, as deep as it goes."""
    if not isinstance(page, dict | list) or not page or not draw(st.integers(0, 5)):
        return draw(JSON)
    made = dict(page) if isinstance(page, dict) else list(page)
    place = (
        draw(st.sampled_from(sorted(page))) if isinstance(page, dict) else draw(st.integers(0, len(page) - 1))
    )
    if draw(st.integers(0, 9)):
        made[place] = spoilt(page[place], draw)
    else:
        del made[place]
    return made


PAGES = [decode(sample.read_bytes()) for sample in sorted(SAMPLES.glob("*.json"))]


@limits(max_examples=300, deadline=None)
@given(st.data())
def test_a_page_with_something_odd_in_it_loses_no_key(data: Any) -> None:
    page = data.draw(st.sampled_from(PAGES))
    for _ in range(data.draw(st.integers(1, 4))):
        page = spoilt(page, data.draw)
    accounted([page])


@limits(max_examples=300, deadline=None)
@given(st.lists(JSON, min_size=1, max_size=2))
def test_no_json_loses_a_key_or_makes_anything_but_a_scheme(pages: list[Any]) -> None:
    accounted(pages)


def accounted(pages: list[Any]) -> None:
    """Every key is translated, or stands in the scheme and in the report."""
    try:
        scheme, made = brought(*pages)
    except Wrong:
        return
    count = sum(1 for page in pages for _ in keys(page))
    kept = sum(1 + sum(1 for _ in keys(one.value)) for one in made.left)
    assert made.keys == count
    assert made.translated + kept == count
    assert [one["at"] for one in scheme.get("x-qeasy", [])] == lost(made)
    check(made.text, REGISTRY)


# -- the target ------------------------------------------------------------------------------------


def test_values_become_cells() -> None:
    cells, made = mapped(
        field("a", "{{order_no}}"),
        field("b", "001"),
        field("c", "12", type="int"),
        field("d", "单号{{order_no}}"),
        field("e", "{{consign_time|date}}"),
        field("f"),
        field("g", "_findCollection find FId from abc where FNumber={{order_no}} FUse=1"),
        field("h", "{{order_no}}", is_required=True),
        field("i", "=x"),
    )
    assert cells == {
        "a": "order_no", "b": {"value": "001"}, "c": {"value": 12}, "d": '=CONCAT("单号", order_no)',
        "e": "consign_time | date", "f": {"ignore": True}, "g": '=LOOKUP("查1.FId", KEY(order_no, "1"))',
        "h": {"from": "order_no", "missing": "problem"}, "i": {"value": '="=x"'},
    }  # fmt: skip
    assert made.todos == ()


def test_parsers_become_pipes() -> None:
    cells, made = mapped(
        field("a", "{{order_no}}", parser={"name": "ConvertObjectParser", "params": "FNumber"}),
        field("b", "100", parser={"name": "ConvertObjectParser", "params": "FNumber"}),
        field(
            "c",
            "{{order_no}}",
            parser={"name": "ConvertTwoStageObjectParser", "params1": "F1", "params2": "F2"},
        ),
        field("d", "{{remark}}", parser={"name": "StringToArray", "params": ";"}),
        field("e", "{{remark}}", parser={"name": "K3WiseHeiHuCustomParser", "params": "x"}),
    )
    assert cells["a"] == "order_no | wrap(FNumber)"
    assert cells["b"] == {"value": {"FNumber": "100"}}
    assert cells["c"] == "order_no | wrap(F2) | wrap(F1)"
    assert cells["d"] == 'remark | split(";")'
    assert cells["e"].startswith("=ERROR(")
    assert "K3WiseHeiHuCustomParser" in cells["e"]
    assert made.todos == ("map.e",)
    assert "target.request[4].parser" in lost(made)


def test_a_table_of_code_pairs_becomes_a_lookup() -> None:
    cells, made = mapped(
        field("a", "{{warehouse_no}}", mapping={"target": "仓库", "direction": "positive"}),
        field("b", "{{warehouse_no}}", mapping={"target": "5f-1", "direction": "reverse"}),
        field("c", "{{warehouse_no}}", mapping={"target": 5}),
    )
    assert cells["a"] == "warehouse_no | lookup(仓库, miss=hold)"
    assert cells["b"] == 'warehouse_no | lookup("5f-1.左", miss=hold)'
    assert made.todos == ("map.c",)


def test_an_audit_after_the_save_is_a_step() -> None:
    scheme, made = brought(SOURCE, {**TARGET, "request": [field("code", "{{order_no}}")], "autoCheck": True})
    assert scheme["after"] == ["audit"]
    assert mapped(field("a"), autoCheck=True)[1].left[-1].at == "target.autoCheck"
    assert [one for one in check(made.text, REGISTRY).problems if one.weight == "problem"] == []


def test_what_cannot_be_translated_stops_its_records_and_is_kept() -> None:
    cells, made = mapped(field("a", "_function soundex('{{order_no}}')"), field("b", "{{order_no}}"))
    assert cells["a"] == '=ERROR("待办：a 没有译出。第 1 行第 11 列：还不会译函数 SOUNDEX")'
    assert cells["b"] == "order_no"
    (left,) = [one for one in made.left if one.at == "target.request[0].value"]
    assert left.value == "_function soundex('{{order_no}}')"
    assert made.todos == ("map.a",)


def test_a_name_that_occurs_twice_keeps_its_place() -> None:
    cells, _ = mapped(field("a", "1"), field("b", "{{order_no}}"), field("a", "_function {{weight}}*2"))
    assert cells == [
        {"to": "a", "value": "1"},
        {"to": "b", "from": "order_no"},
        {"to": "a", "formula": "weight * 2"},
    ]


def test_lines_stand_in_their_list_and_see_the_header() -> None:
    lines = [
        field("sku", "{{details_list.spec_no}}"),
        field("stock", "{{warehouse_no}}"),
        field("fixed", "X"),
    ]
    cells, _ = mapped(field("rows", "details_list", type="array", children=lines))
    assert cells["rows"] == {
        "each": "details_list",
        "map": {"sku": "spec_no", "stock": "^.warehouse_no", "fixed": {"value": "X"}},
    }


def test_a_list_that_says_nothing_stops_its_records() -> None:
    cells, made = mapped(field("rows", None, type="array", children=[field("fixed", "X")]))
    assert cells["rows"]["where"].startswith("ERROR(")
    assert made.todos == ("map.rows",)


def test_flat_lines_are_found_by_their_values() -> None:
    cells, _ = mapped(
        field("rows", None, type="array"),
        field("sku", "{{details_list.spec_no}}"),
        field("memo", "{{remark}}"),
    )
    assert cells == {"rows": {"each": "details_list", "map": {"sku": "spec_no"}}, "memo": "remark"}


def test_required_fields_that_were_not_filled_are_shown() -> None:
    scheme, made = brought(
        SOURCE, {**TARGET, "request": [field("code", "{{order_no}}"), field("defines!define1", "{{remark}}")]}
    )
    assert scheme["map"]["warehouse"] == '=ERROR("待办：warehouse 必填，轻易云里没有填")'
    assert scheme["map"]["defines"] == {"map": {"define1": "remark"}}
    assert set(made.todos) >= {"map.warehouse", "map.org", "map.othOutRecords"}
    assert [one for one in check(made.text, REGISTRY).problems if one.weight == "problem"] == []


def test_the_key_that_the_engine_fills_is_left_to_it() -> None:
    scheme, made = brought(SOURCE, {**TARGET, "request": [field("resubmitCheckKey", "{{order_no}}")]})
    assert "resubmitCheckKey" not in scheme["map"]
    assert [one.at for one in made.remarks if not one.left] == ["target.request[0]"]


def test_derived_fields_are_made_where_they_are_used() -> None:
    formats: Json = [
        {"old": "consign_time", "new": "day", "format": "date"},
        {"old": "weight", "new": "kg", "format": "round(2)"},
        {"old": "x", "new": "nobody", "format": "date"},
    ]
    cells, made = mapped(field("a", "{{day}}"), field("b", "重{{kg}}"), source={"formatResponse": formats})
    assert cells == {"a": "consign_time | date", "b": '=CONCAT("重", ROUND(weight, 2))'}
    assert [one for one in lost(made) if "formatResponse" in one] == [
        f"source.formatResponse[2].{key}" for key in ("old", "new", "format")
    ]


# -- the source ------------------------------------------------------------------------------------


def test_the_window_is_the_engines_and_looking_back_is_overlap() -> None:
    begin = field("start_time", "_function FROM_UNIXTIME({{LAST_SYNC_TIME}}-(60*20), '%Y-%m-%d %H:%i:%s')")
    scheme, _ = brought(
        {**SOURCE, "request": [begin, field("end_time", "{{CURRENT_TIME|datetime}}"), field("status", "110")]}
    )
    assert scheme["source"]["overlap"] == "20m"
    assert scheme["source"]["params"] == {"status": "110"}
    remedy: Json = {
        "crontab": "0 3 * * *",
        "takeOverRequest": [field("start_time", "{{DAYS_AGO_2|datetime}}")],
    }
    assert brought({**SOURCE, "omissionRemedy": remedy})[0]["source"]["overlap"] == "2d"


def test_parameters_of_an_unknown_operation_are_formulas() -> None:
    asked = [
        field("begin", "{{LAST_SYNC_TIME}}000"),
        field("page", "{{PAGINATION_START_PAGE}}"),
        field("x", "{{y}}"),
    ]
    scheme, made = brought({"api": "a.query", "effect": "QUERY", "request": asked})
    params = scheme["source"]["params"]
    assert (params["begin"], params["page"]) == ("=TOEPOCH(since) * 1000", "=page")
    assert params["x"].startswith("=ERROR(")
    assert made.todos == ("source.params.x",)


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ([["status", "eq", "95"]], 'status = "95"'),
        ([["weight", "gt", "1.5"], ["remark", "notnull", None]], "weight > 1.5 AND NOT ISBLANK(remark)"),
        ([["weight", "between", "1,5"]], "weight >= 1 AND weight <= 5"),
        ([["weight", "eq", "0"], ["order_no", "neq", "0"]], 'weight = 0 AND order_no <> "0"'),
        (
            [["status", "in", "95, 110"], ["weight", "notin", "1,2"]],
            'status IN ("95", "110") AND weight NOT IN (1, 2)',
        ),
        ([["consign_time", "egt", "timestamp:1704067200"]], "TOEPOCH(consign_time) >= 1704067200"),
        ([["remark", "notlike", "%测试%"]], 'NOT CONTAINS(remark, "测试")'),
    ],
)
def test_conditions_become_where(condition: list[list[list[str]]], where: str) -> None:
    said = [[dict(zip(("field", "logic", "value"), one, strict=True)) for one in condition]]
    assert brought({**SOURCE, "condition": said})[0]["source"]["where"] == where


def test_an_operation_without_a_window_is_asked_for_no_time() -> None:
    page: Json = {
        "api": "wdt.warehouse.query",
        "effect": "QUERY",
        "request": [field("start_time", "{{LAST_SYNC_TIME|datetime}}")],
    }
    scheme, made = brought(page)
    assert "params" not in scheme["source"]
    assert [one.at for one in made.remarks] == ["request[0]"]


def test_a_parameter_nobody_knows_lets_no_record_pass() -> None:
    condition: Json = [[{"field": "status", "logic": "eq", "value": "95"}]]
    page: Json = {**SOURCE, "request": [field("shop_no", "S01")], "condition": condition}
    scheme, made = brought(page)
    assert scheme["source"]["where"] == 'ERROR("待办：接口的目录里没有参数 shop_no") AND (status = "95")'
    assert (made.todos, lost(made)) == (("source.where",), ["request[0].value"])
    assert check(made.text, REGISTRY).fine


def test_half_a_condition_is_no_condition() -> None:
    said: Json = [
        [{"field": "status", "logic": "eq", "value": "95"}, {"field": "a", "logic": "near", "value": "1"}]
    ]
    scheme, made = brought({**SOURCE, "condition": said})
    assert scheme["source"]["where"] == 'ERROR("待办：condition 没有译出：不认识条件 near")'
    assert (lost(made), made.todos) == (["condition"], ("source.where",))


def test_half_a_group_writes_nothing() -> None:
    group: Json = {
        "headerGroup": ["warehouse_no"],
        "bodyName": "details_list",
        "calculate": {"weight": "$max"},
    }
    scheme, made = brought(
        SOURCE, {**TARGET, "request": [field("code", "{{order_no}}")], "groupCalculate": group}
    )
    assert scheme["source"]["where"] == 'ERROR("待办：groupCalculate 没有译出：不会算 $max")'
    assert "target.groupCalculate" in lost(made)
    assert "shape" not in scheme


def test_fields_that_the_catalogue_lacks_are_declared() -> None:
    response = [field("order_no"), field("own_no"), field("own_qty", type="float")]
    scheme, _ = brought(
        {**SOURCE, "response": response}, {**TARGET, "request": [field("memo", "{{other_no}}")]}
    )
    assert scheme["source"]["extra"] == {"own_no": "text", "own_qty": "decimal", "other_no": "text"}


# -- 金蝶 ------------------------------------------------------------------------------------------


def columns(form: str, *names: str, **more: Json) -> dict[str, Json]:
    other: Json = [
        field("FormId", form),
        field("FilterString", "FUse='1' AND FDate > '{{LAST_SYNC_TIME|datetime}}'"),
    ]
    asked: Json = [field(name.replace(".", "_"), name) for name in names]
    return {
        "api": "executeBillQuery",
        "type": "QUERY",
        "id": "FID",
        "request": asked,
        "otherRequest": other,
        **more,
    }


def test_a_form_with_an_operation_of_its_own_is_asked_by_it() -> None:
    scheme, _ = brought(columns("SAL_OUTSTOCK", "FBillNo", "FStockOrgId.FNumber"))
    assert scheme["source"]["operation"] == "k3cloud.SAL_OUTSTOCK.Query"
    assert scheme["source"]["params"] == {"filter": "FUse='1'"}
    assert "extra" not in scheme["source"]


def test_any_other_form_or_column_is_asked_by_its_names() -> None:
    for form in ("STK_InStock", "SAL_OUTSTOCK"):
        scheme, made = brought(columns(form, "FBillNo", "FOwn.FNumber"), {"api": "x", "effect": "EXECUTE", "request": [
            field("a", "{{FOwn_FNumber}}")]})  # fmt: skip
        assert scheme["source"]["operation"] == "k3cloud.ExecuteBillQuery"
        params = {"FormId": form, "filter": "FUse='1'", "FieldKeys": "FID,FBillNo,FOwn.FNumber"}
        assert scheme["source"]["params"] == params
        assert scheme["source"]["extra"] == {"FOwn": "object", "FOwn.FNumber": "text"}
        assert scheme["map"] == {"a": "FOwn.FNumber"}
        assert not [one for one in check(made.text, REGISTRY).problems if one.code == "unknown_source"]


def test_columns_that_nobody_wrote_stop_the_reading() -> None:
    page: Json = {
        "api": "ExecuteBillQuery",
        "type": "QUERY",
        "request": [field("FormId", "BD_UNIT"), field("FieldKeys")],
    }
    scheme, made = brought(page)
    assert scheme["source"]["params"]["FieldKeys"].startswith("=ERROR(")
    assert made.todos == ("source.params.FieldKeys",)


def test_codes_of_base_data_stand_in_their_object_with_a_parser_or_without() -> None:
    other: Json = [field("FormId", "SAL_OUTSTOCK")]
    request: Json = [
        field("FStockOrgId", "100"),
        field("FCustomerId", "{{shop_no}}", parser={"name": "ConvertObjectParser", "params": "FNumber"}),
        field("FBillTypeID", "X", parser={"name": "ConvertObjectParser", "params": "FNUMBER"}),
    ]
    scheme, made = brought(
        SOURCE, {"api": "batchSave", "effect": "EXECUTE", "request": request, "otherRequest": other}
    )
    assert scheme["target"]["operation"] == "k3cloud.SAL_OUTSTOCK.BatchSave"
    assert scheme["map"]["FStockOrgId"] == {"map": {"FNumber": {"value": "100"}}}
    assert scheme["map"]["FCustomerID"] == {"map": {"FNumber": "shop_no"}}
    assert scheme["map"]["FBillTypeID"] == {"map": {"FNUMBER": {"value": "X"}}}
    assert lost(made) == []


# -- pages -----------------------------------------------------------------------------------------


def test_a_published_table_gets_its_braces_back() -> None:
    rows: list[Json] = [
        {"value_raw": raw, "source_label": label, "target_field": to, "target_label": to, "describe": None}
        for raw, label, to in [
            ("order_no", "固定值", "no"), ("QTCKD01_SYS", "固定值", "type"), ("100", "固定值", "org"),
            ("created|date", "固定值", "day"), ("details_list", "明细", "rows"),
            ("details_list.spec_no", "固定值", "rows.sku"),
            ("_findCollection find id from abc where number=details_list.spec_no", "关联查询函数", "rows.id"),
        ]
    ]  # fmt: skip
    page: Json = {
        "title": "甲到乙",
        "source": {"platform": "甲", "crontab": "3 2 * * *"},
        "target": {"platform": "乙"},
        "mapping": rows,
    }
    scheme, made = brought(page)
    assert (scheme["title"], scheme["note"], scheme["schedule"]) == (
        "甲到乙",
        "甲 → 乙",
        {"cron": "3 2 * * *"},
    )
    assert scheme["map"] == {
        "no": "order_no", "type": {"value": "QTCKD01_SYS"}, "org": {"value": "100"}, "day": "created | date",
        "rows": {"each": "details_list", "map": {"sku": "spec_no", "id": "spec_no | lookup(查1.id)"}},
    }  # fmt: skip
    assert made.translated == made.keys


def test_pages_that_are_no_pair_are_told() -> None:
    deep: Json = {}
    for _ in range(800):
        deep = {"request": deep}
    for pages in ([SOURCE, SOURCE], [[]], ["x"], [deep]):
        with pytest.raises(Wrong):
            imported(pages, WISH, REGISTRY)


def test_a_source_alone_only_keeps_its_records() -> None:
    scheme, made = brought(SOURCE)
    assert "target" not in scheme
    assert check(made.text, REGISTRY).fine


# -- the command -----------------------------------------------------------------------------------


def test_the_command_writes_the_scheme_and_tells_what_is_left(duijie: Duijie, tmp_path: Path) -> None:
    out = tmp_path / "plain.yaml"
    said = duijie("import", "qeasy", SAMPLES / "01-plain.json", "-o", out, "--json")
    assert said.code == 0
    assert said.json["scheme"] == out.read_text(encoding="utf-8")
    assert (said.json["keys"], said.json["translated"]) == (133, 133)
    assert isinstance(read(out.read_text(encoding="utf-8"))[0], Pairs)
    again = duijie("import", "qeasy", SAMPLES / "01-plain.json", "-o", out)
    assert (again.code, "已经有文件" in again.err) == (2, True)


def test_the_command_shows_the_scheme_and_names_every_key_that_is_left(
    duijie: Duijie, tmp_path: Path
) -> None:
    page = tmp_path / "page.json"
    page.write_text(
        '{"api": "wdt.shop.query", "effect": "QUERY", "dataModel": {"enable": false}}', encoding="utf-8"
    )
    said = duijie("import", "qeasy", page)
    assert said.code == 1
    assert "operation: wdt.shop.query" in said.out
    assert "没有译出：dataModel" in said.err


def test_every_wrong_option_is_told_at_once(duijie: Duijie, tmp_path: Path) -> None:
    page = tmp_path / "page.json"
    page.write_text("{", encoding="utf-8")
    said = duijie("import", "qeasy", page, "--code", "X Y", "--pool", "abc", "--begin", "gestern", "--json")
    assert said.code == 2
    assert {one["code"] for one in said.json["problems"]} == {"json", "code", "pool", "day"}
