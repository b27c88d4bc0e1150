"""How a value is written so that YAML neither cuts nor misreads it, and where YAML did cut.

Rule 1 of the language, in both directions: `scalar` reads the text of a plain scalar, `printed`
writes a value; `scalar(printed(x)) == x`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from engine.model.values import Json

_WORDS: dict[str, Json] = {"null": None, "true": True, "false": False}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
DIGITS = 1_000
"""The longest number read as one: far beyond any amount, far below what slows Python down."""

# What YAML 1.1 would make a boolean, null or number of; we read text, other programs do not.
_MISREAD = re.compile(
    r"~|null|y|n|yes|no|on|off|true|false|=|<<|[-+]?\.?(inf|nan)"
    r"|[-+]?[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|[-+]?\.[0-9_]+(e[-+]?[0-9]+)?|[-+]?0[xob][0-9a-f_]+"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?",
    re.ASCII | re.IGNORECASE,
)
_INDICATORS = "-?:,[]{}#&*!|>'\"%@`"
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\", "\0": "\\0"}
_PRINTABLE = re.compile(
    "[\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)


def scalar(text: str) -> Json:
    """Rule 1: null, true, false, integers, decimals; anything else is text.

    Raises ValueError for a number of more than DIGITS characters.
    """
    if text in _WORDS:
        return _WORDS[text]
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    if len(text) > DIGITS:
        raise ValueError("number too long")
    return Decimal(text) if found[2] else int(text)


def printed(value: Json, *, flow: bool = False) -> str:
    """A scalar as it is written into a document; `flow`: inside `[…]` or `{…}`."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if not isinstance(value, str):
        raise TypeError("only a scalar is printed")
    if _plain(value, flow):
        return value
    return single(value) if _PRINTABLE.fullmatch(value) else _double(value)


def single(text: str) -> str:
    """`text` in single quotes: nothing inside has a meaning but the quote, which is doubled."""
    return "'" + text.replace("'", "''") + "'"


def _plain(text: str, flow: bool) -> bool:
    """May `text` stand without quotes?"""
    if not text or text != text.strip() or text[0] in _INDICATORS or text.startswith("..."):
        return False
    if ": " in text or " #" in text or ":\t" in text or "\t#" in text or text.endswith(":"):
        return False
    if is_open(text) or (flow and any(sign in text for sign in ",[]{}:")):
        return False
    return bool(_PRINTABLE.fullmatch(text)) and not _MISREAD.fullmatch(text)


def _double(text: str) -> str:
    """`text` in double quotes, what cannot be seen written as escapes."""
    return '"' + "".join(_escaped(sign) for sign in text) + '"'


def _escaped(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    if _PRINTABLE.fullmatch(sign):
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


_OPENING = re.compile(r"[\"'(\[{]")
_OPENERS = {"(": ")", "[": "]", "{": "}"}


def is_open(text: str) -> bool:
    """Does `text` stop inside a quote or a bracket? Then YAML has cut it short.

    An apostrophe or inch sign right behind a letter or digit (`it's`, `5"`) opens nothing.
    """
    if not _OPENING.search(text):
        return False
    closed = True
    for closed in _closed(text):  # noqa: B007  (the last one counts)
        pass
    return not closed


def whole(rest: str, flow: bool) -> str:
    """What was meant as one value at the beginning of `rest`: up to a comment, or in `[…]` and `{…}` up
    to the next comma or end, neither of them inside quotes or brackets.
    """
    for place, closed in enumerate(_closed(rest)):
        if not closed or not place or place == len(rest):
            continue
        comment = rest[place] == "#" and rest[place - 1] in " \t"
        if comment or (flow and rest[place] in ",]}"):
            return rest[:place].rstrip()
    return rest.rstrip()


def _closed(text: str) -> Iterator[bool]:
    """For each place of `text`, its end included: are all quotes and brackets before it closed?"""
    awaited: list[str] = []
    quote = ""
    yield True
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = "" if place and text[place - 1].isascii() and text[place - 1].isalnum() else sign
        elif sign in _OPENERS:
            awaited.append(_OPENERS[sign])
        elif awaited and sign == awaited[-1]:
            awaited.pop()
        yield not awaited and not quote
