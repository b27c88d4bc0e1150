"""Articles and orders for the warehouse behind 奇门: a stock-in booked in, a delivery and a return that wait."""

from __future__ import annotations

from datetime import datetime

from engine.model.values import Json, Record
from engine.simulate.frame import Simulator

OWNER, WAREHOUSE = "OWNER01", "QMWH01"
PERSON: Record = {
    "name": "收件人甲",
    "mobile": "10000000000",
    "province": "浙江省",
    "city": "杭州市",
    "detailAddress": "示例路 1 号",
}
PAGE: Record = {"page": 1, "pageSize": 100}
ASKS: dict[str, Record] = {
    "entryorder.query": {"entryOrderCode": "RK-1", **PAGE},
    "deliveryorder.query": {"orderCode": "CK-1", **PAGE},
    "orderprocess.query": {"orderCode": "RK-1"},
    "inventory.query": {"criteriaList": {"criteria": [{"itemCode": "SKU-1001"}, {"itemCode": "SKU-1002"}]}},
    "stock.query": {"itemCode": "SKU-1001", **PAGE},
}


def lines(*counts: int, **more: Json) -> Record:
    found: list[Json] = [
        {"orderLineNo": str(at), "ownerCode": OWNER, "itemCode": f"SKU-{1000 + at}", "planQty": count, **more}
        for at, count in enumerate(counts, 1)
    ]
    return {"orderLine": found}


def entry(code: str) -> Record:
    head: Record = {
        "entryOrderCode": code,
        "ownerCode": OWNER,
        "warehouseCode": WAREHOUSE,
        "orderType": "CGRK",
    }
    return {"entryOrder": head, "orderLines": lines(10, 5)}


def delivery(code: str, *counts: int) -> Record:
    moment = "2026-11-20 09:00:00"
    head: Record = {
        "deliveryOrderCode": code,
        "orderType": "JYCK",
        "warehouseCode": WAREHOUSE,
        "createTime": moment,
        "placeOrderTime": moment,
        "operateTime": moment,
        "shopNick": "自营商城",
        "logisticsCode": "SF",
        "senderInfo": PERSON,
        "receiverInfo": PERSON,
    }
    return {"deliveryOrder": head, "orderLines": lines(*(counts or (2, 1)), actualPrice="9.90")}


def give_back(code: str) -> Record:
    head: Record = {
        "returnOrderCode": code,
        "warehouseCode": WAREHOUSE,
        "orderType": "THRK",
        "preDeliveryOrderCode": "CK-1",
        "logisticsCode": "SF",
        "senderInfo": PERSON,
    }
    return {"returnOrder": head, "orderLines": lines(1)}


def furnish(shop: Simulator, now: datetime) -> None:
    shop.tell("items", {"items": ["SKU-1001", "SKU-1002"]}, now)
    store = shop.store  # type: ignore[attr-defined]
    store.create("entryorder.create", entry("RK-1"), now)
    shop.tell("work", {}, now)
    store.create("deliveryorder.create", delivery("CK-1"), now)
    store.create("returnorder.create", give_back("TK-1"), now)


def ask_of(operation: str, shop: Simulator) -> Record:
    return ASKS[operation.removeprefix("qimen.")]
