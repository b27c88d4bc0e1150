"""Simulators with something to show for every operation: rows, documents, and the questions to ask for them.

What a connector needs stands in tests/connectors/<name>/shelf.py (`ask_of`, `furnish`); here are the first two.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from engine.exact import decode
from engine.model.values import Json, Record
from engine.simulate.frame import Simulator
from flows.demo.orders import orders
from tests.connectors.drive import CONNECTORS, NOW, module, registry

WINDOWED: Record = {
    "start_time": "2026-11-20 09:00:00",
    "end_time": "2026-11-20 09:59:59",
    "page_no": 0,
    "page_size": 30,
}
PAGED: Record = {"page_no": 0, "page_size": 30}
POOL: Record = {"shop_no": "S01", "limit": 100}
BY_ONE = {"wdt.logistics.sync.query": POOL, "wdt.api.goods.stock.change.query": POOL}
BASE_DATA = ("wdt.shop.query", "wdt.warehouse.query", "wdt.logistics.query", "wdt.purchase.provider.query")
PAGE: Record = {"pageIndex": 1, "pageSize": 100}
SINCE: Record = {
    "simpleVOs": [{"field": "pubts", "op": "between", "value1": "2026-01-01", "value2": "2026-12-31"}]
}


def document(operation: str) -> Record:
    """The sample document of a save."""
    folder = CONNECTORS / registry().operations[operation].connector
    return cast(Record, decode((folder / "samples" / f"{operation}.document.json").read_bytes()))


def shelf(connector: str) -> Any:
    """What the connector's own tests put on its shelves; None for the first two."""
    own = Path(__file__).parent / connector / "shelf.py"
    return module(own) if own.is_file() else None


def ask_of(operation: str, shop: Simulator) -> Record:
    """A question to which the furnished simulator has at least one row to give."""
    if own := shelf(shop.name):
        return cast(Record, own.ask_of(operation, shop))
    if operation.startswith("wdt."):
        return BY_ONE.get(operation) or (PAGED if operation in BASE_DATA else WINDOWED)
    if operation.endswith(".detail"):
        return {"id": _ident(operation, shop)}
    if operation == "transtype.list":
        return {"path": "/st/othoutrecord", "page": PAGE}
    if operation == "product.integration.querylist":
        return {**PAGE, "beginTime": "2026-01-01 00:00:00", "endTime": "2026-12-31 00:00:00"}
    base: Record = {**PAGE, "funcTypeCode": "inventoryorg"} if operation == "orgunit.sync" else PAGE
    papers = operation.endswith(".list") and operation not in ("unit.list", "vendor.list")
    return {**base, **SINCE, "isSum": True} if papers else base


def furnish(shop: Simulator, now: datetime = NOW) -> Simulator:
    """Rows of every kind, changed within the hour that `ask_of` asks for."""
    if own := shelf(shop.name):
        own.furnish(shop, now)
        return shop
    if shop.name == "wdt":
        hour = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
        shop.tell("orders", {"orders": cast(Json, orders(3, 7, hour, hour + timedelta(minutes=50)))}, now)
        for method, rows in ROWS.items():
            changed: Record = {} if method in BY_ONE else {"modified": "2026-11-20 09:20:00"}
            shop.tell("rows", {"of": method, "rows": [{**changed, **row} for row in rows]}, now)
    else:
        long_ago = now - timedelta(minutes=5)
        for kind in ("othoutrecord", "othinrecord", "purinrecord", "salesout", "storeout", "purchaseorder"):
            shop.tell("papers", {"of": kind, "papers": [PAPERS[kind]]}, long_ago)
        shop.tell("settings", {"shows_after": 0}, now)
    return shop


def _ident(operation: str, shop: Simulator) -> str:
    if operation == "orgunit.detail":
        return "2300000000007919000"
    kind = operation.split(".")[0]
    return next(str(paper["id"]) for paper in shop.written() if paper["kind"] == kind)


_LINE: Record = {
    "rec_id": 770101,
    "spec_no": "SKU-1001",
    "goods_no": "G1001",
    "goods_name": "竹纤维毛巾",
    "spec_name": "米色",
}
ROWS: dict[str, list[Record]] = {
    "wdt.goods.query": [
        {
            "goods_id": 21,
            "goods_no": "G2001",
            "goods_name": "棉麻围裙",
            "goods_type": 1,
            "spec_count": 1,
            "unit_name": "条",
            "deleted": 0,
            "spec_list": [
                {"spec_id": 201, "spec_no": "SKU-2001", "spec_name": "藏青", "retail_price": "35.0000"}
            ],
        }
    ],
    "wdt.suites.query": [
        {
            "suite_id": 2,
            "suite_no": "TZ002",
            "suite_name": "餐具套装",
            "specs_list": [{"spec_no": "SKU-1031", "num": "4.0000"}],
        }
    ],
    "wdt.stock.query": [
        {
            "warehouse_no": "WH-HZ01",
            "spec_no": "SKU-1001",
            "stock_num": "-2.0000",
            "warehouse_name": "杭州一仓",
        }
    ],
    "wdt.trade.query": [
        {
            "trade_no": "JY202611200001",
            "shop_no": "S01",
            "trade_status": 55,
            "src_tids": "T20261120-1",
            "paid": "59.7000",
            "goods_list": [{"spec_no": "SKU-1001", "num": "3.0000", "src_tid": "T20261120-1"}],
        }
    ],
    "wdt.stockout.order.query.trade": [
        {
            "stockout_id": 4420001,
            "order_no": "CK2026112000901",
            "src_order_no": "JY202611200001",
            "warehouse_no": "WH-HZ01",
            "status": 95,
            "consign_time": "2026-11-20 09:18:00",
            "shop_no": "S01",
            "goods_count": "3.0000",
            "details_list": [{**_LINE, "goods_count": "3.0000", "sell_price": "19.9000"}],
        }
    ],
    "wdt.stockout.order.query.return": [
        {
            "stockout_id": 4430001,
            "order_no": "CK2026112000911",
            "return_no": "CT2026112000001",
            "warehouse_no": "WH-HZ01",
            "provider_no": "GYS01",
            "status": 110,
            "consign_time": "2026-11-20 09:10:00",
            "goods_count": "2.0000",
            "details_list": [{"spec_no": "SKU-1001", "num": "2.0000", "price": "8.0000"}],
        }
    ],
    "wdt.stockin.order.query": [
        {
            "order_no": "RK2026112000001",
            "stockin_no": "RK2026112000001",
            "status": 80,
            "order_type": 6,
            "order_type_name": "其他入库",
            "warehouse_no": "WH-HZ01",
            "check_time": "2026-11-20 09:15:00",
            "goods_count": "5.0000",
            "remark": "退样",
            "details_list": [{**_LINE, "goods_count": "5.0000", "cost_price": "11.2000"}],
        }
    ],
    "wdt.stockin.order.query.purchase": [
        {
            "order_no": "RK2026112000002",
            "stockin_no": "RK2026112000002",
            "status": 80,
            "warehouse_no": "WH-GZ02",
            "provider_no": "GYS01",
            "purchase_no": "CG2026111900001",
            "check_time": "2026-11-20 09:16:00",
            "goods_count": "10.0000",
            "details_list": [
                {**_LINE, "goods_count": "10.0000", "cost_price": "11.2000", "tax_price": "12.6560"}
            ],
        }
    ],
    "wdt.stockin.order.query.refund": [
        {
            "stockin_id": 4450001,
            "order_no": "RK2026112000003",
            "refund_no": "TK2026111900001",
            "status": 80,
            "warehouse_no": "WH-HZ01",
            "shop_no": "S01",
            "goods_count": "1.0000",
            "details_list": [{"spec_no": "SKU-1002", "goods_count": "1.0000", "cost_price": "11.2000"}],
        }
    ],
    "wdt.refund.query": [
        {
            "refund_no": "TK2026111900001",
            "tid": "T20261119-8",
            "shop_no": "S01",
            "process_status": 60,
            "refund_amount": "19.9000",
            "refund_order_list": [{"oid": "T20261119-8-1", "spec_no": "SKU-1002", "refund_num": "1.0000"}],
        }
    ],
    "wdt.stock.transfer.query": [
        {
            "transfer_no": "TF2026112000001",
            "from_warehouse_no": "WH-HZ01",
            "to_warehouse_no": "WH-GZ02",
            "status": 60,
            "goods_count": "4.0000",
            "details_list": [{"spec_no": "SKU-1003", "num": "4.0000", "out_num": "4.0000"}],
        }
    ],
    "wdt.purchase.order.query": [
        {
            "purchase_no": "CG2026111900001",
            "provider_no": "GYS01",
            "warehouse_no": "WH-GZ02",
            "status": 40,
            "details_list": [{"spec_no": "SKU-1001", "num": "10.0000"}],
        }
    ],
    "wdt.purchase.return.query": [
        {
            "return_no": "CT2026112000001",
            "provider_no": "GYS01",
            "warehouse_no": "WH-HZ01",
            "status": 40,
            "details_list": [{"spec_no": "SKU-1001", "num": "2.0000", "price": "8.0000"}],
        }
    ],
    "wdt.logistics.sync.query": [
        {
            "rec_id": 550001,
            "shop_no": "S01",
            "tid": "T20261120-1",
            "logistics_no": "YT000123456",
            "logistics_name": "圆通速递",
            "consign_time": "2026-11-20 09:18:00",
            "sync_status": 0,
        }
    ],
    "wdt.api.goods.stock.change.query": [
        {
            "rec_id": 560001,
            "goods_no": "G1001",
            "spec_no": "SKU-1001",
            "sync_stock": "98.0000",
            "stock_change_count": 3,
        }
    ],
}
_SALE: Record = {"org": "001", "accountOrg": "001", "vouchdate": "2026-11-20", "warehouse": "CK01"}
_OTHER: Record = {
    "org": "001",
    "accountOrg": "001",
    "vouchdate": "2026-11-20",
    "warehouse": "CK01",
    "memo": "盘点差异",
}
PAPERS: dict[str, Record] = {
    "othoutrecord": {
        **_OTHER,
        "code": "QTCK001",
        "bustype": "A10001",
        "othOutRecords": [{"product": "PD000001", "qty": 3}],
    },
    "othinrecord": {
        **_OTHER,
        "code": "QTRK001",
        "bustype": "A08001",
        "othInRecords": [{"product": "PD000001", "qty": 3}],
    },
    "purinrecord": {
        **_OTHER,
        "code": "CGRK001",
        "bustype": "A15001",
        "vendor": "V001",
        "purInRecords": [{"product": "PD000001", "qty": 3}],
    },
    "salesout": {
        **_SALE,
        "code": "XSCK001",
        "bustype": "A30001",
        "cust": "C001",
        "details": [{"product": "PD000001", "qty": 3}],
    },
    "storeout": {
        "code": "DC001",
        "vouchdate": "2026-11-20",
        "outwarehouse": "CK01",
        "details": [{"product": "PD000001", "qty": 3}],
    },
    "purchaseorder": {
        "code": "CGDD001",
        "vouchdate": "2026-11-20",
        "purchaseOrders": [{"product": "PD000001", "qty": 3}],
    },
}
