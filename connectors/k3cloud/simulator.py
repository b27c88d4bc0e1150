"""金蝶云星空 as far as we know it: logins, signed headers, bill queries by FieldKeys, sales outbound bills.

Written against the facts alone: it shares no code with auth.py and reads no catalogue. BEHAVIOURS lists
what it does and how sure we are of each.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from engine.connect import Json, Record, Say
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options

from .simulator_bills import CUSTOMERS, MATERIALS, STOCKS, UNITS, Bill, Bills
from .simulator_ground import No, rows, text

__all__ = [
    "CUSTOMERS",
    "MATERIALS",
    "STOCKS",
    "UNITS",
    "K3CloudSimulator",
    "headers_signed",
    "login_sign",
    "simulator",
]

BEHAVIOURS = (
    Behaviour("X-Kd-Signature 与 X-Api-Signature 两个签名都要对，不对时回 MsgCode 1", "推测"),
    Behaviour("LoginBySign 的签名是五段文本排序后相接的 SHA-256；ValidateUser 认密码", "文档"),
    Behaviour("登录成功 LoginResultType 是 1，给 KDSVCSessionId；会话放在请求头 kdservice-sessionid", "文档"),
    Behaviour("会话过期时 MsgCode 是 1，没有执行", "文档"),
    Behaviour("查询的回复是列表的列表，次序同 FieldKeys；出错时是 [[{Result: …}]]，HTTP 仍是 200", "文档"),
    Behaviour("FilterString 认 = <> > >= < <= 和 and，单引号写两个", "推测"),
    Behaviour("写了 FEntity_ 开头的字段时一行明细一条，表头重复", "文档"),
    Behaviour("Limit 默认 2000，至多 10000；按 OrderString 排序，StartRow 跳过", "文档"),
    Behaviour("保存的答复里有 Id、Number；出错时 IsSuccess 是 false，Errors 里有原话", "文档"),
    Behaviour("写错的基础资料编码当作没有填，报“是必填项”", "推测"),
    Behaviour("单据编号重复时报错，MsgCode 11，没有另存", "推测"),
    Behaviour("账套用编码规则时不认我们的编号（own_numbers）", "推测"),
    Behaviour("批量保存按 DIndex 逐张给结果，有一张没成 IsSuccess 就是 false", "文档"),
    Behaviour("保存后是创建 A，提交 B，审核 C；状态不对时报错", "文档"),
    Behaviour("单据被别人打开时 MsgCode 13，没有执行", "文档"),
    Behaviour("超出调用限制时 MsgCode 14，没有执行", "文档"),
    Behaviour("系统异常 MsgCode 4，写没写成从话里看不出", "推测"),
)
STUB = "Kingdee.BOS.WebApi.ServicesStub."
FORM = "DynamicFormService."
ACCOUNT, USER, PASSWORD = "65aa0000000000", "demo", "invented-password"
APP_ID = "300001_0123456789ABCDEFGHIJKLMNOPQRSTUV"
APP_SECRET = "invented00k3cloud00secret0000000"  # noqa: S105  (invented)
XOR_KEY = "0054f397c6234378b09ca7d3e5debce7"


def simulator(options: Record, seed: int) -> K3CloudSimulator:
    """`options`: the fields of Options by name. ValueError for others."""
    return K3CloudSimulator(with_options(Options(), options), seed)


@dataclass(frozen=True, slots=True)
class Options:
    """How this account behaves today. `session_life` in seconds; 0 calls a second: no limit."""

    session_life: int = 1200
    own_numbers: bool = False
    per_second: int = 0


class K3CloudSimulator:
    name = "k3cloud"
    behaviours = BEHAVIOURS
    mishaps = frozenset({"session_lost", "network_control", "system_error", "system_error_after"})

    def __init__(self, options: Options, seed: int) -> None:
        self.options = options
        self.bills = Bills(options.own_numbers)
        self._sessions: dict[str, datetime] = {}
        self._heard: deque[datetime] = deque()
        self._doubted: set[str] = set()
        self._seed = seed

    def about(self, heard: Heard) -> About:
        deed = _deed(heard)
        data = _data(heard.json)
        if deed == "Save":
            return About("save", text(_object(data.get("Model")).get("FBillNo")) or None)
        if deed == "BatchSave":
            return About("save", ",".join(text(model.get("FBillNo")) for model in rows(data.get("Model"))))
        if deed in ("Submit", "Audit"):
            # From its arrival on the caller may ask what became of it, also where it was never executed.
            ident = text(data.get("Ids"))
            self._doubted.add(ident)
            return About("save", f"{deed} {ident}")
        if deed == "ExecuteBillQuery":
            return self._query_about(text(data.get("FilterString")))
        return About("token" if deed in ("LoginBySign", "ValidateUser") else "other")

    def _query_about(self, condition: str) -> About:
        name, _, value = condition.partition("=")
        value = value.strip("'")
        if name == "FBillNo":
            return About("lookup", value)
        if name == "FID" and value in self._doubted:
            # Which of the two deeds is asked after, the bill's state tells: the first that is not done yet.
            status = next((bill.status for bill in self.bills.all if str(bill.id) == value), "")
            return About("lookup", f"{'Audit' if status in 'BC' and status else 'Submit'} {value}")
        return About("read")

    def hear(self, heard: Heard, now: datetime) -> Answer:
        deed = _deed(heard)
        if deed in ("LoginBySign", "ValidateUser"):
            return self._login(deed, heard.json, now)
        try:
            self._admit(heard, now)
            return self._done(deed, _data(heard.json), now)
        except No as no:
            return self._denied(no, deed)

    def _done(self, deed: str, data: Record, now: datetime) -> Answer:
        if deed == "ExecuteBillQuery":
            return Answer.of(self.bills.query(data))
        if deed == "Save":
            bill = self.bills.save(_object(data.get("Model")), now)
            return replace(_said([_entity(bill)], []), created=str(bill.id))
        if deed == "BatchSave":
            return self._save_all(rows(data.get("Model")), now)
        if deed in ("Submit", "Audit"):
            bills = [self.bills.deed(deed, ident, now) for ident in text(data.get("Ids")).split(",")]
            told = _said([_entity(bill, place) for place, bill in enumerate(bills)], [])
            return replace(told, created=f"{deed} {bills[0].id}")
        raise No(3, "操作标识为空")

    def _save_all(self, models: list[Record], now: datetime) -> Answer:
        saved: list[Json] = []
        errors: list[Json] = []
        for place, model in enumerate(models):
            try:
                saved.append(_entity(self.bills.save(model, now), place))
            except No as no:
                errors.append(no.row(place))
        ids = ",".join(text(row["Id"]) for row in rows(saved))
        return replace(_said(saved, errors), created=ids or None)

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        deed = _deed(heard)
        if kind == "session_lost":
            self._sessions.clear()
            return self._denied(No(1, "会话信息已丢失，请重新登录"), deed)
        if kind == "network_control":
            return self._denied(No(13, "单据正在被其他用户编辑，网控冲突"), deed)
        did = self.hear(heard, now) if kind == "system_error_after" else Answer()
        return replace(self._denied(No(4, "系统异常"), deed), created=did.created, doubtful=True)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        if deed == "settings":
            self.options = with_options(self.options, given)
            self.bills.own_numbers = self.options.own_numbers
            return {}
        if deed == "bills":
            return [str(self.bills.save(model, now).id) for model in rows(given.get("bills"))]
        if deed == "rows" and text(given.get("of")):
            self.bills.more[text(given["of"])] = rows(given.get("rows"))
            return len(rows(given.get("rows")))
        raise ValueError(Say("金蝶云星空模拟器会做：settings bills rows"))

    def connections(self, base: str) -> dict[str, Json]:
        own: Record = {"acct_id": ACCOUNT, "user": USER}
        app: Record = {**own, "app_id": APP_ID, "app_secret": APP_SECRET}
        base += "/k3cloud"
        return {
            "signed": {"channel": "signed", "base": base, "settings": app},
            "session": {"channel": "session", "base": base, "settings": app},
            "password": {"channel": "session", "base": base, "settings": {**own, "password": PASSWORD}},
        }

    def written(self) -> list[Record]:
        return [
            {
                "id": str(bill.id),
                "number": bill.number,
                "at": bill.made.isoformat(),
                "status": bill.status,
                "document": bill.model,
            }
            for bill in self.bills.all
        ]

    def _login(self, deed: str, body: Record, now: datetime) -> Answer:
        if deed == "LoginBySign":
            given = body.get("parameters")
            words = [text(one) for one in given] if isinstance(given, list) else []
            fine = len(words) == 6 and words[:3] == [ACCOUNT, USER, APP_ID]
            fine = fine and words[3].isdecimal() and abs(int(words[3]) - now.timestamp()) <= 300
            fine = fine and words[4] == login_sign([ACCOUNT, USER, APP_ID, APP_SECRET, words[3]])
        else:
            asked = (body.get("acctid"), body.get("username"), body.get("password"))
            fine = asked == (ACCOUNT, USER, PASSWORD)
        if not fine:
            return Answer.of({"LoginResultType": 0, "Message": "用户名或密码错误", "KDSVCSessionId": None})
        session = hashlib.sha256(f"{self._seed}/{len(self._sessions)}/{now}".encode()).hexdigest()[:32]
        self._sessions[session] = now
        return Answer.of({"LoginResultType": 1, "Message": None, "KDSVCSessionId": session})

    def _admit(self, heard: Heard, now: datetime) -> None:
        session = heard.headers.get("kdservice-sessionid", "")
        if session:
            used, life = self._sessions.get(session), timedelta(seconds=self.options.session_life)
            if used is None or now - used >= life:
                raise No(1, "会话信息已丢失，请重新登录")
            self._sessions[session] = now
        elif not headers_signed(heard.method, heard.path, heard.headers, APP_SECRET):
            raise No(1, "签名验证失败")
        if self.options.per_second:
            while self._heard and now - self._heard[0] >= timedelta(seconds=1):
                self._heard.popleft()
            if len(self._heard) >= self.options.per_second:
                raise No(14, "接口调用过于频繁")
            self._heard.append(now)

    def _denied(self, no: No, deed: str) -> Answer:
        said = _status([], [no.row()], no.code)
        answer = Answer.of([[said]] if deed == "ExecuteBillQuery" else said)
        return replace(answer, throttled=no.code == 14, doubtful=no.code == 11)


def login_sign(words: list[str]) -> str:
    return hashlib.sha256("".join(sorted(words)).encode()).hexdigest()


def headers_signed(method: str, path: str, headers: Mapping[str, str], secret: str) -> bool:
    """Whether both signatures are those of this account, this path and this moment."""
    given = {name.lower(): value for name, value in headers.items()}
    app, data = given.get("x-kd-appkey", ""), given.get("x-kd-appdata", "")
    account = b64decode(data).decode() if data else ""
    client, _, hidden = app.partition("_")
    key = bytes(one ^ ord(XOR_KEY[at % 32]) for at, one in enumerate(b64decode(hidden or "")))
    said = "\n".join(
        [
            method,
            quote(path, safe=""),
            "",
            f"x-api-nonce:{given.get('x-api-nonce')}",
            f"x-api-timestamp:{given.get('x-api-timestamp')}",
            "",
        ]
    )
    return (
        given.get("x-api-clientid") == client
        and given.get("x-kd-signature") == _mac(app + account, secret)
        and given.get("x-api-signature") == _mac(said, b64encode(key).decode())
    )


def _mac(words: str, secret: str) -> str:
    return b64encode(hmac.new(secret.encode(), words.encode(), "sha256").hexdigest().encode()).decode()


def _deed(heard: Heard) -> str:
    """Save, ExecuteBillQuery, LoginBySign … of the address."""
    last = heard.path.rpartition("/")[2].removesuffix(".common.kdsvc").removeprefix(STUB)
    return last.removeprefix(FORM).removeprefix("AuthService.")


def _object(value: Json) -> Record:
    return value if isinstance(value, dict) else {}


def _data(body: Record) -> Record:
    return _object(body.get("data"))


def _entity(bill: Bill, place: int = 0) -> Record:
    return {"Id": str(bill.id), "Number": bill.number, "DIndex": place}


def _status(saved: list[Json], errors: list[Json], code: int = 0) -> Record:
    first = rows(saved)[0] if rows(saved) and not errors else {}
    status: Record = {
        "IsSuccess": not errors,
        "ErrorCode": 500 if errors else 0,
        "Errors": errors,
        "SuccessEntitys": saved,
        "SuccessMessages": [],
        "MsgCode": code,
    }
    return {
        "Result": {
            "ResponseStatus": status,
            "Id": first.get("Id"),
            "Number": first.get("Number"),
            "NeedReturnData": [{}],
        }
    }


def _said(saved: list[Json], errors: list[Json]) -> Answer:
    return Answer.of(_status(saved, errors))
