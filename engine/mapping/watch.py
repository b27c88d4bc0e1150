"""A mapping that tells on itself: the same cells, each noting what it gave, what it read and looked up.

The record and the tables are handed in wrapped, and what a cell takes from them is noted where it takes it, so
that a branch that was not computed reads nothing. Only previews pay for this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from engine.mapping.codes import DEFAULT
from engine.mapping.entry import Entry
from engine.mapping.fill import Story
from engine.mapping.plain import MISSING, Value
from engine.mapping.scope import Find, Lookups, Scope, Trouble
from engine.mapping.shape import Findings, Leaf, Node, Object
from engine.model.values import Json, Problem


@dataclass(frozen=True, slots=True)
class Looked:
    """A code that was looked up, and what stood there; None where nothing did."""

    table: str
    code: str
    gives: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a cell as it is written, and the value behind it."""

    written: str
    value: Value


@dataclass(frozen=True, slots=True)
class Seen:
    """One place of a document. `at`: "lines[0].qty"; `path`: the cell, "map.lines.qty".

    `value` is MISSING where the cell is left out. Where it has a `problem`, `failed` is the part of the cell that
    could not go on, and `steps` end before it.
    """

    at: str
    path: str
    value: Value
    problem: Problem | None
    failed: str
    steps: tuple[Step, ...]
    reads: tuple[str, ...]
    looked: tuple[Looked, ...]


@dataclass(slots=True)
class Sink:
    """What is noted while one list of records is mapped. `documents`: the cells of each document begun."""

    documents: list[list[Seen]] = field(default_factory=list)
    frames: list[tuple[str, int]] = field(default_factory=list)
    reads: dict[str, None] = field(default_factory=dict)
    looked: dict[Looked, None] = field(default_factory=dict)

    def at(self, name: str) -> str:
        owners = [f"{one}[{row}]" if row >= 0 else one for one, row in self.frames]
        return ".".join([*owners, name])


class Row(dict[str, Json]):
    """A row of the record that notes which of its members are asked for."""

    __slots__ = ("at", "sink")

    def __init__(self, row: Mapping[str, Json], at: str, sink: Sink) -> None:
        super().__init__(
            {key: watched_value(one, f"{at}.{key}" if at else key, sink) for key, one in row.items()}
        )
        self.at, self.sink = at, sink

    def __getitem__(self, name: str) -> Json:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, otherwise: Any = None) -> Any:
        self._note(name)
        return super().get(name, otherwise)

    def _note(self, name: str) -> None:
        self.sink.reads[f"{self.at}.{name}" if self.at else name] = None


def watched_value(value: Json, at: str, sink: Sink) -> Json:
    if isinstance(value, dict):
        return Row(value, at, sink)
    if isinstance(value, list):
        return [watched_value(one, f"{at}[{place}]", sink) for place, one in enumerate(value)]
    return value


def plain(value: Value) -> Value:
    """The value again without anything that notes."""
    if isinstance(value, dict):
        return {key: cast(Json, plain(one)) for key, one in value.items()}
    return [cast(Json, plain(one)) for one in value] if isinstance(value, list) else value


class Table(Mapping[str, Entry]):
    """A code table that notes which codes are asked for."""

    def __init__(self, name: str, codes: Mapping[str, Entry], sink: Sink) -> None:
        self.name, self.codes, self.sink = name, codes, sink

    def __getitem__(self, code: str) -> Entry:
        found: Entry = None
        try:
            found = self.codes[code]
            return found
        finally:
            if code != DEFAULT or found is not None:
                self.sink.looked[Looked(self.name, code, found if isinstance(found, str) else None)] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)


class Tables(Mapping[str, Mapping[str, Entry]]):
    """All code tables, and with them the sink: every scope of the run reaches it here."""

    def __init__(self, tables: Lookups, sink: Sink) -> None:
        self.tables, self.sink = tables, sink

    def __getitem__(self, name: str) -> Mapping[str, Entry]:
        return Table(name, self.tables[name], self.sink)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


def sink_of(scope: Scope) -> Sink:
    return cast(Tables, scope.run.lookups).sink


@dataclass(frozen=True, slots=True)
class Watched:
    """A node in place of the one it watches. It never raises: what is wrong is noted, and the cell left out."""

    name: str
    node: Node
    path: str
    label: str

    @property
    def cost(self) -> int:
        return self.node.cost

    @property
    def build(self) -> Find:
        return self._leaf(self.node) if isinstance(self.node, Leaf) else self._inner

    def collect(self, row: Value, scope: Scope, found: Findings) -> None:
        self.node.collect(row, scope, found)

    def _leaf(self, leaf: Leaf) -> Find:
        def build(row: Value, scope: Scope) -> Value:
            sink = sink_of(scope)
            reads, looked = sink.reads, sink.looked
            sink.reads, sink.looked = {}, {}
            value, trouble = _tried(leaf.build, row, scope)
            steps, failed = _told(leaf, row, scope, trouble)
            self._note(sink, value, trouble, failed, steps)
            sink.reads, sink.looked = reads, looked
            return value

        return build

    def _inner(self, row: Value, scope: Scope) -> Value:
        """An object or a list: its cells note themselves, what it cannot do as a whole is noted here."""
        sink = sink_of(scope)
        sink.frames.append((self.name, -1))
        value, trouble = _tried(self.node.build, row, scope)
        sink.frames.pop()
        if trouble is not None:
            self._note(sink, value, trouble, "", ())
        return value

    def _note(
        self, sink: Sink, value: Value, trouble: Trouble | None, failed: str, steps: tuple[Step, ...]
    ) -> None:
        if not sink.documents or self.path.partition(".")[0] != "map":
            return
        problem = None
        if trouble is not None:
            problem = Findings().problem(self.path, self.label, trouble)
        seen = Seen(
            sink.at(self.name),
            self.path,
            plain(value),
            problem,
            failed,
            steps,
            tuple(sink.reads),
            tuple(sink.looked),
        )
        sink.documents[-1].append(seen)


def _tried(build: Find, row: Value, scope: Scope) -> tuple[Value, Trouble | None]:
    try:
        return build(row, scope), None
    except Trouble as trouble:
        return MISSING, trouble


def _told(leaf: Leaf, row: Value, scope: Scope, trouble: Trouble | None) -> tuple[tuple[Step, ...], str]:
    """The value behind each part of the cell, and the part that failed: the last is its target field."""
    story = leaf.story
    if story is None or (trouble is None and story.maybe and leaf.build(row, scope) is MISSING):
        return (), leaf.label if trouble else ""
    steps: list[Step] = []
    written, find = story.source
    value, failed = _tried(find, row, scope)
    for pipe, dress in story.pipes:
        if failed is not None:
            return tuple(steps), written
        steps.append(Step(written, plain(value)))
        written = pipe
        value, failed = _piped(dress, value, scope)
    if failed is not None:
        return tuple(steps), written
    return (*steps, Step(written, plain(value))), leaf.label if trouble else ""


def _piped(dress: Find, value: Value, scope: Scope) -> tuple[Value, Trouble | None]:
    return _tried(dress, value, scope)


def watched(name: str, node: Node | None) -> Node | None:
    """The node watched; its parts, made before it, are so already."""
    return node and Watched(name, node, getattr(node, "path", ""), getattr(node, "label", ""))


def watched_row(inner: Object) -> Object:
    """The object of one row of a list: each time it is built is one row more."""
    make = inner.build

    def build(row: Value, scope: Scope) -> Value:
        frames = sink_of(scope).frames
        name, number = frames[-1]
        frames[-1] = (name, number + 1)
        return make(row, scope)

    return replace(inner, build=build)


BUILT = "\0built"
"""Marks in a document which go of the mapping made it, for a shape may cut one go into several."""


def watched_root(root: Object) -> Object:
    """The whole document: begins a list of cells, and watches the row it is made from."""
    make = root.build

    def build(row: Value, scope: Scope) -> Value:
        sink = sink_of(scope)
        sink.documents.append([])
        sink.frames.clear()
        if isinstance(row, dict) and not isinstance(row, Row):
            scope.row = Row(row, "", sink)
        made = make(scope.row, scope)
        return {**cast("dict[str, Json]", made), BUILT: len(sink.documents) - 1}

    return replace(root, build=build)


__all__ = ["BUILT", "Looked", "Row", "Seen", "Sink", "Step", "Story", "Tables", "plain", "watched", "watched_root",
    "watched_row"]  # fmt: skip
