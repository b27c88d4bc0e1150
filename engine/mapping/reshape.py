"""The steps of `shape` compiled: what is done to a record before it is mapped, and how it comes apart.

A record goes through the steps in the order written. Opening a text, zipping and appending change a
copy of it; then it may come apart in several (split, explode); then its parts may be grouped with
those of other records. `chunk` waits for the finished document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from engine.mapping.formula.coded import Coded
from engine.mapping.grouping import Keyed
from engine.mapping.opening import opened
from engine.mapping.path import Path, Step, compile_path
from engine.mapping.plain import MISSING, Value, blank
from engine.mapping.scope import MOST_ITEMS, Find, Run, Scope, Trouble
from engine.mapping.shape import Object
from engine.model.scheme import Complete, Late
from engine.model.values import Json, Record
from engine.say import Say

MOST_PARTS = 500
"""Documents one record may come apart into; more is a mistake in `by`."""

Change = Callable[[Record, Run], Record]
"""A changed copy of the record; nothing of the record itself is touched."""

Listed = Callable[[Record, Run], list[Json]]
"""The rows of one list of the record, none where it is missing. Raises Trouble where it is no list."""


@dataclass(frozen=True, slots=True)
class Part:
    """One document's worth of a record. `value` tells it from the others of the record; None: it is whole.

    `row` is what the mapping reads, `outer` the record around it where the row is one of its lines.
    """

    row: Record
    value: str | None = None
    outer: Record | None = None

    def scope(self, run: Run) -> Scope:
        return Scope(self.row, Scope(self.outer, None, run) if self.outer is not None else None, run)


@dataclass(frozen=True, slots=True)
class Apart:
    """How a record comes apart: by the keys of the rows of a list. `lines`: each row a part of its own."""

    path: str
    at: tuple[str, ...]
    rows: Listed
    keyed: Keyed
    lines: bool
    name: Callable[[tuple[str, ...]], str]

    def parts(self, record: Record, run: Run) -> list[Part]:
        """In order of first appearance. Raises Trouble."""
        outer = Scope(record, None, run)
        rows = self.rows(record, run)
        run.spend((self.keyed.cost + 1) * len(rows))
        found: dict[tuple[str, ...], list[Json]] = {}
        for number, row in enumerate(rows, 1):
            key = self._key(row, outer, number)
            if self.lines and key in found:
                raise Trouble(
                    "twice",
                    Say("第 {row} 行的 {key} 和前面的一样", row=number, key="、".join(key)),
                    Say("by 要写每一行都不同的字段"),
                )
            found.setdefault(key, []).append(row)
        if len(found) > MOST_PARTS:
            says = Say("要分成 {count} 张，超过 {most} 张", count=len(found), most=MOST_PARTS)
            raise Trouble("too_many", says, Say("检查 by"))
        return [self._part(record, key, rows) for key, rows in found.items()]

    def _key(self, row: Json, outer: Scope, number: int) -> tuple[str, ...]:
        try:
            return self.keyed.of(row, Scope(row, outer, outer.run))
        except Trouble as trouble:
            says = Say("第 {row} 行不行（{what}）", row=number, what=trouble.says)
            raise Trouble(trouble.code, says, trouble.do) from None

    def _part(self, record: Record, key: tuple[str, ...], rows: list[Json]) -> Part:
        named: Record = {**record, **dict(zip(self.keyed.names, key, strict=True))}
        if not self.lines:
            return Part(put(named, self.at, rows), self.name(key))
        row = rows[0]
        if not isinstance(row, dict):
            raise Trouble("no_object", Say("列表的行不是对象"), Say("用 split"))
        return Part(row, self.name(key), named)


@dataclass(frozen=True, slots=True)
class Reshape:
    """A compiled shape."""

    changes: tuple[tuple[str, Change], ...]
    apart: Apart | None
    gather: Gather | None
    chunk: Cut | None

    def parts(self, record: Record, run: Run) -> list[Part]:
        """Raises Trouble; `Misplaced` tells which step."""
        for path, change in self.changes:
            with Misplaced.at(path):
                record = change(record, run)
        if self.apart is None:
            return [Part(record)]
        with Misplaced.at(self.apart.path):
            return self.apart.parts(record, run)


@dataclass(frozen=True, slots=True)
class Gather:
    """The grouping of parts: their keys, and the row that is made of those with equal ones."""

    path: str
    keyed: Keyed
    fold: Callable[[list[tuple[Value, Scope]]], Record]
    cost: int
    complete: Complete
    late: Late
    day: int | None
    """Which key is the day that must be over."""


@dataclass(frozen=True, slots=True)
class Cut:
    """`list` is the target's list that holds at most so many rows a document."""

    path: str
    list: str
    most: int


@dataclass
class Misplaced(Exception):
    """A Trouble in a step of the shape."""

    path: str
    trouble: Trouble

    @staticmethod
    def at(path: str) -> _At:
        return _At(path)


@dataclass
class _At:
    path: str

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Trouble):
            raise Misplaced(self.path, error) from error


# -- what the steps do ---------------------------------------------------------------------------


def put(record: Record, at: tuple[str, ...], value: Json) -> Record:
    """A copy of the record with this value there; what lies beside it is shared. Raises Trouble."""
    head, rest = at[0], at[1:]
    if not rest:
        return {**record, head: value}
    inner = record.get(head)
    if inner is not None and not isinstance(inner, dict):
        raise Trouble("no_inside", Say("{name} 里面没有字段", name=head), Say("核对源数据的结构"))
    return {**record, head: put(inner or {}, rest, value)}


def listed(at: tuple[str, ...]) -> Listed:
    find = compile_path(Path(0, tuple(Step(name) for name in at)))

    def rows(record: Record, run: Run) -> list[Json]:
        value = find(record, Scope(record, None, run))
        if isinstance(value, list):
            return value
        if blank(value):
            return []
        raise Trouble("no_list", Say("{name} 不是列表", name=".".join(at)), Say("核对源数据的结构"))

    return rows


def opening(find: Find, at: tuple[str, ...], kind: str, label: str) -> Change:
    def change(record: Record, run: Run) -> Record:
        scope = Scope(record, None, run)
        value = opened(kind, find(record, scope), label, scope)
        return record if value is MISSING else put(record, at, value)

    return change


def zipping(name: str, of: list[tuple[str, Coded]]) -> Change:
    """Parallel lists: the first of each make the first row. Unequal lengths are a Trouble, for nobody
    knows which one is missing.
    """

    def change(record: Record, run: Run) -> Record:
        scope = Scope(record, None, run)
        lists = [(one, _values(coded.find(record, scope), coded)) for one, coded in of]
        sizes = {len(values) for _, values in lists}
        run.spend(sum(len(values) for _, values in lists))
        if len(sizes) > 1:
            told = "、".join(f"{one} {len(values)}" for one, values in lists)
            raise Trouble("unequal", Say("几个列表长短不一（{told}）", told=told), Say("核对源数据"))
        names = [one for one, _ in lists]
        rows: list[Json] = [
            dict(zip(names, row, strict=True)) for row in zip(*(v for _, v in lists), strict=True)
        ]
        return {**record, name: rows}

    return change


def _values(value: Value, coded: Coded) -> list[Json]:
    if isinstance(value, list):
        return value
    if blank(value):
        return []
    raise Trouble("no_list", Say("{label} 不是列表", label=coded.label), Say("用 split 拆开"))


def naming(name: str, coded: Coded, names: tuple[str, ...]) -> Change:
    """Rows of bare values, each value named by its place."""

    def change(record: Record, run: Run) -> Record:
        rows = _values(coded.find(record, Scope(record, None, run)), coded)
        run.spend(len(rows) * len(names))
        made: list[Json] = []
        for number, row in enumerate(rows, 1):
            if not isinstance(row, list) or len(row) != len(names):
                says = Say("第 {row} 行不是 {count} 个值", row=number, count=len(names))
                raise Trouble("unequal", says, Say("核对 names 和源数据"))
            made.append(dict(zip(names, row, strict=True)))
        return {**record, name: made}

    return change


def appending(at: tuple[str, ...], when: Callable[[Value, Scope], bool] | None, row: Object) -> Change:
    there = listed(at)

    def change(record: Record, run: Run) -> Record:
        scope = Scope(record, None, run)
        if when is not None and not when(record, scope):
            return record
        rows = there(record, run)
        if len(rows) >= MOST_ITEMS:
            raise Trouble("too_many", Say("列表太长"), Say("核对源数据"))
        return put(record, at, [*rows, cast(Json, row.build(record, scope))])

    return change
