"""用友BIP as far as we know it: gateway address, token, saving other-out documents and listing them.

Written against the facts alone: it shares no code with auth.py and reads no catalogue. What nobody
told us, first of all the answer to a repeated key, is simulated in its variants; every caller must
come out of all of them without a double. BEHAVIOURS lists what it does and how sure we are of each.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from engine.connect import Json, Record, Say, encode
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

BEHAVIOURS = (
    Behaviour("按租户给出业务网关与令牌两个地址，不需要令牌", "文档"),
    Behaviour("令牌请求用 HMAC-SHA256 签名，时间戳是毫秒，前后 5 分钟之外拒绝", "文档"),
    Behaviour("令牌有效 2 小时，含特殊字符，只认地址里的 access_token 参数", "文档"),
    Behaviour("令牌过期或不对返回 310036", "文档"),
    Behaviour("成功的 code 是 200，有时是文本有时是数字", "文档"),
    Behaviour("保存必须有 data；必填、档案、数量有错时拒绝，原文是编的", "推测"),
    Behaviour("不认识的仓库返回 310101，不认识的物料返回 1002，其余返回 999", "推测"),
    Behaviour("几处有错时 message 是 JSON 列表的文本", "文档"),
    Behaviour("resubmitCheckKey 超过 32 位时拒绝", "推测"),
    Behaviour("同一个键第二次：给同一 id（same_id）、报错不给 id（error）、当作没有键（ignored）", "推测"),
    Behaviour("主键 19 位；保存的答复里是数字，列表里是文本", "文档"),
    Behaviour("租户用自动编号时 code 被换掉", "文档"),
    Behaviour("列表按 code 模糊匹配，更长的编号也在内", "推测"),
    Behaviour("刚保存的单据过几秒才查得到", "推测"),
    Behaviour("列表不填 isSum 时每条明细一行，表头重复", "文档"),
    Behaviour("列表缺 pageIndex、pageSize 返回 310008，不是数字返回 310061", "文档"),
    Behaviour("没有登记的地址返回 310404", "文档"),
    Behaviour("每秒次数超出返回 429", "推测"),
    Behaviour("系统异常返回 999，写没写成从话里看不出", "推测"),
)

GATEWAY, AUTH = "/iuap-api-gateway", "/iuap-api-auth"
ADDRESS = "/open-auth/dataCenter/getGatewayAddress"
TOKEN = AUTH + "/open-auth/selfAppAuth/base/v1/getAccessToken"
SAVE = GATEWAY + "/yonbip/scm/othoutrecord/single/save"
LIST = GATEWAY + "/yonbip/scm/othoutrecord/list"

BEIJING = timezone(timedelta(hours=8))
TENANT, APP_KEY = "demo-tenant", "demo00app00key00000000000000001"
APP_SECRET = "invented0bip0secret0000000000000000000"  # noqa: S105  (invented)
ORGS = frozenset({"001"})
KINDS = frozenset({"A10001"})
WAREHOUSES = frozenset({"CK01", "CK02", "CK03"})
UNITS = frozenset({"GE", "TIAO", "HE", "XIANG", "PING", "KG", "L", "M"})
PRODUCTS = frozenset(f"PD{number:06}" for number in range(1, 61))
HEAD = {
    "org": "库存组织",
    "accountOrg": "会计主体",
    "vouchdate": "单据日期",
    "bustype": "交易类型",
    "warehouse": "仓库",
}
KNOWN = {"org": ORGS, "accountOrg": ORGS, "bustype": KINDS}


def simulator(options: Record, seed: int) -> YonbipSimulator:
    """`options`: the fields of Options by name. ValueError for others."""
    return YonbipSimulator(with_options(Options(), options), seed)


@dataclass(frozen=True, slots=True)
class Options:
    """How this tenant behaves today. Times in seconds; 0 calls a second: no limit."""

    keys: str = "same_id"
    shows_after: float = 2.0
    own_numbers: bool = False
    per_second: int = 0
    token_life: int = 7200

    def __post_init__(self) -> None:
        if self.keys not in ("same_id", "error", "ignored"):
            raise ValueError(Say("keys 是 same_id、error 或 ignored"))


@dataclass(slots=True)
class Saved:
    """One document as the tenant holds it: what was sent, and what became of it."""

    id: int
    code: str
    at: datetime
    data: Record


class No(Exception):
    """The vendor's own refusal."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code, self.says = code, says


class YonbipSimulator:
    name = "yonbip"
    behaviours = BEHAVIOURS
    mishaps = frozenset({"token_expiry", "system_error", "system_error_after"})

    def __init__(self, options: Options, seed: int) -> None:
        self.options = options
        self.saved: list[Saved] = []
        self._by_key: dict[str, Saved] = {}
        self._tokens: dict[str, datetime] = {}
        self._heard: deque[datetime] = deque()
        self._seed, self._given = seed, 0

    def about(self, heard: Heard) -> About:
        if heard.path == SAVE:
            data = _inner(heard.json)
            key = _text(data.get("resubmitCheckKey"))
            return About("save", _text(data.get("code")) or key or None, key or None)
        if heard.path == LIST:
            number = _text(heard.json.get("code"))
            return About("lookup" if number else "read", number or None)
        return About("token" if heard.path in (ADDRESS, TOKEN) else "other")

    def hear(self, heard: Heard, now: datetime) -> Answer:
        try:
            if heard.path == ADDRESS:
                return _said(self._address(heard), "00000")
            if heard.path == TOKEN:
                return _said(self._token(heard, now), "00000")
            self._admit(heard, now)
            if heard.path == SAVE:
                return self._save(heard.json, now)
            if heard.path == LIST:
                return _said(self._list(heard.json, now))
            raise No("310404", "接口路径不存在或应用没有授权")
        except No as no:
            if no.code == "429":
                return replace(_denied(no), status=429, throttled=True)
            return _denied(no)

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        if kind == "token_expiry":
            self._tokens.clear()
            return self.hear(heard, now)
        did = self.hear(heard, now) if kind == "system_error_after" else Answer()
        return replace(_denied(No("999", "系统异常，请联系管理员")), created=did.created, doubtful=True)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        if deed == "settings":
            self.options = with_options(self.options, given)
            return {}
        raise ValueError(Say("用友BIP模拟器会做：settings"))

    def connections(self, base: str) -> dict[str, Json]:
        mine: Record = {"app_key": APP_KEY, "app_secret": APP_SECRET}
        public: Record = {**mine, "tenant_id": TENANT, "discovery_url": base}
        private: Record = {**mine, "gateway_url": base + GATEWAY, "token_url": base + AUTH}
        return {
            "default": {"channel": "default", "base": None, "settings": public},
            "private": {"channel": "default", "base": None, "settings": private},
        }

    def written(self) -> list[Record]:
        return [
            {"id": str(saved.id), "code": saved.code, "at": saved.at.isoformat(), "document": saved.data}
            for saved in self.saved
        ]

    def _address(self, heard: Heard) -> Record:
        if heard.query.get("tenantId") != TENANT:
            raise No("1001", "租户不存在")
        base = "http://" + heard.headers.get("host", "")
        return {"gatewayUrl": base + GATEWAY, "tokenUrl": base + AUTH}

    def _token(self, heard: Heard, now: datetime) -> Record:
        key, stamp = heard.query.get("appKey", ""), heard.query.get("timestamp", "")
        if key != APP_KEY:
            raise No("1003", "应用不存在")
        if len(stamp) != 13 or not stamp.isdecimal() or abs(int(stamp) / 1000 - now.timestamp()) > 300:
            raise No("1004", "时间戳不正确，与服务器时间相差超过5分钟")
        if heard.query.get("signature") != token_signature(heard.query, APP_SECRET):
            raise No("1005", "签名不正确")
        self._given += 1
        bits = hashlib.sha256(f"{self._seed}/{self._given}".encode()).digest()
        token = f"yht+{b64encode(bits).decode()}&x=%2B/{self._given}"
        self._tokens[token] = now + timedelta(seconds=self.options.token_life)
        return {"access_token": token, "expire": self.options.token_life}

    def _admit(self, heard: Heard, now: datetime) -> None:
        until = self._tokens.get(heard.query.get("access_token", ""))
        if until is None or now >= until:
            raise No("310036", "非法token")
        if self.options.per_second:
            while self._heard and now - self._heard[0] >= timedelta(seconds=1):
                self._heard.popleft()
            if len(self._heard) >= self.options.per_second:
                raise No("429", "请求过于频繁")
            self._heard.append(now)

    def _save(self, body: Record, now: datetime) -> Answer:
        data = _inner(body)
        if not data:
            raise No("310008", "参数data不能为空")
        key = _text(data.get("resubmitCheckKey"))
        if len(key) > 32:
            raise No("999", "resubmitCheckKey长度不能超过32位")
        if key and self.options.keys != "ignored" and (before := self._by_key.get(key)):
            if self.options.keys == "error":
                return replace(_denied(No("999", "重复提交，请勿重复操作")), doubtful=True)
            return _said(_view(before))
        _check(data)
        saved = self._update(data) if data["_status"] == "Update" else self._insert(data, now)
        if key:
            self._by_key[key] = saved
        created = None if data["_status"] == "Update" else str(saved.id)
        # The code comes as a text or as a number, by the tenant's data centre: here by the document.
        return replace(_said(_view(saved), "200" if saved.id % 2 else 200), created=created)

    def _insert(self, data: Record, now: datetime) -> Saved:
        serial = len(self.saved) + 1
        code = _text(data.get("code"))
        if self.options.own_numbers or not code:
            code = f"QTCK{now.astimezone(BEIJING):%Y%m%d}{serial:06}"
        saved = Saved(2_480_000_000_000_000_000 + serial * 104_729, code, now, data)
        self.saved.append(saved)
        return saved

    def _update(self, data: Record) -> Saved:
        for saved in self.saved:
            if str(saved.id) == str(data.get("id")):
                saved.data = data
                return saved
        raise No("1002", "数据不存在")

    def _list(self, ask: Record, now: datetime) -> Record:
        page, size = _page_number(ask, "pageIndex"), _page_number(ask, "pageSize")
        shown = now - timedelta(seconds=self.options.shows_after)
        part = _text(ask.get("code"))
        found = [saved for saved in self.saved if saved.at <= shown and part in saved.code]
        told = _heads if ask.get("isSum") in (True, "true") else _lines
        rows = [row for saved in found for row in told(saved)]
        pages = -(-len(rows) // size)
        return {
            "pageIndex": page,
            "pageSize": size,
            "recordCount": len(rows),
            "pageCount": pages,
            "beginPageIndex": 1,
            "endPageIndex": pages,
            "recordList": [*rows[(page - 1) * size : page * size]],
        }


def token_signature(params: Mapping[str, str], secret: str) -> str:
    """Name and value of every parameter but the signature, sorted and joined, under HMAC-SHA256."""
    text = "".join(name + params[name] for name in sorted(params) if name != "signature")
    return b64encode(hmac.new(secret.encode(), text.encode(), "sha256").digest()).decode()


def _check(data: Record) -> None:
    """Raises No with the first wrong code, or with all that is missing."""
    missing = [f"{title}不能为空" for name, title in HEAD.items() if data.get(name) in (None, "")]
    lines = data.get("othOutRecords")
    if data.get("_status") not in ("Insert", "Update"):
        missing.append("操作标识不能为空")
    if not isinstance(lines, list) or not lines:
        missing.append("子表不能为空")
    rows = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    for line in rows:
        missing += _line_says(line)
    if missing:
        several: list[Json] = [{"message": says} for says in missing]
        raise No("999", missing[0] if len(missing) == 1 else encode(several).decode())
    if str(data["warehouse"]) not in WAREHOUSES:
        raise No("310101", f"档案编码不存在：warehouse={data['warehouse']}")
    for name, known in KNOWN.items():
        if str(data[name]) not in known:
            raise No("310101", f"档案编码不存在：{name}={data[name]}")
    for line in rows:
        _know(line)


def _line_says(line: Record) -> list[str]:
    says = [] if line.get("product") else ["物料不能为空"]
    says += [] if line.get("_status") in ("Insert", "Update", "Delete") else ["操作标识不能为空"]
    qty = line.get("qty")
    if qty is None or qty == "":
        return [*says, "数量不能为空"]
    wrong = isinstance(qty, bool) or not isinstance(qty, int | Decimal)
    return [*says, "数量必须为数字"] if wrong else says


def _know(line: Record) -> None:
    if str(line["product"]) not in PRODUCTS:
        raise No("1002", f"数据不存在：物料[{line['product']}]")
    for name in ("unit", "stockUnitId"):
        if line.get(name) and str(line[name]) not in UNITS:
            raise No("999", f"计量单位[{line[name]}]不存在或已停用")


def _view(saved: Saved) -> Record:
    """A saved document as the reply to its save shows it: ids as numbers, our codes turned into names."""
    return {
        "id": saved.id,
        "code": saved.code,
        "vouchdate": f"{saved.data['vouchdate']} 00:00:00",
        "org": saved.data["org"],
        "warehouse": saved.data["warehouse"],
        "memo": saved.data.get("memo"),
        "status": 0,
        "pubts": f"{saved.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
    }


def _heads(saved: Saved) -> list[Record]:
    return [_view(saved) | {"id": str(saved.id), "status": "0"}]


def _lines(saved: Saved) -> list[Record]:
    """The head once for every line, with the line's fields beside it."""
    lines = saved.data["othOutRecords"]
    rows = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    head = _heads(saved)[0]
    told = [{"othOutRecords_qty": row["qty"], "othOutRecords_product_cCode": row["product"]} for row in rows]
    return [head | line for line in told]


def _page_number(ask: Record, name: str) -> int:
    value = ask.get(name)
    if value is None or value == "":
        raise No("310008", f"参数{name}不能为空")
    if not str(value).isdecimal() or int(str(value)) < 1:
        raise No("310061", f"参数{name}应为数字")
    return int(str(value))


def _inner(body: Record) -> Record:
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _text(value: Json) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _said(data: Record, code: str | int = "200") -> Answer:
    return Answer.of({"code": code, "message": "操作成功", "data": data})


def _denied(no: No) -> Answer:
    return Answer.of({"code": no.code, "message": no.says, "data": None})
