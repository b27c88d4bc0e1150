"""Dates and times as vendors write them, read strictly and written by a named or spelt-out pattern."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from engine.mapping.plain import MISSING, Value

DATE = "yyyy-MM-dd"
DATETIME = "yyyy-MM-dd HH:mm:ss"
NAMED = {"date": DATE, "datetime": DATETIME, "iso": "yyyy-MM-ddTHH:mm:ss", "compact": "yyyyMMdd"}
PARTS = {"yyyy": "%04d", "MM": "%02d", "dd": "%02d", "HH": "%02d", "mm": "%02d", "ss": "%02d"}
_PIECE = re.compile("|".join(PARTS) + r"|[-/.: T年月日时分秒]")
_FRACTION = re.compile(r"\.[0-9]{1,9}")


def no_date(value: Value) -> bool:
    """Blank to every date pipe: missing, null, "" and the vendors' `0000-00-00…`."""
    return value is None or value is MISSING or (isinstance(value, str) and value[:10] in ("", "0000-00-00"))


def read_moment(text: str) -> datetime | None:
    """`2026-01-02`, with ` 03:04:05` or `T03:04:05` after it (a fraction of a second is cut); else None."""
    size = len(text)
    if size > 19:
        if not _FRACTION.fullmatch(text, 19):
            return None
        text = text[:19]
    elif size not in (10, 19):
        return None
    if text[4] != "-" or text[7] != "-" or (size > 10 and (text[10] not in " T" or text[13] != ":")):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def read_pattern(text: str) -> Callable[[datetime], str] | None:
    """A writer for `yyyyMMdd`, `yyyy年MM月dd日 HH:mm` or a name of NAMED; None for other signs."""
    pattern = NAMED.get(text, text)
    pieces, at = [], 0
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            return None
        pieces.append(piece.group())
        at = piece.end()
    form = "".join(PARTS.get(piece, piece) for piece in pieces)
    wanted = tuple(list(PARTS).index(piece) for piece in pieces if piece in PARTS)
    if not wanted:
        return None

    def write(moment: datetime) -> str:
        values = moment.timetuple()
        return form % tuple(values[part] for part in wanted)

    return write
