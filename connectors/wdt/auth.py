"""How 旺店通 wants its calls signed: two MD5 rules, one a channel. No I/O, no state.

Learnt from the vendor's sign page and demos; the rules agree over six (openapi2) and nine (奇门)
public implementations, whose signatures are in tests/connectors/vectors.json.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from engine.connect import Call, Fault, Say, Settings, Signing, Tokens

BEIJING = timezone(timedelta(hours=8))


class QimenMD5:
    """企业奇门: the Taobao gateway's MD5 over all parameters, upper-case hex."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        yield from ()  # nothing has to be sent first
        mine = {
            "app_key": _needed(settings, "app_key"),
            "target_app_key": settings.get("target_app_key", ""),
            "sid": _needed(settings, "sid"),
            "timestamp": now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        }
        call = _told(call, mine)
        secret = _needed(settings, "app_secret")
        packed = "".join(name + value for name, value in _sorted(call))
        text = secret + packed + secret
        return replace(call.with_form(sign=_md5(text).upper()), proof=text)


class ClassicMD5:
    """openapi2: every name and value with its length in characters before it, lower-case hex."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        yield from ()  # nothing has to be sent first
        mine = {
            "sid": _needed(settings, "sid"),
            "appkey": _needed(settings, "appkey"),
            "timestamp": str(int(now.astimezone(UTC).timestamp())),
        }
        call = _told(call, mine)
        packed = ";".join(f"{len(name):02}-{name}:{len(value):04}-{value}" for name, value in _sorted(call))
        text = packed + _needed(settings, "appsecret")
        return replace(call.with_form(sign=_md5(text)), proof=text)


def _needed(settings: Settings, name: str) -> str:
    value = settings.get(name)
    if not value:
        raise Fault("login", Say("旺店通连接缺少设置 {name}，请在连接里填写", name=name), sent=False)
    return value


def _told(call: Call, mine: Mapping[str, str]) -> Call:
    """The call with our parameters, without empty ones, and with nothing in it the rules disagree about."""
    query = _told_only(call.query)
    form = _told_only({**(call.form or {}), **mine})
    for name, value in (*query.items(), *form.items()):
        _check(name, value)
    return replace(call, query=query, form=form)


def _told_only(params: Mapping[str, str]) -> dict[str, str]:
    # Half of the public clients drop empty values before signing, half sign them: only absent ones are safe.
    return {name: value for name, value in params.items() if value and name != "sign"}


def _check(name: str, value: str) -> None:
    """Refuse what implementations sign differently; such a call would be a wrong signature on a good day."""
    if any(ord(letter) > 0xFFFF for letter in name + value):
        # PHP counts an emoji as one, Java as two; the vendor's database does not take it anyway.
        raise _unsigned(Say("参数 {name} 含有表情等旺店通不接受的字符，请去掉后再查", name=name))
    if value.startswith("@"):
        # The gateway's PHP SDK takes a leading @ for a file and leaves it unsigned.
        raise _unsigned(Say("参数 {name} 以 @ 开头，各家对它的签名不一致，请改写", name=name))


def _unsigned(says: Say) -> Fault:
    return Fault("refused", says, sent=False)


def _sorted(call: Call) -> list[tuple[str, str]]:
    return sorted({**call.query, **(call.form or {})}.items(), key=lambda pair: pair[0].encode())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
