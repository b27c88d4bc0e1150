"""万里牛 ERP as far as we know it: trades and returns by time, articles, warehouses, shops, trades pushed by a shop.

Written against the facts alone: it shares no code with what signs our calls and reads no catalogue.
BEHAVIOURS lists what it does and how sure we are of each.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from engine.connect import Json, Record, Say, decode
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

from .simulator_store import SHOPS, STORAGES, No, Store, text

__all__ = ["SHOPS", "STORAGES", "HupunSimulator", "hupun_sign", "simulator"]

BEHAVIOURS = (
    Behaviour("签名是两个密钥夹着排好序、编码过、用 & 连起来的参数的 MD5，大小写不论", "文档"),
    Behaviour("授权码有就要签，没有就不能有", "文档"),
    Behaviour("时间戳是毫秒，前后 10 分钟之外不认", "推测"),
    Behaviour("签名、应用不对时的代码 401 和原话", "推测"),
    Behaviour("页号从 1 数，一页至多 200 行，没有总数", "文档"),
    Behaviour("每页超过 200 行时 1500", "推测"),
    Behaviour("订单按修改、创建、付款、发货时间之一和 end_time 查，包含两端，按修改时间从旧到新", "推测"),
    Behaviour("只给最近三个月的订单", "文档"),
    Behaviour("时间是毫秒", "文档"),
    Behaviour("查商品规格要有条件，没有时 1500", "推测"),
    Behaviour("同一个商品编码再来时报错，代码和原话没有登记过", "推测"),
    Behaviour("推送的订单同一个 tradeID 再来是更新，已有的金额、仓库不变", "文档"),
    Behaviour("店铺不是这家公司的，code 是 0，data.success 是 false，data.error_code 是 5002", "文档"),
    Behaviour("必填没有填时 1500，说不能为空", "推测"),
    Behaviour("调用太频繁时的话，没有执行", "推测"),
    Behaviour("系统异常 500，写没写成从话里看不出", "推测"),
)
APP, SECRET, COMPANY = "demo00hupun00app", "invented00hupun00secret", "invented00hupun00company"
FRESH = timedelta(minutes=10)
MOST = 200
SAVES = {"goods/add/item": ("item", "item_code"), "b2c/trades/open": ("trades", "tradeID")}
TIMES = ("modify_time", "create_time", "pay_time", "send_goods_time")
Done = tuple[Json, str | None]
"""What a call answers in `data`, and the id of what it made."""


def simulator(options: Record, seed: int) -> HupunSimulator:
    """`options`: the fields of Options by name. ValueError for others."""
    return HupunSimulator(with_options(Options(), options))


@dataclass(frozen=True, slots=True)
class Options:
    """How the gateway behaves today; 0 calls a minute: no limit; 0 days of history: all."""

    per_minute: int = 0
    history_days: int = 90


class HupunSimulator:
    name = "hupun_erp"
    behaviours = BEHAVIOURS
    mishaps = frozenset({"system_error", "system_error_after", "throttled"})

    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = Store()
        self._heard: deque[datetime] = deque()
        self._doubted: set[str] = set()
        self._calls: dict[str, Callable[[Mapping[str, str], datetime], Done]] = {
            "opentrade/list/trades": self._trades,
            "open/return/order/list": self._returns,
            "base/storage/query": lambda ask, now: (_page(ask, _named(STORAGES, "storage")), None),
            "base/shop/page/get": lambda ask, now: (_page(ask, [*map(_shop, SHOPS.items())]), None),
            "goods/spec/open/query/goodswithspeclist": self._specs,
            "goods/add/item": self._article,
            "b2c/trades/open": self._push,
        }

    def about(self, heard: Heard) -> About:
        deed = _deed(heard)
        if deed in SAVES:
            wrap, name = SAVES[deed]
            given = _decoded(heard.params.get(wrap, ""))
            first = given[0] if isinstance(given, list) and given else given
            number = text(first.get(name)) if isinstance(first, dict) else ""
            # From its arrival on the caller may ask what became of it, also where it was never executed.
            self._doubted.add(number)
            return About("save", number or None, repeatable=deed == "b2c/trades/open")
        wanted = heard.params.get("item_code", "")
        if deed.startswith("goods/spec") and wanted in self._doubted:
            return About("lookup", wanted)
        return About("read" if deed in self._calls else "other")

    def hear(self, heard: Heard, now: datetime) -> Answer:
        deed = _deed(heard)
        try:
            self._admit(heard, now)
            if deed not in self._calls:
                raise No("404", "接口不存在")
            told, made = self._calls[deed](heard.params, now)
        except No as no:
            return _denied(no)
        return replace(Answer.of({"code": 0, "message": "", "data": told}), created=made)

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        if kind == "throttled":
            return _denied(No("429", "调用过于频繁，请稍后再试"))
        did = self.hear(heard, now) if kind == "system_error_after" else Answer()
        return replace(_denied(No("500", "系统异常")), created=did.created, doubtful=True)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        if deed == "settings":
            self.options = with_options(self.options, given)
            return {}
        if deed in ("trades", "returns"):
            told = given.get(deed)
            rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
            if not all(isinstance(row.get("modify_time"), int) for row in rows):
                raise ValueError(Say("trades、returns 的每一条要有 modify_time（毫秒）"))
            return self.store.keep(deed, rows)
        if deed == "ship":
            return self.store.ship(now)
        raise ValueError(Say("万里牛模拟器会做：settings trades returns ship"))

    def connections(self, base: str) -> dict[str, Json]:
        own: Record = {"app_key": APP, "app_secret": SECRET, "company": COMPANY}
        return {"default": {"channel": "default", "base": f"{base}/api", "settings": own}}

    def written(self) -> list[Record]:
        goods: list[Record] = [
            {"kind": "goods", "id": code, "number": code, "document": one}
            for code, one in self.store.articles.items()
        ]
        pushed: list[Record] = [
            {"kind": "trade", "id": number, "number": number, "document": one}
            for number, one in self.store.pushed.items()
        ]
        return [*goods, *pushed]

    # -- the calls -------------------------------------------------------------------------------

    def _trades(self, ask: Mapping[str, str], now: datetime) -> Done:
        since = next((name for name in TIMES if ask.get(name)), "")
        span = (_moment(ask.get(since, "")), _moment(ask.get("end_time", "")))
        field = "send_time" if since == "send_goods_time" else since or "modify_time"
        kept = self.options.history_days
        oldest = _milliseconds(now - timedelta(days=kept)) if kept else 0
        wanted = {one for one in ask.get("trade_status", "").split(",") if one}
        found = [
            row
            for row in self.store.rows("trades", field, span)
            if int(text(row["modify_time"])) >= oldest
            and ask.get("bill_code", "") in ("", row.get("trade_no"), row.get("tp_tid"))
            and ask.get("storage_code", "") in ("", row.get("storage_code"))
            and (not wanted or text(row.get("process_status")) in wanted)
        ]
        return _page(ask, found), None

    def _returns(self, ask: Mapping[str, str], now: datetime) -> Done:
        span = (_moment(ask.get("start_time", "")), _moment(ask.get("end_time", "")))
        return _page(ask, self.store.rows("returns", "modify_time", span)), None

    def _specs(self, ask: Mapping[str, str], now: datetime) -> Done:
        names = ("item_code", "spec_code", "bar_code")
        if not any(ask.get(name) for name in (*names, "modify_time")):
            raise No("1500", "商品编码、规格编码、修改时间、条码不能都为空")
        since = _moment(ask.get("modify_time", "")) or 0
        found = [
            row
            for row in self.store.specs.values()
            if all(ask.get(name, "") in ("", row.get(name)) for name in names)
            and int(text(row["modify_time"])) >= since
        ]
        return _page(ask, found), None

    def _article(self, ask: Mapping[str, str], now: datetime) -> Done:
        item = _decoded(ask.get("item", ""))
        if not isinstance(item, dict):
            raise No("1500", "参数item不能为空")
        code = self.store.article(item, _milliseconds(now))
        return code, code

    def _push(self, ask: Mapping[str, str], now: datetime) -> Done:
        trades = _decoded(ask.get("trades", ""))
        rows = [row for row in trades if isinstance(row, dict)] if isinstance(trades, list) else []
        if not rows or len(rows) > 10:
            raise No("1500", "参数trades不能为空，最多只支持10笔")
        if any(row.get("shopNick") not in SHOPS.values() for row in rows):
            return {"success": False, "error_code": "5002", "error_msg": "店铺不匹配", "response": ""}, None
        fresh = [self.store.push(row, _milliseconds(now)) for row in rows]
        numbers = ",".join(f'"{text(row["tradeID"])}"' for row in rows)
        made = next((number for number in fresh if number), None)
        return {"success": True, "error_code": "", "error_msg": "", "response": f"[{numbers}]"}, made

    def _admit(self, heard: Heard, now: datetime) -> None:
        params = heard.params
        if params.get("_app") != APP:
            raise No("401", "应用不存在")
        if params.get("_s") != COMPANY:
            raise No("401", "无效的授权码")
        if params.get("_sign", "").lower() != hupun_sign(params, SECRET):
            raise No("401", "签名错误")
        stamp = params.get("_t", "")
        if not stamp.isdecimal() or abs(int(stamp) - _milliseconds(now)) > FRESH / timedelta(milliseconds=1):
            raise No("401", "签名错误：时间戳已过期")
        if self.options.per_minute:
            while self._heard and now - self._heard[0] >= timedelta(minutes=1):
                self._heard.popleft()
            if len(self._heard) >= self.options.per_minute:
                raise No("429", "调用过于频繁，请稍后再试")
            self._heard.append(now)


def hupun_sign(params: Mapping[str, str], secret: str) -> str:
    """Name=value, both as a form encodes them, joined by &, between two secrets; lower-case hex."""
    pairs = sorted((name, params[name]) for name in params if name not in ("_sign", "_sign_kind"))
    joined = "&".join(f"{_coded(name)}={_coded(value)}" for name, value in pairs)
    return hashlib.md5(f"{secret}{joined}{secret}".encode(), usedforsecurity=False).hexdigest()


def _coded(value: str) -> str:
    """As java.net.URLEncoder: letters, digits and . - * _ stay, a blank becomes +."""
    told = []
    for byte in value.encode("utf-8"):
        sign = chr(byte)
        plain = byte < 128 and (sign.isalnum() or sign in ".-*_")
        told.append(sign if plain else "+" if sign == " " else f"%{byte:02X}")
    return "".join(told)


def _page(ask: Mapping[str, str], rows: list[Record]) -> Json:
    number, limit = ask.get("page", "") or "1", ask.get("limit", "") or "20"
    if not number.isdecimal() or not limit.isdecimal() or int(number) < 1:
        raise No("1500", "page、limit不正确")
    if int(limit) > MOST:
        raise No("1500", f"limit最多只支持{MOST}")
    start = (int(number) - 1) * int(limit)
    return [*rows[start : start + int(limit)]]


def _named(known: Mapping[str, str], what: str) -> list[Record]:
    return [{f"{what}_code": code, f"{what}_name": name} for code, name in known.items()]


def _shop(pair: tuple[str, str]) -> Record:
    return {"sys_shop": pair[0], "shop_name": f"{pair[1]}店", "shop_nick": pair[1]}


def _moment(written: str) -> int | None:
    """Beijing time as milliseconds; None where nothing is written. Raises No for what is no time."""
    if not written:
        return None
    try:
        return _milliseconds(datetime.fromisoformat(f"{written}+08:00"))
    except ValueError as wrong:
        raise No("1500", f"时间{written}格式不正确") from wrong


def _milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _decoded(given: str) -> Json:
    try:
        return decode(given.encode())
    except ValueError:
        return None


def _deed(heard: Heard) -> str:
    return heard.path.rpartition("/erp/")[2]


def _denied(no: No) -> Answer:
    code = int(no.code)
    return replace(Answer.of({"code": code, "message": no.says, "data": None}), throttled=code == 429,
                   doubtful=no.doubtful)  # fmt: skip
