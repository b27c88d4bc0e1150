"""`shape:` read against what is known: each step compiled, and the ground the mapping stands on afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from engine.exact import encode
from engine.mapping.cell import read_cell
from engine.mapping.fill import compile_value, condition
from engine.mapping.ground import Found, Ground, Level, named, nearest
from engine.mapping.grouping import compile_grouping, compile_keys
from engine.mapping.path import Path, compile_path
from engine.mapping.remarks import Remarks
from engine.mapping.reshape import (
    Apart,
    Change,
    Cut,
    Gather,
    Reshape,
    appending,
    listed,
    naming,
    opening,
    zipping,
)
from engine.mapping.shape import Object
from engine.mapping.slip import Slip
from engine.model.catalog import Field, FieldType
from engine.model.scheme import (
    Append,
    Chunk,
    Entry,
    Explode,
    Fields,
    Group,
    Parse,
    Placed,
    Rows,
    Split,
    Zip,
)
from engine.model.values import Json, Record
from engine.say import Say

RECORDS = "records"
BATCH = "batch"
MADE = frozenset({RECORDS, BATCH})
"""What the row of a group holds besides its own names."""

Inner = Callable[[Fields, str, Ground], Object]
"""Compiles the cells of an appended row."""

_ORDER: dict[type, int] = {Parse: 0, Zip: 0, Append: 0, Split: 1, Explode: 1, Group: 2, Chunk: 3}


class Steps:
    """One compilation of a shape. `ground` is what cells behind the steps so far stand on."""

    def __init__(self, ground: Ground, remarks: Remarks, inner: Inner) -> None:
        self.ground, self.remarks, self.inner = ground, remarks, inner
        self.changes: list[tuple[str, Change]] = []
        self.apart: Apart | None = None
        self.gather: Gather | None = None
        self.cut: Cut | None = None

    def compiled(self, steps: tuple[Placed, ...], fields: Fields) -> Reshape:
        """Every problem is told; what is wrong is left out."""
        before = 0
        for one in steps:
            place = _ORDER[type(one.step)]
            if place < before or (place == before and place > 0):
                says = Say("这一步的位置不对，或写了两次")
                do = Say("顺序是：parse、zip、append，然后 split 或 explode，然后 group，最后 chunk")
                self.remarks.add(one.path, "order", says, do)
                continue
            before = place
            self._step(one, fields)
        return Reshape(tuple(self.changes), self.apart, self.gather, self.cut)

    def _step(self, one: Placed, fields: Fields) -> None:
        match one.step:
            case Parse() as step:
                self._parse(step, one.path)
            case Zip() as step:
                self._zip(step, one.path)
            case Append() as step:
                self._append(step, one.path)
            case Split() as step:
                self._split(step.split, f"{one.path}.split", step.by, one.path, lines=False)
            case Explode() as step:
                self._split(step.explode, f"{one.path}.explode", step.by, one.path, lines=True)
            case Group() as step:
                self._group(step, one.path)
            case Chunk() as step:
                self._chunk(step, one.path, fields)

    # -- changes of the record -------------------------------------------------------------------

    def _parse(self, step: Parse, path: str) -> None:
        found = self._at(step.parse, f"{path}.parse")
        if found is None:
            return
        at = _names(found.path)
        self.changes.append((path, opening(compile_path(found.path), at, step.as_, found.label)))
        self.ground = replace(self.ground, opened=self.ground.opened | {".".join(at)})

    def _zip(self, step: Zip, path: str) -> None:
        if step.rows is not None:
            coded = compile_value(step.rows, f"{path}.rows", self.ground, self.remarks)
            if coded is not None:
                self.changes.append((path, naming(step.zip, coded, step.names)))
            inner = tuple(Field(name=name, personal=not (coded and coded.quote)) for name in step.names)
        else:
            of = []
            for name, text in step.of.items():
                coded = compile_value(text, f"{path}.of.{name}", self.ground, self.remarks)
                if coded is not None:
                    of.append((name, coded))
            self.changes.append((path, zipping(step.zip, of)))
            inner = tuple(Field(name=name, personal=not coded.quote) for name, coded in of)
        self._plus((Field(name=step.zip, type="list", fields=inner),))

    def _append(self, step: Append, path: str) -> None:
        found = self._list(step.append, f"{path}.append")
        if found is None:
            return
        when = None
        if step.when is not None:
            when = condition(step.when, f"{path}.when", self.ground, self.remarks)
        row = self.inner(step.row, f"{path}.row", self.ground)
        self._known(step.row.entries, found)
        self.changes.append((path, appending(_names(found.path), when[0] if when else None, row)))

    def _known(self, entries: Iterable[Entry], found: Found) -> None:
        """An appended row holds what its neighbours hold."""
        fields = found.field.fields if found.field else ()
        for entry in entries:
            if fields and named(fields, entry.to) is None and not self._declared(found, entry.to):
                close = nearest(fields, entry.to)
                do = Say("相近的有：{names}", names=close) if close else Say("写列表里已有的字段名")
                says = Say("{list} 的行里没有 {name}", list=found.label, name=entry.to)
                self.remarks.add(entry.path, "unknown_source", says, do)

    def _declared(self, found: Found, name: str) -> bool:
        return ".".join((*_names(found.path), name)) in self.ground.extra

    # -- several documents, several records -----------------------------------------------------------

    def _split(self, text: str, at: str, by: dict[str, str], path: str, *, lines: bool) -> None:
        found = self._list(text, at)
        if found is None:
            return
        inside = self.ground.inside(found)
        keyed = compile_keys(by, f"{path}.by", inside, self.remarks)
        names = _names(found.path)
        self.apart = Apart(path, names, listed(names), keyed, lines, part_value)
        self._plus(keyed.fields)
        if lines:
            row = self.ground.inside(found)
            self.ground = replace(row, offers=self.ground.offers)

    def _group(self, step: Group, path: str) -> None:
        if self.apart is not None and self.apart.lines:
            says = Say("explode 之后不能再 group")
            self.remarks.add(path, "order", says, Say("改用 split，并在明细里写 each: [records, 列表]"))
            return
        grouped = compile_grouping(step.group, f"{path}.group", self.ground, self.remarks, MADE)
        day = self._day(step, path)
        self.gather = Gather(
            path,
            grouped.keyed,
            lambda rows: grouped.fold(rows)[0][0],
            grouped.cost,
            step.complete,
            step.late,
            day,
        )
        records = Field(name=RECORDS, type="list", fields=self.ground.levels[0].fields or ())
        row = Level((*grouped.fields, records, Field(name=BATCH, type="integer")))
        self.ground = replace(
            self.ground, levels=(row,), extra=_extra(self.ground.extra), opened=_below(self.ground.opened)
        )

    def _day(self, step: Group, path: str) -> int | None:
        name = step.complete.day
        if name is None:
            return None
        if name not in step.group.by:
            says = Say("by 里没有 {name}", name=name)
            self.remarks.add(f"{path}.complete.day", "unknown_key", says, Say("写 by 里是日期的那个名字"))
            return None
        return list(step.group.by).index(name)

    def _chunk(self, step: Chunk, path: str, fields: Fields) -> None:
        rules = [entry.rule for entry in fields.entries if entry.to == step.chunk]
        if len(rules) != 1 or not isinstance(rules[0], Rows):
            says = Say("map 里没有列表 {name}", name=step.chunk)
            self.remarks.add(f"{path}.chunk", "unknown_target", says, Say("写 map 最外层的一个列表"))
            return
        self.cut = Cut(path, step.chunk, step.most)

    # -- places ------------------------------------------------------------------------------------

    def _at(self, text: str, path: str) -> Found | None:
        """A place in the record itself: plain names, no ^, no [n], no pipes."""
        try:
            short = read_cell(text)
            found = self.ground.resolve(short.path, short.at)
            plain = found.path.steps and not found.path.up and not short.pipes
            if not plain or any(step.index is not None for step in found.path.steps):
                raise Slip(short.at, Say("这里只写数据里的一个字段"), Say("写成 a 或 a.b，不带方括号和管道"))
        except Slip as slip:
            self.remarks.slip(path, slip, text)
            return None
        return found

    def _list(self, text: str, path: str) -> Found | None:
        found = self._at(text, path)
        if found is not None and found.field is not None and found.field.type != "list":
            says = Say("{label} 不是列表", label=found.label)
            self.remarks.add(path, "no_list", says, Say("写一个列表"))
            return None
        return found

    def _plus(self, fields: tuple[Field, ...]) -> None:
        """The record holds these now; where nothing is known of it, nothing need be."""
        level = self.ground.levels[0]
        if level.fields is not None:
            names = {one.name for one in fields}
            kept = tuple(one for one in level.fields if one.name not in names)
            level = Level((*kept, *fields), level.at)
            self.ground = replace(self.ground, levels=(level, *self.ground.levels[1:]))


def part_value(key: tuple[str, ...]) -> str:
    """The value of a part in its document's key: one key as it is, several as a JSON array."""
    return key[0] if len(key) == 1 else encode(list(key)).decode()


def _names(path: Path) -> tuple[str, ...]:
    return tuple(step.name for step in path.steps)


def _below(opened: frozenset[str]) -> frozenset[str]:
    """Inside a group the records lie one level deeper."""
    return frozenset(f"{RECORDS}.{place}" for place in opened)


def _extra(extra: Mapping[str, FieldType]) -> dict[str, FieldType]:
    return {f"{RECORDS}.{place}": kind for place, kind in extra.items()}


def gathered(made: Record, rows: list[Json], batch: int) -> Record:
    """The row of a group."""
    return {**made, RECORDS: rows, BATCH: batch}
