"""A scheme against both catalogues: every problem at once, each at its place; and the documents it makes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.mapping.compile import Miss, compile_mapping
from engine.model.values import Mark
from tests.mapping.build import NOW, QUERY, RECORD, SAVE, TABLES, apply, problems, scheme, value

ORDER: Any = {
    "code": "order_no",
    "vouchdate": "consign_time | date",
    "org": {"value": "001"},
    "warehouse": "warehouse_no | lookup(仓库)",
    "memo": '=CONCAT("旺店通 ", order_no, " ", remark)',
    "othOutRecords": {
        "each": "details_list",
        "where": "goods_count > 0",
        "map": {
            "product": "spec_no | lookup(物料)",
            "qty": "goods_count | decimal(4)",
            "memo": '=CONCAT(remark, " / ", ^.src_order_no)',
            "rowno": "=ROWNO()",
        },
    },
}


def test_the_first_pair_becomes_its_document_in_the_order_of_the_mapping() -> None:
    mapping, found = compile_mapping(
        scheme(ORDER, where="order_type = '7' AND status >= 95"), QUERY, SAVE, TABLES
    )
    assert mapping is not None, found
    assert found == []
    assert mapping.tables == {"仓库", "物料"}
    assert mapping.sets == {"code", "vouchdate", "org", "warehouse", "memo", "othOutRecords"}
    document = mapping.apply(RECORD, TABLES, NOW).document
    assert document == {
        "code": "CK1",
        "vouchdate": "2026-01-02",
        "org": "001",
        "warehouse": "CK0037",
        "memo": "旺店通 CK1 ",
        "othOutRecords": [
            {"product": "100001", "qty": Decimal("2.0001"), "memo": "轻放 / JY1", "rowno": 1},
            {"product": "100002", "qty": Decimal("1.0000"), "memo": " / JY1", "rowno": 2},
        ],
    }
    assert list(document) == list(ORDER)


def test_all_problems_of_a_record_are_told_at_once_with_column_row_and_cell() -> None:
    lines = [{"spec_no": "SPU9", "goods_count": "1"}, {"spec_no": "SPU1", "goods_count": "两"}]
    record = {**RECORD, "consign_time": "昨天", "details_list": [*lines, {"goods_count": "1"}]}
    rules = {**ORDER, "othOutRecords": {**ORDER["othOutRecords"], "where": None}}
    found = {one.path: one.says for one in apply(rules, record, typed=True).problems}
    assert found == {
        "map.vouchdate": "「单据日期 vouchdate」：「consign_time」 的值 昨天 不是日期",
        "map.othOutRecords.product": "「product」 第 3 行：没有值，而这里必须有",
        "map.othOutRecords.qty": "「数量 qty」 第 2 行：「数量 goods_count」 的值 两 不是数字",
    }
    paths = [one.path for one in apply(rules, record, typed=True).problems]
    assert paths.count("map.othOutRecords.product") == 2


def test_problems_win_over_held_and_held_over_skipped() -> None:
    rules: Any = {"a": "a | lookup(物料, miss=hold)", "b": "b | lookup(物料, miss=skip)", "c": "c | decimal"}
    bad = {"a": "9", "b": "9", "c": "x"}
    assert [one.path for one in apply(rules, bad).problems] == ["map.c"]
    held = apply(rules, {**bad, "c": "1"})
    assert (held.held, held.problems, held.document) == ((Miss("物料", "9", "map.a"),), (), None)
    assert apply(rules, {"a": "SPU1", "b": "9", "c": "1"}).skipped == "对照表「物料」里没有「9」"


def test_held_codes_are_told_once_each() -> None:
    rules: Any = {"l": {"each": "l", "map": {"x": "x | lookup(物料, miss=hold)"}}}
    assert [one.code for one in apply(rules, {"l": [{"x": "8"}, {"x": "9"}, {"x": "8"}]}).held] == ["8", "9"]


def test_the_problems_of_one_record_are_bounded() -> None:
    rules: Any = {"l": {"each": "l", "map": {"x": "x | decimal"}}}
    assert len(apply(rules, {"l": [{"x": "?"}] * 5000}).problems) == 100


def test_a_personal_value_never_stands_in_a_message() -> None:
    record = {**RECORD, "receiver_name": "张三丰", "shop": {"owner": "李四光"}}
    for rule in (
        "receiver_name | decimal",
        "=NUMBER(receiver_name)",
        "receiver_name | date",
        "shop.owner | integer",
        "receiver_name | lookup(仓库)",
        "=ABS(NUMBER(receiver_name & order_no))",
        "receiver_name",
    ):
        rules = {"vouchdate": "consign_time | date", "total": rule}
        (problem,) = apply(
            {**rules, "code": "order_no", "othOutRecords": {"value": []}}, record, typed=True
        ).problems
        assert "张" not in str(problem)
        assert "李" not in str(problem)


@pytest.mark.parametrize("rows", [..., None, "", []])
def test_a_required_list_needs_a_row_and_an_optional_one_may_be_left_out(rows: Any) -> None:
    record = {} if rows is ... else {"rows": rows}
    gives = value({"each": "rows", "map": {"a": "a"}}, record)
    assert gives == ([] if rows == [] else ...)


def test_a_list_without_a_row_left_is_a_problem_where_it_is_required() -> None:
    target = SAVE.model_copy(
        update={
            "fields": tuple(f.model_copy(update={"required": f.name == "othOutRecords"}) for f in SAVE.fields)
        }
    )
    rules: Any = {
        "code": "order_no",
        "othOutRecords": {**ORDER["othOutRecords"], "where": "goods_count > 100"},
    }
    mapping, _ = compile_mapping(scheme(rules), QUERY, target, None)
    assert mapping is not None
    (problem,) = mapping.apply(RECORD, TABLES, NOW).problems
    assert (problem.path, problem.code) == ("map.othOutRecords", "required")


def test_lists_in_lists_and_objects() -> None:
    record = {"no": "A", "l": [{"s": "1", "p": [{"b": "x"}, {"b": "y"}]}, {"s": "2"}], "shop": {"no": "S"}}
    inner = {"each": "p", "map": {"b": "b", "s": "^.s", "no": "^^.no"}}
    rules: Any = {
        "l": {"each": "l", "map": {"p": inner}},
        "o": {"map": {"n": "shop.no", "m": "shop.x"}},
        "e": {"map": {"n": "gone"}},
    }
    assert apply(rules, record).document == {
        "l": [{"p": [{"b": "x", "s": "1", "no": "A"}, {"b": "y", "s": "1", "no": "A"}]}, {}],
        "o": {"n": "S"},
    }


def test_row_numbers_count_the_rows_that_stay() -> None:
    rule = {"each": "l", "where": "n <> 2", "map": {"row": "=ROWNO()", "n": "n"}}
    assert value(rule, {"l": [{"n": 1}, {"n": 2}, {"n": 3}]}) == [{"row": 1, "n": 1}, {"row": 2, "n": 3}]


@pytest.mark.parametrize(
    ("rules", "path", "code", "hint"),
    [
        ({"memoo": "remark"}, "map.memoo", "unknown_target", "memo"),
        ({"memo": "remrak"}, "map.memo", "unknown_source", "remark"),
        ({"memo": "出库单"}, "map.memo", "unknown_source", "order_no"),
        ({"memo": "spec_no"}, "map.memo", "unknown_source", "details_list"),
        ({"memo": "details_list.spec_no"}, "map.memo", "through_list", "each"),
        ({"memo": "details_list"}, "map.memo", "type", "join"),
        ({"memo": "order_no.x"}, "map.memo", "no_inside", ""),
        ({"memo": "order_no[0]"}, "map.memo", "no_list", ""),
        ({"memo": "^.order_no"}, "map.memo", "too_far", "^"),
        ({"resubmitCheckKey": "order_no"}, "map.resubmitCheckKey", "engine_field", "删去"),
        ({"total": {"value": "很多"}}, "map.total", "type", ""),
        ({"vouchdate": {"value": None}}, "map.vouchdate", "required", ""),
        ({"vouchdate": {"ignore": ""}}, "map.vouchdate", "required", ""),
        (
            {"othOutRecords": {"each": "details_list", "map": {"product": "spec_no"}}},
            "map.othOutRecords.qty",
            "required",
            "",
        ),
        (
            {"othOutRecords": {"each": "order_no", "map": {"product": "x", "qty": "x"}}},
            "map.othOutRecords.each",
            "no_list",
            "",
        ),
        (
            {"othOutRecords": {"map": {"product": "order_no", "qty": "weight"}}},
            "map.othOutRecords",
            "shape",
            "each",
        ),
        ({"memo": {"map": {"a": "order_no"}}}, "map.memo", "shape", ""),
        ({"shop": {"map": {"nr": "order_no"}}}, "map.shop.nr", "unknown_target", "no"),
        ({"memo": {"from": "remark", "when": "status >"}}, "map.memo.when", "syntax", ""),
        ({"memo": {"template": "{{ remrak }}"}}, "map.memo", "unknown_source", "remark"),
        ({"memo": {"formula": "CONCAT(remrak)"}}, "map.memo", "unknown_source", "remark"),
    ],
)
def test_a_wrong_mapping_is_told_before_any_record(rules: Any, path: str, code: str, hint: str) -> None:
    (problem,) = problems(rules)
    assert (problem.path, problem.code, problem.weight) == (path, code, "problem")
    assert hint in problem.do


def test_the_outer_row_is_offered_where_the_name_lives_there() -> None:
    rows = {
        "each": "details_list",
        "map": {"product": "spec_no", "qty": "goods_count", "memo": "src_order_no"},
    }
    (problem,) = problems({"othOutRecords": rows})
    assert "^.src_order_no" in problem.do


def test_all_problems_of_a_scheme_are_told_at_once() -> None:
    found = problems({"memoo": "a", "memo": "b |", "total": {"value": "x"}, "org": "nope"}, where="x =")
    assert [one.path for one in found] == [
        "source.where",
        "map.memoo",
        "map.memoo",
        "map.memo",
        "map.total",
        "map.org",
    ]


def test_a_list_nobody_knows_hides_no_other_problem() -> None:
    rows = {"each": "detail_list", "map": {"product": "spec_no |", "qty": "whatever", "momo": "^.remark"}}
    found = [
        (one.path.removeprefix("map.othOutRecords."), one.code) for one in problems({"othOutRecords": rows})
    ]
    assert found == [("each", "unknown_source"), ("product", "syntax"), ("momo", "unknown_target")]


def test_without_catalogues_nothing_is_known_and_nothing_is_told() -> None:
    assert problems({"memoo": "anything.at.all", "x": "y | lookup(没有)"}, typed=False) == []


def test_what_a_person_declares_is_known() -> None:
    extra = {"new_no": "text", "details_list.sn": "text", "ext": "object"}
    rows: Any = {"each": "details_list", "map": {"product": "spec_no", "qty": "goods_count", "define1": "sn"}}
    rules: Any = {"memo": "new_no", "define2": "ext.any.thing", "othOutRecords": rows}
    more: Any = {"target_extra": {"define2": "text", "othOutRecords.define1": "text"}}
    assert problems(rules, extra=extra, **more) == []
    assert len(problems(rules)) == 5


def test_an_alias_stands_for_its_field_on_both_sides() -> None:
    rules: Any = {"vouchdate": "ship_time | date", "warehouse_code": "warehouse_no", "code": "order_no"}
    assert apply(rules, typed=True).document == {
        "vouchdate": "2026-01-02",
        "warehouse": "WH001",
        "code": "CK1",
    }


def test_a_mapping_without_the_look_ups_field_warns() -> None:
    _, found = compile_mapping(scheme({"vouchdate": "consign_time | date"}), QUERY, SAVE, None)
    assert [(one.code, one.weight) for one in found] == [("lookup_not_set", "warning")]


def test_unknown_tables_are_told_only_where_tables_are_known() -> None:
    rules: Any = {
        "code": "order_no",
        "vouchdate": "consign_time | date",
        "org": "order_no | lookup(人员)",
        "memo": '=LOOKUP("人员", remark)',
    }
    assert compile_mapping(scheme(rules), QUERY, SAVE, None)[1] == []
    found = compile_mapping(scheme(rules), QUERY, SAVE, ["仓库"])[1]
    assert [(one.path, one.code) for one in found] == [
        ("map.org", "unknown_table"),
        ("map.memo", "unknown_table"),
    ]


def test_problems_carry_the_mark_of_the_sign_that_is_wrong() -> None:
    marks = {
        "map": Mark(10, 1, 200),
        "map.memo": Mark(12, 9, 240),
        "map.code": Mark(13, 9, 260),
        "map.org": Mark(14, 3, 280),
        "map.org.formula": Mark(14, 18, 295),
    }
    rules: Any = {"memo": "remark | upperr", "code": "=CONCAT(remark， x)", "org": {"formula": "1 +"}}
    found = {one.path: one.at for one in compile_mapping(scheme(rules, marks=marks), QUERY, SAVE, None)[1]}
    assert found == {
        "map.memo": Mark(12, 18, 249),
        "map.code": Mark(13, 9 + 1 + len("CONCAT(remark"), 260 + 1 + len("CONCAT(remark")),
        "map.org": Mark(14, 21, 298),
        "map.vouchdate": Mark(10, 1, 200),
    }


def test_now_is_told_in_the_zone_of_the_source() -> None:
    assert value("=NOW()") == "2026-11-20 10:00:00"
