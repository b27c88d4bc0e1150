"""京东仓海 as far as we know it: articles, outbound and purchase orders, returns; results are asked for.

Written against the facts alone: it shares no code with what signs our calls and reads no catalogue. BEHAVIOURS lists
what it does and how sure we are of each.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.connect import Json, Record, Say, decode
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

from .simulator_store import (
    BEIJING,
    DEPARTMENT,
    OUT,
    SHIPPED,
    SHOPS,
    WAREHOUSES,
    No,
    Store,
    needed,
    purchase_told,
    return_told,
    text,
)

__all__ = ["DEPARTMENT", "SHOPS", "WAREHOUSES", "JdSimulator", "jos_sign", "simulator"]

BEHAVIOURS = (
    Behaviour("签名是两个密钥夹着排好序的参数的 MD5，大写；不对时 12", "文档"),
    Behaviour("时间戳是北京时间，前后 6 分钟之外时 8", "文档"),
    Behaviour("令牌不对时 19", "推测"),
    Behaviour("业务参数是 360buy_param_json 里的一段 JSON", "文档"),
    Behaviour(
        "回复放在方法名加 _responce 或 _response 下面，两种都有；出错在 error_response，HTTP 都是 200", "文档"
    ),
    Behaviour("明细是并排的逗号文本，个数不同时报错", "文档"),
    Behaviour("必填、编码、数量有错时的代码 50 和原话", "推测"),
    Behaviour("同一个 isvUUID、spPoOrderNo 再来给同一张单的编号", "文档"),
    Behaviour("同一个 isvGoodsNo 再来是改这个商品，编号不变", "推测"),
    Behaviour("出库单先是 10010，仓库做了才到 10018、10019，那时才有实发数和运单号", "文档"),
    Behaviour("已打包或已发货的取消回 code 2，状态流水里留 10029", "文档"),
    Behaviour("采购单 20 初始、50 验收、70 完成、91 已取消；开始验收后取消回 code 2", "文档"),
    Behaviour("退货入库 100 初始化、200 完成；商家单号重复时报错", "推测"),
    Behaviour("库存每行都带总数，一页至多 100", "文档"),
    Behaviour("序列号的回复", "推测"),
    Behaviour("调用过多时 2，没有执行", "文档"),
    Behaviour("系统异常 65，写没写成从话里看不出", "推测"),
)
APP_KEY, APP_SECRET = "demo00jd00app00key", "invented00jd00secret"
TOKEN = "invented00jd00token"  # noqa: S105  (invented)
KEYS = {
    "goods.transportGoodsInfo": "isvGoodsNo",
    "order.addOrder": "isvUUID",
    "order.cancelOrder": "eclpSoNo",
    "po.addPoOrder": "spPoOrderNo",
    "po.addPoSidDetail": "poNo",
    "po.cancalPoOrder": "poOrderNo",
    "rtw.transportRtw": "isvRtwNum",
}
REPEATABLE = frozenset({*KEYS} - {"po.addPoSidDetail", "rtw.transportRtw"})
Done = tuple[Record, str | None]
"""What a method answers, and the id of what it made."""


def simulator(options: Record, seed: int) -> JdSimulator:
    """`options`: the fields of Options by name. ValueError for others."""
    return JdSimulator(with_options(Options(), options))


@dataclass(frozen=True, slots=True)
class Options:
    """How the gateway behaves today; 0 calls a minute: no limit."""

    suffix: str = "responce"
    per_minute: int = 0

    def __post_init__(self) -> None:
        if self.suffix not in ("responce", "response"):
            raise ValueError(Say("suffix 是 responce 或 response"))


class JdSimulator:
    name = "jd_eclp"
    behaviours = BEHAVIOURS
    mishaps = frozenset({"system_error", "system_error_after", "throttled"})

    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = Store()
        self._heard: deque[datetime] = deque()
        self._doubted: set[str] = set()
        self._methods: dict[str, Callable[[Record, datetime], Done]] = {
            "goods.transportGoodsInfo": self._goods,
            "goods.queryGoodsSerial": lambda ask, now: self._serials(ask, "bizNo"),
            "order.addOrder": self._order,
            "order.queryOrder": self._ask_order,
            "order.cancelOrder": self._cancel,
            "po.addPoOrder": self._purchase,
            "po.queryPoOrder": self._ask_purchase,
            "po.cancalPoOrder": self._cancel_purchase,
            "po.addPoSidDetail": self._keep_serial,
            "rtw.transportRtw": self._return,
            "rtw.queryRtw": self._ask_return,
            "serial.queryInStockSIDBySku": lambda ask, now: self._serials(ask, "goodsNo"),
            "serial.queryPageSerialByBillNo": lambda ask, now: self._serials(ask, "billNo"),
            "stock.queryStock": lambda ask, now: ({"querystock_result": [*self.store.stock(ask)]}, None),
        }

    def about(self, heard: Heard) -> About:
        deed, ask = _deed(heard), _ask(heard)
        if deed in KEYS:
            number = f"{deed} {text(ask.get(KEYS[deed]))}"
            # From its arrival on the caller may ask what became of it, also where it was never executed.
            self._doubted.add(number)
            return About("save", number, repeatable=deed in REPEATABLE)
        after = {
            "order.queryOrder": f"order.cancelOrder {text(ask.get('eclpSoNo'))}",
            "po.queryPoOrder": f"po.cancalPoOrder {text(ask.get('poOrderNo'))}",
            "rtw.queryRtw": f"rtw.transportRtw {text(ask.get('isvRtwNum'))}",
        }.get(deed, "")
        return (
            About("lookup", after)
            if after in self._doubted
            else About("read" if deed in self._methods else "other")
        )

    def hear(self, heard: Heard, now: datetime) -> Answer:
        deed = _deed(heard)
        try:
            self._admit(heard, now)
            if deed not in self._methods:
                raise No("15", "无效的方法名")
            told, made = self._methods[deed](_ask(heard), now)
        except No as no:
            return _denied(no)
        name = f"{heard.params.get('method', '').replace('.', '_')}_{self.options.suffix}"
        return replace(Answer.of({name: {"code": "0", **told}}), created=made)

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        if kind == "throttled":
            return _denied(No("2", "调用次数超过限制"))
        did = self.hear(heard, now) if kind == "system_error_after" else Answer()
        return replace(_denied(No("65", "平台连接后端服务不可用")), created=did.created, doubtful=True)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        if deed == "settings":
            self.options = with_options(self.options, given)
            return {}
        if deed == "goods":
            asked = given.get("goods")
            return [
                self.store.keep_goods(one)[0]
                for one in (asked if isinstance(asked, list) else [])
                if isinstance(one, dict)
            ]
        if deed == "work":
            return self._work(text(given.get("until")) or OUT, now)
        if deed == "serials":
            self.store.serials[text(given.get("of"))] = text(given.get("serials")).split(",")
            return {}
        raise ValueError(Say("京东仓海模拟器会做：settings goods work serials"))

    def _work(self, until: str, now: datetime) -> Json:
        """The people of the warehouse do what is there: to packing, or out of the door; and book in what came."""
        orders = [order for order in self.store.orders if order.status in ("10010", "10014", SHIPPED)]
        for order in orders:
            order.trail += [(code, now) for code in ("10014", SHIPPED, OUT) if order.status < code <= until]
        papers = [paper for paper in self.store.purchases if paper.status == "20"] if until == OUT else []
        for paper in papers:
            paper.status = "70"
        for paper in self.store.returns if until == OUT else []:
            paper.status = "200"
        return {"orders": len(orders), "purchases": len(papers)}

    def connections(self, base: str) -> dict[str, Json]:
        own: Record = {"app_key": APP_KEY, "app_secret": APP_SECRET, "access_token": TOKEN}
        return {"default": {"channel": "default", "base": f"{base}/routerjson", "settings": own}}

    def written(self) -> list[Record]:
        goods: list[Record] = [
            {
                "kind": "goods",
                "id": one["goodsNo"],
                "number": own,
                "document": {name: value for name, value in one.items() if name != "goodsNo"},
            }
            for own, one in self.store.goods.items()
        ]
        orders: list[Record] = [
            {"kind": "order", "id": one.number, "number": one.own, "status": one.status, "document": one.ask}
            for one in self.store.orders
        ]
        papers = [("purchase", one) for one in self.store.purchases]
        papers += [("return", one) for one in self.store.returns]
        booked: list[Record] = [
            {"kind": kind, "id": one.number, "number": one.own, "status": one.status, "document": one.ask}
            for kind, one in papers
        ]
        return [*goods, *orders, *booked]

    # -- the methods -----------------------------------------------------------------------------

    def _goods(self, ask: Record, now: datetime) -> Done:
        number, fresh = self.store.keep_goods(ask)
        return {"goodsNo": number}, number if fresh else None

    def _order(self, ask: Record, now: datetime) -> Done:
        order, fresh = self.store.order(ask, now)
        return {"eclpSoNo": order.number}, order.number if fresh else None

    def _ask_order(self, ask: Record, now: datetime) -> Done:
        needed(ask, "eclpSoNo")
        return {"queryorder_result": self.store.by_number(text(ask["eclpSoNo"])).told()}, None

    def _cancel(self, ask: Record, now: datetime) -> Done:
        needed(ask, "eclpSoNo")
        number = text(ask["eclpSoNo"])
        why = self.store.cancel(number, now)
        return {"cancelorder_result": _result(why)}, None

    def _purchase(self, ask: Record, now: datetime) -> Done:
        paper, fresh = self.store.purchase(ask, now)
        return {"poOrderNo": paper.number}, paper.number if fresh else None

    def _ask_purchase(self, ask: Record, now: datetime) -> Done:
        needed(ask, "poOrderNo")
        wanted = text(ask["poOrderNo"]).split(",")
        found: list[Json] = [purchase_told(one) for one in self.store.purchases if one.number in wanted]
        return {"queryPoModelList": found}, None

    def _cancel_purchase(self, ask: Record, now: datetime) -> Done:
        needed(ask, "poOrderNo")
        number = text(ask["poOrderNo"])
        why = self.store.cancel_purchase(number)
        return {"poResult": _result(why)}, None

    def _keep_serial(self, ask: Record, now: datetime) -> Done:
        needed(ask, "poNo", "version", "deptGoodsNo", "serialNo", "pin")
        self.store.serials.setdefault(text(ask["poNo"]), []).append(text(ask["serialNo"]))
        return {}, f"{text(ask['poNo'])} {text(ask['serialNo'])}"

    def _return(self, ask: Record, now: datetime) -> Done:
        paper, _ = self.store.give_back(ask, now)
        return {"eclpRtwNo": paper.number}, paper.number

    def _ask_return(self, ask: Record, now: datetime) -> Done:
        number, own, order = (text(ask.get(name)) for name in ("eclpRtwNo", "isvRtwNum", "eclpSoNo"))
        found: list[Json] = [
            return_told(one)
            for one in self.store.returns
            if number in ("", one.number)
            and own in ("", one.own)
            and order in ("", text(one.ask["eclpSoNo"]))
        ]
        return {"queryrtw_result": found}, None

    def _serials(self, ask: Record, name: str) -> Done:
        needed(ask, name)
        page, size = int(text(ask.get("pageNo")) or 1), int(text(ask.get("pageSize")) or 1000)
        kept = self.store.serials.get(text(ask[name]), [])[(page - 1) * size : page * size]
        return {"serials": [{"serialNo": one} for one in kept]}, None

    def _admit(self, heard: Heard, now: datetime) -> None:
        params = heard.params
        if params.get("app_key") != APP_KEY or params.get("access_token") != TOKEN:
            raise No("19", "无效的access_token")
        if not _near(params.get("timestamp", ""), now):
            raise No("8", "时间戳与服务器时间相差超过6分钟")
        if params.get("sign") != jos_sign(params, APP_SECRET):
            raise No("12", "签名不正确")
        if self.options.per_minute:
            while self._heard and now - self._heard[0] >= timedelta(minutes=1):
                self._heard.popleft()
            if len(self._heard) >= self.options.per_minute:
                raise No("2", "调用次数超过限制")
            self._heard.append(now)


def jos_sign(params: Mapping[str, str], secret: str) -> str:
    pairs = sorted((name, value) for name, value in params.items() if name != "sign")
    text = secret + "".join(f"{name}{value}" for name, value in pairs) + secret
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest().upper()


def _near(written: str, now: datetime) -> bool:
    try:
        at = datetime.strptime(written[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        return False
    return abs(at - now) <= timedelta(minutes=6)


def _deed(heard: Heard) -> str:
    return heard.params.get("method", "").removeprefix("jingdong.eclp.")


def _ask(heard: Heard) -> Record:
    try:
        asked = decode(heard.params.get("360buy_param_json", "{}").encode())
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _result(why: str) -> Record:
    return {"code": "2", "msg": why} if why else {"code": "1", "msg": "成功"}


def _denied(no: No) -> Answer:
    error: Record = {"code": no.code, "zh_desc": no.says, "en_desc": ""}
    return replace(Answer.of({"error_response": error}), throttled=no.code == "2")
