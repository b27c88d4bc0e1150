"""What the warehouse behind 奇门 holds: articles, orders in and out, returns, stock, and how far each has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from engine.connect import Json, Record

BEIJING = timezone(timedelta(hours=8))
OWNER = "OWNER01"
WAREHOUSES = {"QMWH01": "嘉兴仓", "QMWH02": "东莞仓"}
CARRIERS = {"SF": "顺丰", "YTO": "圆通", "OTHER": "其他"}
CREATES = {
    "entryorder.create": ("entryOrder", "entryOrderCode", "entryOrderId"),
    "deliveryorder.create": ("deliveryOrder", "deliveryOrderCode", "deliveryOrderId"),
    "stockout.create": ("deliveryOrder", "deliveryOrderCode", "deliveryOrderId"),
    "returnorder.create": ("returnOrder", "returnOrderCode", "returnOrderId"),
}
DONE = {"entryorder.create": "FULFILLED", "returnorder.create": "FULFILLED"}


class No(Exception):
    """The warehouse's own refusal: a code of its own and its words."""

    def __init__(self, says: str, code: str = "50000") -> None:
        super().__init__(says)
        self.code, self.says = code, says


def text(value: Json) -> str:
    return str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""


def inner(value: Json) -> Record:
    return value if isinstance(value, dict) else {}


def listed(value: Json, tag: str) -> list[Record]:
    """The elements of a list; one alone came as an object, none as an empty text."""
    found = inner(value).get(tag)
    many = found if isinstance(found, list) else [found]
    return [one for one in many if isinstance(one, dict)]


def number(value: Json) -> Decimal:
    try:
        return Decimal(text(value) or "0")
    except InvalidOperation:
        raise No(f"数量不是数字：{text(value)}") from None


def needed(record: Record, *names: str) -> None:
    for name in names:
        if not text(record.get(name)):
            raise No(f"{name}不能为空")


@dataclass(slots=True)
class Order:
    """One order in or out, as it was sent, and how far it has come."""

    method: str
    code: str
    id: str
    head: Record
    lines: list[Record]
    ask: Record
    at: datetime
    status: str = "ACCEPT"
    held: bool = False
    trail: list[tuple[str, datetime]] = field(default_factory=list)


@dataclass
class Store:
    """One owner's goods and orders in both warehouses."""

    items: dict[str, Record] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    papers: dict[str, Record] = field(default_factory=dict)

    def keep_item(self, ask: Record, item: Record) -> bool:
        """Whether the article is new."""
        needed(ask, "actionType", "warehouseCode", "ownerCode")
        needed(item, "itemCode", "itemName", "barCode", "itemType")
        self._owned(ask)
        code = text(item["itemCode"])
        fresh = code not in self.items
        self.items[code] = item
        return fresh

    def create(self, method: str, ask: Record, now: datetime) -> tuple[Order, bool]:
        """The order of that code, and whether it is new. Raises No with the first thing that is wrong."""
        part, name, _ = CREATES[method]
        head, lines = inner(ask.get(part)), listed(ask.get("orderLines"), "orderLine")
        needed(head, name, "warehouseCode")
        if found := self.orders.get(text(head[name])):
            return found, False
        if text(head["warehouseCode"]) not in WAREHOUSES:
            raise No(f"仓库不存在：{head['warehouseCode']}")
        if method == "deliveryorder.create":
            needed(
                head, "orderType", "createTime", "placeOrderTime", "operateTime", "shopNick", "logisticsCode"
            )
            needed(inner(head.get("receiverInfo")), "name", "mobile", "detailAddress")
        if not lines:
            raise No("orderLines不能为空")
        for line in lines:
            needed(line, "itemCode", "planQty")
            if text(line["itemCode"]) not in self.items:
                raise No(f"商品不存在：{line['itemCode']}")
            if number(line["planQty"]) <= 0:
                raise No("planQty必须大于0")
        order = Order(method, text(head[name]), f"WMS-{len(self.orders) + 880001}", head, lines, ask, now)
        order.trail.append(("ACCEPT", now))
        self.orders[order.code] = order
        return order, True

    def find(self, code: str) -> Order:
        if code not in self.orders:
            raise No(f"单据{code}查不到")
        return self.orders[code]

    def cancel(self, code: str, now: datetime) -> None:
        order = self.find(code)
        if order.status == "CANCELED":
            return
        if order.status != "ACCEPT":
            raise No(f"单据{code}已在作业，不能取消")
        self._moved(order, "CANCELED", now)

    def hold(self, code: str, deed: str) -> None:
        self.find(code).held = deed == "pending"

    def work(self, until: str, now: datetime) -> int:
        """The people of the warehouse begin on all that waits ("PICK") or finish it ("")."""
        count = 0
        for order in self.orders.values():
            if order.held or order.status not in ("ACCEPT", "PICK"):
                continue
            self._moved(order, until or DONE.get(order.method, "DELIVERED"), now)
            count += 1
        return count

    def stock(self) -> Counter[tuple[str, str, str]]:
        """Pieces by warehouse, article and kind of stock: what came in less what went out."""
        counted: Counter[tuple[str, str, str]] = Counter()
        for order in self.orders.values():
            if order.status not in ("FULFILLED", "DELIVERED"):
                continue
            for line in order.lines:
                key = (
                    text(order.head["warehouseCode"]),
                    text(line["itemCode"]),
                    text(line.get("inventoryType")) or "ZP",
                )
                counted[key] += int(number(line["planQty"])) * (1 if order.method in DONE else -1)
        return counted

    def _owned(self, ask: Record) -> None:
        if text(ask.get("ownerCode")) != OWNER:
            raise No(f"货主不存在：{text(ask.get('ownerCode'))}")
        if text(ask.get("warehouseCode")) not in WAREHOUSES:
            raise No(f"仓库不存在：{text(ask.get('warehouseCode'))}")

    def _moved(self, order: Order, status: str, now: datetime) -> None:
        order.status = status
        order.trail.append((status, now))
