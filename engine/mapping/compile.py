"""A scheme's mapping compiled once: all its problems, or a pure function of (record, lookups, now)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.mapping.cell import read_cell
from engine.mapping.fill import compile_cell, compile_value, condition
from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.tree import Name
from engine.mapping.ground import Found, Ground, Level, label, named, nearest
from engine.mapping.grouping import compile_grouping
from engine.mapping.listing import LongListing, Order
from engine.mapping.mapped import Mapped, mapped_of
from engine.mapping.path import Path
from engine.mapping.plain import MISSING, Value
from engine.mapping.remarks import Remarks
from engine.mapping.reshape import Reshape
from engine.mapping.scope import STEPS, TOO_MUCH, Lookups, Run, Scope, Trouble
from engine.mapping.settings import compile_settings
from engine.mapping.shape import (
    Each,
    Findings,
    Leaf,
    Miss,
    Node,
    Object,
    make_listing,
    make_object,
    rows_of,
    the_row,
)
from engine.mapping.slip import Slip
from engine.mapping.steps import Steps
from engine.mapping.tables import compile_rules
from engine.mapping.together import Made, Together, together
from engine.model.catalog import Field, Operation
from engine.model.scheme import Cell, Entry, Fields, Rows, Scheme
from engine.model.values import Problem, Record
from engine.say import Say

__all__ = ["Lookups", "Made", "Mapped", "Mapping", "Miss", "compile_mapping", "compile_settings"]


@dataclass(frozen=True, slots=True)
class Mapping:
    """`tables`: code tables used. `sets`: top-level fields of the target it fills."""

    tables: frozenset[str]
    sets: frozenset[str]
    root: Object
    where: Callable[[Value, Scope], bool] | None
    where_text: str
    shape: Together | None = None
    """Where it is set one record is not one document: `shape` takes what `filtered` lets through."""

    def apply(self, record: Record, lookups: Lookups, now: datetime) -> Mapped:
        """Never raises. `now` is aware; the same arguments give the same document, byte for byte."""
        scope = Scope(record, None, Run(lookups, now))
        try:
            if self.where is not None and not self.where(record, scope):
                return Mapped(skipped=Say("不符合条件：{where}", where=self.where_text))
            return Mapped(self.root.build(record, scope))  # type: ignore[arg-type]  # the root is never missing
        except Trouble as trouble:
            return self._told(record, scope, trouble)

    def filtered(self, record: Record, lookups: Lookups, now: datetime) -> Mapped | None:
        """What the filter says of a record, None where it lets it through. Never raises."""
        if self.where is None:
            return None
        try:
            passes = self.where(record, Scope(record, None, Run(lookups, now)))
        except Trouble as trouble:
            found = Findings()
            found.note("source.where", Say("筛选条件"), trouble)
            return mapped_of(found)
        return None if passes else Mapped(skipped=Say("不符合条件：{where}", where=self.where_text))

    def every(self, records: Sequence[Record], lookups: Lookups, now: datetime) -> list[Made]:
        """All documents of these records, as if there were no others and each group were whole. Never raises."""
        if self.shape is None:
            return [Made((place,), self.apply(record, lookups, now)) for place, record in enumerate(records)]
        passed = [(record, self.filtered(record, lookups, now)) for record in records]
        return together(self.shape, passed, lookups, now)

    def _told(self, record: Record, scope: Scope, first: Trouble) -> Mapped:
        """Every trouble of the record."""
        found = Findings()
        if first.code != TOO_MUCH:
            scope.run.left = STEPS
            self._collect(record, scope, found)
        if not found.noted:
            found.note("map", Say("整条数据"), first)
        return mapped_of(found)

    def _collect(self, record: Record, scope: Scope, found: Findings) -> None:
        try:
            if self.where is not None:
                self.where(record, scope)
        except Trouble as trouble:
            found.note("source.where", Say("筛选条件"), trouble)
            return
        self.root.collect(record, scope, found)


def compile_mapping(
    scheme: Scheme,
    source: Operation | None,
    target: Operation | None,
    tables: Collection[str] | None,
    at: str = "",
) -> tuple[Mapping | None, list[Problem]]:
    """The mapping, None where a problem stands in its way, and all problems, warnings and notes.

    What is None is unknown here and gives no problem: an operation's fields, the names of code tables.
    `at` is where the map and its `where` stand if they are not the scheme's own: `after[0]`.
    """
    work = Work(scheme, source, target, tables, at)
    return work.mapping(), work.remarks.problems


class Work:
    """One compilation. A preview compiles with every node watched, see preview.py."""

    def __init__(
        self,
        scheme: Scheme,
        source: Operation | None,
        target: Operation | None,
        tables: Collection[str] | None,
        at: str = "",
    ) -> None:
        self.scheme = scheme
        self.map_at, self.where_at = (f"{at}.map", f"{at}.where") if at else ("map", "source.where")
        self.target = target
        self.remarks = Remarks(scheme.marks)
        self.used: set[str] = set()
        zone = source.window.zone if source and source.window else "Asia/Shanghai"
        header = Level(source.give if source else None)
        declared = {name: one.miss for name, one in scheme.lookups.items()}
        rules = compile_rules(scheme, self.remarks)
        self.ground = Ground(
            (header,), scheme.source.extra, tables, zone, used=self.used, declared=declared, rules=rules
        )

    def mapping(self) -> Mapping | None:
        where = None
        if self.scheme.source.where is not None:
            where = condition(self.scheme.source.where, self.where_at, self.ground, self.remarks)
        fields = self.target.fields if self.target else None
        reshape, ground = self._reshape()
        parts = self.parts(self.scheme.map, self.map_at, fields, "", ground)
        sets = frozenset(name for name, _ in parts)
        self._look_up_set()
        if self.remarks.broken:
            return None
        root = self._top(make_object("map", "map", parts, needed=False, empty_is_missing=False))
        text = self.scheme.source.where or ""
        shape = Together(reshape, root, self._numbered()) if reshape is not None else None
        return Mapping(frozenset(self.used), sets, root, where[0] if where else None, text, shape)

    def _reshape(self) -> tuple[Reshape | None, Ground]:
        """The shape's steps and the ground behind them."""
        if not self.scheme.shape:
            return None, self.ground

        def inner(fields: Fields, path: str, ground: Ground) -> Object:
            parts = self.parts(fields, path, None, path, ground)
            return make_object(path, path, parts, needed=False, empty_is_missing=False)

        steps = Steps(self.ground, self.remarks, inner)
        return steps.compiled(self.scheme.shape, self.scheme.map), steps.ground

    def _numbered(self) -> Field | None:
        """The target's field that a look-up asks for."""
        by = self.target.lookup.number_field if self.target and self.target.lookup else None
        return (named(self.target.fields, by) or Field(name=by)) if self.target and by else None

    def parts(
        self, fields: Fields, path: str, known: tuple[Field, ...] | None, at: str, ground: Ground
    ) -> list[tuple[str, Node]]:
        """The compiled entries of one object; problems for what is unknown, engine's own, or missing."""
        parts: list[tuple[str, Node]] = []
        tried: set[str] = set()
        for entry in fields.entries:
            place = f"{at}.{entry.to}" if at else entry.to
            field, fine = self._field(entry, place, known)
            name = field.name if field else entry.to
            if _ignored(entry):
                continue
            tried.add(name)
            node = self._node(entry, field, place, ground)
            if node is not None and fine:
                parts.append((name, node))
        self._required(path, known, at, tried)
        return parts

    def _field(self, entry: Entry, place: str, known: tuple[Field, ...] | None) -> tuple[Field | None, bool]:
        """The target field of an entry and whether it may be filled."""
        extra = self.scheme.target.extra if self.scheme.target else {}
        if place in extra:
            return Field(name=entry.to, type=extra[place]), True
        field = named(known, entry.to) if known is not None else None
        if known is not None and field is None:
            close = nearest(known, entry.to)
            do = Say("相近的有：{names}", names=close) if close else Say("确实有这个字段时写进 target.extra")
            self.remarks.add(entry.path, "unknown_target", Say("目标接口没有字段 {name}", name=entry.to), do)
            return None, False
        if self._engines_own(field.name if field else entry.to, place):
            says = Say("{name} 由引擎填写，用来保证只写一次", name=entry.to)
            self.remarks.add(entry.path, "engine_field", says, Say("删去这一行"))
            return field, False
        return field, True

    def _engines_own(self, name: str, place: str) -> bool:
        own = self.target.idempotency.at if self.target and self.target.idempotency else None
        return own is not None and own in (name if "." not in place else place, place)

    def _required(self, path: str, known: tuple[Field, ...] | None, at: str, tried: set[str]) -> None:
        for field in known or ():
            place = f"{at}.{field.name}" if at else field.name
            if (
                field.required
                and field.default is None
                and field.name not in tried
                and not self._engines_own(field.name, place)
            ):
                says = Say("必填字段 {field} 没有映射", field=label(field))
                self.remarks.add(
                    f"{path}.{field.name}",
                    "required",
                    says,
                    Say("给它一个字段、固定值或公式"),
                    self.remarks.mark(path),
                )

    def _look_up_set(self) -> None:
        if not self.target or not self.target.lookup:
            return
        fields = [
            named(self.target.fields, entry.to) for entry in self.scheme.map.entries if not _ignored(entry)
        ]
        if self.target.lookup.number_field not in {field.name for field in fields if field}:
            says = Say(
                "没有映射 {name}，结果不明的单据将无法按单号查回", name=self.target.lookup.number_field
            )
            self.remarks.add(self.map_at, "lookup_not_set", says, Say("把源单号映射到它"), weight="warning")

    def _node(self, entry: Entry, field: Field | None, place: str, ground: Ground) -> Node | None:
        name = label(field, entry.to)
        match entry.rule:
            case Cell() as cell:
                filled = compile_cell(cell, entry.path, field, ground, self.remarks)
                if filled is None:
                    return None
                return Leaf(entry.path, name, filled.find, filled.cost, filled.constant, filled.story)
            case Fields() as fields:
                if field and field.type != "object":
                    self._wrong_shape(entry, field)
                parts = self.parts(fields, entry.path, _inside(field), place, ground)
                needed = field is not None and field.required
                return make_object(entry.path, name, parts, needed, empty_is_missing=True)
            case Rows() as rows:
                return self._listing(entry, rows, field, place, ground)

    def _wrong_shape(self, entry: Entry, field: Field) -> None:
        if field.type == "list":
            do = Say("写成 {each: …, map: {…}}")
        elif field.type == "object":
            do = Say("写成 {map: {…}}")
        else:
            do = Say("写一个单元")
        self.remarks.add(entry.path, "shape", Say("{field} 不是这种形状", field=label(field)), do)

    def _listing(
        self, entry: Entry, rows: Rows, field: Field | None, place: str, ground: Ground
    ) -> Node | None:
        if field and field.type != "list":
            self._wrong_shape(entry, field)
        found, inside = self._levels(entry, rows, ground)
        where = None
        if rows.where is not None:
            where = condition(rows.where, f"{entry.path}.where", inside, self.remarks)
        grouped = None
        if rows.group is not None:
            grouped = compile_grouping(rows.group, f"{entry.path}.group", inside, self.remarks)
            inside = ground.among(grouped.fields)
        sort = self._sort(rows.sort, f"{entry.path}.sort", inside)
        parts = self.parts(rows.map, entry.path, _inside(field), place, inside)
        name, needed = label(field, entry.to), field is not None and field.required
        inner = self._row(make_object(entry.path, name, parts, needed=False, empty_is_missing=False))
        truth = where[0] if where else None
        if len(found) == 1 and grouped is None and not sort:
            return make_listing(entry.path, name, found[0][0], truth, inner, needed)
        each, labels = tuple(one for one, _ in found), tuple(said for _, said in found)
        return LongListing(
            entry.path, name, each, labels, rows.empty, truth, grouped, tuple(sort), inner, needed
        )

    def _row(self, inner: Object) -> Object:
        """The object of each row of a list."""
        return inner

    def _top(self, root: Object) -> Object:
        """The object that is the document."""
        return root

    def _levels(self, entry: Entry, rows: Rows, ground: Ground) -> tuple[list[tuple[Each, str]], Ground]:
        """Each list, looked for in the rows of the one before, and the ground of the innermost rows."""
        found = []
        for text in rows.each:
            try:
                each, said, ground = self._each(text, ground)
            except Slip as slip:
                self.remarks.slip(f"{entry.path}.each", slip, text)
                each, said, ground = rows_of(nothing, ""), "", ground.inside(Found(Path()))
            found.append((each, said))
        return found, ground

    def _sort(self, sort: tuple[str, ...], path: str, ground: Ground) -> list[Order]:
        orders = []
        for text in sort:
            said, _, way = text.strip().rpartition(" ")
            named_way = way in ("desc", "asc") and said
            coded = compile_value(said if named_way else text, path, ground, self.remarks)
            if coded is not None:
                orders.append(Order(coded.find, coded.kind == "number", bool(named_way and way == "desc")))
        return orders

    def _each(self, text: str, ground: Ground) -> tuple[Each, str, Ground]:
        short = read_cell(text)
        if short.pipes:
            raise Slip(short.pipes[0].at, Say("each 只写一个列表的路径"), Say("删去管道"))
        found = ground.resolve(short.path, short.at)
        if found.field and found.field.type != "list":
            raise Slip(
                short.at, Say("{label} 不是列表", label=found.label), Say("each 要写一个列表"), "no_list"
            )
        coded = compile_formula(Name(short.path, short.at), ground)
        if not found.path.steps:
            return the_row(coded.find), found.label, ground.again(found.path)
        return rows_of(coded.find, found.label), found.label, ground.inside(found)


def nothing(row: Value, scope: Scope) -> Value:
    return MISSING


def _ignored(entry: Entry) -> bool:
    return isinstance(entry.rule, Cell) and entry.rule.how == "ignore"


def _inside(field: Field | None) -> tuple[Field, ...] | None:
    """The fields below one, None where the catalogue does not tell them."""
    return (field.fields or None) if field else None
