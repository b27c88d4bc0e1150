"""Cron texts: five fields, read to the sets of minutes, hours, days, months and weekdays they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.say import Say

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/([1-9][0-9]?))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cron:
    """When a cron text fires. `weekdays` count from Monday = 0, unlike the text, where 0 and 7 are Sunday.

    `days_or_weekdays`: both are restricted, so a day fires that fits either, as cron has always done.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    days_or_weekdays: bool = False


@dataclass(frozen=True, slots=True)
class _Field:
    label: Say
    least: int
    most: int
    words: tuple[str, ...] = ()
    first_word: int = 0


_FIELDS = (
    _Field(Say("分钟"), 0, 59),
    _Field(Say("小时"), 0, 23),
    _Field(Say("日"), 1, 31),
    _Field(Say("月"), 1, 12, _MONTHS, 1),
    _Field(Say("星期"), 0, 7, DAYS, 1),
)


def read_cron(text: str) -> Cron | Say:
    """The times `text` means, or the sentence that says what is wrong with it."""
    parts = text.lower().split()
    if len(parts) != 5:
        return Say("cron 要有五段：分 时 日 月 星期，这里有 {count} 段", count=len(parts))
    sets = []
    for part, field in zip(parts, _FIELDS, strict=True):
        numbers = _numbers(part, field)
        if numbers is None:
            return Say(
                "cron 的{field}“{part}”不对，要在 {least} 到 {most} 之间",
                field=field.label,
                part=part,
                least=field.least,
                most=field.most,
            )
        sets.append(numbers)
    minutes, hours, days, months, weekdays = sets
    both = not parts[2].startswith("*") and not parts[4].startswith("*")
    return Cron(minutes, hours, days, months, frozenset((day - 1) % 7 for day in weekdays), both)


def _numbers(text: str, field: _Field) -> frozenset[int] | None:
    """The numbers of one field: lists, ranges, steps and names."""
    found: set[int] = set()
    for piece in text.split(","):
        match = _PART.fullmatch(piece)
        if match is None:
            return None
        star, low, high, step = match.groups()
        begin = field.least if star else _number(low, field)
        # `5/10` means from 5 to the end, like `5-59/10`.
        end = field.most if star or (step and high is None) else _number(high or low, field)
        if begin is None or end is None or begin > end:
            return None
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, field: _Field) -> int | None:
    if text in field.words:
        return field.words.index(text) + field.first_word
    number = int(text) if text.isdecimal() and len(text) <= 2 else -1
    return number if field.least <= number <= field.most else None
