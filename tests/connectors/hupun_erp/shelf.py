"""Trades, returns and articles for the 万里牛 simulator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from engine.model.values import Record
from engine.simulate.frame import Simulator

PAGE: Record = {"page": 1, "limit": 200}
HOUR: Record = {"end_time": "2026-11-20 09:59:59"}
ASKS: dict[str, Record] = {
    "opentrade.list.trades": {**PAGE, **HOUR, "modify_time": "2026-11-20 09:00:00"},
    "open.return.order.list": {**PAGE, **HOUR, "start_time": "2026-11-20 09:00:00"},
    "base.storage.query": PAGE,
    "base.shop.page.get": PAGE,
    "goods.spec.query": {**PAGE, "modify_time": "2026-11-20 00:00:00"},
}


def milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def trade(number: str, at: datetime, **more: Any) -> dict[str, Any]:
    """A trade that was sent at that moment, told a little later."""
    return {
        "uid": f"U{number}", "trade_no": number, "tp_tid": f"T{number}", "shop_nick": "青禾旗舰",
        "storage_code": "WH-HZ01", "process_status": 8, "status": 5, "receiver": "收件人甲",
        "buyer_mobile": "10000000000", "address": "示例路 1 号", "sum_sale": "59.70", "real_payment": "49.80",
        "create_time": milliseconds(at - timedelta(days=1)), "send_time": milliseconds(at),
        "modify_time": milliseconds(at + timedelta(minutes=1)),
        "orders": [{"order_id": f"{number}-1", "sku_code": "SKU-1001", "size": 3, "price": "19.90", "is_gift": 0}],
        **more,
    }  # fmt: skip


def furnish(shop: Simulator, now: datetime) -> None:
    at = datetime(2026, 11, 20, 1, 10, tzinfo=UTC)
    given: Record = {"trades": [trade("XD01", at), trade("XD02", at, process_status=4)]}
    shop.tell("trades", given, now)
    back: Record = {"code": "SH01", "trade_no": "XD01", "modify_time": milliseconds(at), "status": 1}
    shop.tell("returns", {"returns": [back]}, now)
    shop.store.article({"item_code": "SKU-1001", "item_name": "竹纤维毛巾"}, milliseconds(at))  # type: ignore[attr-defined]


def ask_of(operation: str, shop: Simulator) -> Record:
    return ASKS[operation.removeprefix("hupun.")]
