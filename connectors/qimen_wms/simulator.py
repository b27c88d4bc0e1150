"""奇门 with one warehouse behind it, as far as we know them: XML both ways, orders accepted, worked on, cancelled.

Written against the facts alone: it shares no code with what signs our calls and reads no catalogue. BEHAVIOURS lists
what it does and how sure we are of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.connect import Json, Record, Say
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

from .simulator_store import (
    BEIJING,
    CARRIERS,
    CREATES,
    OWNER,
    WAREHOUSES,
    No,
    Store,
    inner,
    listed,
    needed,
    text,
)

__all__ = ["CARRIERS", "OWNER", "WAREHOUSES", "QimenSimulator", "body_sign", "simulator"]

BEHAVIOURS = (
    Behaviour("签名是密钥、排好序的地址参数、报文原文、密钥的 MD5，大写", "文档"),
    Behaviour("时间戳是北京时间，前后 10 分钟之外拒绝", "推测"),
    Behaviour("报文是 request，答复是 response，看 flag；code 各家自定", "文档"),
    Behaviour("列表外面一层、里面一个个元素；只有一个元素也是列表", "文档"),
    Behaviour("商品按编码新增或覆盖", "文档"),
    Behaviour("同一个单号再来：给同一张单的回执（same），或说已存在（error），都不另建", "推测"),
    Behaviour("必填、商品、仓库、数量有错时 failure，原文是编的", "推测"),
    Behaviour("接单是 ACCEPT；作业以后不能取消；完成是 FULFILLED、DELIVERED", "文档"),
    Behaviour("取消过的再取消也说成功", "推测"),
    Behaviour("挂起的不作业，恢复以后才作业", "文档"),
    Behaviour("库存查询按页，给 totalCount", "文档"),
    Behaviour("系统异常，写没写成从话里看不出", "推测"),
)
APP_KEY, APP_SECRET = "23000001", "invented00qimen00wms00secret"
CUSTOMER = "c1513000000001"
PREFIX = "taobao.qimen."
NUMBERS = {
    "singleitem.synchronize": ("item", "itemCode"),
    "items.synchronize": ("", "ownerCode"),
    "combineitem.synchronize": ("", "itemCode"),
    **{method: (part, name) for method, (part, name, _) in CREATES.items()},
    "deliveryorder.batchcreate": ("", "ownerCode"),
    "order.cancel": ("", "orderCode"),
    "order.pending": ("", "orderCode"),
    "storeprocess.create": ("", "processOrderCode"),
    "transferorder.create": ("", "erpOrderCode"),
}
Done = tuple[Record, str | None]
"""What a method answers beside its flag, and the id of what it made."""


def simulator(options: Record, seed: int) -> QimenSimulator:
    """`options`: the fields of Options by name. ValueError for others."""
    return QimenSimulator(with_options(Options(), options))


@dataclass(frozen=True, slots=True)
class Options:
    """How this warehouse takes an order that it has already."""

    again: str = "same"

    def __post_init__(self) -> None:
        if self.again not in ("same", "error"):
            raise ValueError(Say("again 是 same 或 error"))


class QimenSimulator:
    name = "qimen_wms"
    behaviours = BEHAVIOURS
    mishaps = frozenset({"system_error", "system_error_after", "throttled"})

    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = Store()
        self._methods: dict[str, Callable[[str, Record, datetime], Done]] = {
            **dict.fromkeys(CREATES, self._create),
            "singleitem.synchronize": self._item,
            "items.synchronize": self._items,
            "combineitem.synchronize": self._paper,
            "storeprocess.create": self._paper,
            "transferorder.create": self._paper,
            "deliveryorder.batchcreate": self._batch,
            "order.cancel": self._cancel,
            "order.pending": self._hold,
            "entryorder.query": self._ask_order,
            "deliveryorder.query": self._ask_order,
            "orderprocess.query": self._trail,
            "inventory.query": self._inventory,
            "stock.query": self._stock,
        }

    def about(self, heard: Heard) -> About:
        method = _method(heard)
        if method in NUMBERS:
            part, name = NUMBERS[method]
            ask = _request(heard)
            number = text((inner(ask.get(part)) if part else ask).get(name))
            return About("save", f"{method} {number}", repeatable=method != "transferorder.create")
        return About("read" if method in self._methods else "other")

    def hear(self, heard: Heard, now: datetime) -> Answer:
        method = _method(heard)
        try:
            self._admit(heard, now)
            if method not in self._methods:
                raise No("Invalid method", "22")
            told, made = self._methods[method](method, _request(heard), now)
        except No as no:
            return _answer({"flag": "failure", "code": no.code, "message": no.says})
        return replace(_answer({"flag": "success", "code": "0", "message": "", **told}), created=made)

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        if kind == "throttled":
            limited: Record = {"flag": "failure", "code": "7", "message": "App Call Limited"}
            return replace(_answer(limited), throttled=True)
        did = self.hear(heard, now) if kind == "system_error_after" else Answer()
        told: Record = {"flag": "failure", "code": "50000", "message": "系统异常"}
        return replace(_answer(told), created=did.created, doubtful=True)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        if deed == "settings":
            self.options = with_options(self.options, given)
            return {}
        if deed == "items":
            codes = given.get("items")
            for code in codes if isinstance(codes, list) else []:
                self.store.items[text(code)] = {"itemCode": text(code)}
            return len(self.store.items)
        if deed == "work":
            return self.store.work(text(given.get("until")), now)
        raise ValueError(Say("奇门 WMS 模拟器会做：settings items work"))

    def connections(self, base: str) -> dict[str, Json]:
        own: Record = {"app_key": APP_KEY, "app_secret": APP_SECRET, "customer_id": CUSTOMER}
        return {"default": {"channel": "default", "base": f"{base}/router/qimen/service", "settings": own}}

    def written(self) -> list[Record]:
        items: list[Record] = [
            {"kind": "item", "number": code, "document": item} for code, item in self.store.items.items()
        ]
        orders: list[Record] = [
            {
                "kind": order.method,
                "id": order.id,
                "number": order.code,
                "status": order.status,
                "document": order.ask,
            }
            for order in self.store.orders.values()
        ]
        papers: list[Record] = [
            {"kind": "paper", "number": code, "document": paper} for code, paper in self.store.papers.items()
        ]
        return [*items, *orders, *papers]

    # -- the methods -----------------------------------------------------------------------------

    def _create(self, method: str, ask: Record, now: datetime) -> Done:
        order, fresh = self.store.create(method, ask, now)
        if not fresh and self.options.again == "error":
            raise No(f"单据{order.code}已存在", "40001")
        return {CREATES[method][2]: order.id}, order.id if fresh else None

    def _batch(self, method: str, ask: Record, now: datetime) -> Done:
        failed: list[Json] = []
        made = []
        for one in listed(ask.get("orders"), "order"):
            try:
                made.append(self._create("deliveryorder.create", one, now)[1] or "")
            except No as no:
                code = text(inner(one.get("deliveryOrder")).get("deliveryOrderCode"))
                failed.append({"deliveryOrderCode": code, "message": no.says})
        return ({"orders": {"order": failed}} if failed else {}), ",".join(made) or None

    def _item(self, method: str, ask: Record, now: datetime) -> Done:
        item = inner(ask.get("item"))
        fresh = self.store.keep_item(ask, item)
        code = text(item["itemCode"])
        return {"itemId": f"ITEM-{code}"}, code if fresh else None

    def _items(self, method: str, ask: Record, now: datetime) -> Done:
        failed: list[Json] = []
        for item in listed(ask.get("items"), "item"):
            try:
                self.store.keep_item(ask, item)
            except No as no:
                failed.append({"itemCode": text(item.get("itemCode")), "message": no.says})
        return ({"items": {"item": failed}} if failed else {}), None

    def _paper(self, method: str, ask: Record, now: datetime) -> Done:
        name = NUMBERS[method][1]
        needed(ask, name)
        code = text(ask[name])
        fresh = code not in self.store.papers
        self.store.papers[code] = ask
        told: dict[str, Record] = {
            "storeprocess.create": {"processOrderId": f"WMS-{code}"},
            "transferorder.create": {"transferExecuteInfo": {"transferOrderCode": f"WMS-{code}"}},
        }
        return told.get(method, {}), code if fresh else None

    def _cancel(self, method: str, ask: Record, now: datetime) -> Done:
        needed(ask, "warehouseCode", "orderCode")
        self.store.cancel(text(ask["orderCode"]), now)
        return {}, None

    def _hold(self, method: str, ask: Record, now: datetime) -> Done:
        needed(ask, "actionType", "warehouseCode", "orderCode")
        self.store.hold(text(ask["orderCode"]), text(ask["actionType"]))
        return {}, None

    def _ask_order(self, method: str, ask: Record, now: datetime) -> Done:
        entry = method == "entryorder.query"
        order = self.store.find(text(ask.get("entryOrderCode" if entry else "orderCode")))
        part, name, ident = CREATES[order.method]
        done = order.status in ("FULFILLED", "DELIVERED")
        head: Record = {
            name: order.code,
            ident: order.id,
            "warehouseCode": text(order.head.get("warehouseCode")),
            "status": order.status,
        }
        lines: list[Json] = [
            {**line, "actualQty": text(line["planQty"]) if done else "0"} for line in order.lines
        ]
        return {part: head, "totalLines": len(lines), "orderLines": {"orderLine": lines}}, None

    def _trail(self, method: str, ask: Record, now: datetime) -> Done:
        order = self.store.find(text(ask.get("orderCode")))
        steps: list[Json] = [
            {"processStatus": status, "operateTime": f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"}
            for status, at in order.trail
        ]
        head: Record = {"orderCode": order.code, "orderId": order.id, "processes": {"process": steps}}
        return {"orderProcess": head}, None

    def _inventory(self, method: str, ask: Record, now: datetime) -> Done:
        wanted = [text(one.get("itemCode")) for one in listed(ask.get("criteriaList"), "criteria")]
        found = [row for row in self._rows() if text(row["itemCode"]) in wanted]
        return {"items": {"item": [*found]}}, None

    def _stock(self, method: str, ask: Record, now: datetime) -> Done:
        needed(ask, "page", "pageSize")
        page, size = int(text(ask["page"])), int(text(ask["pageSize"]))
        found = [
            row
            for row in self._rows()
            if text(ask.get("itemCode")) in ("", text(row["itemCode"]))
            and text(ask.get("warehouseCode")) in ("", text(row["warehouseCode"]))
        ]
        return {"totalCount": len(found), "items": {"item": [*found[(page - 1) * size : page * size]]}}, None

    def _rows(self) -> list[Record]:
        return [
            {
                "warehouseCode": warehouse,
                "itemCode": code,
                "itemId": f"ITEM-{code}",
                "inventoryType": kind,
                "quantity": count,
                "lockQuantity": 0,
                "batchCode": "N",
            }
            for (warehouse, code, kind), count in sorted(self.store.stock().items())
        ]

    def _admit(self, heard: Heard, now: datetime) -> None:
        query = heard.query
        if query.get("app_key") != APP_KEY or query.get("customerId") != CUSTOMER:
            raise No("Invalid app Key", "29")
        if query.get("sign") != body_sign(query, heard.body, APP_SECRET):
            raise No("Invalid signature", "sign-check-failure")
        try:
            at = datetime.strptime(query.get("timestamp", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        except ValueError:
            raise No("Invalid timestamp", "sign-check-failure") from None
        if abs(at - now) > timedelta(minutes=10):
            raise No("Invalid timestamp", "sign-check-failure")


def body_sign(params: Mapping[str, str], body: bytes, secret: str) -> str:
    pairs = sorted((name, value) for name, value in params.items() if name != "sign")
    text = (
        secret.encode() + "".join(f"{name}{value}" for name, value in pairs).encode() + body + secret.encode()
    )
    return hashlib.md5(text, usedforsecurity=False).hexdigest().upper()


def _method(heard: Heard) -> str:
    return heard.query.get("method", "").removeprefix(PREFIX)


def _request(heard: Heard) -> Record:
    return inner(heard.xml.get("request"))


def _answer(told: Record) -> Answer:
    return Answer.of_xml("response", told)
