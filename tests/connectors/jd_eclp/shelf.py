"""Articles, orders, papers and serial numbers for the 京东仓海 simulator."""

from __future__ import annotations

from datetime import datetime

from engine.model.values import Record
from engine.simulate.frame import Simulator

DEPARTMENT, WAREHOUSE, SHOP = "EBU4418000000001", "110000008", "ESP0000000000001"
ASKS: dict[str, Record] = {
    "goods.queryGoodsSerial": {"bizNo": "ESL4398046600001"},
    "order.queryOrder": {"eclpSoNo": "ESL4398046600001"},
    "po.queryPoOrder": {"poOrderNo": "EPL4398046500001"},
    "rtw.queryRtw": {"eclpRtwNo": "ESR4398046700001"},
    "serial.queryInStockSIDBySku": {"goodsNo": "EMG4398046000001", "pageNo": 1, "pageSize": 100},
    "serial.queryPageSerialByBillNo": {"billNo": "ESL4398046600001", "pageNo": 1, "pageSize": 100},
    "stock.queryStock": {"deptNo": DEPARTMENT, "warehouseNo": WAREHOUSE, "currentPage": 1, "pageSize": 100},
}


def goods(own: str) -> Record:
    return {
        "deptNo": DEPARTMENT,
        "isvGoodsNo": own,
        "barcodes": f"69{own[-4:]}",
        "thirdCategoryNo": "15606",
        "goodsName": "竹纤维毛巾",
        "safeDays": 0,
    }


def order(own: str, quantity: str = "2,1", articles: str = "SKU-1001,SKU-1002") -> Record:
    """As it travels: side by side."""
    return {
        "isvUUID": own,
        "isvSource": "ISV0020000000001",
        "shopNo": SHOP,
        "departmentNo": DEPARTMENT,
        "warehouseNo": WAREHOUSE,
        "salePlatformSource": "6",
        "consigneeName": "收件人甲",
        "consigneeMobile": "10000000000",
        "consigneeAddress": "示例路 1 号",
        "orderMark": "0" * 50,
        "isvGoodsNo": articles,
        "quantity": quantity,
    }


def purchase(own: str) -> Record:
    return {
        "spPoOrderNo": own,
        "deptNo": DEPARTMENT,
        "whNo": WAREHOUSE,
        "supplierNo": "EMS0000000000001",
        "isvGoodsNo": "SKU-1001,SKU-1002",
        "numApplication": "10,5",
        "goodsStatus": "1,1",
    }


def furnish(shop: Simulator, now: datetime) -> None:
    """Order …01 has left, …02 waits; purchase …01 is booked in, …02 waits; a return of the first order."""
    store = shop.store  # type: ignore[attr-defined]
    shop.tell("goods", {"goods": [goods("SKU-1001"), goods("SKU-1002")]}, now)
    store.order(order("T-1"), now)
    store.purchase(purchase("P-1"), now)
    store.give_back({"eclpSoNo": "ESL4398046600001", "isvRtwNum": "R-1"}, now)
    shop.tell("work", {}, now)
    store.order(order("T-2"), now)
    store.purchase(purchase("P-2"), now)
    for of in ("ESL4398046600001", "EMG4398046000001"):
        shop.tell("serials", {"of": of, "serials": "SN0001,SN0002"}, now)


def ask_of(operation: str, shop: Simulator) -> Record:
    return ASKS[operation.removeprefix("jingdong.eclp.")]
