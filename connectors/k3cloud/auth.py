"""How 金蝶云星空 lets a caller in: by headers signed for each call, or by a session that is logged into first.

Learnt from the vendor's own SDKs (signed headers) and two public clients that agree (login by signature).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from itertools import cycle
from urllib.parse import quote, urlsplit

from engine.connect import Call, Fault, Json, Record, Reply, Say, Settings, Signing, Tokens, encode

SERVICE = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
# The key that every SDK of the vendor carries, to hide the client's secret within its id: no secret of anybody's.
MASK = b"0054f397c6234378b09ca7d3e5debce7"
IDLE = timedelta(minutes=15)
JSON = {"Content-Type": "application/json"}


class SignedHeaders:
    """Two signatures a call: of the account (X-Kd), and of the path with the moment (X-Api)."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        yield from ()  # nothing has to be sent first
        account = ",".join(
            [
                _needed(settings, "acct_id"),
                _needed(settings, "user"),
                settings.get("lcid") or "2052",
                settings.get("org_num") or "0",
            ]
        )
        app, secret = _needed(settings, "app_id"), _needed(settings, "app_secret")
        client, _, hidden = app.partition("_")
        # The official Python SDK sends the same seconds as both; the server takes a nonce twice.
        stamp = str(int(now.timestamp()))
        path = quote(urlsplit(call.url).path, safe="")
        said = f"{call.method}\n{path}\n\nx-api-nonce:{stamp}\nx-api-timestamp:{stamp}\n"
        headers = {
            "X-Api-ClientID": client,
            "X-Api-Auth-Version": "2.0",
            "x-api-timestamp": stamp,
            "x-api-nonce": stamp,
            "x-api-signheaders": "x-api-timestamp,x-api-nonce",
            "X-Api-Signature": _signature(said, client_secret(hidden)),
            "X-Kd-Appkey": app,
            "X-Kd-Appdata": base64.b64encode(account.encode()).decode(),
            "X-Kd-Signature": _signature(app + account, secret),
        }
        return Call(
            call.method, call.url, call.query, call.form, call.body, {**call.headers, **JSON, **headers},
            f"{app + account}\n{said}",
        )  # fmt: skip


class Session:
    """A session, logged into by signature where the application's secret is told, else by password."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        session = tokens.fresh("session", now)
        if session is None:
            reply = yield _login(call.url, settings, now)
            session = tokens.keep("session", _session(reply), now + IDLE)
        return call.with_headers({**JSON, "kdservice-sessionid": session})


def client_secret(hidden: str) -> str:
    """The client's secret, taken out of the part of the application's id that follows its `_`."""
    try:
        masked = base64.b64decode(hidden.encode(), validate=True)
    except ValueError as error:
        says = Say("应用 ID 不是完整的样子（下划线后面的部分不对），请在金蝶云星空连接里重新复制")
        raise Fault("login", says, sent=False) from error
    shown = bytes(a ^ b for a, b in zip(masked, cycle(MASK), strict=False))
    return base64.b64encode(shown).decode()


def _signature(text: str, secret: str) -> str:
    """Base64 over the hex text of the digest, as the vendor has it."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()


def _login(url: str, settings: Settings, now: datetime) -> Call:
    """The login that goes before `url`, at the same server."""
    account, user, lcid = (
        _needed(settings, "acct_id"),
        _needed(settings, "user"),
        settings.get("lcid") or "2052",
    )
    root = url[: url.rindex("/") + 1]
    app, secret, password = settings.get("app_id"), settings.get("app_secret"), settings.get("password")
    asked: Record
    text = ""
    if app and secret:
        stamp = str(int(now.timestamp()))
        text = "".join(sorted([account, user, app, secret, stamp]))
        sign = hashlib.sha256(text.encode()).hexdigest()
        name, asked = "LoginBySign", {"parameters": [account, user, app, stamp, sign, int(lcid)]}
    elif password:
        name, asked = (
            "ValidateUser",
            {"acctid": account, "username": user, "password": password, "lcid": int(lcid)},
        )
    else:
        raise _missing("password" if not app else "app_secret")
    return Call("POST", f"{root}{SERVICE}{name}.common.kdsvc", body=encode(asked), headers=JSON, proof=text)


def _session(reply: Reply) -> str:
    """The session's id. Raises Fault where the login was turned down; no call of ours was sent yet."""
    said = reply.data
    if reply.status == 429:
        raise Fault("busy", Say("金蝶云星空的登录服务限流，稍后自动再试"), code="429", sent=False)
    if reply.status >= 500 or not isinstance(said, dict):
        says = Say("金蝶云星空的登录服务没有给出可读的答复，稍后自动再试")
        raise Fault("broken", says, code=str(reply.status), sent=False)
    kind, session = said.get("LoginResultType"), said.get("KDSVCSessionId")
    # -5 wants a form confirmed and counts as logged in, too.
    if str(kind) not in ("1", "-5") or not isinstance(session, str) or not session:
        message: Json = said.get("Message") or ""
        says = Say(
            "金蝶云星空不让登录：{message}（{kind}），请检查账套、用户和密钥", message=message, kind=kind
        )
        raise Fault("login", says, code=str(kind), sent=False)
    return session


def _needed(settings: Settings, name: str) -> str:
    value = settings.get(name)
    if not value:
        raise _missing(name)
    return value


def _missing(name: str) -> Fault:
    says = Say("金蝶云星空连接缺少设置 {name}，请在连接里填写", name=name)
    return Fault("login", says, sent=False)
