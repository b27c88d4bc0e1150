"""A document compiled: cells, objects and lists of rows that build it, or tell every trouble in it.

`build` is the quick way and raises at the first Trouble; `collect` goes the same way once more and
notes all of them. Both are pure, so the second gives what the first would have met.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, cast

from engine.mapping.fill import Story, no_value
from engine.mapping.plain import MISSING, Value
from engine.mapping.scope import Find, Held, Lacking, Passed, Scope, Trouble
from engine.model.values import Json, Problem
from engine.say import Say

MOST_PROBLEMS = 100
Each: TypeAlias = Callable[[Value, Scope], "list[Json] | None"]
Make: TypeAlias = Callable[[Value, Scope], "dict[str, Json]"]


@dataclass(frozen=True, slots=True)
class Miss:
    """A code that a table lacks, and the cell that waits for it."""

    table: str
    code: str
    path: str


@dataclass(slots=True)
class Findings:
    """What went wrong in one record, each thing once, at most MOST_PROBLEMS.

    `rows` are the row numbers of the lists gone into; `noted` counts also what was told before.
    """

    problems: dict[tuple[str, str], Problem] = field(default_factory=dict)
    held: dict[Miss, None] = field(default_factory=dict)
    passed: list[Say] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    noted: int = 0

    def note(self, path: str, cell: str, trouble: Trouble) -> None:
        self.noted += 1
        if isinstance(trouble, Held):
            self.held[Miss(trouble.table, trouble.looked_for, path)] = None
        elif isinstance(trouble, Passed):
            self.passed.append(trouble.says)
        elif len(self.problems) < MOST_PROBLEMS:
            problem = self.problem(path, cell, trouble)
            self.problems[path, problem.says] = problem

    def problem(self, path: str, cell: str, trouble: Trouble) -> Problem:
        """The trouble of a cell in these rows as a person reads it."""
        lacks = (trouble.table, trouble.looked_for) if isinstance(trouble, Lacking) else None
        return Problem(path, trouble.code, self._sentence(cell, trouble.says), trouble.do, lacks=lacks)

    def _sentence(self, cell: str, what: Say) -> Say:
        if not self.rows:
            return Say("{cell}：{what}", cell=cell, what=what)
        return Say("{cell} 第 {rows} 行：{what}", cell=cell, rows="-".join(map(str, self.rows)), what=what)


class Node(Protocol):
    """One part of the compiled document."""

    @property
    def cost(self) -> int:
        """Steps of one `build`."""

    @property
    def build(self) -> Find:
        """Gives the value, or MISSING. Called for every record and row. Raises Trouble at the first."""

    def collect(self, row: Value, scope: Scope, found: Findings) -> None:
        """Notes every trouble `build` could meet. Called only for records in which it met one."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A cell. `label` is how messages call its target field."""

    path: str
    label: str
    build: Find
    cost: int
    constant: Value = MISSING
    story: Story | None = None

    def collect(self, row: Value, scope: Scope, found: Findings) -> None:
        try:
            self.build(row, scope)
        except Trouble as trouble:
            found.note(self.path, self.label, trouble)


@dataclass(frozen=True, slots=True)
class Object:
    """Names to nodes. One without a single value is missing, the document itself is not."""

    path: str
    label: str
    parts: tuple[tuple[str, Node], ...]
    build: Find
    cost: int

    def collect(self, row: Value, scope: Scope, found: Findings) -> None:
        before = found.noted
        for _, node in self.parts:
            node.collect(row, scope, found)
        if found.noted == before:
            _last(self.build, self.path, self.label, row, scope, found)


@dataclass(frozen=True, slots=True)
class Listing:
    """One object for each row of a source list."""

    path: str
    label: str
    each: Each
    where: Callable[[Value, Scope], bool] | None
    inner: Object
    build: Find
    cost: int

    def collect(self, row: Value, scope: Scope, found: Findings) -> None:
        before, inside = found.noted, Scope(None, scope, scope.run)
        try:
            items = self.each(row, scope) or []
            scope.run.spend(self.cost * len(items))
        except Trouble as trouble:
            found.note(self.path, self.label, trouble)
            return
        for place, item in enumerate(items, 1):
            found.rows.append(place)
            self._collect_row(item, inside, found)
            found.rows.pop()
        if found.noted == before:
            _last(self.build, self.path, self.label, row, scope, found)

    def _collect_row(self, item: Json, inside: Scope, found: Findings) -> None:
        inside.row = item
        try:
            if self.where is not None and not self.where(item, inside):
                return
        except Trouble as trouble:
            found.note(f"{self.path}.where", self.label, trouble)
            return
        self.inner.collect(item, inside, found)
        inside.number += 1


def _last(build: Find, path: str, label: str, row: Value, scope: Scope, found: Findings) -> None:
    """Where all parts went well, the whole may still be missing what it needs."""
    try:
        build(row, scope)
    except Trouble as trouble:
        found.note(path, label, trouble)


def make_object(
    path: str, label: str, parts: list[tuple[str, Node]], needed: bool, empty_is_missing: bool
) -> Object:
    """`needed`: an object without a value is a Trouble."""
    names = [name for name, _ in parts]
    make = _in_order(parts) if len(set(names)) == len(names) else _later_wins(parts)

    def inner(row: Value, scope: Scope) -> Value:
        made = make(row, scope)
        if made:
            return made
        if needed:
            raise no_value()
        return MISSING

    build = inner if empty_is_missing else cast(Find, make)
    return Object(path, label, tuple(parts), build, 1 + sum(node.cost for _, node in parts))


def _in_order(parts: list[tuple[str, Node]]) -> Make:
    """Constants lie ready in a pattern that is copied; what is missing is taken out, so the order stays."""
    pattern: dict[str, Any] = {
        name: node.constant if isinstance(node, Leaf) else MISSING for name, node in parts
    }
    finds = tuple((name, node.build) for name, node in parts if pattern[name] is MISSING)

    def make(row: Value, scope: Scope) -> dict[str, Json]:
        made = pattern.copy()
        for name, find in finds:
            value = find(row, scope)
            if value is MISSING:
                del made[name]
            else:
                made[name] = value
        return made

    return make


def _later_wins(parts: list[tuple[str, Node]]) -> Make:
    """A name written twice holds the last of its cells that has a value."""

    def make(row: Value, scope: Scope) -> dict[str, Json]:
        made: dict[str, Json] = {}
        for name, node in parts:
            value = node.build(row, scope)
            if value is not MISSING:
                made[name] = value
        return made

    return make


def make_listing(
    path: str,
    label: str,
    each: Each,
    where: Callable[[Value, Scope], bool] | None,
    inner: Object,
    needed: bool,
) -> Listing:
    make, cost = cast(Make, inner.build), inner.cost

    def build(row: Value, scope: Scope) -> Value:
        rows = each(row, scope)
        made: list[Json] = []
        if rows is not None:
            scope.run.spend(cost * len(rows))
            inside = Scope(None, scope, scope.run)
            for item in rows:
                inside.row = item
                if where is None or where(item, inside):
                    made.append(make(item, inside))
                    inside.number += 1
        if needed and not made:
            raise Trouble("required", Say("一行也没有，而这里必须有"), Say("核对源数据和 where"))
        return MISSING if rows is None else made

    return Listing(path, label, each, where, inner, build, cost)


def the_row(find: Find) -> Each:
    """`each: .`: the row itself, as a list of one."""

    def each(row: Value, scope: Scope) -> list[Json] | None:
        return [cast(Json, find(row, scope))]

    return each


def rows_of(find: Find, label: str) -> Each:
    """The list `each` names; None where the vendor leaves it out."""

    def each(row: Value, scope: Scope) -> list[Json] | None:
        value = find(row, scope)
        if isinstance(value, list):
            return value
        if value is MISSING or value is None or value == "":
            return None
        raise Trouble("no_list", Say("{label} 不是列表", label=label), Say("核对源数据的结构"))

    return each
