"""The first letters of a Chinese title as people type them: 出库单 → ckd.

GB 2312 sorts its 3,755 everyday characters by pronunciation, and Python knows GB 2312: where a character
lies between two borders tells its letter. Rarer characters of our catalogues, and those that are read in two
ways, are listed.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

_BORDERS = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"), (0xB8C1, "g"),
    (0xB9FE, "h"), (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"), (0xC4C3, "n"), (0xC5B6, "o"),
    (0xC5BE, "p"), (0xC6DA, "q"), (0xC8BB, "r"), (0xC8F6, "s"), (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"),
    (0xD1B9, "y"), (0xD4D1, "z"), (0xD7FA, ""),
)  # fmt: skip
_TWO_WAYS = {"行": "hx", "调": "dt", "重": "zc", "长": "cz", "会": "hk", "参": "cs", "系": "xj", "率": "ls", "传": "cz",
             "单": "ds", "折": "zs", "乐": "ly", "盛": "sc", "校": "xj", "降": "jx"}  # fmt: skip
_RARE = {"昵": "n", "阈": "y"}
MOST = 8
"""Ways to read one title that are kept."""


@lru_cache(maxsize=65536)
def initials(title: str) -> str:
    """The letters of each way to read it, with blanks between; letters and digits stay, other signs fall out."""
    letters = [_letters(char) for char in title.lower()]
    ways = [
        "".join(way) for _, way in zip(range(MOST), product(*(one for one in letters if one)), strict=False)
    ]
    return " ".join(ways) if not title.isascii() else ""


@lru_cache(maxsize=8192)
def _letters(char: str) -> str:
    if char.isascii():
        return char if char.isalnum() else ""
    if known := _TWO_WAYS.get(char) or _RARE.get(char):
        return known
    try:
        high, low = char.encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return ""
    place, found = high << 8 | low, ""
    for border, letter in _BORDERS:
        if place < border:
            break
        found = letter
    return found
