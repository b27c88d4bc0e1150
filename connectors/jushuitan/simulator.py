"""聚水潭 as far as we know it: tokens, orders and outbound by time of change, articles and orders uploaded.

Written against the facts alone: it shares no code with auth.py or what signs our calls and reads no
catalogue. BEHAVIOURS lists what it does and how sure we are of each.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.connect import Json, Record, Say, decode
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

from .simulator_store import SHOPS, WAREHOUSES, No, Store, text

__all__ = ["SHOPS", "WAREHOUSES", "JushuitanSimulator", "jst_sign", "simulator"]

BEHAVIOURS = (
    Behaviour("签名是密钥加排好序的参数名和值的 MD5，小写，空的不算；不对时 10", "文档"),
    Behaviour("时间戳是秒，前后 10 分钟之外不认", "推测"),
    Behaviour("令牌不对或过期时 100，话里有 access_token；参数不对也是 100", "文档"),
    Behaviour("自有应用用任意 6 位码换令牌，30 天有效", "文档"),
    Behaviour("刷新以后令牌的值不变，有效期从头算", "文档"),
    Behaviour("页号从 1 数，不写每页 30，至多 50，回 data_count、page_count、has_next", "文档"),
    Behaviour("每页超过 50 时的话", "推测"),
    Behaviour("修改时间一次至多 7 天，超过时的话", "推测"),
    Behaviour("按修改时间查，两端包含，从旧到新", "推测"),
    Behaviour("同一个商品编码再传是修改", "文档"),
    Behaviour("同一店铺同一线上单号再传是修改，内部单号不变", "推测"),
    Behaviour("明细金额加运费不等于应付、付款金额不等于应付时不收", "文档"),
    Behaviour("店铺不是这家公司的 170", "文档"),
    Behaviour("上传订单的结果按行给：issuccess、o_id、so_id", "文档"),
    Behaviour("一秒超过 5 次 199，一分钟超过 100 次 200，没有执行", "文档"),
    Behaviour("系统异常 120，写没写成从话里看不出", "推测"),
)
APP_KEY, APP_SECRET = "demo00jst00app", "invented00jst00secret"
FRESH = 600
MOST = 50
Done = tuple[Record, str | None]
"""What a call answers in `data`, and the id of what it made."""


def simulator(options: Record, seed: int) -> JushuitanSimulator:
    """`options`: the fields of Options by name. ValueError for others."""
    return JushuitanSimulator(with_options(Options(), options), seed)


@dataclass(frozen=True, slots=True)
class Options:
    """How the platform behaves today; 0 calls a minute: no limit. `token_life` in seconds."""

    per_minute: int = 0
    token_life: int = 2_592_000


class JushuitanSimulator:
    name = "jushuitan"
    behaviours = BEHAVIOURS
    mishaps = frozenset({"system_error", "system_error_after", "throttled", "token_expiry"})

    def __init__(self, options: Options, seed: int) -> None:
        self.options, self._seed, self._given = options, seed, 0
        self.store = Store()
        self._heard: deque[datetime] = deque()
        self._tokens: dict[str, datetime] = {}
        self._calls: dict[str, Callable[[Json, datetime], Done]] = {
            "orders/single/query": lambda biz, now: self._listed(biz, "orders", "orders"),
            "orders/out/simple/query": lambda biz, now: self._listed(biz, "outs", "datas"),
            "sku/query": lambda biz, now: self._listed(biz, "skus", "datas"),
            "shops/query": lambda biz, now: _page(_object(biz), _shops(), "datas"),
            "wms/partner/query": lambda biz, now: _page(_object(biz), _warehouses(), "datas"),
            "jushuitan/itemsku/upload": self._articles,
            "jushuitan/orders/upload": self._orders,
        }

    def about(self, heard: Heard) -> About:
        if "/openWeb/" in heard.path:
            return About("token")
        deed, biz = _deed(heard), _biz(heard)
        if deed == "jushuitan/orders/upload":
            first = biz[0] if isinstance(biz, list) and biz else {}
            return About("save", text(_object(first).get("so_id")) or None, repeatable=True)
        if deed == "jushuitan/itemsku/upload":
            rows = _object(biz).get("items")
            first = rows[0] if isinstance(rows, list) and rows else {}
            return About("save", text(_object(first).get("sku_id")) or None, repeatable=True)
        return About("read" if deed in self._calls else "other")

    def hear(self, heard: Heard, now: datetime) -> Answer:
        try:
            if heard.path.endswith(("/getInitToken", "/refreshToken")):
                return Answer.of({"code": 0, "msg": "执行成功", "data": self._token(heard, now)})
            self._admit(heard, now)
            if _deed(heard) not in self._calls:
                raise No(404, "接口不存在")
            told, made = self._calls[_deed(heard)](_biz(heard), now)
        except No as no:
            return _denied(no)
        return replace(Answer.of({"code": 0, "msg": "执行成功", "data": told}), created=made)

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        if kind == "throttled":
            return _denied(No(199, "调用频次超过限制!请稍后再试"))
        if kind == "token_expiry":
            if "/openWeb/" not in heard.path:
                self._tokens.clear()
            return self.hear(heard, now)
        did = self.hear(heard, now) if kind == "system_error_after" else Answer()
        return replace(_denied(No(120, "服务器间歇性错误")), created=did.created, doubtful=True)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        if deed == "settings":
            self.options = with_options(self.options, given)
            return {}
        if deed == "expire":
            self._tokens.clear()
            return {}
        if deed in ("orders", "outs"):
            told, own = given.get(deed), "o_id" if deed == "orders" else "io_id"
            rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
            if not all(row.get(own) and row.get("modified") for row in rows):
                raise ValueError(Say("orders、outs 的每一条要有 {name} 和 modified", name=own))
            return self.store.keep(deed, {text(row[own]): row for row in rows})
        raise ValueError(Say("聚水潭模拟器会做：settings orders outs expire"))

    def connections(self, base: str) -> dict[str, Json]:
        own: Record = {"app_key": APP_KEY, "app_secret": APP_SECRET}
        return {"default": {"channel": "default", "base": f"{base}/open", "settings": own}}

    def written(self) -> list[Record]:
        goods: list[Record] = [
            {"kind": "goods", "id": code, "number": code, "document": one}
            for code, one in self.store.rows["skus"].items()
        ]
        orders: list[Record] = [
            {"kind": "order", "id": text(one["o_id"]), "number": number, "document": one}
            for (_, number), one in self.store.uploaded.items()
        ]
        return [*goods, *orders]

    # -- the calls -------------------------------------------------------------------------------

    def _listed(self, biz: Json, kind: str, name: str) -> Done:
        ask = _object(biz)
        return _page(ask, self.store.found(kind, ask), name)

    def _articles(self, biz: Json, now: datetime) -> Done:
        rows = _object(biz).get("items")
        made: list[str] = []
        told: list[Json] = []
        for row in rows if isinstance(rows, list) else []:
            code, fresh = self.store.article(_object(row), now)
            made += [code] if fresh else []
            told.append({"sku_id": code, "is_success": True, "msg": ""})
        if not told:
            raise No(100, "参数items不能为空")
        return {"datas": told}, made[0] if made else None

    def _orders(self, biz: Json, now: datetime) -> Done:
        if not isinstance(biz, list) or not biz or len(biz) > MOST:
            raise No(100, f"订单不能为空，至多{MOST}张")
        made: list[str] = []
        told: list[Json] = []
        for row in biz:
            number, fresh = self.store.upload(_object(row), now)
            made += [str(number)] if fresh else []
            told.append({"o_id": number, "so_id": _object(row).get("so_id"), "issuccess": True, "msg": ""})
        return {"datas": told}, made[0] if made else None

    # -- who may call ----------------------------------------------------------------------------

    def _token(self, heard: Heard, now: datetime) -> Record:
        params, life = heard.params, timedelta(seconds=self.options.token_life)
        self._signed(params, now)
        if heard.path.endswith("/refreshToken"):
            token = params.get("refresh_token", "").removeprefix("refresh-")
            if token not in self._tokens:
                raise No(150, "无效的refresh_token")
        elif params.get("grant_type") != "authorization_code" or len(params.get("code", "")) != 6:
            raise No(100, "code不正确")
        else:
            self._given += 1
            token = hashlib.sha256(f"{self._seed}/{self._given}".encode()).hexdigest()[:32]
        self._tokens[token] = now + life
        return {
            "access_token": token,
            "refresh_token": f"refresh-{token}",
            "expires_in": self.options.token_life,
            "scope": "all",
        }

    def _signed(self, params: Mapping[str, str], now: datetime) -> None:
        if params.get("app_key") != APP_KEY or params.get("sign") != jst_sign(params, APP_SECRET):
            raise No(10, "验证失败！无效签名")
        stamp = params.get("timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) - now.timestamp()) > FRESH:
            raise No(10, "验证失败！时间戳已过期")

    def _admit(self, heard: Heard, now: datetime) -> None:
        self._signed(heard.params, now)
        until = self._tokens.get(heard.params.get("access_token", ""))
        if until is None or now >= until:
            raise No(100, "验证失败！无效的access_token或access_token已过期")
        if self.options.per_minute:
            while self._heard and now - self._heard[0] >= timedelta(minutes=1):
                self._heard.popleft()
            if len(self._heard) >= self.options.per_minute:
                raise No(200, "调用频次超过限制")
            self._heard.append(now)


def jst_sign(params: Mapping[str, str], secret: str) -> str:
    """The secret, then every name and value that is there, sorted by name; lower-case hex."""
    told = secret
    for name, value in sorted(params.items()):
        if name != "sign" and value != "":
            told += f"{name}{value}"
    return hashlib.md5(told.encode("utf-8"), usedforsecurity=False).hexdigest()


def _page(ask: Record, rows: list[Record], name: str) -> Done:
    number, size = text(ask.get("page_index")) or "1", text(ask.get("page_size")) or "30"
    if not number.isdecimal() or not size.isdecimal() or int(number) < 1:
        raise No(100, "page_index、page_size不正确")
    if int(size) > MOST:
        raise No(100, f"page_size最大{MOST}")
    index, most = int(number), int(size)
    pages = -(-len(rows) // most)
    return {
        "page_index": index,
        "page_size": most,
        "data_count": len(rows),
        "page_count": pages,
        "has_next": index < pages,
        name: [*rows[(index - 1) * most : index * most]],
    }, None


def _shops() -> list[Record]:
    return [{"shop_id": one, "shop_name": name, "co_id": 10001, "nick": name} for one, name in SHOPS.items()]


def _warehouses() -> list[Record]:
    return [
        {"wms_co_id": one, "co_id": 10001, "name": name, "is_main": place == 0, "status": "生效"}
        for place, (one, name) in enumerate(WAREHOUSES.items())
    ]


def _biz(heard: Heard) -> Json:
    try:
        return decode(heard.params.get("biz", "{}").encode())
    except ValueError:
        return None


def _object(value: Json) -> Record:
    return value if isinstance(value, dict) else {}


def _deed(heard: Heard) -> str:
    return heard.path.partition("/open/")[2]


def _denied(no: No) -> Answer:
    told: Record = {"code": no.code, "msg": no.says, "data": None}
    return replace(Answer.of(told), throttled=no.code in (199, 200))
