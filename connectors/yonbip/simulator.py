"""用友BIP as far as we know it: gateway address, token, stock documents saved and listed, base data.

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
from datetime import datetime, timedelta

from engine.connect import Json, Record, Say
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

from .simulator_archives import PRODUCTS, UNITS, WAREHOUSES, Archives
from .simulator_ground import No, rows, stamp, text
from .simulator_papers import DEEDS, DETAILS, LISTS, MERGES, PAPERS, SAVES, Papers, Saved, view

__all__ = ["PRODUCTS", "UNITS", "WAREHOUSES", "YonbipSimulator", "simulator", "token_signature"]

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
    Behaviour("六种库存单据各自必填；调入、调出不认幂等键，回复按行给 infos、failInfos", "文档"),
    Behaviour("来源生单要有 mergeSourceData 和每行的来源单、来源行、生单规则", "文档"),
    Behaviour("来源单查不到返回 1002", "推测"),
    Behaviour("列表的 simpleVOs 可以按 pubts 取增量，两端都含在内", "文档"),
    Behaviour("详情按 id 给一张整单，查不到返回 1002", "文档"),
    Behaviour("审核、提交、删除一次可以几张，有失败也回 200，失败的在 failInfos", "文档"),
    Behaviour("已审核的单据不能再审核、修改、删除，原文是编的", "推测"),
    Behaviour("仓库、组织、计量单位、供应商、交易类型、物料按页列出，客户不给总数", "文档"),
    Behaviour("物料按 beginTime、endTime 取改动过的，两端都含在内", "推测"),
    Behaviour("现存量一次给全", "文档"),
)

GATEWAY, AUTH = "/iuap-api-gateway", "/iuap-api-auth"
ADDRESS = "/open-auth/dataCenter/getGatewayAddress"
TOKEN = AUTH + "/open-auth/selfAppAuth/base/v1/getAccessToken"
TENANT, APP_KEY = "demo-tenant", "demo00app00key00000000000000001"
APP_SECRET = "invented0bip0secret0000000000000000000"  # noqa: S105  (invented)


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


class YonbipSimulator:
    name = "yonbip"
    behaviours = BEHAVIOURS
    mishaps = frozenset({"token_expiry", "system_error", "system_error_after"})

    def __init__(self, options: Options, seed: int) -> None:
        self.options = options
        self.archives = Archives()
        self.papers = Papers(self.archives)
        self._doubted: set[str] = set()
        self._by_key: dict[str, Saved] = {}
        self._tokens: dict[str, datetime] = {}
        self._heard: deque[datetime] = deque()
        self._seed, self._given = seed, 0

    @property
    def saved(self) -> list[Saved]:
        return self.papers.saved

    def about(self, heard: Heard) -> About:
        path = heard.path.removeprefix(GATEWAY)
        if path in SAVES or path in MERGES:
            data = _inner(heard.json)
            key = text(data.get("resubmitCheckKey"))
            return About("save", text(data.get("code")) or key or None, key or None)
        if path in LISTS:
            number = text(heard.json.get("code"))
            return About("lookup" if number else "read", number or None)
        if path in DEEDS:
            # From its arrival on the caller may ask what became of it, also where it was never executed.
            idents = _idents(heard.json)
            self._doubted.update(idents)
            return About("save", ",".join(idents) or None)
        if path in DETAILS:
            ident = heard.query.get("id", "")
            return About("lookup", ident) if ident in self._doubted else About("read")
        if self.archives.knows(path):
            return About("read")
        return About("token" if heard.path in (ADDRESS, TOKEN) else "other")

    def hear(self, heard: Heard, now: datetime) -> Answer:
        try:
            if heard.path == ADDRESS:
                return _said(self._address(heard), "00000")
            if heard.path == TOKEN:
                return _said(self._token(heard, now), "00000")
            self._admit(heard, now)
            return self._done(heard.path.removeprefix(GATEWAY), heard, now)
        except No as no:
            if no.code == "429":
                return replace(_denied(no), status=429, throttled=True)
            return _denied(no)

    def _done(self, path: str, heard: Heard, now: datetime) -> Answer:
        if path in SAVES or path in MERGES:
            return self._save(SAVES.get(path) or MERGES[path], heard.json, now, merged=path in MERGES)
        if path in LISTS:
            shown = now - timedelta(seconds=self.options.shows_after)
            return _said(self.papers.listed(LISTS[path], heard.json, shown))
        if path in DETAILS:
            return _said(self.papers.detail(DETAILS[path], heard.query.get("id", "")))
        if path in DEEDS:
            kind, deed = DEEDS[path]
            idents = _idents(heard.json)
            if not idents:
                raise No("310008", "参数data不能为空")
            told, done = self.papers.deed(kind, deed, idents, now)
            return replace(_said(told), created=f"{deed} {','.join(done)}" if done else None)
        if self.archives.knows(path):
            return _said(self.archives.told(path, dict(heard.query), heard.json))
        raise No("310404", "接口路径不存在或应用没有授权")

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
        if deed == "products":
            found = [row for row in rows(given.get("products")) if row.get("code")]
            for row in found:
                self.archives.put(row, text(row.get("pubts")) or stamp(now))
            return {"products": len(found)}
        if deed == "papers":
            return self._papers(text(given.get("of")), rows(given.get("papers")), now)
        raise ValueError(Say("用友BIP模拟器会做：settings products papers"))

    def _papers(self, kind: str, papers: list[Record], now: datetime) -> Json:
        """Documents as a person makes them in the vendor's own program; gives their ids."""
        if kind not in PAPERS or not papers:
            raise ValueError(Say("papers 要有 of 和 papers，of 可以是：{names}", names=" ".join(PAPERS)))
        made: list[Json] = []
        for paper in papers:
            one = Saved(
                kind,
                2_490_000_000_000_000_000 + len(self.saved) * 104_729,
                str(paper["code"]),
                now,
                paper,
                now,
            )
            self.saved.append(one)
            self.papers.by_id[str(one.id)] = one
            made.append(str(one.id))
        return made

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
            {
                "kind": saved.kind,
                "id": str(saved.id),
                "code": saved.code,
                "at": saved.at.isoformat(),
                "status": saved.status,
                "document": saved.data,
            }
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

    def _save(self, kind: str, body: Record, now: datetime, *, merged: bool) -> Answer:
        data, form = _inner(body), PAPERS[kind]
        if not data:
            raise No("310008", "参数data不能为空")
        key = text(data.get("resubmitCheckKey")) if form.keyed else ""
        if len(key) > 32:
            raise No("999", "resubmitCheckKey长度不能超过32位")
        if key and self.options.keys != "ignored" and (before := self._by_key.get(key)):
            if self.options.keys == "error":
                return replace(_denied(No("999", "重复提交，请勿重复操作")), doubtful=True)
            return _said(self._view(before, merged))
        saved = self.papers.save(kind, data, now, self.options.own_numbers, merged)
        if key:
            self._by_key[key] = saved
        created = None if data["_status"] == "Update" else str(saved.id)
        # The code comes as a text or as a number, by the tenant's data centre: here by the document.
        return replace(_said(self._view(saved, merged), "200" if saved.id % 2 else 200), created=created)

    def _view(self, saved: Saved, merged: bool) -> Record:
        if not PAPERS[saved.kind].by_row and not (merged and saved.kind == "salesout"):
            return view(saved)
        return {
            "count": 1,
            "sucessCount": 1,
            "failCount": 0,
            "messages": [],
            "infos": [view(saved)],
            "failInfos": [],
        }


def token_signature(params: Mapping[str, str], secret: str) -> str:
    """Name and value of every parameter but the signature, sorted and joined, under HMAC-SHA256."""
    text = "".join(name + params[name] for name in sorted(params) if name != "signature")
    return b64encode(hmac.new(secret.encode(), text.encode(), "sha256").digest()).decode()


def _inner(body: Record) -> Record:
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _idents(body: Record) -> list[str]:
    return [str(row.get("id") or "") for row in rows(body.get("data"))]


def _said(data: Json, code: str | int = "200") -> Answer:
    return Answer.of({"code": code, "message": "操作成功", "data": data})


def _denied(no: No) -> Answer:
    return Answer.of({"code": no.code, "message": no.says, "data": None})
