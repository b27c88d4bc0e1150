"""What the 万里牛 simulator holds: trades and their way to the door, returns, articles, trades a shop pushed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine.connect import Json, Record

SHOPS = {"SHOP0001": "青禾旗舰", "SHOP0002": "青禾专营"}
STORAGES = {"WH-HZ01": "杭州一仓", "WH-GZ02": "广州二仓", "WH-CD03": "成都三仓"}
TO_SEND, SENT = 4, 8
KEPT = ("totalFee", "postFee", "payment", "discountFee", "storeID")
"""What a trade that is pushed again does not change."""


class No(Exception):
    """The vendor's own refusal: a code and its words; `doubtful` where they do not tell what was done."""

    def __init__(self, code: str, says: str, *, doubtful: bool = False) -> None:
        super().__init__(says)
        self.code, self.says, self.doubtful = code, says, doubtful


def text(value: Json) -> str:
    return str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""


def needed(given: Record, *names: str) -> None:
    for name in names:
        if given.get(name) in (None, "", []):
            raise No("1500", f"参数{name}不能为空")


@dataclass
class Store:
    """Everything of one company."""

    kept: dict[str, dict[str, Record]] = field(default_factory=lambda: {"trades": {}, "returns": {}})
    specs: dict[str, Record] = field(default_factory=dict)
    articles: dict[str, Record] = field(default_factory=dict)
    pushed: dict[str, Record] = field(default_factory=dict)

    def keep(self, kind: str, rows: list[Record]) -> int:
        """Put rows, in place of those of the same uid; gives how many there are."""
        own = "trade_no" if kind == "trades" else "code"
        for row in rows:
            whole: Record = {"uid": f"U{row.get(own)}", "create_time": row["modify_time"], **row}
            self.kept[kind][text(whole["uid"])] = whole
        return len(self.kept[kind])

    def rows(self, kind: str, by: str, span: tuple[int | None, int | None]) -> list[Record]:
        """Rows whose time `by` lies in the span, ends included, the oldest first."""
        since, until = span
        timed = [
            (int(text(row[by])), uid, row) for uid, row in self.kept[kind].items() if row.get(by) is not None
        ]
        # Asked to the second; rows carry milliseconds.
        return [
            row
            for at, _, row in sorted(timed, key=lambda one: one[:2])
            if (since is None or at >= since) and (until is None or at < until + 1000)
        ]

    def ship(self, now: datetime) -> int:
        """What waits to be sent leaves; gives how many did."""
        waiting = [row for row in self.kept["trades"].values() if row.get("process_status") == TO_SEND]
        at = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        for row in waiting:
            row |= {"process_status": SENT, "send_time": at, "modify_time": at, "logistic_code": "YTO",
                    "express_code": f"YT{text(row['trade_no'])[-8:]}"}  # fmt: skip
        return len(waiting)

    def article(self, item: Record, at: int) -> str:
        """Keep a new article; its code."""
        needed(item, "item_code", "item_name")
        code = text(item["item_code"])
        if code in self.articles:
            raise No("1002", f"商品编码{code}已存在", doubtful=True)
        self.articles[code] = item
        self.specs[code] = {
            "item_code": code,
            "item_name": item["item_name"],
            "spec_code": code,
            "spec_name": "",
            "bar_code": item.get("bar_code"),
            "sale_price": item.get("sale_price"),
            "modify_time": at,
        }
        return code

    def push(self, given: Record, at: int) -> str | None:
        """Keep a trade a shop pushed, which shows among the trades; its number where it is new."""
        needed(given, "tradeID", "createTime", "modifyTime", "buyer", "receiverName", "orders")
        number = text(given["tradeID"])
        before = self.pushed.get(number)
        stays = {name: before[name] for name in KEPT if name in before} if before else {}
        self.pushed[number] = {**given, **stays}
        serial = [*self.pushed].index(number) + 1
        lines = given["orders"]
        orders: list[Json] = [
            {"order_id": f"{serial}-{place}", "tp_oid": line.get("orderID"), "sku_code": line.get("skuID"),
             "size": line.get("size"), "price": line.get("price"), "payment": line.get("payment")}
            for place, line in enumerate(lines if isinstance(lines, list) else [], 1)
            if isinstance(line, dict)
        ]  # fmt: skip
        row: Record = {
            "trade_no": f"XD{serial:08}",
            "tp_tid": number,
            "shop_nick": given.get("shopNick"),
            "process_status": 0,
            "status": given.get("status"),
            "receiver": given.get("receiverName"),
            "create_time": given.get("createTime"),
            "modify_time": at,
            "real_payment": self.pushed[number].get("payment"),
            "orders": orders,
        }
        self.keep("trades", [row])
        return None if before else number
