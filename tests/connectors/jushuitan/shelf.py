"""Orders, outbound and articles for the 聚水潭 simulator."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from engine.model.values import Record
from engine.simulate.frame import Simulator

PAGE: Record = {"page_index": 1, "page_size": 50}
HOUR: Record = {"modified_begin": "2026-11-20 09:00:00", "modified_end": "2026-11-20 09:59:59"}
BEIJING = timezone(timedelta(hours=8))


def stamp(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def out(serial: int, at: datetime, **more: Any) -> dict[str, Any]:
    """An outbound document of that moment, changed a little later."""
    return {
        "io_id": 900000 + serial, "o_id": 800000 + serial, "so_id": f"T{serial}", "shop_id": 11001,
        "wms_co_id": 20001, "status": "Confirmed", "io_date": stamp(at),
        "modified": stamp(at + timedelta(minutes=1)), "pay_amount": "59.70",
        "items": [{"sku_id": "SKU-1001", "name": "竹纤维毛巾", "qty": 3}], **more,
    }  # fmt: skip


def furnish(shop: Simulator, now: datetime) -> None:
    at = datetime(2026, 11, 20, 9, 10, tzinfo=BEIJING)
    order: Record = {
        "o_id": 800001, "so_id": "T1", "shop_id": 11001, "shop_name": "青禾旗舰", "status": "Sent",
        "modified": stamp(at), "order_date": stamp(at), "pay_amount": "59.70", "paid_amount": "59.70",
        "freight": "0.00", "l_id": "YT000001", "logistics_company": "圆通速递", "wms_co_id": 20001,
        "items": [{"oi_id": "1", "sku_id": "SKU-1001", "qty": 3, "price": "19.90", "amount": "59.70"}],
    }  # fmt: skip
    shop.tell("orders", {"orders": [order]}, now)
    shop.tell("outs", {"outs": [out(1, at), out(2, at, status="WaitConfirm")]}, now)
    article: Record = {"sku_id": "SKU-1001", "i_id": "G1001", "name": "竹纤维毛巾", "unit": "条"}
    shop.store.article(article, at)  # type: ignore[attr-defined]


def ask_of(operation: str, shop: Simulator) -> Record:
    return PAGE if operation in ("jushuitan.shops.query", "jushuitan.warehouses.query") else {**PAGE, **HOUR}
