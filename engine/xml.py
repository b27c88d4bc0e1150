"""XML to JSON values and back: what vendors who speak XML need, and no more of XML than that.

An element with elements inside is an object, one without is its text. Elements of one name beside
each other are a list; one alone is not, for XML does not tell: whoever reads it as a list gets one of
one. Attributes are members named `@name`, text beside elements or attributes is `#text`.

The parser is Python's expat. What makes XML dangerous begins with a DOCTYPE (entities that grow
without end, files and addresses of others), so a text with one is refused before anything is read.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from engine.model.values import Json

DEEPEST = 100
MOST = 200_000
"""Elements; more is no business document."""

_NAME = re.compile(r"[^\W\d][\w.-]*(:[^\W\d][\w.-]*)?")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(data: bytes | str) -> dict[str, Json]:
    """{root name: content}. Raises ValueError where it is no XML, too deep, too large or has a DOCTYPE."""
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reading.doctype
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        # Text is given as text, so what an XML declaration says of its encoding no longer holds.
        parser.Parse(_undeclared(data) if isinstance(data, str) else data, True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise ValueError(f"no XML: {error}") from error
    return reading.root


def _undeclared(text: str) -> str:
    return re.sub(r"\A\ufeff?\s*<\?xml[^>]*\?>", "", text)


class _Reading:
    """The tree while its elements come in."""

    def __init__(self) -> None:
        self.root: dict[str, Json] = {}
        self.stack: list[tuple[str, dict[str, Json], list[str]]] = []
        self.count = 0

    def doctype(self, *_: object) -> None:
        raise ValueError("a DOCTYPE is refused")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.stack) >= DEEPEST or self.count > MOST:
            raise ValueError("XML too deep or too large")
        self.stack.append((name, {f"@{key}": value for key, value in attributes.items()}, []))

    def text(self, data: str) -> None:
        if self.stack:
            self.stack[-1][2].append(data)

    def end(self, name: str) -> None:
        _, members, texts = self.stack.pop()
        text = "".join(texts)
        content: Json = text
        if members:
            content = {**members, "#text": text.strip()} if text.strip() else members
        _put(self.stack[-1][1] if self.stack else self.root, name, content)


def _put(into: dict[str, Json], name: str, content: Json) -> None:
    if name not in into:
        into[name] = content
        return
    there = into[name]
    if isinstance(there, list):
        there.append(content)
    else:
        into[name] = [there, content]


def write(root: str, content: Json) -> str:
    """`<root>…</root>` without a declaration. A list repeats its element; null and nothing are left out.

    Raises ValueError for names and characters that XML cannot carry.
    """
    out: list[str] = []
    _element(root, content, out, 0)
    return "".join(out)


def _element(name: str, content: Json, out: list[str], depth: int) -> None:
    if not _NAME.fullmatch(name) or depth > DEEPEST:
        raise ValueError(f"no element name: {name}")
    if not isinstance(content, dict):
        out.append(f"<{name}>{_escaped(_plain(content))}</{name}>")
        return
    out.append(f"<{name}")
    for key, value in content.items():
        if key.startswith("@") and value is not None:
            if not _NAME.fullmatch(key[1:]):
                raise ValueError(f"no attribute name: {key}")
            out.append(f' {key[1:]}="{_escaped(_plain(value)).replace(chr(34), "&quot;")}"')
    out.append(">")
    for key, value in content.items():
        if key == "#text":
            out.append(_escaped(_plain(value)))
        elif not key.startswith("@"):
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    _element(key, one, out, depth + 1)
    out.append(f"</{name}>")


def _plain(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise ValueError("a list or an object is no text")
    return value if isinstance(value, str) else format(value, "f" if not isinstance(value, int) else "")


def _escaped(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise ValueError("a character that XML cannot carry")
    # A bare carriage return would come back as a line feed.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
