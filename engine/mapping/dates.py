"""Dates and times as vendors write them, read strictly and written by a named or spelt-out pattern.

Inside us a moment has no zone: it is the wall clock of `zone`, the source's. A text that names an offset is
moved there when it is read; a pattern with XXX, or another zone to write in, moves it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.mapping.plain import MISSING, Value, as_number

HOME = "Asia/Shanghai"
DATE = "yyyy-MM-dd"
DATETIME = "yyyy-MM-dd HH:mm:ss"
NAMED = {
    "date": DATE, "datetime": DATETIME, "iso": "yyyy-MM-ddTHH:mm:ss", "compact": "yyyyMMdd",
    "zoned": "yyyy-MM-ddTHH:mm:ssXXX",
}  # fmt: skip
PARTS = {"yyyy": "%04d", "MM": "%02d", "dd": "%02d", "HH": "%02d", "mm": "%02d", "ss": "%02d", "SSS": "%03d"}
MEMBERS = dict(zip(PARTS, ("year", "month", "day", "hour", "minute", "second", "microsecond"), strict=True))
OFFSET = "XXX"
_PIECE = re.compile("|".join([*PARTS, OFFSET]) + r"|[-/.: T年月日时分秒]")
_TAIL = re.compile(r"(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?")


def no_date(value: Value) -> bool:
    """Blank to every date pipe: missing, null, "" and the vendors' `0000-00-00…`."""
    return value is None or value is MISSING or (isinstance(value, str) and value[:10] in ("", "0000-00-00"))


def read_moment(text: str, zone: str = HOME) -> datetime | None:
    """`2026-01-02`, with ` 03:04:05` or `T03:04:05` after it, a fraction of a second (cut) and an offset; else
    None. With an offset it is the same instant on the clock of `zone`.
    """
    size = len(text)
    if size > 19:
        tail = _TAIL.fullmatch(text, 19)
        if tail is None:
            return None
        if tail[1]:
            return _moved(text[:19] + tail[1], zone)
        text = text[:19]
    elif size not in (10, 19):
        return None
    if text[4] != "-" or text[7] != "-" or (size > 10 and (text[10] not in " T" or text[13] != ":")):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _moved(text: str, zone: str) -> datetime | None:
    if text[4] != "-" or text[7] != "-" or text[10] not in " T" or text[13] != ":":
        return None
    try:
        return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def in_zone(moment: datetime, zone: str, other: str) -> datetime | None:
    """The same instant on the clock of another zone; None at the ends of the calendar."""
    try:
        moved = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo(other))
    except (ValueError, OverflowError):
        return None
    return moved.replace(tzinfo=None)


def known_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False


def _pieces(pattern: str) -> list[str] | None:
    """The parts and the signs between them; None for other signs or without any part."""
    pieces, at = [], 0
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            return None
        pieces.append(piece.group())
        at = piece.end()
    return pieces if any(piece in PARTS for piece in pieces) else None


def read_pattern(text: str, zone: str = HOME) -> Callable[[datetime], str] | None:
    """A writer for `yyyyMMdd`, `yyyy年MM月dd日 HH:mm`, `…XXX` or a name of NAMED; None for other signs."""
    pieces = _pieces(NAMED.get(text, text))
    if pieces is None:
        return None
    form = "".join(PARTS.get(piece, "%s" if piece == OFFSET else piece) for piece in pieces)
    wanted = tuple(piece for piece in pieces if piece in PARTS or piece == OFFSET)

    def write(moment: datetime) -> str:
        return form % tuple(_part(moment, part, zone) for part in wanted)

    return write


def _part(moment: datetime, part: str, zone: str) -> int | str:
    if part == OFFSET:
        said = moment.replace(tzinfo=ZoneInfo(zone)).strftime("%z")
        return f"{said[:3]}:{said[3:5]}"
    value: int = getattr(moment, MEMBERS[part])
    return value // 1000 if part == "SSS" else value


def read_form(text: str) -> Callable[[str], datetime | None] | None:
    """A reader of texts in one spelt-out pattern, `yyyyMMdd` say; None for a pattern without a full date."""
    pieces = _pieces(NAMED.get(text, text))
    if pieces is None or OFFSET in pieces or not {"yyyy", "MM", "dd"} <= set(pieces):
        return None
    if any(pieces.count(part) > 1 for part in PARTS):
        return None
    sizes = {part: len(part) for part in PARTS}
    form = re.compile(
        "".join(f"([0-9]{{{sizes[one]}}})" if one in PARTS else re.escape(one) for one in pieces)
    )
    parts = [MEMBERS[one] for one in pieces if one in PARTS]

    def read(said: str) -> datetime | None:
        found = form.fullmatch(said)
        if found is None:
            return None
        values = {name: int(number) for name, number in zip(parts, found.groups(), strict=True)}
        values["microsecond"] = values.get("microsecond", 0) * 1000
        try:
            return datetime(**values)  # type: ignore[arg-type]  # noqa: DTZ001  # a wall clock: `parts` are numbers
        except ValueError:
            return None

    return read


def has_time(pattern: str) -> bool:
    return "HH" in NAMED.get(pattern, pattern)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"s": 1, "ms": 1000}
"""What counts the time since EPOCH, and how many of it make a second."""


def from_epoch(value: Value, unit: str, zone: str) -> datetime | None:
    """The moment of a count of seconds or milliseconds, cut to the millisecond; None for no such number."""
    number = as_number(value)
    if number is None or number.adjusted() > 15:
        return None
    try:
        moment = EPOCH + timedelta(milliseconds=int(number * (1000 // UNITS[unit])))
        return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except (OverflowError, ValueError):
        return None


def to_epoch(moment: datetime, unit: str, zone: str) -> int:
    """How many seconds or milliseconds lie between EPOCH and the moment on the clock of `zone`."""
    return (moment.replace(tzinfo=ZoneInfo(zone)) - EPOCH) // timedelta(milliseconds=1000 // UNITS[unit])
