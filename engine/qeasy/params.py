"""Parameters of the source's query. What the engine fills itself, window and pages, is left to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from engine.mapping.formula.tree import Chain, Number, print_formula
from engine.mapping.slip import Slip
from engine.model.catalog import Operation
from engine.qeasy import expression as sql
from engine.qeasy.fields import Field
from engine.qeasy.functions import formula
from engine.qeasy.parts import AGO, number_of, stopping
from engine.qeasy.printing import Line
from engine.qeasy.sight import InParams
from engine.qeasy.words import literal, place_of, read_value, read_words
from engine.say import Say

PAGING = "PAGINATION_"
TIMED = re.compile(r"\{\{\s*(LAST_SYNC_TIME|CURRENT_TIME|DAYS_AGO_[0-9]+)\b")


@dataclass
class Params:
    """`lines` of `params`; names that hold nothing; how far back each read looks."""

    operation: Operation | None
    per_page: int
    lines: list[Line] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    overlap: timedelta | None = None
    todos: list[str] = field(default_factory=list)
    stops: list[Say] = field(default_factory=list)
    """Why no record may pass before a person has looked."""

    def add(self, one: Field, at: str = "") -> None:
        """One parameter; those of an object have dotted names."""
        name = f"{at}.{one.name}" if at else one.name
        for child in one.children:
            self.add(child, name)
        if one.children:
            return
        if name in self._engines():
            self._left_to_engine(one, name)
        elif one.said is None:
            self.empty.append(name)
            if one.parser is not None:
                one.parser.take(deep=True)
        elif self._timeless(one):
            one.spot.take(deep=True)
            one.spot.note(Say("接口不按时间读，每次都读全部"))
        elif self._unknown(name) and one.value is not None:
            says = Say("接口的目录里没有参数 {name}", name=name)
            one.value.leave(says)
            # Without it more would be read, and written, than there: nothing passes until a person has looked.
            self.stops.append(says)
        else:
            self._line(one, name)

    def _engines(self) -> set[str]:
        operation = self.operation
        if operation is None:
            return set()
        window, pages = operation.window, operation.pages
        own = {pages.number, pages.size} | ({window.since, window.until} if window else set())
        return own - {""}

    def _timeless(self, one: Field) -> bool:
        """A time for an operation that reads everything each time."""
        known = self.operation is not None and self.operation.window is None
        return known and isinstance(one.said, str) and TIMED.search(one.said) is not None

    def _unknown(self, name: str) -> bool:
        asks = self.operation.ask if self.operation is not None else ()
        return bool(asks) and not any(name in (one.name, *one.aliases) for one in asks)

    def _left_to_engine(self, one: Field, name: str) -> None:
        one.spot.take(deep=True)
        window = self.operation.window if self.operation is not None else None
        if window is None or name not in (window.since, window.until):
            return
        back = look_back(one.said) if name == window.since else timedelta(0)
        if back is None:
            one.spot.note(
                Say("{name} 由引擎按时间窗填写，原来的取值没有用上：{value}", name=name, value=one.said)
            )
        elif back:
            self.overlap = max(back, self.overlap or back)
            one.spot.note(Say("往回多看的时间译成 overlap"))

    def todo(self, name: str, says: str) -> Line:
        """A parameter that stops every run with this sentence until a person has written it."""
        self.todos.append(name)
        return Line(name, f"={stopping(says)}")

    def _line(self, one: Field, name: str) -> None:
        text = one.said
        if isinstance(text, str) and text.strip("{} ").startswith(PAGING):
            if one.value is not None:
                one.value.take()
            start = {"PAGINATION_START_PAGE": "=page", "PAGINATION_START_ROW": f"=page * {self.per_page}"}
            self.lines.append(Line(name, start.get(text.strip("{} "), self.per_page), one.label))
            return
        try:
            made = read_value(text, one.cast, InParams()) if isinstance(text, str) else None
        except Slip as slip:
            says = place_of(slip, str(text))
            if one.value is not None:
                one.value.leave(says)
            self.lines.append(self.todo(name, Say("{name} 没有译出。{says}", name=name, says=says)))
            return
        if one.value is not None:
            one.value.take(deep=True)
        if made is None:
            said = one.said
            self.lines.append(Line(name, None if isinstance(said, dict | list) else said, one.label))
        elif made.tree is not None:
            self.lines.append(Line(name, "=" + print_formula(made.tree), one.label))
        else:
            self.lines.append(Line(name, literal(made.value), one.label))


def look_back(said: object) -> timedelta | None:
    """How far before the last time (or now) a window begins: `{{LAST_SYNC_TIME}}-600`, `{{DAYS_AGO_2}}`; None where
    it is something else.
    """
    if not isinstance(said, str):
        return timedelta(0) if said is None else None
    try:
        return _back(read_words(said))
    except Slip:
        return None


def _back(tree: sql.Expression) -> timedelta | None:
    match tree:
        case sql.Field(steps=("LAST_SYNC_TIME",)):
            return timedelta(0)
        case sql.Field(steps=(name,)) if name.startswith(AGO) and name[len(AGO) :].isdigit():
            return timedelta(days=int(name[len(AGO) :]))
        case sql.Call(name="UNIX_TIMESTAMP" | "NOW", args=()):
            return timedelta(0)
        case sql.Pair(sign="-", left=left, right=right):
            inner, seconds = _back(left), _seconds(right)
            return None if inner is None or seconds is None else inner + timedelta(seconds=seconds)
        case sql.Pair(sign="*", left=left, right=right) if number_of(right) == Number(Decimal(1000)):
            return _back(left)
        case sql.Call(name="FROM_UNIXTIME" | "DATE_FORMAT", args=(inner_, *_)):
            return _back(inner_)
    return None


def _seconds(tree: sql.Expression) -> int | None:
    """A product of literals."""
    try:
        made = formula(tree, InParams())
    except Slip:
        return None
    factors = [made.first, *(part for _, part in made.rest)] if isinstance(made, Chain) else [made]
    signs = {sign for sign, _ in made.rest} if isinstance(made, Chain) else set()
    total = Decimal(1)
    for factor in factors:
        if not isinstance(factor, Number) or signs - {"*"}:
            return None
        total *= factor.value
    return int(total) if 0 <= total < 10**9 else None
