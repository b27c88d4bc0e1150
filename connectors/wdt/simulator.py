"""旺店通 as far as we know it: the stock-out query on both channels, for tests, trials and the demo.

Written against the facts alone: it shares no code with auth.py and reads no catalogue, so that a
mistake there is found here. BEHAVIOURS lists what it does and how sure we are of each.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from engine.connect import Json, Record, Say
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

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
)

BEIJING = timezone(timedelta(hours=8))
STAMP = "%Y-%m-%d %H:%M:%S"
METHOD = "wdt.stockout.order.query"
QIMEN = "/router/qm"
CLASSIC = "/openapi2/stockout_order_query.php"
SID = "demo-sid"
ACCOUNT: Record = {"sid": SID, "app_key": "12340001", "target_app_key": "21363512"}
CLASSIC_ACCOUNT: Record = {"sid": SID, "appkey": "demo-sid-test"}
SECRET, CLASSIC_SECRET = "invented-qimen-secret", "invented-classic-secret"
WAREHOUSES = frozenset({"WH-HZ01", "WH-GZ02", "WH-CD03"})
TYPES = frozenset({"1", "2", "3", "4", "5", "7", "8", "9", "10", "11", "12", "13"})
STATUSES = frozenset({"5", "50", "55", "95", "105", "110", "113", "115", "120"})
NO_TIME = "0000-00-00 00:00:00"


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


class No(Exception):
    """The vendor's own refusal; `gateway` where Taobao speaks, before 旺店通 hears the call."""

    def __init__(self, code: int, says: str, *, gateway: bool = False) -> None:
        super().__init__(says)
        self.code, self.says, self.gateway = code, says, gateway


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

    def about(self, heard: Heard) -> About:
        return About("read" if heard.path in (QIMEN, CLASSIC) else "other")

    def hear(self, heard: Heard, now: datetime) -> Answer:
        if heard.path not in (QIMEN, CLASSIC):
            return Answer(404, b"Not Found", {"content-type": "text/plain"})
        qimen = heard.path == QIMEN
        try:
            (verify_qimen if qimen else verify_classic)(heard.params, now)
            self._count(now)
            total, rows = self._page(heard.params, now)
        except No as no:
            return _refusal(no, qimen)
        return self._told(total, rows, qimen)

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
        raise ValueError(Say("旺店通模拟器会做：settings orders change visible"))

    def connections(self, base: str) -> dict[str, Json]:
        qimen: Record = {**ACCOUNT, "app_secret": SECRET}
        classic: Record = {**CLASSIC_ACCOUNT, "appsecret": CLASSIC_SECRET}
        return {
            "qimen": {"channel": "qimen", "base": base + QIMEN, "settings": qimen},
            "classic": {"channel": "classic", "base": base + "/openapi2", "settings": classic},
        }

    def written(self) -> list[Record]:
        return []

    def _count(self, now: datetime) -> None:
        """The account's own limit: calls of the last sixty seconds, refused ones not counted."""
        while self._heard and now - self._heard[0] >= timedelta(minutes=1):
            self._heard.popleft()
        if len(self._heard) >= self.options.per_minute:
            raise No(1012, "请求过于频繁，超过每分钟调用频率")
        self._heard.append(now)

    def _page(self, params: Mapping[str, str], now: datetime) -> tuple[int | None, list[Record]]:
        """One page: the total on page 0, None on others. Drift strikes after the page was taken."""
        number, size = _whole(params, "page_no", 0), _whole(params, "page_size", 30)
        if not 1 <= size <= self.options.page_cap:
            raise No(2220, f"page_size取值范围1~{self.options.page_cap}")
        since, until = _span(params)
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
        if number := params.get("stockout_no"):
            return [key for key, held in self.orders.items() if held.body.get("order_no") == number]
        wanted = {"status": status, "order_type": kind, "warehouse_no": place}
        wanted |= {name: params.get(name) for name in ("src_order_no", "outer_no")}
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
        done = _moment(held.consigned) + timedelta(hours=hours)
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
            held.modified = _beijing(now)

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
        self._hold(Held(body, str(body.get("consign_time") or NO_TIME), _beijing(now)))
        return body

    def _told(self, total: int | None, rows: list[Record], qimen: bool) -> Answer:
        self._asked += 1
        if qimen:
            inner: Record = {"flag": "success", "errorcode": 0, "message": "", "total_count": total}
            inner |= {"request_id": f"sim{self._asked:09}"} | ({"stockout_list": [*rows]} if rows else {})
            return Answer.of({"response": inner})
        told: Record = {"code": 0, "message": "", "stockout_list": [texts(row) for row in rows] or None}
        return Answer.of(told if total is None else told | {"total_count": total}, ascii=True)


def verify_qimen(params: Mapping[str, str], now: datetime) -> None:
    """Raises No unless the gateway would let this call pass."""
    if params.get("app_key") != ACCOUNT["app_key"]:
        raise No(29, "Invalid app Key", gateway=True)
    if params.get("sign") != qimen_sign(params, SECRET):
        raise No(25, "Invalid signature", gateway=True)
    if abs(_moment(params.get("timestamp", "")) - now) > timedelta(minutes=10):
        raise No(31, "Invalid timestamp", gateway=True)
    if params.get("method", "").removeprefix("hu3cgwt0tc.") != METHOD:
        raise No(22, "Invalid method", gateway=True)
    if params.get("sid") != ACCOUNT["sid"] or params.get("target_app_key") != ACCOUNT["target_app_key"]:
        raise No(1007, "卖家账号不存在或未开通接口")


def verify_classic(params: Mapping[str, str], now: datetime) -> None:
    """Raises No unless openapi2 would let this call pass."""
    if params.get("sid") != CLASSIC_ACCOUNT["sid"] or params.get("appkey") != CLASSIC_ACCOUNT["appkey"]:
        raise No(1007, "卖家账号或接口账号不存在")
    if params.get("sign") != classic_sign(params, CLASSIC_SECRET):
        raise No(1014, "签名错误")
    stamp = params.get("timestamp", "")
    if len(stamp) != 10 or not stamp.isdecimal() or abs(int(stamp) - now.timestamp()) > 300:
        raise No(1015, "时间戳超出允许的范围")


def qimen_sign(params: Mapping[str, str], secret: str) -> str:
    """The gateway's signature: every parameter it was given, also empty ones and those beginning with @."""
    text = secret
    for name in sorted(params, key=lambda name: name.encode()):
        if name != "sign":
            text += name + params[name]
    return hashlib.md5((text + secret).encode(), usedforsecurity=False).hexdigest().upper()


def classic_sign(params: Mapping[str, str], secret: str) -> str:
    """openapi2's signature: lengths in characters, two digits for names, four for values; empty ones too."""
    parts = []
    for name in sorted(params, key=lambda name: name.encode()):
        if name != "sign":
            value = params[name]
            parts.append(f"{len(name):02d}-{name}:{len(value):04d}-{value}")
    return hashlib.md5((";".join(parts) + secret).encode(), usedforsecurity=False).hexdigest()


def texts(value: Json) -> Json:
    """As openapi2 writes it: every number inside a row as text."""
    if isinstance(value, dict):
        return {name: texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [texts(inner) for inner in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _refusal(no: No, qimen: bool) -> Answer:
    throttled = no.code == 1012
    if not qimen:
        return Answer.of({"code": no.code, "message": no.says}, throttled=throttled, ascii=True)
    if no.gateway:
        error: Record = {"code": no.code, "msg": no.says, "sub_code": "", "sub_msg": "", "request_id": "sim"}
        return Answer.of({"error_response": error})
    inner: Record = {"flag": "failure", "code": "50", "errorcode": no.code, "sub_message": no.says}
    return Answer.of({"response": inner}, throttled=throttled)


def _span(params: Mapping[str, str]) -> tuple[str, str]:
    """The window's two ends as text, which sorts as time does."""
    since, until = params.get("start_time", ""), params.get("end_time", "")
    if params.get("stockout_no"):
        return since, until
    if not since or not until:
        raise No(2900, "start_time和end_time不能为空")
    try:
        first, last = (datetime.strptime(stamp, STAMP).replace(tzinfo=BEIJING) for stamp in (since, until))
    except ValueError as wrong:
        raise No(2160, "start_time或end_time时间格式不正确") from wrong
    if last < first:
        raise No(2105, "start_time不能大于end_time")
    if last - first > timedelta(days=30):
        raise No(2180, "start_time与end_time时间跨度不能超过最大范围30天")
    return since, until


def _whole(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name, "")
    if text and not text.isdecimal():
        raise No(2830, f"{name}的值{text}不正确")
    return int(text) if text else default


def _moment(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=BEIJING)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)


def _beijing(now: datetime) -> str:
    return now.astimezone(BEIJING).strftime(STAMP)


def _records(value: Json) -> list[Record]:
    rows = value if isinstance(value, list) else []
    found = [row for row in rows if isinstance(row, dict) and "stockout_id" in row]
    if not found or len(found) < len(rows):
        raise ValueError(Say("orders 是出库单的列表，每张有 stockout_id"))
    return found
