"""How 聚水潭 gives a merchant's own application its token: for the asking, then for a refresh token. No I/O, no state.

Five public clients agree upon both calls. The signature of business calls is the catalogue's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from engine.connect import Call, Fault, Record, Reply, Say, Settings, Signing, Tokens

EARLY = timedelta(days=1)
REFRESHES = timedelta(days=365)
"""How long a refresh token is tried; where it is turned down a token is asked for anew."""


class OwnApp:
    """Sees to a token that has at least a day left, or a tenth of a short life."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        if tokens.fresh("access_token", now) is None:
            refresh = tokens.fresh("refresh_token", now)
            granted = _granted((yield _ask(call.url, settings, now, refresh)), bool(refresh))
            if granted is None:
                granted = _granted((yield _ask(call.url, settings, now, None)), False) or {}
            _keep(granted, tokens, now)
        return call


def _ask(url: str, settings: Settings, now: datetime, refresh: str | None) -> Call:
    """The call for a token, at the server that `url` is called at."""
    key, secret = _needed(settings, "app_key"), _needed(settings, "app_secret")
    stamp = str(int(now.timestamp()))
    form = {"app_key": key, "timestamp": stamp, "charset": "utf-8"}
    if refresh:
        name, form = "refreshToken", {**form, "grant_type": "refresh_token", "refresh_token": refresh}
        form["scope"] = "all"
    else:
        # Any six signs will do where the application is the merchant's own.
        code = hashlib.sha256(f"{key} {now.isoformat()}".encode()).hexdigest()[:6]
        name, form = "getInitToken", {**form, "grant_type": "authorization_code", "code": code}
    text = secret + "".join(one + form[one] for one in sorted(form))
    signed = {**form, "sign": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}
    root = url.partition("/open/")[0].removesuffix("/open")
    return Call("POST", f"{root}/openWeb/auth/{name}", form=signed, proof=text)


def _granted(reply: Reply, refreshing: bool) -> Record | None:
    """What was granted; None where a refresh token is good for nothing any more.

    Raises Fault where the vendor said no; no call of ours was sent yet.
    """
    said = reply.data
    if reply.status == 429:
        raise Fault("busy", Say("聚水潭的令牌服务限流，稍后自动再试"), code="429", sent=False)
    if reply.status >= 500 or not isinstance(said, dict):
        says = Say("聚水潭的令牌服务没有给出可读的答复，稍后自动再试")
        raise Fault("broken", says, code=str(reply.status), sent=False)
    code, data = str(said.get("code")), said.get("data")
    if code in ("199", "200"):
        raise Fault("busy", Say("聚水潭的令牌服务限流，稍后自动再试"), code=code, sent=False)
    if code == "0" and isinstance(data, dict) and data.get("access_token"):
        return data
    if refreshing:
        return None
    says = Say(
        "聚水潭不发令牌：{message}（{code}），请检查应用的密钥，并确认应用已经审核、IP 在白名单里",
        message=said.get("msg") or "",
        code=code,
    )
    raise Fault("login", says, code=code, sent=False)


def _keep(granted: Mapping[str, object], tokens: Tokens, now: datetime) -> None:
    seconds = str(granted.get("expires_in") or "0")
    life = timedelta(seconds=int(seconds)) if seconds.isdecimal() else timedelta(0)
    if granted.get("refresh_token"):
        tokens.keep("refresh_token", str(granted["refresh_token"]), now + REFRESHES)
    tokens.keep("access_token", str(granted.get("access_token") or ""), now + life - min(EARLY, life / 10))


def _needed(settings: Settings, name: str) -> str:
    value = settings.get(name)
    if not value:
        raise Fault("login", Say("聚水潭连接缺少设置 {name}，请在连接里填写", name=name), sent=False)
    return value
