"""One exchange with a vendor, ready to be shown: request and reply as trees where they are JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from webui.masks import Mask
from webui.trees import Tree, parsed, tree


@dataclass(frozen=True, slots=True)
class Text:
    """A kept text: its tree where it is JSON, else its lines."""

    tree: Tree | None
    plain: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """`row` is what the store keeps, `url`, `request` and `reply` what may be seen of it."""

    row: Any
    url: str
    request: Text
    reply: Text
    says: str


def exchange(row: Any, mask: Mask) -> Exchange:
    return Exchange(row, mask.text(row.url), _text(row.request, mask), _text(row.reply, mask), mask.text(row.says))


def _text(text: str, mask: Mask) -> Text:
    value = parsed(text)
    if value is not None:
        return Text(tree(value, (), mask), "")
    return Text(None, mask.text(_lines(text)))


def _lines(text: str) -> str:
    """A form one parameter a line, anything else as it is."""
    if text and not text.lstrip().startswith(("<", "{", "[")) and "=" in text.split("&")[0] and "\n" not in text:
        return "\n".join(unquote_plus(part, errors="replace") for part in text.split("&"))
    return text
