"""A scheme's text under another code and title: two values replaced where they stand, every other sign kept."""

from __future__ import annotations

import re

from engine.document.edit import splice
from engine.errors import Wrong

_CODE = re.compile(r"^scheme:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


def named_in(text: str) -> str:
    """The code a text names; "" where it names none. Also of a text that cannot be read as a whole."""
    found = _CODE.search(text)
    return found[1] if found else ""


def renamed(text: str, code: str, title: str) -> str:
    """The text with this code, and this title where one is given; a text without them gets the lines."""
    text = _with(text, "scheme", code, f"scheme: {code}\n")
    return _with(text, "title", title, "") if title else text


def _with(text: str, path: str, value: str, line: str) -> str:
    try:
        return splice(text, path, value)
    except Wrong:
        return line + text
