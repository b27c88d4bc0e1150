"""A scheme's text as lines of coloured pieces: light, by line, good enough to read by; never an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Piece(NamedTuple):
    """`kind` is key, text, number, word, formula, comment, sign or plain."""

    kind: str
    text: str


_LEAD = re.compile(r"(\s*)((?:- +)*)")
_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s:#"'{\[][^:#]*?)(:)(?=\s|$)""")
_VALUE = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(?P<number>-?\b\d+(?:\.\d+)?\b)|(?P<word>\b(?:true|false|null)\b)"""
    r"""|(?P<key>[A-Za-z_][\w-]*(?=:\s))|(?P<sign>[{}\[\],|:])"""
)


def paint(text: str) -> list[list[Piece]]:
    """One list of pieces a line; joined they are the line again."""
    return [list(_line(line)) for line in text.splitlines()]


def _line(line: str) -> Iterator[Piece]:
    lead = _LEAD.match(line)
    blank, dashes = lead.groups() if lead else ("", "")
    if blank:
        yield Piece("plain", blank)
    if dashes:
        yield Piece("sign", dashes)
    rest = line[len(blank) + len(dashes) :]
    comment = _comment(rest)
    rest, note = rest[: len(rest) - len(comment)], comment
    key = _KEY.match(rest)
    if key:
        yield Piece("key", key[1])
        yield Piece("sign", key[2])
        rest = rest[key.end() :]
    if rest:
        yield from _value(rest)
    if note:
        yield Piece("comment", note)


def _comment(rest: str) -> str:
    """The comment at the end of a line, unless the sign stands in quotes."""
    for found in re.finditer(r"(?:^|\s)#", rest):
        before = rest[: found.start()]
        if before.count('"') % 2 == 0 and before.count("'") % 2 == 0:
            return rest[found.start() :]
    return ""


def _value(rest: str) -> Iterator[Piece]:
    if rest.lstrip().startswith("="):
        yield Piece("formula", rest)
        return
    at = 0
    for found in _VALUE.finditer(rest):
        if found.start() > at:
            yield Piece("plain", rest[at : found.start()])
        yield Piece(found.lastgroup or "plain", found.group())
        at = found.end()
    if at < len(rest):
        yield Piece("plain", rest[at:])
