"""The run of one record: which row a cell stands in, what may be spent, and the ways a value fails.

Compiled cells are closures `find(row, scope)`: `row` is the nearest row, the scope knows the rows
further out. They raise Trouble; the mapping catches it, so that applying one never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from engine.mapping.entry import Entry
from engine.mapping.plain import Value
from engine.say import Say

Lookups: TypeAlias = Mapping[str, Mapping[str, Entry]]
"""Table -> code on the left -> what stands on the right."""

STEPS = 1_000_000
"""About 0.7 s; 10,000 lines of 100 steps each. Where it runs out the record has this one problem."""

TOO_MUCH = "too_much"
LONGEST_TEXT = 1_000_000
LONG_TEXT = 256
"""A text that is made costs one step for each 32 signs from here on: at most 32 million signs a record."""
MOST_ITEMS = 10_000


class Trouble(Exception):
    """No value can be had. `says` is a sentence about the source; the cell is added where it is caught."""

    def __init__(self, code: str, says: Say, do: str = "") -> None:
        super().__init__(says)
        self.code = code
        self.says = says
        self.do = do


class Lacking(Trouble):
    """A code is missing in a table."""

    def __init__(self, trouble: str, table: str, code: str, says: Say, do: str = "") -> None:
        super().__init__(trouble, says, do)
        self.table = table
        self.looked_for = code


class Held(Lacking):
    """A code pair is missing and the cell says: wait for it."""

    def __init__(self, table: str, code: str, says: Say) -> None:
        super().__init__("held", table, code, says)


class Passed(Trouble):
    """A code pair is missing and the cell says: leave this record out."""

    def __init__(self, says: Say) -> None:
        super().__init__("skipped", says)


class Run:
    """What all cells of one application share. `left` is how many steps may still be taken.

    `kept` is what a cell computed once for all rows of one list, with the row that owns the list.
    """

    __slots__ = ("kept", "left", "lookups", "now")

    def __init__(self, lookups: Lookups, now: datetime) -> None:
        self.lookups = lookups
        self.now = now
        self.left = STEPS
        self.kept: dict[object, tuple[object, dict[int, Any]]] = {}

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise Trouble(TOO_MUCH, Say("计算量超出一条数据的上限"), Say("减少嵌套的列表或过长的文本"))


class Scope:
    """One level of rows: the header is the outermost, each `each` one further in.

    `number` is how many rows of this list the target has so far.
    """

    __slots__ = ("number", "row", "run", "up")

    def __init__(self, row: Value, up: Scope | None, run: Run) -> None:
        self.row = row
        self.up = up
        self.run = run
        self.number = 0


Find: TypeAlias = Callable[[Value, Scope], Value]
"""A compiled cell or part of one: the nearest row and its scope in, a value out, or Trouble."""

Dress: TypeAlias = Callable[[Value, Scope], Value]
"""A compiled pipe: the value so far in, the dressed one out."""


def fits(text: str, scope: Scope) -> str:
    """The text again where it is of bearable length; long ones are charged, for they take memory."""
    if len(text) > LONG_TEXT:
        if len(text) > LONGEST_TEXT:
            raise Trouble(
                "too_long",
                Say("算出的文本超过 {most} 个字符", most=LONGEST_TEXT),
                Say("截短它，或检查 REPLACE 和拼接"),
            )
        scope.run.spend(len(text) >> 5)
    return text
