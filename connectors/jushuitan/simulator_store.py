"""What the 聚水潭 simulator holds: orders, outbound, articles, and orders that were uploaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from engine.connect import Json, Record

BEIJING = timezone(timedelta(hours=8))
SHOPS = {11001: "青禾旗舰", 11002: "青禾专营"}
WAREHOUSES = {20001: "杭州一仓", 20002: "广州二仓", 20003: "成都三仓"}
LONGEST = timedelta(days=7)
ORDER = (
    "shop_id",
    "so_id",
    "order_date",
    "shop_status",
    "shop_buyer_id",
    "receiver_name",
    "receiver_address",
)


class No(Exception):
    """The vendor's own refusal: a code and its words."""

    def __init__(self, code: int, says: str) -> None:
        super().__init__(says)
        self.code, self.says = code, says


def text(value: Json) -> str:
    return str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""


def beijing(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def needed(given: Record, *names: str) -> None:
    for name in names:
        if given.get(name) in (None, "", []):
            raise No(100, f"{name}不能为空")


@dataclass
class Store:
    """Everything of one company."""

    rows: dict[str, dict[str, Record]] = field(default_factory=lambda: {"orders": {}, "outs": {}, "skus": {}})
    uploaded: dict[tuple[str, str], Record] = field(default_factory=dict)
    version: int = 0

    def keep(self, kind: str, given: dict[str, Record]) -> int:
        """Put rows in place of those of the same id; gives how many there are."""
        for ident, row in given.items():
            self.version += 1
            self.rows[kind][ident] = {**row, "ts": self.version}
        return len(self.rows[kind])

    def found(self, kind: str, ask: Record) -> list[Record]:
        """Rows by what is asked for, the earliest change first."""
        since, until = text(ask.get("modified_begin")), text(ask.get("modified_end"))
        picked = {name: ask[name] for name in ("shop_id", "status") if ask.get(name)}
        named = {name: _several(ask[name]) for name in ("so_ids", "o_ids", "sku_ids") if ask.get(name)}
        if not named and not (since and until):
            raise No(100, "modified_begin、modified_end不能为空")
        if since and until and _moment(until) - _moment(since) > LONGEST:
            raise No(100, "时间间隔不能超过7天")
        by = "io_date" if text(ask.get("date_type")) == "2" else "modified"
        found = [
            row
            for row in self.rows[kind].values()
            if since <= text(row.get(by)) <= (until or "9")
            and all(row.get(name) == value for name, value in picked.items())
            and all(text(row.get(name.removesuffix("s"))) in values for name, values in named.items())
        ]
        return sorted(found, key=lambda row: (text(row.get("modified")), int(text(row.get("ts")) or 0)))

    def article(self, item: Record, now: datetime) -> tuple[str, bool]:
        """The article's code, and whether it is new."""
        needed(item, "sku_id", "i_id", "name")
        code = text(item["sku_id"])
        fresh = code not in self.rows["skus"]
        self.keep("skus", {code: {**self.rows["skus"].get(code, {}), **item, "modified": beijing(now)}})
        return code, fresh

    def upload(self, order: Record, now: datetime) -> tuple[int, bool]:
        """The order's number in the house, and whether it is new."""
        needed(order, *ORDER, "items")
        if text(order["shop_id"]) not in {str(one) for one in SHOPS}:
            raise No(170, "店铺与公司不匹配")
        lines = order["items"]
        items = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
        for line in items:
            needed(line, "sku_id", "qty", "outer_oi_id")
        due = sum((_amount(line.get("amount")) for line in items), _amount(order.get("freight")))
        if due != _amount(order.get("pay_amount")):
            raise No(100, "商品金额加运费与应付金额不一致")
        pay = order.get("pay")
        if order["shop_status"] != "WAIT_BUYER_PAY" and (
            not isinstance(pay, dict) or _amount(pay.get("amount")) != due
        ):
            raise No(100, "支付金额与应付金额不一致")
        key = text(order["shop_id"]), text(order["so_id"])
        before = self.uploaded.get(key)
        number = int(text(before["o_id"])) if before else 7_000_001 + len(self.uploaded)
        self.uploaded[key] = {**order, "o_id": number}
        row: Record = {**order, "o_id": number, "status": "WaitConfirm", "modified": beijing(now)}
        row.pop("pay", None)
        self.keep("orders", {str(number): row})
        return number, before is None


def _several(value: Json) -> set[str]:
    return {text(one) for one in value} if isinstance(value, list) else {*text(value).split(",")}


def _moment(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError as wrong:
        raise No(100, f"时间{written}格式不正确") from wrong


def _amount(value: Json) -> Decimal:
    try:
        return Decimal(text(value) or "0")
    except InvalidOperation:
        return Decimal(0)
