"""The 京东仓海 simulator keeps to what we know of the vendor: lists side by side, lives, cancels and refusals."""

from __future__ import annotations

from typing import Any, cast

import pytest

from engine.errors import Fault
from engine.exact import decode, encode
from engine.model.values import Json, Record
from tests.connectors.drive import NOW, fresh
from tests.connectors.furnish import document, furnish
from tests.connectors.jd_eclp.shelf import DEPARTMENT, WAREHOUSE, goods
from tests.connectors.test_round_trips import REGISTRY, Line

JD = "jingdong.eclp."


def line(**options: Json) -> Line:
    return Line("jd_eclp", "default", furnish(fresh("jd_eclp", **options)))


def save(line: Line, name: str, **changes: Json) -> str:
    """The id of what was saved."""
    plan, body = line.plan(REGISTRY.operations[JD + name]), encode({**document(JD + name), **changes})
    return plan.one_saved(body)(line.said(plan.save([body]))).id


def rows(line: Line, name: str, **asked: Json) -> list[Record]:
    plan = line.plan(REGISTRY.operations[JD + name])
    return plan.judge.page(line.said(plan.query(asked))).rows


def test_lines_travel_side_by_side_as_one_json_text() -> None:
    plan = line().plan(REGISTRY.operations[JD + "order.addOrder"])
    lines: Json = [{"isvGoodsNo": "A", "quantity": 2}, {"isvGoodsNo": "B", "quantity": 1, "orderLine": "2"}]
    call = plan.save([encode({"isvUUID": "1", "lines": lines})])
    form = dict(call.form or {})
    sent = decode(form.pop("360buy_param_json").encode())
    assert sent == {"isvUUID": "1", "isvGoodsNo": "A,B", "quantity": "2,1", "orderLine": ",2"}
    assert form == {"method": JD + "order.addOrder", "v": "2.0", "format": "json"}


@pytest.mark.parametrize("row", [{"isvGoodsNo": "A,B", "quantity": 1}, {"isvUUID": "2", "quantity": 1}])
def test_what_would_shift_the_lists_is_never_sent_and_concerns_this_document_alone(row: Record) -> None:
    plan = line().plan(REGISTRY.operations[JD + "order.addOrder"])
    with pytest.raises(Fault, match="逗号") as raised:
        plan.save([encode({"isvUUID": "1", "lines": [row]})])
    fault = raised.value
    assert (fault.kind, fault.sent, fault.alone) == ("refused", False, True)


@pytest.mark.parametrize("suffix", ["responce", "response"])
def test_the_reply_is_read_under_either_spelling(suffix: str) -> None:
    assert save(line(suffix=suffix), "order.addOrder") == "ESL4398046600003"


def test_the_same_order_again_is_the_same_order() -> None:
    shop = line()
    first = save(shop, "order.addOrder")
    assert save(shop, "order.addOrder") == first
    assert sum(one["kind"] == "order" for one in shop.shop.written()) == 3


def test_an_order_goes_out_with_its_quantities_and_its_way_bill() -> None:
    shop = line()
    number = save(shop, "order.addOrder")
    (before,) = rows(shop, "order.queryOrder", eclpSoNo=number)
    assert (before["currentStatus"], before["wayBill"]) == ("10010", "")
    shop.shop.tell("work", {}, NOW)
    (after,) = rows(shop, "order.queryOrder", eclpSoNo=number)
    assert after["currentStatus"] == "10019"
    assert after["wayBill"]
    details = cast(list[Any], after["orderDetailList"])
    assert [one["realOutQty"] for one in details] == [2, 1]


def test_an_order_that_waits_is_cancelled_and_one_that_is_packed_is_not() -> None:
    shop = line()
    assert save(shop, "order.cancelOrder") == "ESL4398046600002"
    (row,) = rows(shop, "order.queryOrder", eclpSoNo="ESL4398046600002")
    assert row["currentStatus"] == "10028"
    with pytest.raises(Fault, match="打回审核") as raised:
        save(shop, "order.cancelOrder", eclpSoNo="ESL4398046600001")
    assert raised.value.kind == "refused"
    (row,) = rows(shop, "order.queryOrder", eclpSoNo="ESL4398046600001")
    trail = [one["soStatusCode"] for one in cast(list[Any], row["orderStatusList"])]
    assert trail[-2:] == ["10029", "10019"], "that it failed stands in its trail"


def test_the_gateways_own_2_on_a_cancel_is_no_refusal() -> None:
    shop = line(per_minute=1)
    rows(shop, "order.queryOrder", eclpSoNo="ESL4398046600001")
    with pytest.raises(Fault) as raised:
        save(shop, "order.cancelOrder")
    assert (raised.value.kind, raised.value.sent) == ("busy", False)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("order.addOrder", {"consigneeName": ""}, "不能为空"),
        ("order.addOrder", {"shopNo": "ESP9"}, "编码不存在"),
        ("order.addOrder", {"lines": [{"isvGoodsNo": "SKU-9", "quantity": 1}]}, "编码不存在"),
        ("order.addOrder", {"lines": [{"isvGoodsNo": "SKU-1001", "quantity": 0}]}, "必须大于0"),
        ("goods.transportGoodsInfo", {"thirdCategoryNo": "1"}, "编码不存在"),
        ("po.addPoOrder", {"whNo": "1"}, "编码不存在"),
    ],
)
def test_what_is_surely_wrong_is_refused_in_the_vendors_words(name: str, change: Record, words: str) -> None:
    shop = line()
    with pytest.raises(Fault, match=words) as raised:
        save(shop, name, **change)
    assert raised.value.kind == "refused"


def test_stock_is_what_came_in_less_what_went_out_page_by_page() -> None:
    shop = line()
    asked: Record = {"deptNo": DEPARTMENT, "warehouseNo": WAREHOUSE, "pageSize": 1}
    found = [row for page in (1, 2, 3) for row in rows(shop, "stock.queryStock", **asked, currentPage=page)]
    assert [(row["sellerGoodsSign"], row["totalNum"], row["recordCount"]) for row in found] == [
        ("SKU-1001", 8, 2),
        ("SKU-1002", 4, 2),
    ]


def test_an_article_again_is_changed_and_keeps_its_number() -> None:
    shop = line()
    assert (
        save(shop, "goods.transportGoodsInfo", **{**goods("SKU-1001"), "goodsName": "新名字"})
        == "EMG4398046000001"
    )
    kept = {one["number"]: one["document"] for one in shop.shop.written() if one["kind"] == "goods"}
    assert cast(Record, kept["SKU-1001"])["goodsName"] == "新名字"
    assert {*kept} == {"SKU-1001", "SKU-1002"}
