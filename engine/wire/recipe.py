"""Signs calls by a recipe of the catalogue. No I/O, no state; compiled once for each channel."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import add
from string import Formatter
from typing import Any, TypeAlias
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from engine.errors import Fault
from engine.exact import decode, encode
from engine.model.catalog import Channel
from engine.model.recipe import Digest, Part, Recipe
from engine.model.values import Call, Json, Record
from engine.say import Say
from engine.wire.auth import Auth, Settings, Signing, Tokens
from engine.wire.path import text

Taken: TypeAlias = "Callable[[Call, Settings, Tokens, datetime], Json]"
"""What a part of a recipe is worth for one call; None or "" where there is nothing to send."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
JSON = {"Content-Type": "application/json"}


class ByRecipe:
    """The Auth that a channel's `sign` describes. `vendor` is named where a setting is missing."""

    def __init__(self, recipe: Recipe, channel: Channel, vendor: str) -> None:
        needed = {setting.name for setting in channel.settings if setting.required}
        self._recipe, self._vendor = recipe, vendor
        self._parts = [(name, self._taken(part, part.setting in needed)) for name, part in recipe.add.items()]
        self._unsigned = frozenset({recipe.at, *recipe.unsigned})
        self._pair, self._url = _pairing(recipe.pair), recipe.escape == "url"
        self._text = [(before, name) for before, name, _, _ in Formatter().parse(recipe.text)]
        self._names = {name for _, name in self._text}
        self._body = "body" in self._names
        self._plain = self._pair is add and not self._url and recipe.blank != "skip"
        self._digest, self._drops = _digesting(recipe.digest), recipe.blank == "drop"

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        yield from ()  # nothing has to be sent first
        secret = self._needed(settings, self._recipe.secret)
        added: Record = {}
        for name, taken in self._parts:
            value = taken(call, settings, tokens, now)
            if value is not None and value != "":
                added[name] = value
        ready, params, members = self._told(call, added)
        said, proof = self._said(ready, params, secret)
        return self._placed(ready, members, self._written(self._digest(secret.encode(), said)), proof)

    # -- what is sent ----------------------------------------------------------------------------

    def _told(self, call: Call, added: Record) -> tuple[Call, dict[str, str], Record]:
        """The call with our parameters, everything that may be signed, and the members of its JSON body."""
        to, form, members = self._recipe.to, call.form, dict[str, Json]()
        ours = {name: value if isinstance(value, str) else text(value) or "" for name, value in added.items()}
        query = {**call.query, **ours} if to == "query" else call.query
        query = self._kept(query) if query else query
        body = call.body
        if to == "json":
            members = self._kept({**(form if form is not None else _members(body)), **added})
            form, body = None, encode(members)
        elif to == "form":
            form = self._kept({**(form or {}), **ours})
        elif form is not None:
            form = self._kept(form)
        params = {**query, **form} if form else dict(query)
        if members and "pairs" in self._names:
            params |= {name: _plain(value) for name, value in members.items()}
        if self._recipe.refuse:
            for name, value in params.items():
                self._check(name, value)
        return Call(call.method, call.url, query, form, body, call.headers), params, members

    def _kept(self, params: Mapping[str, Any]) -> dict[str, Any]:
        at = self._recipe.at
        if self._drops:
            return {
                name: value
                for name, value in params.items()
                if value != "" and value is not None and name != at
            }
        return {name: value for name, value in params.items() if name != at} if at in params else {**params}

    def _check(self, name: str, value: str) -> None:
        """Refuse what clients sign differently; such a call would be a wrong signature on a good day."""
        refuse = self._recipe.refuse
        if "emoji" in refuse and not (name.isascii() and value.isascii()) and max(name + value) > "\uffff":
            # PHP counts an emoji as one, Java as two.
            says = Say("参数 {name} 含有表情等各家签名不一致的字符，请去掉后再发", name=name)
            raise Fault("refused", says, sent=False, alone=True)
        if "leading_at" in refuse and value[:1] == "@":
            # The gateways' PHP SDKs take a leading @ for a file and leave it unsigned.
            says = Say("参数 {name} 以 @ 开头，各家对它的签名不一致，请改写", name=name)
            raise Fault("refused", says, sent=False, alone=True)

    # -- what is signed --------------------------------------------------------------------------

    def _said(self, call: Call, params: Mapping[str, str], secret: str) -> tuple[bytes, str]:
        """The bytes that are digested, and the text they are."""
        held = {"pairs": self._pairs(params), "secret": secret, None: ""}
        if not self._body:
            proof = "".join([before + held[name] for before, name in self._text])
            return proof.encode(), proof
        parts = [
            before.encode() + ((call.body or b"") if name == "body" else held[name].encode())
            for before, name in self._text
        ]
        said = b"".join(parts)
        return said, said.decode("utf-8", "replace")

    def _pairs(self, params: Mapping[str, str]) -> str:
        """All that is signed in one text. The order of code points is that of their bytes."""
        recipe, pair, unsigned = self._recipe, self._pair, self._unsigned
        names = [name for name in sorted(params) if name not in unsigned]
        if self._plain:
            return recipe.join.join([name + params[name] for name in names])
        if recipe.blank == "skip":
            names = [name for name in names if params[name]]
        if self._url:
            return recipe.join.join([pair(_escaped(name), _escaped(params[name])) for name in names])
        return recipe.join.join([pair(name, params[name]) for name in names])

    def _written(self, digest: bytes) -> str:
        if self._recipe.encode == "base64":
            return base64.b64encode(digest).decode()
        return digest.hex().upper() if self._recipe.case == "upper" else digest.hex()

    def _placed(self, call: Call, members: Record, signature: str, proof: str) -> Call:
        """The call with its signature where the vendor looks for it."""
        recipe = self._recipe
        if recipe.header is not None:
            headers = {**call.headers, **(JSON if recipe.to == "json" else {}), recipe.header: signature}
            return replace(call, headers=headers, proof=proof)
        mine = {recipe.at: signature}
        if recipe.to == "json":
            body = encode({**members, **mine})
            return replace(call, body=body, headers={**call.headers, **JSON}, proof=proof)
        query = {**call.query, **mine} if recipe.to == "query" else call.query
        form = {**(call.form or {}), **mine} if recipe.to == "form" else call.form
        return Call(call.method, call.url, query, form, call.body, call.headers, proof)

    # -- the parts -------------------------------------------------------------------------------

    def _taken(self, part: Part, needed: bool) -> Taken:
        taken = self._text_of(part, needed)
        if not part.integer:
            return taken
        return lambda call, settings, tokens, now: int(str(taken(call, settings, tokens, now)))

    def _text_of(self, part: Part, needed: bool) -> Taken:
        if part.setting is not None:
            name = part.setting
            if needed:
                return lambda call, settings, tokens, now: self._needed(settings, name)
            return lambda call, settings, tokens, now: settings.get(name)
        if part.token is not None:
            kept = part.token
            return lambda call, settings, tokens, now: tokens.fresh(kept, now)
        if part.time is not None:
            written = _clock(part.time, part.zone)
            return lambda call, settings, tokens, now: written(now)
        if part.nonce:
            return lambda call, settings, tokens, now: _nonce(call, now)
        return lambda call, settings, tokens, now: part.value

    def _needed(self, settings: Settings, name: str) -> str:
        value = settings.get(name)
        if not value:
            says = Say("{vendor} 连接缺少设置 {name}，请在连接里填写", vendor=self._vendor, name=name)
            raise Fault("login", says, sent=False)
        return value


class InTurn:
    """A handshake of auth.py that fetches tokens, then a recipe that signs with them."""

    def __init__(self, handshake: Auth, recipe: ByRecipe) -> None:
        self._handshake, self._recipe = handshake, recipe

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        ready = yield from self._handshake.sign(call, settings, tokens, now)
        return (yield from self._recipe.sign(ready, settings, tokens, now))


def _pairing(pair: str) -> Callable[[str, str], str]:
    if pair == "{name}{value}":
        return add
    form = (
        pair.replace("{name.length", "{2").replace("{value.length", "{3").replace("{name}", "{0}")
    ).replace("{value}", "{1}")
    if "{2" not in form and "{3" not in form:
        return form.format
    return lambda name, value: form.format(name, value, len(name), len(value))


def _digesting(kind: Digest) -> Callable[[bytes, bytes], bytes]:
    """The digest of a text, given the secret and the text."""
    keyed, _, name = kind.rpartition("-")
    if keyed:
        return lambda secret, said: hmac.digest(secret, said, name)
    made = {"md5": hashlib.md5, "sha1": hashlib.sha1, "sha256": hashlib.sha256}[name]
    return lambda secret, said: made(said, usedforsecurity=False).digest()


def _clock(form: str, zone: str) -> Callable[[datetime], str]:
    if form == "seconds":
        return lambda now: str(int(now.timestamp()))
    if form == "milliseconds":
        return lambda now: str((now - EPOCH) // MILLISECOND)
    place = ZoneInfo(zone)
    return lambda now: now.astimezone(place).strftime(form)


def _nonce(call: Call, now: datetime) -> str:
    """Another text for every call: made of the call and the microsecond, as there is no chance here."""
    told = f"{now.isoformat()} {call.url} {sorted(call.query.items())} {sorted((call.form or {}).items())}"
    return hashlib.sha256(told.encode() + (call.body or b"")).hexdigest()[:32]


def _escaped(value: str) -> str:
    """As Java's URLEncoder does it: `*` stays, `~` becomes %7E."""
    return quote_plus(value, safe="*").replace("~", "%7E")


def _members(body: bytes | None) -> Record:
    held = decode(body) if body else {}
    if not isinstance(held, dict):
        raise Fault("refused", Say("要写的单据必须是一个对象。"), sent=False, alone=True)
    return held


def _plain(value: Json) -> str:
    return encode(value).decode() if isinstance(value, dict | list) else text(value) or ""
