"""Rows with equal keys made one row: keys, sums, first values, lists. For lists in a document and for records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.mapping.fill import compile_value
from engine.mapping.formula.coded import Coded, not_read
from engine.mapping.ground import Ground
from engine.mapping.plain import EXACT, Value, as_number, as_text, blank
from engine.mapping.remarks import Remarks
from engine.mapping.scope import MOST_ITEMS, Scope, Trouble
from engine.model.catalog import Field
from engine.model.scheme import Grouping
from engine.model.values import Json, Record
from engine.say import Say

Take = Callable[[Record, Value, Scope], None]
"""Takes one row's share into the made row."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """Keys by name, as text: `of` gives them for one row."""

    names: tuple[str, ...]
    cells: tuple[Coded, ...]

    def of(self, row: Value, scope: Scope) -> tuple[str, ...]:
        """Blank is the key "". Raises Trouble where one is no text."""
        return tuple([_key(cell, row, scope) for cell in self.cells])

    @property
    def fields(self) -> tuple[Field, ...]:
        """Keys are text; one that may not be quoted is treated as personal."""
        pairs = zip(self.names, self.cells, strict=True)
        return tuple(Field(name=name, type="text", personal=not cell.quote) for name, cell in pairs)

    @property
    def cost(self) -> int:
        return sum(cell.cost for cell in self.cells)


def _key(cell: Coded, row: Value, scope: Scope) -> str:
    value = cell.find(row, scope)
    if value.__class__ is str:
        return value
    text = as_text(value)
    if text is None:
        do = Say("用单个值作键")
        raise not_read(cell, value, "no_text", lambda what: Say("{what} 不能当作文本", what=what), do)
    return text


@dataclass(frozen=True, slots=True)
class Grouped:
    """A compiled grouping. `fields`: what a row holds that it makes."""

    keyed: Keyed
    takes: tuple[Take, ...]
    fields: tuple[Field, ...]
    cost: int

    def fold(self, rows: Iterable[tuple[Value, Scope]]) -> list[tuple[Record, list[int]]]:
        """The made rows in order of appearance, each with the places (from 0) of the rows behind it."""
        made: dict[tuple[str, ...], tuple[Record, list[int]]] = {}
        for place, (row, scope) in enumerate(rows):
            key = self.keyed.of(row, scope)
            known = made.get(key)
            if known is None:
                known = made[key] = (dict(zip(self.keyed.names, key, strict=True)), [])
            for take in self.takes:
                take(known[0], row, scope)
            known[1].append(place)
        return list(made.values())


def compile_keys(by: dict[str, str], path: str, ground: Ground, remarks: Remarks) -> Keyed:
    """Problems are told at `path.by.name`; the keys that could be read are kept."""
    found = {name: compile_value(text, f"{path}.{name}", ground, remarks) for name, text in by.items()}
    fine = {name: coded for name, coded in found.items() if coded is not None}
    return Keyed(tuple(fine), tuple(fine.values()))


def compile_grouping(
    grouping: Grouping, path: str, ground: Ground, remarks: Remarks, taken: frozenset[str] = frozenset()
) -> Grouped:
    """`taken` are names that the made row needs for itself. Problems are told; what is wrong is left out."""
    keyed = compile_keys(grouping.by, f"{path}.by", ground, remarks)
    takes: list[Take] = []
    fields = [*keyed.fields]
    cost = keyed.cost
    seen = set(grouping.by) | taken
    _unique(grouping.by, f"{path}.by", taken, remarks)
    for word, cells in (("sum", grouping.sum), ("first", grouping.first), ("list", grouping.list)):
        _unique(cells, f"{path}.{word}", seen, remarks)
        seen |= set(cells)
        for name, text in cells.items():
            coded = compile_value(text, f"{path}.{word}.{name}", ground, remarks)
            if coded is not None:
                takes.append(_TAKES[word](name, coded))
                fields.append(Field(name=name, type=_TYPES[word], personal=not coded.quote))
                cost += coded.cost
    return Grouped(keyed, tuple(takes), tuple(fields), cost)


def _unique(names: Iterable[str], path: str, seen: Iterable[str], remarks: Remarks) -> None:
    for name in sorted(set(names) & set(seen)):
        remarks.add(f"{path}.{name}", "twice", Say("{name} 这个名字已经用了", name=name), Say("换一个名字"))


def _sum(name: str, coded: Coded) -> Take:
    """Blank adds nothing: the sum of nothing is 0."""

    def take(made: Record, row: Value, scope: Scope) -> None:
        value = coded.find(row, scope)
        number = as_number(value)
        if number is None and not blank(value):
            do = Say("核对源数据")
            raise not_read(coded, value, "no_number", lambda what: Say("{what} 不是数字", what=what), do)
        before: Any = made.get(name, Decimal(0))
        try:
            made[name] = EXACT.add(before, number if number is not None else Decimal(0))
        except ArithmeticError:
            says = Say("{label} 加起来太大", label=coded.label)
            raise Trouble("too_large", says, Say("核对源数据")) from None

    return take


def _first(name: str, coded: Coded) -> Take:
    def take(made: Record, row: Value, scope: Scope) -> None:
        if name not in made:
            value = coded.find(row, scope)
            if not blank(value):
                made[name] = value  # type: ignore[assignment]  # missing is blank

    return take


def _list(name: str, coded: Coded) -> Take:
    def take(made: Record, row: Value, scope: Scope) -> None:
        listed: Any = made.setdefault(name, [])
        value: Json = _key(coded, row, scope)
        if value and value not in listed:
            if len(listed) >= MOST_ITEMS:
                says = Say("{label} 有太多不同的值", label=coded.label)
                raise Trouble("too_many", says, Say("去掉这个 list"))
            listed.append(value)

    return take


_TAKES: dict[str, Callable[[str, Coded], Take]] = {"sum": _sum, "first": _first, "list": _list}
_TYPES: dict[str, Any] = {"sum": "decimal", "first": "text", "list": "list"}
