"""What may stand where in a document: one description that both reads nodes and is a JSON Schema.

A shape reads a node into a value, or tells what is wrong and gives UNREAD, so that one pass finds
every problem. Unknown keys are problems with the nearest key offered; `x-…` keys are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from engine.document.near import offer
from engine.document.node import Hole, Items, Node, Pairs, Place, Scalar, under, value
from engine.document.reader import MOST_PROBLEMS
from engine.model.catalog import duration
from engine.model.values import Json, Mark, Problem
from engine.say import Say, Words

UNREAD = object()
"""What reading gives where nothing could be read; why has been told."""

IGNORED = "x-"
DURATION = "[1-9][0-9]{0,6}[smhd]"


@dataclass
class Reading:
    """What one pass gathers: every problem, and the mark of every path a problem may name."""

    problems: list[Problem] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)

    def tell(self, path: str, code: str, says: Say, do: Say, at: Mark) -> object:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(path, code, says, do, at))
        return UNREAD

    def wrong(self, path: str, node: Node, says: Say, do: Say) -> object:
        """A node of the wrong form; a Hole was told by the reader already."""
        return UNREAD if isinstance(node, Hole) else self.tell(path, "form", says, do, node.at)


class Shape(Protocol):
    """One kind of place. Only the shapes of this package and of scheme.py implement it."""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        """The value, or UNREAD after telling why. Called once for each node."""

    def schema(self) -> dict[str, Json]:
        """The same as JSON Schema, for editors."""


@dataclass(frozen=True)
class Text:
    """A text; `pattern` with the next step where it does not match, `check` for what no pattern can say."""

    about: str = ""
    pattern: str = ""
    do: Say = Say("检查拼写")  # noqa: RUF009  (a Say is as frozen as a str)
    check: Callable[[str], Say | None] | None = None

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return reading.wrong(path, node, Say("这里要写文字"), _quoted(node))
        if self.pattern and not re.fullmatch(self.pattern, node.value):
            return reading.wrong(path, node, Say("“{text}”不能这样写", text=node.value), self.do)
        says = self.check(node.value) if self.check else None
        return reading.wrong(path, node, says, self.do) if says else node.value

    def schema(self) -> dict[str, Json]:
        pattern: dict[str, Json] = {"pattern": f"^{self.pattern}$"} if self.pattern else {}
        return {"type": "string", **pattern, **_about(self.about)}


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]
    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Scalar) and node.value in self.words:
            return node.value
        says, do = Say("这里只能写：{words}", words=Words(self.words)), Say("选其中一个")
        return reading.wrong(
            path, node, says, offer(node.text, self.words) if isinstance(node, Scalar) else do
        )

    def schema(self) -> dict[str, Json]:
        return {"enum": list(self.words), **_about(self.about)}


@dataclass(frozen=True)
class Whole:
    """An integer between two others, both allowed."""

    least: int
    most: int
    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        number = node.value if isinstance(node, Scalar) else None
        if isinstance(number, int) and not isinstance(number, bool) and self.least <= number <= self.most:
            return number
        says = Say("这里要写 {least} 到 {most} 的整数", least=self.least, most=self.most)
        return reading.wrong(path, node, says, Say("改成范围内的整数，不加引号"))

    def schema(self) -> dict[str, Json]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most, **_about(self.about)}


@dataclass(frozen=True)
class Flag:
    """true or false."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        return reading.wrong(path, node, Say("这里要写 true 或 false"), Say("不加引号"))

    def schema(self) -> dict[str, Json]:
        return {"type": "boolean", **_about(self.about)}


@dataclass(frozen=True)
class Span:
    """A duration: `[1-9][0-9]*(s|m|h|d)`."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        try:
            return duration(node.value if isinstance(node, Scalar) else None)
        except ValueError:
            return reading.wrong(path, node, Say("这里要写时长"), Say("写成 30s、10m、2h 或 30d"))

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "pattern": f"^{DURATION}$", **_about(self.about)}


_MOMENT = "[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?"


@dataclass(frozen=True)
class Moment:
    """A date, or a date with a time, in the vendor's zone."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        text = node.value if isinstance(node, Scalar) else None
        if isinstance(text, str) and re.fullmatch(_MOMENT, text):
            try:
                return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
            except ValueError:
                return reading.wrong(
                    path, node, Say("没有“{text}”这一天或这一刻", text=text), Say("检查月、日、时、分")
                )
        return reading.wrong(path, node, Say("这里要写日期"), Say('写成 2026-11-01 或 "2026-11-01 08:00:00"'))

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "pattern": f"^{_MOMENT}$", **_about(self.about)}


@dataclass(frozen=True)
class Plain:
    """A value place that takes one scalar (rule 2): null, boolean, number or text."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Scalar):
            return node.value
        return reading.wrong(path, node, Say("这里只能写一个值"), Say("写文字、数字、true、false 或 null"))

    def schema(self) -> dict[str, Json]:
        return {"type": ["string", "number", "boolean", "null"], **_about(self.about)}


@dataclass(frozen=True)
class Anything:
    """Any JSON."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        return UNREAD if isinstance(node, Hole) else value(node)

    def schema(self) -> dict[str, Json]:
        return _about(self.about)


@dataclass(frozen=True)
class Listed:
    """A list of one shape, at least one item."""

    item: Shape
    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Items) or not node.items:
            return reading.wrong(path, node, Say("这里要写列表"), Say("写成 [甲, 乙]，只有一项也要方括号"))
        made = []
        for number, item in enumerate(node.items):
            place = under(path, number)
            reading.marks[place] = first(item)
            made.append(self.item.read(item, place, reading))
        return UNREAD if any(one is UNREAD for one in made) else tuple(made)

    def schema(self) -> dict[str, Json]:
        return {"type": "array", "items": self.item.schema(), "minItems": 1, **_about(self.about)}


@dataclass(frozen=True)
class Bag:
    """A mapping with keys of the writer's choice."""

    inside: Shape
    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Pairs):
            return reading.wrong(path, node, *no_mapping(node))
        made = {
            key: self.inside.read(child, under(path, key), reading)
            for key, child in entries(node, path, reading)
        }
        return {key: one for key, one in made.items() if one is not UNREAD}

    def schema(self) -> dict[str, Json]:
        made: dict[str, Json] = {"type": "object", "patternProperties": {"^x-": {}}}
        return {**made, "additionalProperties": self.inside.schema(), **_about(self.about)}


@dataclass(frozen=True)
class Keys:
    """A mapping with known keys. Reads to a dict of those that could be read."""

    shapes: Mapping[str, Shape]
    needed: tuple[str, ...] = ()
    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Pairs):
            return reading.wrong(path, node, *no_mapping(node))
        made: dict[str, object] = {}
        for key, child in entries(node, path, reading):
            if key in self.shapes:
                made[key] = self.shapes[key].read(child, under(path, key), reading)
            else:
                unknown(node, key, path, tuple(self.shapes), reading)
        for key in self.needed:
            if key not in node.values:
                says = Say("少了“{key}”", key=key)
                reading.tell(
                    under(path, key),
                    "missing",
                    says,
                    Say("补上 {key}:", key=key),
                    reading.marks.get(path, node.at),
                )
        return {key: one for key, one in made.items() if one is not UNREAD}

    def schema(self) -> dict[str, Json]:
        return closed({key: shape.schema() for key, shape in self.shapes.items()}, self.needed, self.about)


def entries(node: Pairs, path: str, reading: Reading) -> Iterator[tuple[str, Node]]:
    """The entries that mean something, each with its mark noted."""
    for key, child in node.values.items():
        if not key.startswith(IGNORED):
            reading.marks[under(path, key)] = first(child) if isinstance(child, Scalar) else node.keys[key].at
            yield key, child


def unknown(node: Pairs, key: str, path: str, known: tuple[str, ...], reading: Reading) -> None:
    """Tell of a key that has no meaning here."""
    if len(reading.problems) >= MOST_PROBLEMS:
        return
    reading.tell(
        under(path, key), "unknown_key", Say("不认识“{key}”", key=key), offer(key, known), node.keys[key].at
    )


def first(node: Place) -> Mark:
    """Where a problem with this node is shown: its first character behind any quote."""
    return node.first if isinstance(node, Scalar) else node.at


def no_mapping(node: Node) -> tuple[Say, Say]:
    """What to say where a mapping should stand; mostly a colon is full-width or glued to its value."""
    says = Say("这里要写“键: 值”")
    if isinstance(node, Scalar) and re.match(r"[\w.-]+：", node.text):
        return says, Say("冒号要用半角的，后面空一格")
    if isinstance(node, Scalar) and re.match(r"[\w.-]+:\S", node.text):
        return says, Say("冒号后面要空一格")
    return says, Say("换行缩进两个空格，每行一个“键: 值”")


def closed(shapes: dict[str, Json], needed: tuple[str, ...], about: str = "") -> dict[str, Json]:
    """The JSON Schema of a mapping with these keys and `x-…` ones."""
    made: dict[str, Json] = {"type": "object", "properties": shapes, "patternProperties": {"^x-": {}}}
    if needed:
        made["required"] = list(needed)
    return {**made, "additionalProperties": False, **_about(about)}


def _about(about: str) -> dict[str, Json]:
    return {"description": about} if about else {}


def _quoted(node: Node) -> Say:
    if isinstance(node, Scalar):
        return Say('放进引号："{text}"', text=node.text)
    return Say("写成一段文字")
