"""Takes secrets and personal data out of whatever is kept or shown of a call (S14, S15).

By value: a connection's secrets and tokens, in every form they travel in. By name: members that
say token, sign, password …, and personal ones, which keep just enough to be recognised.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus

from engine.model.values import Json

CUT = 4_000
"""Characters kept of a url, a request or a reply."""

WORDS = 300
"""Characters kept of a vendor's own words."""

_LOOK = 2 * CUT  # what begins before the cut is recognised whole, then cut
_HIDDEN = "***"
_SHORTEST = 4  # a shorter secret would be found everywhere

_PEOPLE = """
receiver_name receiver_mobile receiver_telno receiver_phone receiver_tel receiver_address receiver_zip
receiver_email receiver_area receiverName receiverMobile receiverPhone receiverTel receiverAddress
mobile mobile_no mobileno phone phone_no telno tel tele telephone address addr detailAddress
detail_address buyer_nick buyerNick buyer_name buyerName buyer_email buyer_message nick email mail
contact contacts contact_name contactName contact_phone contactPhone contact_mobile contactMobile
linkman linkMan linkPhone consignee consignee_name consigneeName id_card idcard idCard id_card_no
cert_no customer_mobile customerMobile fullname full_name
"""
# How secrets are named as a document's text is first asked for them ...
_KEYS = """
secret app_secret appSecret appsecret client_secret clientSecret token access_token accessToken
refresh_token refreshToken session_token password passwd pwd appkey appKey app_key AppKey access_key
accessKey sign signature msgSignature authorization Authorization
"""
# ... and everything like them.
_LIKE_KEYS = (
    r'[^"\\\s]*(?:secret|token|passw|pwd|app_?key|access_?key|signature|credential|authorization)[^"\\\s]*'
    r"|(?:\w+_)?sign"
)
# The same as the name of an XML element or attribute, which is short.
_LIKE_ELEMENTS = (
    r"[\w.-]{0,40}(?:secret|token|passw|pwd|app_?key|access_?key|signature|credential|authorization)[\w.-]{0,40}"
    r"|(?:\w{1,40}_)?sign"
)
PERSONAL = frozenset(_PEOPLE.split())
_QUICK = frozenset(_KEYS.split())
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")


class Redactor:
    """Knows one connection's secrets and the names of personal fields. Cheap enough for every call."""

    def __init__(self, secrets: Iterable[str], personal: Iterable[str] = ()) -> None:
        self._written, self._forms = _forms(secrets)
        self._names = _names(frozenset(personal))

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """The same, knowing these secrets instead."""
        other = object.__new__(Redactor)
        other._names = self._names
        other._written, other._forms = _forms(secrets)
        return other

    def text(self, body: bytes | str, *, quick: bool = False) -> str:
        """A body, request or reply, as it may be kept: JSON is masked by member names too.

        `quick` is for saves, of which there are many: secrets are then looked for as JSON writes
        them, names as they are usually spelt, and the search for anything like them begins where
        one is found.
        """
        raw = body[:_LOOK] if isinstance(body, bytes) else body[:_LOOK].encode()
        text = _without(raw.decode("utf-8", "replace"), self._written if quick else self._forms)
        if not quick or self._names.suspects(raw):
            text = self._names.masked(text)
        return text[:CUT]

    def value(self, value: Json, name: str = "") -> Json:
        """A whole JSON value with every secret and person in it masked, nothing cut: it stays what it was, JSON."""
        if isinstance(value, dict):
            return {key: self.value(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, name) for inner in value]
        if value is None or isinstance(value, bool) or value == "":
            return value
        kind = self._names.kind(name)
        if isinstance(value, str):
            shown = self._names.masked(_without(value, self._forms))
            return _HIDDEN if kind == "secret" else mask(value) if kind == "personal" else shown
        return value if kind is None else _HIDDEN if kind == "secret" else mask(str(value))

    def whole(self, text: str) -> str:
        """A text of any length without the secrets in it."""
        return _without(text, self._forms)

    def form(self, form: Mapping[str, str]) -> str:
        """Form or query parameters, readable."""
        return "&".join(f"{name}={self._parameter(name, value)}" for name, value in form.items())[:CUT]

    def url(self, url: str, query: Mapping[str, str]) -> str:
        """A url with its parameters; a secret never stands in the path, but may by value."""
        shown = _without(url, self._forms)
        return f"{shown}{'&' if '?' in shown else '?'}{self.form(query)}"[:CUT] if query else shown[:CUT]

    def words(self, text: str) -> str:
        """A vendor's sentence: secrets and mobile numbers hidden, cut to what fits in one of ours."""
        return _MOBILE.sub(r"\1****\2", _without(text[:_LOOK], self._forms))[:WORDS]

    def _parameter(self, name: str, value: str) -> str:
        kind = self._names.kind(name)
        if kind == "secret":
            return _HIDDEN
        return mask(value) if kind == "personal" else self.text(value)


def _without(text: str, forms: tuple[str, ...]) -> str:
    for form in forms:
        if form in text:
            text = text.replace(form, _HIDDEN)
    return text


def mask(value: str) -> str:
    """138****8000 for what looks like a number to ring, first character and stars for the rest."""
    if sum(letter.isdigit() for letter in value) >= 7 and len(value) <= 20:
        return f"{value[:3]}****{value[-4:]}"
    head = value[:6] if value.startswith("\\u") else value[:1]
    return head + "*" * min(len(value) - len(head), 8)


class _Names:
    """Names of members that are masked, compiled once for a set of personal names."""

    def __init__(self, personal: frozenset[str]) -> None:
        names = "|".join(sorted((re.escape(name) for name in personal), key=len, reverse=True))
        named = rf"(?i:(?P<secret>{_LIKE_KEYS})|{names})"
        usual = _QUICK | personal
        spelt = usual | {name.lower() for name in usual} | {name[:1].upper() + name[1:] for name in usual}
        self._usual = frozenset(name.encode() for name in spelt)
        self._kinds: dict[str, str | None] = {}
        self._name = re.compile(named)
        self._plain = re.compile(
            rf'"{named}"(?P<is>\s*:\s*)(?:"(?P<text>(?:[^"\\]|\\.)*)"?|(?P<number>-?\d[\d.eE+-]*))'
        )
        # An XML element or attribute, as a vendor who speaks XML writes it, whole or cut off.
        element = rf"(?i:(?P<secret>{_LIKE_ELEMENTS})|{names})"
        content = r"<!\[CDATA\[(?:(?!\]\]>).)*|[^<]*"
        self._element = re.compile(
            rf"<(?:\w{{1,40}}:)?{element}(?P<is>(?:\s[^<>]*)?>)(?P<text>{content})", re.DOTALL
        )
        self._attribute = re.compile(rf"\s{element}(?P<is>\s*=\s*[\"'])(?P<text>[^\"'<]*)")
        # JSON inside a JSON text, where every quotation mark wears a backslash.
        self._inner = re.compile(rf'\\"{named}\\"(?P<is>\s*:\s*)\\"(?P<text>(?:(?!\\").)*)')

    def kind(self, name: str) -> str | None:
        """What a parameter of this name is: "secret", "personal" or neither."""
        if name not in self._kinds:
            if len(self._kinds) > 1000:
                self._kinds.clear()
            found = self._name.fullmatch(name)
            self._kinds[name] = None if found is None else "secret" if found["secret"] else "personal"
        return self._kinds[name]

    def suspects(self, text: bytes) -> bool:
        """Whether a usual name stands between quotation marks; a tenth of what a search by names costs."""
        if text.lstrip()[:1] == b"<":
            return True
        if b'\\"' in text:
            text = text.replace(b'\\"', b'"')
        return not self._usual.isdisjoint(text.split(b'"'))

    def masked(self, text: str) -> str:
        text = self._plain.sub(_hidden, text)
        if "</" in text or text.lstrip()[:1] == "<":
            text = self._attribute.sub(_hidden, self._element.sub(_hidden, text))
        return self._inner.sub(_hidden, text) if '\\"' in text else text


@lru_cache(maxsize=256)
def _names(personal: frozenset[str]) -> _Names:
    return _Names(PERSONAL | personal)


def _hidden(found: re.Match[str]) -> str:
    whole = found.group()
    group = "number" if "number" in found.re.groupindex and found["text"] is None else "text"
    start, end = (at - found.start() for at in found.span(group))
    hidden = _HIDDEN if found["secret"] else mask(found[group])
    return (
        f'{whole[:start]}"{hidden}"{whole[end:]}'
        if group == "number"
        else whole[:start] + hidden + whole[end:]
    )


def _forms(secrets: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Secrets as they stand in a JSON text, and in every way they may stand in any text.

    Longest first, so that no form leaves the rest of another behind.
    """
    written: set[str] = set()
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) < _SHORTEST:
            continue
        written |= {
            secret,
            html.escape(secret, quote=False),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        }
        encoded = {quote(secret, safe=""), quote_plus(secret), quote(secret)}
        forms |= {*encoded, *(re.sub("%..", lambda hex_: hex_[0].lower(), form) for form in encoded)}
        forms |= {html.escape(secret), html.escape(secret, quote=False), *_base64(secret.encode())}
    return tuple(sorted(written, key=len, reverse=True)), tuple(
        sorted(written | forms, key=len, reverse=True)
    )


def _base64(secret: bytes) -> Iterable[str]:
    """The characters that are the secret's own wherever it begins in a longer text ("user:secret")."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret).decode()
        own = text[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        if len(own) >= 2 * _SHORTEST:
            yield own
            yield own.replace("+", "-").replace("/", "_")
