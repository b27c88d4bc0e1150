"""旺店通 as far as we know it, on both channels: what it shows, its pools, and what it lets others write.

Written against the facts alone: it shares no code with what signs our calls and reads no catalogue, so that a
mistake there is found here. BEHAVIOURS lists what it does and how sure we are of each.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.connect import Json, Record, Say
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

from .simulator_desk import Desk
from .simulator_forms import ACKS, FORMS
from .simulator_ground import (
    ACCOUNT,
    CLASSIC_ACCOUNT,
    CLASSIC_SECRET,
    NO_TIME,
    SECRET,
    No,
    beijing,
    classic_sign,
    moment,
    page_of,
    qimen_sign,
    span,
    texts,
    verify_classic,
    verify_qimen,
)
from .simulator_shelves import WAREHOUSES, Pool, pools, shelves

__all__ = ["WdtSimulator", "classic_sign", "qimen_sign", "simulator"]

ASKED = ("outer_no", "stockin_outer_no", "api_outer_no", "provider_no")
"""Parameters by which a caller asks for what it wrote itself."""

BEHAVIOURS = (
    Behaviour("奇门签名：全部参数按名排序相接，前后加密钥，MD5 大写", "实测"),
    Behaviour("标准接口签名：名和值前加字符长度，分号相接，后加密钥，MD5 小写", "实测"),
    Behaviour("标准接口时间戳是秒，前后 300 秒之外拒绝", "文档"),
    Behaviour("奇门时间戳是北京时间文本，前后 10 分钟之外拒绝", "推测"),
    Behaviour("卖家账号、接口账号不认识时拒绝；签名不对时拒绝，原文是编的", "推测"),
    Behaviour("一次最多 30 天，超出返回 2180；两端都含在内", "文档"),
    Behaviour("不传 status 或传 95 及以上时按出库时间筛选，小于 95 时按修改时间", "文档"),
    Behaviour("没有出库时间的单据，不传 status 时不出现", "推测"),
    Behaviour("传 stockout_no 时可以不传时间", "文档"),
    Behaviour("页号从 0 起；每页最多 100，有的账号最多 30，超出返回 2220", "文档"),
    Behaviour("只有第 0 页给总数，其余页奇门给 null、标准接口不给", "文档"),
    Behaviour("按筛选的时间排序", "推测"),
    Behaviour("翻页之间有新单据出现、旧单据改变", "推测"),
    Behaviour("95 已发货的单据在出库后几小时变成 110 已完成，出库时间不变", "推测"),
    Behaviour("每分钟 60 次，超出返回 1012", "文档"),
    Behaviour("没查到时总数为 0，列表缺席（奇门）或为 null（标准接口）", "推测"),
    Behaviour("奇门的主键和状态是数字，标准接口是文本且中文写成转义", "推测"),
    Behaviour("不认识的仓库、类型、状态返回 2830", "推测"),
    Behaviour("订单一次最多问 60 分钟，其他单据 30 天，都按修改时间筛选", "文档"),
    Behaviour("店铺、仓库、物流、供应商没有时间条件；物流不翻页", "文档"),
    Behaviour("用外部单号问时可以不传时间", "推测"),
    Behaviour("待取池一次至多给 limit 条（物流 100，库存变化 2000），确认后才不再出现", "文档"),
    Behaviour("库存变化的确认要带回 stock_change_count，期间又变过的留在池里", "文档"),
    Behaviour("确认说成功时 errors 里列出没有这条记录的", "文档"),
    Behaviour("重复确认不算错", "推测"),
    Behaviour("写单据缺必填返回 2900，值不对或档案、来源单不存在返回 2830，店铺不对返回 2310", "推测"),
    Behaviour("同一外部单号第二次写返回没有公布过的错误码 5051，原来的单据不变", "推测"),
    Behaviour("货品、原始订单、原始退款单按编号新建或更新，回 new_count、chg_count", "文档"),
    Behaviour("写出入库单、调拨单回单号；写盘点单即改库存", "推测"),
)

METHOD = "wdt.stockout.order.query"
QIMEN = "/router/qm"
CLASSIC = "/openapi2/"
TYPES = frozenset({"1", "2", "3", "4", "5", "7", "8", "9", "10", "11", "12", "13"})
STATUSES = frozenset({"5", "50", "55", "95", "105", "110", "113", "115", "120"})
# The two whose php name says less than their method.
SHORT = {"shop": "wdt.shop.query", "logistics": "wdt.logistics.query"}


def simulator(options: Record, seed: int) -> WdtSimulator:
    """`options`: the fields of Options by name. ValueError for others."""
    return WdtSimulator(with_options(Options(), options), seed)


@dataclass(frozen=True, slots=True)
class Options:
    """How this tenant behaves today."""

    per_minute: int = 60
    page_cap: int = 100
    finish_hours: int = 6
    drift: float = 0.0


@dataclass(slots=True)
class Held:
    """One order as the vendor holds it; when it changed last is not among the reply's fields."""

    body: Record
    consigned: str
    modified: str


class WdtSimulator:
    name = "wdt"
    behaviours = BEHAVIOURS
    mishaps = frozenset({"throttled"})

    def __init__(self, options: Options, seed: int) -> None:
        self.options = options
        self.orders: dict[str, Held] = {}
        self.late: list[Held] = []
        self._consigned: list[tuple[str, str]] = []
        self._heard: deque[datetime] = deque()
        self._dice = random.Random(seed)  # noqa: S311  (drift, not secrets)
        self._asked = 0
        self.shelves, self.pools = shelves(), pools()
        self.desk = Desk(self.shelves, self.pools)
        self._methods = frozenset({METHOD, *self.shelves, *self.pools, *FORMS, *ACKS})

    def about(self, heard: Heard) -> About:
        method = self._method(heard)
        if method in FORMS:
            number, again = self.desk.about(method, heard.params)
            return About("save", number, repeatable=again)
        if method in ACKS:
            return About("ack")
        if method not in self._methods:
            return About("other")
        asked = next((number for name in ASKED if (number := heard.params.get(name))), None)
        return About("lookup", asked) if asked else About("read")

    def hear(self, heard: Heard, now: datetime) -> Answer:
        qimen, method = heard.path == QIMEN, self._method(heard)
        if not qimen and method not in self._methods:
            return Answer(404, b"Not Found", {"content-type": "text/plain"})
        try:
            verify_qimen(heard.params, now, self._methods) if qimen else verify_classic(heard.params, now)
            self._count(now)
            return self._done(method, heard.params, qimen, now)
        except No as no:
            return _refusal(no, qimen)

    def _method(self, heard: Heard) -> str:
        """The method's name, whichever way the call came."""
        if heard.path == QIMEN:
            return heard.params.get("method", "").removeprefix("hu3cgwt0tc.")
        php = heard.path.removeprefix(CLASSIC).removesuffix(".php")
        return SHORT.get(php) or "wdt." + php.replace("_", ".")

    def _done(self, method: str, params: Mapping[str, str], qimen: bool, now: datetime) -> Answer:
        if method in FORMS:
            told, made = self.desk.hand_in(method, params, now)
            if made is not None and FORMS[method].shelf == METHOD:
                self._hold(Held(made, str(made["consign_time"]), beijing(now)))
            answer = self._told(told, qimen)
            number = self.desk.about(method, params)[0]
            return replace(answer, created=f"{method} {number}") if made is not None else answer
        if method in ACKS:
            return self._told(self.desk.acknowledge(method, params), qimen)
        if method in self.pools:
            rows = self.pools[method].take(params)
            return self._told(
                {"current_count": len(rows), **_list(self.pools[method].at, rows, qimen)}, qimen
            )
        if method == METHOD:
            total, rows = self._page(params, now)
            name = "stockout_list"
        else:
            shelf = self.shelves[method]
            total, rows = shelf.page(params, self.options.page_cap)
            name = shelf.at
        counted: Record = {"total_count": total} if qimen or total is not None else {}
        return self._told({**counted, **_list(name, rows, qimen)}, qimen)

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        """It throttles although the caller kept to its limit."""
        return _refusal(No(1012, "请求过于频繁，超过每分钟调用频率"), heard.path == QIMEN)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        if deed == "settings":
            self.options = with_options(self.options, given)
            return {}
        if deed == "orders":
            return self._add(_records(given.get("orders")), late=given.get("late") is True)
        if deed == "change":
            return self._change(given, now)
        if deed == "visible":
            return [self._as_of(held, now) for held in self.orders.values()]
        if deed == "rows":
            return self._put(str(given.get("of", "")), given.get("rows"), now)
        if deed == "shelf":
            return self._shelf(str(given.get("of", "")))
        raise ValueError(Say("旺店通模拟器会做：settings orders change visible rows shelf"))

    def connections(self, base: str) -> dict[str, Json]:
        qimen: Record = {**ACCOUNT, "app_secret": SECRET}
        classic: Record = {**CLASSIC_ACCOUNT, "appsecret": CLASSIC_SECRET}
        return {
            "qimen": {"channel": "qimen", "base": base + QIMEN, "settings": qimen},
            "classic": {"channel": "classic", "base": base + "/openapi2", "settings": classic},
        }

    def written(self) -> list[Record]:
        return [*self.desk.handed.values()]

    def _put(self, method: str, rows: Json, now: datetime) -> Json:
        """Rows on a shelf or into a pool, as if people had made them in the vendor's own program."""
        shelf = self.shelves.get(method) or self.pools.get(method)
        found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        if shelf is None or not found:
            known = " ".join([*self.shelves, *self.pools])
            raise ValueError(Say("rows 要有 of 和 rows，of 可以是：{names}", names=known))
        for row in found:
            shelf.put(row) if isinstance(shelf, Pool) else shelf.put(row, now)
        return {"rows": len(found)}

    def _shelf(self, method: str) -> Json:
        """What stands on a shelf; of a pool, what waits and what was acknowledged."""
        if pool := self.pools.get(method):
            return {"waiting": [*pool.rows.values()], "acknowledged": [*pool.acknowledged]}
        return [*self.shelves[method].rows.values()] if method in self.shelves else []

    def _count(self, now: datetime) -> None:
        """The account's own limit: calls of the last sixty seconds, refused ones not counted."""
        while self._heard and now - self._heard[0] >= timedelta(minutes=1):
            self._heard.popleft()
        if len(self._heard) >= self.options.per_minute:
            raise No(1012, "请求过于频繁，超过每分钟调用频率")
        self._heard.append(now)

    def _page(self, params: Mapping[str, str], now: datetime) -> tuple[int | None, list[Record]]:
        """One page: the total on page 0, None on others. Drift strikes after the page was taken."""
        number, size = page_of(params, self.options.page_cap)
        alone = any(params.get(name) for name in ("stockout_no", "outer_no")) and not params.get("start_time")
        since, until = ("", "~") if alone else span(params, timedelta(days=30))
        found = self._found(params, since, until, now)
        rows = [self._as_of(self.orders[key], now) for key in found[number * size : (number + 1) * size]]
        if number > 0:
            self._drift(since, until, now)
        return (len(found) if number == 0 else None), rows

    def _found(self, params: Mapping[str, str], since: str, until: str, now: datetime) -> list[str]:
        """Keys in the order of the column that filters."""
        status, kind, place = params.get("status"), params.get("order_type"), params.get("warehouse_no")
        for value, known, name in ((status, STATUSES, "status"), (kind, TYPES, "order_type")):
            if value and value not in known:
                raise No(2830, f"{name}的值{value}不正确")
        if place and place not in WAREHOUSES:
            raise No(2830, f"仓库编号{place}不存在")
        for name, at in (("stockout_no", "order_no"), ("outer_no", "outer_no")):
            if number := params.get(name):
                return [key for key, held in self.orders.items() if held.body.get(at) == number]
        wanted = {"status": status, "order_type": kind, "warehouse_no": place}
        wanted |= {name: params.get(name) for name in ("src_order_no",)}
        wanted = {name: value for name, value in wanted.items() if value}
        keys = self._between(since, until, bool(status) and int(status or 0) < 95)
        return [key for key in keys if self._fits(key, wanted, now)] if wanted else keys

    def _between(self, since: str, until: str, by_modified: bool) -> list[str]:
        if by_modified:
            rows = sorted((held.modified, key) for key, held in self.orders.items())
            return [key for stamp, key in rows if since <= stamp <= until]
        first, last = bisect_left(self._consigned, (since, "")), bisect_right(self._consigned, (until, "~"))
        return [key for _, key in self._consigned[first:last]]

    def _fits(self, key: str, wanted: Mapping[str, str | None], now: datetime) -> bool:
        body = self._as_of(self.orders[key], now)
        return all(str(body.get(name)) == value for name, value in wanted.items())

    def _as_of(self, held: Held, now: datetime) -> Record:
        """95 becomes 110 some hours after consign_time, which stays as it is."""
        if held.body.get("status") != 95 or not self.options.finish_hours:
            return held.body
        hours = 1 + int(str(held.body["stockout_id"])) % self.options.finish_hours
        done = moment(held.consigned) + timedelta(hours=hours)
        return held.body | {"status": 110} if now >= done else held.body

    def _drift(self, since: str, until: str, now: datetime) -> None:
        """Between two calls a late order appears in the window, and one of it gets its parcel number.

        Only between pages of one walk: an order that appears after the last look at its window is
        late by design, and no reader can know of it.
        """
        if self._dice.random() >= self.options.drift:
            return
        for held in self.late:
            if since <= held.consigned <= until:
                self.late.remove(held)
                self._hold(held)
                break
        keys = self._between(since, until, by_modified=False)
        if keys:
            held = self.orders[self._dice.choice(keys)]
            held.body = held.body | {"status": 110, "logistics_no": f"YT{self._dice.randrange(10**9):09}"}
            held.modified = beijing(now)

    def _add(self, bodies: Iterable[Record], *, late: bool) -> Json:
        count = 0
        for body in bodies:
            consigned = str(body.get("consign_time") or NO_TIME)
            held = Held(body, consigned, str(body.get("modified") or consigned))
            held.body = {name: value for name, value in body.items() if name != "modified"}
            if late:
                self.late.append(held)
            else:
                self._hold(held)
            count += 1
        return {"orders": count}

    def _hold(self, held: Held) -> None:
        key = str(held.body["stockout_id"])
        if (old := self.orders.get(key)) and old.consigned != NO_TIME:
            self._consigned.remove((old.consigned, key))
        self.orders[key] = held
        if held.consigned != NO_TIME:
            insort(self._consigned, (held.consigned, key))

    def _change(self, given: Record, now: datetime) -> Json:
        """Other values for the fields of one order; its consign_time stays unless given."""
        fields, number = given.get("fields"), given.get("order_no")
        found = [held for held in self.orders.values() if held.body.get("order_no") == number]
        if not found or not isinstance(fields, dict):
            raise ValueError(Say("没有这张出库单，或没有给出 fields"))
        body = found[0].body | fields
        self._hold(Held(body, str(body.get("consign_time") or NO_TIME), beijing(now)))
        return body

    def _told(self, told: Record, qimen: bool) -> Answer:
        self._asked += 1
        if qimen:
            inner: Record = {
                "flag": "success",
                "errorcode": 0,
                "message": "",
                "request_id": f"sim{self._asked:09}",
            }
            return Answer.of({"response": inner | told})
        return Answer.of({"code": 0, "message": "", **{k: _plain(v) for k, v in told.items()}}, ascii=True)


def _plain(value: Json) -> Json:
    """Inside rows openapi2 writes numbers as text, beside them as numbers."""
    return texts(value) if isinstance(value, list) else value


def _list(name: str, rows: list[Record], qimen: bool) -> Record:
    """Nothing found: the list is left out by one channel and null in the other."""
    if rows:
        return {name: [*rows]}
    return {} if qimen else {name: None}


def _refusal(no: No, qimen: bool) -> Answer:
    throttled, doubtful = no.code == 1012, no.doubtful
    if not qimen:
        said: Record = {"code": no.code, "message": no.says}
        return Answer.of(said, throttled=throttled, doubtful=doubtful, ascii=True)
    if no.gateway:
        error: Record = {"code": no.code, "msg": no.says, "sub_code": "", "sub_msg": "", "request_id": "sim"}
        return Answer.of({"error_response": error})
    inner: Record = {"flag": "failure", "code": "50", "errorcode": no.code, "sub_message": no.says}
    return Answer.of({"response": inner}, throttled=throttled, doubtful=doubtful)


def _records(value: Json) -> list[Record]:
    rows = value if isinstance(value, list) else []
    found = [row for row in rows if isinstance(row, dict) and "stockout_id" in row]
    if not found or len(found) < len(rows):
        raise ValueError(Say("orders 是出库单的列表，每张有 stockout_id"))
    return found
