"""The forms of 旺店通's pushes: what each must hold, as far as its pages and SDKs tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.connect import Record

STOCKOUT = "wdt.stockout.order.query"


@dataclass(frozen=True)
class Form:
    """One push: the parameter that holds the document, what it and its lines need, and where it goes.

    `number` is the caller's own number; `again` where the same number changes what is there. `made` is
    the reply's name for the document's number, `prefix` how that begins.
    """

    wrap: str | None
    needs: tuple[str, ...]
    number: str
    shelf: str
    lines: str = ""
    line_needs: tuple[str, ...] = ()
    made: str = ""
    prefix: str = ""
    again: bool = False
    many: bool = False
    beside: tuple[str, ...] = ()
    facts: Record = field(default_factory=dict)
    after: tuple[str, str] | None = None
    """The shelf and field that must hold the document this one follows: (shelf, field)."""


_STOCKIN = ("wdt.stockin.order.query", "wdt.stockin.order.query.purchase", "wdt.stockin.order.query.refund")
FORMS: dict[str, Form] = {
    "wdt.goods.push": Form(
        "goods_list",
        ("goods_no", "goods_name"),
        "goods_no",
        "wdt.goods.query",
        "spec_list",
        ("spec_no",),
        again=True,
        many=True,
    ),
    "wdt.trade.push": Form(
        "trade_list",
        ("tid", "trade_status"),
        "tid",
        "wdt.trade.query",
        "order_list",
        ("oid", "num", "price"),
        again=True,
        many=True,
        beside=("shop_no",),
    ),
    "wdt.sales.refund.push": Form(
        "api_refund_list",
        ("platform_id", "shop_no", "tid", "refund_no"),
        "refund_no",
        "wdt.refund.query",
        "order_list",
        ("oid", "num"),
        again=True,
        many=True,
    ),
    "wdt.purchase.provider.create": Form(
        None,
        (
            "provider_no",
            "provider_name",
            "min_purchase_num",
            "purchase_cycle_days",
            "arrive_cycle_days",
            "charge_cycle_days",
        ),
        "provider_no",
        "wdt.purchase.provider.query",
    ),
    "wdt.stockin.order.push": Form(
        "stockin_info",
        ("outer_no", "warehouse_no"),
        "outer_no",
        _STOCKIN[0],
        "detail_list",
        ("spec_no", "stockin_num"),
        "stockin_no",
        "RK",
        facts={"order_type": 6, "order_type_name": "其他入库", "status": 80},
    ),
    "wdt.stockin.purchase.push": Form(
        "purchase_info",
        ("outer_no", "purchase_no"),
        "outer_no",
        _STOCKIN[1],
        "details_list",
        ("spec_no", "stockin_num"),
        "stockin_no",
        "RK",
        after=("wdt.purchase.order.query", "purchase_no"),
        facts={"order_type_name": "采购入库", "status": 80},
    ),
    "wdt.stockin.refund.push": Form(
        "stockin_refund_info",
        ("outer_no", "refund_no"),
        "outer_no",
        _STOCKIN[2],
        "detail_list",
        ("spec_no", "stockin_num"),
        "stockin_no",
        "RK",
        after=("wdt.refund.query", "refund_no"),
        facts={"order_type": 3, "order_type_name": "退货入库", "status": 80},
    ),
    "wdt.stockin.transfer.push": Form(
        "stockin_info",
        ("outer_no", "src_order_no"),
        "outer_no",
        _STOCKIN[0],
        "detail_list",
        ("spec_no", "stockin_num"),
        "stockin_no",
        "RK",
        after=("wdt.stock.transfer.query", "transfer_no"),
        facts={"order_type": 2, "order_type_name": "调拨入库", "status": 80},
    ),
    "wdt.stockout.order.push": Form(
        "stockout_info",
        ("outer_no", "warehouse_no"),
        "outer_no",
        STOCKOUT,
        "detail_list",
        ("spec_no", "num"),
        "stockout_no",
        "CK",
        facts={"order_type": 7, "order_type_name": "其他出库", "status": 110},
    ),
    "wdt.stockout.transfer.push": Form(
        "stockout_info",
        ("outer_no", "src_order_no"),
        "outer_no",
        STOCKOUT,
        "detail_list",
        ("spec_no", "num"),
        "stockout_no",
        "CK",
        after=("wdt.stock.transfer.query", "transfer_no"),
        facts={"order_type": 2, "order_type_name": "调拨出库", "status": 110},
    ),
    "wdt.purchase.order.push": Form(
        "purchase_info",
        ("provider_no", "warehouse_no", "outer_no"),
        "outer_no",
        "wdt.purchase.order.query",
        "details_list",
        ("spec_no", "num"),
        "purchase_no",
        "CG",
        facts={"status": 40},
    ),
    "wdt.purchase.return.push": Form(
        "return_info",
        ("provider_no", "warehouse_no", "outer_no"),
        "outer_no",
        "wdt.purchase.return.query",
        "detail_list",
        ("spec_no", "num"),
        "return_no",
        "CT",
        facts={"status": 40},
    ),
    "wdt.purchase.return.order.push": Form(
        "purchase_return_info",
        ("outer_no", "return_no"),
        "outer_no",
        "wdt.stockout.order.query.return",
        "detail_list",
        ("spec_no", "num"),
        "stockout_no",
        "CK",
        after=("wdt.purchase.return.query", "return_no"),
        facts={"status": 110},
    ),
    "wdt.stock.transfer.push": Form(
        "transfer_info",
        ("outer_no", "from_warehouse_no", "to_warehouse_no"),
        "outer_no",
        "wdt.stock.transfer.query",
        "skus",
        ("spec_no", "num"),
        "transfer_no",
        "TF",
        facts={"status": 30},
    ),
    "wdt.stock.sync.by.pd": Form(
        None,
        ("api_outer_no", "warehouse_no"),
        "api_outer_no",
        "wdt.stock.query",
        "goods_list",
        ("spec_no", "stock_num"),
    ),
}
ACKS = {
    "wdt.logistics.sync.ack": ("logistics_list", "wdt.logistics.sync.query", ("rec_id", "status")),
    "wdt.api.goods.stock.change.ack": (
        "stock_sync_list",
        "wdt.api.goods.stock.change.query",
        ("rec_id", "sync_stock", "stock_change_count"),
    ),
}
