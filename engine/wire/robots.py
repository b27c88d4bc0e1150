"""Telling a group chat: the robots of 钉钉, 企业微信 and 飞书, and an address of the user's own.

Plain text, never markdown: what a vendor said of a document stands in it, and must stay words. Signed
where the robot has a secret; 企业微信's robots have none, their address is the key. Limits, fields and
signatures as the three document their custom robots (read 2026-11): 钉钉 and 企业微信 take 20 messages a
minute, 企业微信 2,048 bytes of text.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from engine.exact import encode
from engine.model.alerts import ReceiverKind
from engine.model.values import Call, Json, Reply
from engine.say import Say

LONGEST = 2000
"""Bytes of text that every one of them takes."""

HOSTS: Mapping[ReceiverKind, tuple[str, ...]] = {
    "dingtalk": ("oapi.dingtalk.com",),
    "wecom": ("qyapi.weixin.qq.com",),
    "feishu": ("open.feishu.cn", "open.larksuite.com"),
    "webhook": (),
}
"""Where the robots live; anything else is a house of the user's own."""

_CODES = {"dingtalk": "errcode", "wecom": "errcode", "feishu": "code"}
_WORDS = {"dingtalk": "errmsg", "wecom": "errmsg", "feishu": "msg"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `text` for people; `facts` for the programs behind a webhook."""

    text: str
    facts: Json


def call(kind: ReceiverKind, secrets: Mapping[str, str], message: Message, now: datetime) -> Call:
    """The request that carries a message. `secrets` are url and, where it signs, secret."""
    url, secret, text = secrets["url"], secrets.get("secret", ""), cut(message.text)
    if kind == "dingtalk":
        return _dingtalk(url, secret, text, now)
    if kind == "feishu":
        return _post(url, {**_feishu(secret, now), "msg_type": "text", "content": {"text": text}})
    if kind == "wecom":
        return _post(url, {"msgtype": "text", "text": {"content": text}})
    return _webhook(url, secret, message, now)


def trouble(kind: ReceiverKind, reply: Reply) -> Say | None:
    """Why a message was not taken; None where it was."""
    told = reply.data if isinstance(reply.data, dict) else {}
    if (
        kind != "webhook"
        and (code := told.get(_CODES[kind], None if reply.status == 200 else reply.status)) != 0
    ):
        words = told.get(_WORDS[kind])
        if code is None:
            return Say("回复读不懂：核对地址是不是机器人的。")
        return Say("对方没有收下（{code}）：{words}", code=code, words=str(words or "-")[:200])
    if not 200 <= reply.status < 300:
        return Say("对方回复 HTTP {status}。", status=reply.status)
    return None


def cut(text: str) -> str:
    """As much of a text as every robot takes, whole lines where that is possible."""
    raw = text.encode()
    if len(raw) <= LONGEST:
        return text
    kept = raw[: LONGEST - 4].decode("utf-8", "ignore")
    return (kept.rpartition("\n")[0] or kept) + "\n…"


def _dingtalk(url: str, secret: str, text: str, now: datetime) -> Call:
    """Milliseconds and secret, signed by the secret, beside the robot's own token."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if secret:
        moment = str(round(now.timestamp() * 1000))
        digest = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
        query |= {"timestamp": moment, "sign": base64.b64encode(digest).decode()}
    bare = urlunsplit(parts._replace(query=""))
    return Call("POST", bare, query, None, encode({"msgtype": "text", "text": {"content": text}}), {})


def _feishu(secret: str, now: datetime) -> dict[str, Json]:
    """Seconds and secret are the key here, and what they sign is nothing at all."""
    if not secret:
        return {}
    moment = str(round(now.timestamp()))
    digest = hmac.new(f"{moment}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": moment, "sign": base64.b64encode(digest).decode()}


def _webhook(url: str, secret: str, message: Message, now: datetime) -> Call:
    """Our own: the facts with the text, and a signature over moment and bytes (docs/operate.md)."""
    body = encode({"text": message.text, "alerts": message.facts})
    headers: dict[str, str] = {}
    if secret:
        moment = str(round(now.timestamp()))
        digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"X-Duijie-Timestamp": moment, "X-Duijie-Signature": f"sha256={digest}"}
    return Call("POST", url, {}, None, body, headers)


def _post(url: str, body: Json) -> Call:
    return Call("POST", url, {}, None, encode(body), {})
