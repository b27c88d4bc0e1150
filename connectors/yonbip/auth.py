"""How 用友BIP lets a self-built app in: ask for the tenant's gateway, fetch a token, carry it in the query.

Learnt from the vendor's demo program, which was run, and a second client; no I/O, no state.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engine.connect import Call, Fault, Json, Reply, Say, Settings, Signing, Tokens

ADDRESS = "/open-auth/dataCenter/getGatewayAddress"
TOKEN = "/open-auth/selfAppAuth/base/v1/getAccessToken"  # noqa: S105  (a path)
EARLY = timedelta(seconds=300)
MOVES_RARELY = timedelta(days=1)
# Codes by which the vendor's own systems say that they are in trouble: no key is wrong.
TROUBLED = frozenset({"999", "9999", "500", "310071", "310078"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AppToken:
    """A token fetched with an HMAC proof, kept until five minutes before it runs out."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        gateway, token_url = settings.get("gateway_url", ""), settings.get("token_url", "")
        if bool(gateway) != bool(token_url):
            raise _closed(Say("业务网关地址与令牌地址要么都填，要么都不填，请修改用友BIP连接"))
        if not gateway:
            gateway, token_url = tokens.fresh("gateway_url", now) or "", tokens.fresh("token_url", now) or ""
        if not (gateway and token_url):
            reply = yield _ask_address(settings)
            until = now + MOVES_RARELY
            gateway = tokens.keep("gateway_url", _text(reply, "gatewayUrl"), until)
            token_url = tokens.keep("token_url", _text(reply, "tokenUrl"), until)
        token = tokens.fresh("access_token", now)
        if token is None:
            reply = yield _ask_token(token_url, settings, now)
            token = tokens.keep("access_token", _text(reply, "access_token"), now + _lasts(reply))
        url = call.url if "://" in call.url else gateway.rstrip("/") + call.url
        return replace(call, url=url).with_query(access_token=token)


def _ask_address(settings: Settings) -> Call:
    tenant = _needed(settings, "tenant_id")
    return Call("GET", _needed(settings, "discovery_url").rstrip("/") + ADDRESS, {"tenantId": tenant})


def _ask_token(token_url: str, settings: Settings, now: datetime) -> Call:
    key, secret = _needed(settings, "app_key"), _needed(settings, "app_secret")
    stamp = str((now - EPOCH) // timedelta(milliseconds=1))
    text = f"appKey{key}timestamp{stamp}"
    proof = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    # Raw Base64: whoever sends the call encodes the query, once.
    query = {"appKey": key, "timestamp": stamp, "signature": base64.b64encode(proof).decode()}
    headers = {"Content-Type": "application/json"}
    return Call("GET", token_url.rstrip("/") + TOKEN, query, headers=headers, proof=text)


def _text(reply: Reply, name: str) -> str:
    """A text under `data` of the gateway's answer. Raises Fault where it said anything but yes."""
    found = _yes(reply).get(name)
    if not isinstance(found, str) or not found:
        raise Fault("broken", Say("用友BIP的认证答复里没有 {name}，稍后自动再试", name=name), sent=False)
    return found


def _lasts(reply: Reply) -> timedelta:
    seconds = _yes(reply).get("expire")
    if isinstance(seconds, bool) or not isinstance(seconds, int | str) or not str(seconds).isdecimal():
        return timedelta(0)
    return max(timedelta(seconds=int(seconds)) - EARLY, timedelta(0))


def _yes(reply: Reply) -> dict[str, Json]:
    """The answer's `data`. No call of ours was sent yet, so every fault here says `sent=False`."""
    if reply.status == 429:
        raise Fault("busy", Say("用友BIP的认证服务限流，稍后自动再试"), code="429", sent=False)
    data = reply.data
    if reply.status >= 500 or not isinstance(data, dict):
        says = Say("用友BIP的认证服务没有给出可读的答复，稍后自动再试")
        raise Fault("broken", says, code=str(reply.status), sent=False)
    code, inner = data.get("code"), data.get("data")
    if str(code) not in ("00000", "200"):
        raise _denied(str(code), data.get("message") or "")
    return inner if isinstance(inner, dict) else {}


def _denied(code: str, message: Json) -> Fault:
    if code in TROUBLED:
        says = Say("用友BIP的认证服务出错：{message}（{code}），稍后自动再试", message=message, code=code)
        return Fault("broken", says, code=code, sent=False)
    says = Say("用友BIP不发令牌：{message}（{code}），请检查密钥与租户", message=message, code=code)
    return Fault("login", says, code=code, sent=False)


def _needed(settings: Settings, name: str) -> str:
    value = settings.get(name)
    if not value:
        raise _closed(Say("用友BIP连接缺少设置 {name}，请在连接里填写", name=name))
    return value


def _closed(says: Say) -> Fault:
    return Fault("login", says, sent=False)
