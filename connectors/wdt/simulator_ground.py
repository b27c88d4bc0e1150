"""What the parts of the 旺店通 simulator share: its refusals, its clock's writing, its two signatures."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta, timezone

from engine.connect import Json, Record

BEIJING = timezone(timedelta(hours=8))
STAMP = "%Y-%m-%d %H:%M:%S"
NO_TIME = "0000-00-00 00:00:00"
SID = "demo-sid"
ACCOUNT: Record = {"sid": SID, "app_key": "12340001", "target_app_key": "21363512"}
CLASSIC_ACCOUNT: Record = {"sid": SID, "appkey": "demo-sid-test"}
SECRET, CLASSIC_SECRET = "invented-qimen-secret", "invented-classic-secret"


class No(Exception):
    """The vendor's own refusal; `gateway` where Taobao speaks, before 旺店通 hears the call."""

    def __init__(self, code: int, says: str, *, gateway: bool = False, doubtful: bool = False) -> None:
        super().__init__(says)
        self.code, self.says, self.gateway, self.doubtful = code, says, gateway, doubtful


def verify_qimen(params: Mapping[str, str], now: datetime, methods: Collection[str]) -> None:
    """Raises No unless the gateway would let this call pass."""
    if params.get("app_key") != ACCOUNT["app_key"]:
        raise No(29, "Invalid app Key", gateway=True)
    if params.get("sign") != qimen_sign(params, SECRET):
        raise No(25, "Invalid signature", gateway=True)
    if abs(moment(params.get("timestamp", "")) - now) > timedelta(minutes=10):
        raise No(31, "Invalid timestamp", gateway=True)
    if params.get("method", "").removeprefix("hu3cgwt0tc.") not in methods:
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


def span(params: Mapping[str, str], longest: timedelta) -> tuple[str, str]:
    """The window's two ends as text, which sorts as time does. Raises No for one the vendor does not take."""
    since, until = params.get("start_time", ""), params.get("end_time", "")
    if not since or not until:
        raise No(2900, "start_time和end_time不能为空")
    try:
        first, last = (datetime.strptime(stamp, STAMP).replace(tzinfo=BEIJING) for stamp in (since, until))
    except ValueError as wrong:
        raise No(2160, "start_time或end_time时间格式不正确") from wrong
    if last < first:
        raise No(2105, "start_time不能大于end_time")
    if last - first > longest:
        most = f"{longest.days}天" if longest.days else f"{longest.seconds // 60}分钟"
        raise No(2180, f"start_time与end_time时间跨度不能超过最大范围{most}")
    return since, until


def whole(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name, "")
    if text and not text.isdecimal():
        raise No(2830, f"{name}的值{text}不正确")
    return int(text) if text else default


def page_of(params: Mapping[str, str], cap: int) -> tuple[int, int]:
    """The page's number, from 0, and its size."""
    number, size = whole(params, "page_no", 0), whole(params, "page_size", 30)
    if not 1 <= size <= cap:
        raise No(2220, f"page_size取值范围1~{cap}")
    return number, size


def moment(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=BEIJING)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)


def beijing(now: datetime) -> str:
    return now.astimezone(BEIJING).strftime(STAMP)


def texts(value: Json) -> Json:
    """As openapi2 writes it: every number inside a row as text."""
    if isinstance(value, dict):
        return {name: texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [texts(inner) for inner in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
