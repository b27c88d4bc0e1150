"""Rule tables (规则表): rows of conditions that give values; the first row that fits, or the one that fits best.

A condition is read from one cell: `*` or nothing fits all; a text, `浙江*` for what begins so, a
number, `3..10` (3 and more, below 10), `..3`, `10..`, `<= 3`, `> 3 <= 5`, or a list of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from engine.mapping.entry import Entry, Several
from engine.mapping.plain import Value, as_number, as_text
from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.say import Say

Kind = Literal["text", "number"]
ANY = "*"
GIVE = "give"
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_SPAN = re.compile(rf"({_NUMBER})?\s*\.\.\s*({_NUMBER})?")
_SIGN = re.compile(rf"(<=|>=|<|>|=)\s*({_NUMBER})[\s,]*")
_PLAIN = str.maketrans({"≤": "<=", "≥": ">=", "＜": "<", "＞": ">", "＝": "=", "，": ","})


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`; None: without end. The flags tell whether the end itself is in."""

    low: Decimal | None = None
    low_in: bool = True
    high: Decimal | None = None
    high_in: bool = False

    def holds(self, number: Decimal) -> bool:
        if self.low is not None and (number < self.low or (number == self.low and not self.low_in)):
            return False
        return self.high is None or number < self.high or (number == self.high and self.high_in)

    @property
    def point(self) -> bool:
        return self.low is not None and self.low == self.high


@dataclass(frozen=True, slots=True)
class Texts:
    """These words, and all that begin with one of `starts`."""

    words: frozenset[str]
    starts: tuple[str, ...] = ()

    def holds(self, value: object) -> bool:
        return isinstance(value, str) and (value in self.words or value.startswith(self.starts or ("\0",)))

    @property
    def score(self) -> tuple[int, int]:
        if self.starts:
            return 1, min(len(start) for start in self.starts)
        return (3 if len(self.words) == 1 else 2), 0


@dataclass(frozen=True, slots=True)
class Numbers:
    spans: tuple[Span, ...]

    def holds(self, value: object) -> bool:
        return isinstance(value, Decimal) and any(span.holds(value) for span in self.spans)

    @property
    def score(self) -> tuple[int, int]:
        if all(span.point for span in self.spans):
            return (3 if len(self.spans) == 1 else 2), 0
        return 1, 0


Condition: TypeAlias = "Texts | Numbers"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a condition for each input (None fits all), a value for each column."""

    tests: tuple[Condition | None, ...]
    gives: tuple[Json, ...]

    def fits(self, values: Sequence[object]) -> bool:
        return all(test is None or test.holds(value) for test, value in zip(self.tests, values, strict=True))

    @property
    def score(self) -> tuple[int, int, int]:
        """How closely a row that fits, fits: the more conditions the closer, then the more exact ones."""
        scores = [test.score for test in self.tests if test is not None]
        return len(scores), sum(one for one, _ in scores), sum(length for _, length in scores)


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule table. `inputs` are its condition columns in the order of a call, `gives` what it gives."""

    name: str
    inputs: tuple[tuple[str, Kind], ...]
    gives: tuple[str, ...]
    rows: tuple[Row, ...]
    match: Literal["first", "best"] = "first"
    miss: str = "problem"

    def read(self, values: Sequence[Value]) -> list[object]:
        """Each value as its input is compared; a number that is none is left as it came, and fits nothing."""
        return [
            as_number(value) if kind == "number" else (as_text(value) or "")
            for value, (_, kind) in zip(values, self.inputs, strict=True)
        ]

    def find(self, values: Sequence[object]) -> Row | Several | None:
        """The row for these values, as `read` gives them; Several where rows fit equally well."""
        if self.match == "first":
            return next((row for row in self.rows if row.fits(values)), None)
        fitting = [row for row in self.rows if row.fits(values)]
        best = max((row.score for row in fitting), default=None)
        closest = [row for row in fitting if row.score == best]
        if len({row.gives for row in closest}) > 1:
            return Several(len(closest))
        return closest[0] if closest else None

    def told(self, values: Sequence[object]) -> str:
        """The values as a message shows them: 省份 浙江省，重量 3.5."""
        said = [
            f"{name} {as_text(value) if isinstance(value, str | Decimal) else ''}".strip()
            for (name, _), value in zip(self.inputs, values, strict=True)
        ]
        return "，".join(said)


class Ruled(dict[str, Entry]):
    """A stored rule table among the lookups."""

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self.rules = rules


@dataclass
class Reading:
    """What `read_rules` found wrong, each with the row (from 0) and the column it stands in."""

    wrong: list[tuple[int, str, Slip]] = field(default_factory=list)


def read_rules(
    name: str,
    inputs: Sequence[tuple[str, Kind]],
    rows: Sequence[Mapping[str, Json]],
    match: Literal["first", "best"],
    miss: str,
    reading: Reading,
) -> Rules | None:
    """The table of rows like {省份: 浙江省, 重量: ..3, give: SF}; None where something is wrong."""
    names = [one for one, _ in inputs]
    columns: list[str] = []
    for row in rows:
        give = row.get(GIVE)
        columns += [one for one in (give if isinstance(give, dict) else {"": None}) if one not in columns]
    made = [_row(number, row, inputs, names, columns, reading) for number, row in enumerate(rows)]
    if reading.wrong:
        return None
    return Rules(name, tuple(inputs), tuple(columns), tuple(made), match, miss)


def _row(
    number: int,
    row: Mapping[str, Json],
    inputs: Sequence[tuple[str, Kind]],
    names: Sequence[str],
    columns: Sequence[str],
    reading: Reading,
) -> Row:
    tests: list[Condition | None] = []
    for name in row:
        if name not in names and name != GIVE:
            unknown = Slip(0, Say("没有条件列 {name}", name=name), Say("写进 inputs，或改正名字"))
            reading.wrong.append((number, name, unknown))
    for name, kind in inputs:
        try:
            tests.append(read_condition(row.get(name), kind))
        except Slip as slip:
            reading.wrong.append((number, name, slip))
    give = row.get(GIVE)
    if GIVE not in row or isinstance(give, list):
        reading.wrong.append((number, GIVE, Slip(0, Say("这一行没有结果"), Say("写上 give: 结果"))))
    values = give if isinstance(give, dict) else {"": give}
    if any(column not in values for column in columns) or any(
        isinstance(one, dict | list) for one in values.values()
    ):
        uneven = Slip(0, Say("各行的结果列不一样"), Say("每一行都写同样的列，每列一个值"))
        reading.wrong.append((number, GIVE, uneven))
    return Row(tuple(tests), tuple(values.get(column) for column in columns))


def read_condition(cell: Json, kind: Kind) -> Condition | None:
    """One cell's condition, None where it fits all. Raises Slip."""
    if cell is None or cell == ANY:
        return None
    parts = cell if isinstance(cell, list) else [cell]
    if kind == "number":
        return Numbers(tuple(_span(part) for part in parts))
    texts = [as_text(part) for part in parts]
    if not texts or any(text is None for text in texts):
        raise Slip(0, Say("这里要写文字，或文字的列表"), Say("例如 [湖北省, 湖南省]"))
    words = [text for text in texts if text is not None]
    starts = tuple(word[:-1] for word in words if word.endswith(ANY))
    return Texts(frozenset(word for word in words if not word.endswith(ANY)), starts)


def _span(part: Json) -> Span:
    number = as_number(part)
    if number is not None:
        return Span(number, True, number, True)
    text = part.translate(_PLAIN).strip() if isinstance(part, str) else ""
    found = _SPAN.fullmatch(text)
    if found and (found[1] or found[2]):
        low, high = (Decimal(end) if end else None for end in found.groups())
        return _bounded(Span(low, True, high, False))
    return _bounded(_compared(text))


def _compared(text: str) -> Span:
    span, at = Span(), 0
    while at < len(text):
        found = _SIGN.match(text, at)
        if found is None:
            break
        sign, number, at = found[1], Decimal(found[2]), found.end()
        if sign in (">", ">=", "="):
            span = Span(number, sign != ">", span.high, span.high_in)
        if sign in ("<", "<=", "="):
            span = Span(span.low, span.low_in, number, sign != "<")
    if not text or at < len(text):
        raise Slip(0, Say("读不懂这个数字条件"), Say("写成 3、3..10、..3、10..、<= 3 或 [1, 2]"))
    return span


def _bounded(span: Span) -> Span:
    if span.low is not None and span.high is not None:
        both = span.low_in and span.high_in
        if span.low > span.high or (span.low == span.high and not both):
            raise Slip(0, Say("这个范围里没有数"), Say("小的写在前面；a..b 含 a 不含 b"))
    return span
