"""Lookups: several keys, columns, backwards, by day, the default row, and what is only partly known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.mapping.codes import Codes, Line, Partial, joined
from engine.mapping.compile import compile_mapping
from engine.mapping.lens import Lens, compile_lens
from engine.mapping.remarks import Remarks
from engine.model.scheme import Lookup
from tests.mapping.build import NOW, apply, says, scheme, value

SHOPS = Codes(
    ("左",),
    ("组织", "客户"),
    (Line(("S1",), ("O1", "C1")), Line(("S2",), ("O1", "C2")), Line(("*",), ("O9", "C9"))),
)
STORES = Codes(lines=(Line(("WH1",), ("CK1",)), Line(("WH2",), ("CK2",)), Line(("WH3",), ("CK2",))))
TAX = Codes(
    lines=(
        Line(("A",), ("13",), None, date(2026, 11, 19)),
        Line(("A",), ("9",), date(2026, 11, 20), None),
        Line(("B",), ("6",), date(2027, 1, 1), None),
    )
)
ENTRIES = Codes(("单号", "物料"), ("行",), (Line(("PO1", "X"), ("1",)), Line(("*", "*"), ("0",))))


def test_a_table_with_several_columns_gives_the_one_that_is_named() -> None:
    lookups: Any = {"店铺": SHOPS.giving(), "店铺.客户": SHOPS.giving("客户")}
    assert value("x | lookup(店铺)", {"x": "S2"}, lookups=lookups) == "O1"
    assert value("x | lookup(店铺.客户)", {"x": "S2"}, lookups=lookups) == "C2"
    assert value('=LOOKUP("店铺.客户", x)', {"x": "S1"}, lookups=lookups) == "C1"


def test_the_default_row_is_for_codes_that_have_none_of_their_own() -> None:
    lookups: Any = {"店铺.客户": SHOPS.giving("客户"), "行": ENTRIES.giving()}
    assert value("x | lookup(店铺.客户)", {"x": "S7"}, lookups=lookups) == "C9"
    assert value('=LOOKUP("行", KEY(x, "?"))', {"x": "PO1"}, lookups=lookups) == "0"


def test_a_table_is_looked_into_backwards_for_its_left_column() -> None:
    lookups: Any = {"仓库.左": STORES.giving("left")}
    assert value("x | lookup(仓库.左)", {"x": "CK1"}, lookups=lookups) == "WH1"
    assert "2 个不同的值" in says("x | lookup(仓库.左)", {"x": "CK2"}, lookups=lookups)
    with pytest.raises(KeyError):
        SHOPS.giving("左")
    with pytest.raises(KeyError):
        STORES.giving("颜色")


def test_a_row_holds_from_one_day_to_another() -> None:
    lookups: Any = {"税率": TAX.giving()}
    assert value("x | lookup(税率)", {"x": "A"}, lookups=lookups) == "9"  # on 2026-11-20, in Shanghai
    dated = '=LOOKUP("税率", x, "", day)'
    assert value(dated, {"x": "A", "day": "2026-11-19 23:00:00"}, lookups=lookups) == "13"
    assert value(dated, {"x": "A", "day": "0000-00-00"}, lookups=lookups) == "9"
    assert "没有「B」" in says("x | lookup(税率)", {"x": "B"}, lookups=lookups)
    assert "不是日期" in says(dated, {"x": "A", "day": "昨天"}, lookups=lookups)


def test_several_keys_are_one_code_and_blank_only_where_all_are() -> None:
    lookups: Any = {"行": ENTRIES.giving()}
    asked = '=LOOKUP("行", KEY(no, sku), "problem")'
    assert value(asked, {"no": "PO1", "sku": "X"}, lookups=lookups) == "1"
    assert value(asked, {"no": "", "sku": None}, lookups=lookups) is ...
    del ENTRIES_LESS[DEFAULT]
    assert "PO2 / X" in says(asked, {"no": "PO2", "sku": "X"}, lookups={"行": ENTRIES_LESS}, typed=False)


ENTRIES_LESS: Any = ENTRIES.giving()
DEFAULT = "*"


def test_a_lookup_stands_in_conditions_and_chains() -> None:
    lookups: Any = {"物料": {"A": "1001"}, "单位": {"1001": "GE"}}
    assert value("x | lookup(物料) | lookup(单位)", {"x": "A"}, lookups=lookups) == "GE"
    shelf = {"from": "day", "when": 'LOOKUP("单位", LOOKUP("物料", x)) = \'GE\''}
    assert value(shelf, {"x": "A", "day": "2027-01-01"}, lookups=lookups) == "2027-01-01"


def test_what_is_not_known_yet_is_asked_for_and_found_at_the_next_try() -> None:
    goods, units = Partial(), Partial()
    lookups: Any = {"物料": goods, "单位": units}
    rules = {"a": "x | lookup(物料) | lookup(单位)", "b": "y | lookup(物料, miss=hold)"}
    record = {"x": "A", "y": "B"}
    first = apply(rules, record, lookups=lookups)
    assert {problem.code for problem in first.problems} == {"unanswered"}
    assert (list(goods.asked), list(units.asked)) == (["A", "B"], [])
    goods.update({"A": "1001", "B": None})
    second = apply(rules, record, lookups=lookups)
    assert list(units.asked) == ["1001"]
    assert {problem.code for problem in second.problems} == {"unanswered"}
    units["1001"] = "GE"
    (miss,) = apply(rules, record, lookups=lookups).held
    assert (miss.table, miss.code) == ("物料", "B")
    goods["B"] = "1002"
    assert apply(rules, record, lookups=lookups).document == {"a": "GE", "b": "1002"}


def test_what_a_miss_means_may_be_said_with_the_lookup() -> None:
    told = scheme({"x": "x | lookup(物料)", "y": "y | lookup(物料, miss=skip)"}).model_copy(
        update={"lookups": {"物料": Lookup(scheme="goods", by=("code",), give={"": "id"}, miss="hold")}}
    )
    mapping, _ = compile_mapping(told, None, None, None)
    assert mapping is not None
    assert mapping.apply({"x": "A"}, {"物料": {}}, NOW).held
    assert mapping.apply({"y": "A"}, {"物料": {}}, NOW).skipped


def test_a_problem_names_the_table_and_the_code_that_are_missing() -> None:
    (problem,) = apply({"x": "x | lookup(物料)"}, {"x": "A9"}).problems
    assert (problem.code, problem.lacks) == ("lookup_miss", ("物料", "A9"))


def lens(**more: Any) -> Lens:
    remarks = Remarks({})
    found = compile_lens(Lookup.model_validate({"scheme": "goods", **more}), "lookups.x", None, remarks)
    assert found is not None, remarks.problems
    return found


def test_a_lens_sees_codes_and_values_of_records_and_of_their_rows() -> None:
    goods = {"code": "A", "id": 9007199254740993, "unit": {"code": "GE"}}
    assert lens(by=["code"], give={"": "id"}).codes(goods) == [("A", "9007199254740993")]
    several = lens(by=["code | upper"], give={"id": "id", "unit": "unit.code"})
    assert several.codes(goods) == [("A", joined(["9007199254740993", "GE"]))]
    assert (several.place("unit"), several.place("")) == (1, 0)
    order = {"no": "PO1", "lines": [{"sku": "X", "id": 1}, {"sku": "", "id": 2}, {"sku": "Y"}]}
    rows = lens(each="lines", by=["^.no", "sku"], give={"": "id"}).codes(order)
    assert rows == [('["PO1","X"]', "1"), ('["PO1",""]', "2"), ('["PO1","Y"]', "")]
    assert lens(by=["code"], give={"": "id"}).codes({"id": 1}) == []
