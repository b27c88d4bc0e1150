"""The warehouse behind 奇门 keeps to what we know: XML both ways, orders accepted, worked on, held, cancelled."""

from __future__ import annotations

import pytest

from engine import xml
from engine.errors import Fault
from engine.exact import encode
from engine.model.values import Json, Record
from tests.connectors.drive import NOW, fresh
from tests.connectors.furnish import document, furnish
from tests.connectors.qimen_wms.shelf import WAREHOUSE, delivery, entry, lines
from tests.connectors.test_round_trips import REGISTRY, Line


def line(**options: Json) -> Line:
    return Line("qimen_wms", "default", furnish(fresh("qimen_wms", **options)))


def save(line: Line, name: str, sent: Record | None = None) -> str:
    """Our number of what was saved."""
    plan = line.plan(REGISTRY.operations[f"qimen.{name}"])
    body = encode(sent or document(f"qimen.{name}"))
    return plan.one_saved(body)(line.said(plan.save([body]))).id


def rows(line: Line, name: str, **asked: Json) -> list[Record]:
    plan = line.plan(REGISTRY.operations[f"qimen.{name}"])
    return plan.judge.page(line.said(plan.query(asked))).rows


def cancelling(code: str) -> Record:
    return {"warehouseCode": WAREHOUSE, "ownerCode": "OWNER01", "orderCode": code}


def status(line: Line, code: str) -> Json:
    return rows(line, "deliveryorder.query", orderCode=code, page=1, pageSize=100)[0]["status"]


def test_an_order_travels_as_xml_with_its_lines_within() -> None:
    plan = line().plan(REGISTRY.operations["qimen.deliveryorder.create"])
    sent = delivery("CK<&>1", 2, 1)
    call = plan.save([encode(sent)])
    assert call.query["method"] == "taobao.qimen.deliveryorder.create"
    read = xml.parse(call.body or b"")
    asked = read["request"]
    assert isinstance(asked, dict)
    assert asked["deliveryOrder"] == sent["deliveryOrder"]
    wanted = [{**one, "planQty": str(one["planQty"])} for one in lines(2, 1, actualPrice="9.90")["orderLine"]]  # type: ignore[union-attr,index,call-overload]
    assert asked["orderLines"] == {"orderLine": wanted}


def test_a_single_line_arrives_as_a_line() -> None:
    shop = line()
    assert save(shop, "deliveryorder.create", delivery("CK-9", 3)) == "CK-9"
    assert [len(one.lines) for one in shop.shop.store.orders.values()][-1] == 1  # type: ignore[attr-defined]


def test_the_same_order_again_makes_no_second_one_and_is_never_told_as_refused() -> None:
    shop = line()
    save(shop, "entryorder.create", entry("RK-9"))
    assert save(shop, "entryorder.create", entry("RK-9")) == "RK-9"
    shop.shop.tell("settings", {"again": "error"}, NOW)
    with pytest.raises(Fault, match="已存在") as raised:
        save(shop, "entryorder.create", entry("RK-9"))
    assert raised.value.kind == "unknown"
    codes = [one["number"] for one in shop.shop.written() if one["kind"] == "entryorder.create"]
    assert codes == ["RK-1", "RK-9"]


def test_an_order_that_waits_is_cancelled_and_one_that_is_worked_on_is_not() -> None:
    shop = line()
    save(shop, "deliveryorder.create", delivery("CK-9"))
    assert save(shop, "order.cancel", cancelling("CK-9")) == "CK-9"
    assert save(shop, "order.cancel", cancelling("CK-9")) == "CK-9", "again changes nothing"
    assert status(shop, "CK-9") == "CANCELED"
    shop.shop.tell("work", {"until": "PICK"}, NOW)
    with pytest.raises(Fault, match="不能取消") as raised:
        save(shop, "order.cancel", cancelling("CK-1"))
    assert raised.value.kind == "refused"
    assert status(shop, "CK-1") == "PICK"


def test_an_order_that_is_held_is_not_worked_on_until_it_is_let_go() -> None:
    shop = line()
    save(shop, "order.pending")
    shop.shop.tell("work", {}, NOW)
    assert status(shop, "CK-1") == "ACCEPT"
    save(shop, "order.pending", {**document("qimen.order.pending"), "actionType": "restore"})
    shop.shop.tell("work", {}, NOW)
    assert status(shop, "CK-1") == "DELIVERED"


def test_stock_is_what_came_in_less_what_went_out() -> None:
    shop = line()
    shop.shop.tell("work", {}, NOW)
    asked: Json = {"criteria": [{"itemCode": "SKU-1001"}, {"itemCode": "SKU-1002"}]}
    found = rows(shop, "inventory.query", criteriaList=asked)
    assert [(row["itemCode"], row["quantity"]) for row in found] == [("SKU-1001", "9"), ("SKU-1002", "4")]
    (one,) = rows(shop, "stock.query", itemCode="SKU-1001", page=1, pageSize=50)
    assert one["quantity"] == "9"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (
            {**delivery("CK-9"), "orderLines": {"orderLine": [{"itemCode": "SKU-9", "planQty": 1}]}},
            "商品不存在",
        ),
        (
            {**delivery("CK-9"), "orderLines": {"orderLine": [{"itemCode": "SKU-1001", "planQty": 0}]}},
            "必须大于0",
        ),
        ({**delivery("CK-9"), "orderLines": {}}, "不能为空"),
    ],
)
def test_what_is_surely_wrong_is_refused_in_the_warehouses_words(sent: Record, words: str) -> None:
    shop = line()
    with pytest.raises(Fault, match=words) as raised:
        save(shop, "deliveryorder.create", sent)
    assert raised.value.kind == "refused"
    assert "CK-9" not in {one["number"] for one in shop.shop.written()}


def test_some_of_a_batch_that_were_not_kept_leave_the_batch_open() -> None:
    shop = line()
    bad = {**delivery("CK-8"), "orderLines": {}}
    with pytest.raises(Fault) as raised:
        save(shop, "deliveryorder.batchcreate", {"orders": {"order": [delivery("CK-7"), bad]}})
    assert raised.value.kind == "unknown"
    assert {"CK-7"} <= {one["number"] for one in shop.shop.written()}


def test_a_character_that_xml_cannot_carry_holds_its_order_alone() -> None:
    plan = line().plan(REGISTRY.operations["qimen.deliveryorder.create"])
    sent = delivery("CK-9")
    with pytest.raises(Fault, match="XML") as raised:
        plan.save([encode({**sent, "deliveryOrder": {"remark": "a\x0bb"}})])
    assert (raised.value.kind, raised.value.sent, raised.value.alone) == ("refused", False, True)
