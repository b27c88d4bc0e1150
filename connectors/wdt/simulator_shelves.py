"""What the 旺店通 simulator holds besides stock-out orders: shelves of rows, each with its own query.

A shelf has a window over the time of change or none, pages from 0 with the total on page 0 alone,
and filters. A pool has neither: it gives what was not acknowledged yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.connect import Json, Record

from .simulator_ground import No, beijing, page_of, span, whole

MONTH, HOUR = timedelta(days=30), timedelta(minutes=60)
WAREHOUSES = {"WH-HZ01": "杭州一仓", "WH-GZ02": "广州二仓", "WH-CD03": "成都三仓"}
SHOPS = {"S01": "自营商城", "S02": "分销商城"}
PROVIDERS = {"GYS01": "青禾纺织", "GYS02": "南窑陶瓷", "GYS03": "木叶纸品"}


@dataclass
class Shelf:
    """One kind of row, which a reply holds at `at`. `key` tells rows apart, `filters` are
    {parameter: field}, one of `instead` makes
    the window unnecessary."""

    at: str
    key: tuple[str, ...]
    longest: timedelta | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    instead: tuple[str, ...] = ()
    paged: bool = True
    cap: int = 100
    timed: bool = True
    rows: dict[str, Record] = field(default_factory=dict)

    def put(self, row: Record, now: datetime) -> Record:
        """Keep a row, new or again; gives it as kept, with the time of its change where it has none."""
        kept = {**row, "modified": row.get("modified") or beijing(now)} if self.timed else row
        self.rows["/".join(str(row[name]) for name in self.key)] = kept
        return kept

    def find(self, name: str, value: Json) -> Record | None:
        return next((row for row in self.rows.values() if row.get(name) == value and value), None)

    def page(self, params: Mapping[str, str], cap: int) -> tuple[int | None, list[Record]]:
        """One page, with the total where it is page 0."""
        found = self._found(params)
        if not self.paged:
            return len(found), found
        number, size = page_of(params, min(cap, self.cap))
        return len(found) if number == 0 else None, found[number * size : (number + 1) * size]

    def _found(self, params: Mapping[str, str]) -> list[Record]:
        wanted = {at: value for name, at in self.filters.items() if (value := params.get(name))}
        if (place := params.get("warehouse_no")) and place not in WAREHOUSES:
            raise No(2830, f"仓库编号{place}不存在")
        rows = [row for row in self.rows.values() if _fits(row, wanted)]
        if self.longest is None or (
            any(params.get(name) for name in self.instead) and not params.get("start_time")
        ):
            return rows
        since, until = span(params, self.longest)
        return sorted((row for row in rows if since <= str(row["modified"]) <= until), key=_changed)


@dataclass
class Pool:
    """Rows that come again until they are acknowledged; `versions` are those that count their changes."""

    at: str
    ack: str
    most: int
    count: str | None = None
    rows: dict[str, Record] = field(default_factory=dict)
    acknowledged: list[Record] = field(default_factory=list)

    def put(self, row: Record) -> None:
        self.rows[str(row["rec_id"])] = row

    def take(self, params: Mapping[str, str]) -> list[Record]:
        """Up to `limit` rows of the shop, the oldest first."""
        if not params.get("shop_no"):
            raise No(2900, "shop_no不能为空")
        if params["shop_no"] not in SHOPS:
            raise No(2310, "店铺不存在或已停用")
        limit = whole(params, "limit", 0)
        if not 1 <= limit <= self.most:
            raise No(2220, f"limit取值范围1~{self.most}")
        mine = [
            row for row in self.rows.values() if row.get("shop_no", params["shop_no"]) == params["shop_no"]
        ]
        return [dict(row) for row in mine[:limit]]

    def hear(self, entries: list[Record]) -> list[Json]:
        """Take acknowledged rows away; gives the errors. A row that changed since stays."""
        errors: list[Json] = []
        for entry in entries:
            row = self.rows.get(str(entry.get("rec_id")))
            if row is None:
                if all(str(entry.get("rec_id")) != str(one.get("rec_id")) for one in self.acknowledged):
                    errors.append({"rec_id": entry.get("rec_id"), "error": "记录不存在"})
                continue
            if self.count is None or str(row[self.count]) == str(entry.get(self.count)):
                del self.rows[str(entry["rec_id"])]
                self.acknowledged.append(entry)
        return errors


def shelves() -> dict[str, Shelf]:
    """The shelves by the method that reads them, with the base data this invented company has."""
    made = {
        "wdt.shop.query": Shelf("shoplist", ("shop_no",), filters={"shop_no": "shop_no"}, timed=False),
        "wdt.warehouse.query": Shelf(
            "warehouses", ("warehouse_no",), filters={"warehouse_no": "warehouse_no"}
        ),
        "wdt.logistics.query": Shelf("logistics_list", ("logistics_no",), paged=False),
        "wdt.purchase.provider.query": Shelf(
            "provider_list",
            ("provider_no",),
            filters={"provider_no": "provider_no", "provider_name": "provider_name"},
        ),
        "wdt.goods.query": Shelf(
            "goods_list", ("goods_no",), MONTH, {"goods_no": "goods_no"}, ("goods_no", "spec_no")
        ),
        "wdt.suites.query": Shelf("suites", ("suite_no",), MONTH, {"suite_no": "suite_no"}, ("suite_no",)),
        "wdt.stock.query": Shelf(
            "stocks",
            ("warehouse_no", "spec_no"),
            MONTH,
            {"warehouse_no": "warehouse_no", "spec_no": "spec_no"},
        ),
        "wdt.trade.query": Shelf(
            "trades",
            ("trade_no",),
            HOUR,
            {"trade_status": "trade_status", "trade_no": "trade_no", "src_tid": "src_tids"},
            ("trade_no", "src_tid"),
        ),
        "wdt.stockout.order.query.trade": _papers("stockout_list", "stockout_id", "stockout_no", "src_tid"),
        "wdt.stockout.order.query.return": _papers("stockout_list", "stockout_id", "outer_no"),
        "wdt.stockin.order.query": _papers("stockin_list", "order_no", "stockin_no", "outer_no"),
        "wdt.stockin.order.query.purchase": _papers(
            "stockin_list", "order_no", "stockin_no", "stockin_outer_no"
        ),
        "wdt.stockin.order.query.refund": _papers("stockin_list", "stockin_id", "stockin_no"),
        "wdt.refund.query": _papers("refunds", "refund_no", "refund_no", "tid"),
        "wdt.stock.transfer.query": _papers("transfer_list", "transfer_no", "transfer_no", "api_outer_no"),
        "wdt.purchase.order.query": _papers("purchase_list", "purchase_no", "purchase_no", "outer_no"),
        "wdt.purchase.return.query": _papers("purchase_list", "return_no", "return_no", "api_outer_no"),
    }
    _furnish(made)
    return made


def pools() -> dict[str, Pool]:
    return {
        "wdt.logistics.sync.query": Pool("trades", "wdt.logistics.sync.ack", 100),
        "wdt.api.goods.stock.change.query": Pool(
            "stock_change_list", "wdt.api.goods.stock.change.ack", 2000, "stock_change_count"
        ),
    }


def _papers(rows: str, key: str, *instead: str) -> Shelf:
    """Documents by the time of their change; each of `instead` finds some without a window."""
    fields = {"stockin_outer_no": "outer_no", "api_outer_no": "outer_no", "src_tid": "src_tids"}
    names = (*instead, "status", "order_type", "warehouse_no", "process_status", "src_order_no")
    return Shelf(rows, (key,), MONTH, {name: fields.get(name, name) for name in names}, instead)


def _fits(row: Record, wanted: Mapping[str, str]) -> bool:
    return all(str(row.get(name)) == value for name, value in wanted.items())


def _changed(row: Record) -> tuple[str, str]:
    return str(row["modified"]), str(row.get("order_no") or row.get("trade_no") or "")


LONG_AGO = "2026-01-05 09:00:00"
NAMES = (
    "竹纤维毛巾",
    "陶瓷马克杯",
    "无纺布手提袋",
    "洗手液",
    "纯棉抱枕套",
    "不锈钢餐勺",
    "便签本",
    "棉布桌垫",
    "香薰蜡烛",
    "包装绳",
)
SPECS = ("米色", "灰蓝", "墨绿", "大号", "小号", "礼盒装")


def _furnish(made: Mapping[str, Shelf]) -> None:
    """Shops, warehouses, logistics, providers, sixty articles and their stock."""

    def rows(method: str, *found: Record) -> None:
        for row in found:
            key = "/".join(str(row[name]) for name in made[method].key)
            made[method].rows[key] = {**row, "modified": LONG_AGO} if made[method].timed else row

    for place, (number, name) in enumerate(SHOPS.items(), 1):
        rows("wdt.shop.query", {"shop_id": place, "shop_no": number, "shop_name": name, "platform_id": 127})
    for place, (number, name) in enumerate(WAREHOUSES.items(), 1):
        rows(
            "wdt.warehouse.query",
            {
                "warehouse_id": place,
                "warehouse_no": number,
                "name": name,
                "warehouse_type": 1,
                "is_disabled": 0,
            },
        )
    for place, name in enumerate(("顺丰速运", "圆通速递", "自提"), 1):
        rows(
            "wdt.logistics.query",
            {"logistics_id": place, "logistics_no": f"KD{place:02}", "logistics_name": name},
        )
    for place, (number, name) in enumerate(PROVIDERS.items(), 1):
        rows(
            "wdt.purchase.provider.query",
            {"provider_id": place, "provider_no": number, "provider_name": name, "is_disabled": 0},
        )
    for place, name in enumerate(NAMES):
        rows("wdt.goods.query", _article(place, name))
    rows(
        "wdt.suites.query",
        {
            "suite_id": 1,
            "suite_no": "TZ001",
            "suite_name": "浴室两件套",
            "retail_price": "39.9000",
            "deleted": 0,
            "specs_list": [
                {"spec_no": "SKU-1001", "num": "2.0000"},
                {"spec_no": "SKU-1019", "num": "1.0000"},
            ],
        },
    )
    for warehouse in WAREHOUSES:
        for place in range(60):
            row: Record = {
                "warehouse_no": warehouse,
                "spec_no": f"SKU-{1001 + place}",
                "stock_num": "100.0000",
            }
            rows("wdt.stock.query", row)


def _article(place: int, name: str) -> Record:
    specs: list[Json] = [
        {
            "spec_id": 1 + place * 6 + at,
            "spec_no": f"SKU-{1001 + place * 6 + at}",
            "spec_name": spec,
            "barcode": "",
            "retail_price": "19.9000",
            "deleted": 0,
        }
        for at, spec in enumerate(SPECS)
    ]
    return {
        "goods_id": 1 + place,
        "goods_no": f"G{1001 + place}",
        "goods_name": name,
        "goods_type": 1,
        "spec_count": len(specs),
        "unit_name": "个",
        "deleted": 0,
        "spec_list": specs,
    }
