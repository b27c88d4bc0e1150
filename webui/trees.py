"""JSON as lines a template can print: indented by depth, titled by the catalogue, masked, cut where endless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from engine.exact import decode
from engine.model.catalog import Field
from engine.model.values import Json
from webui.masks import Mask

MOST_LINES = 3000
MOST_DEPTH = 12  # deeper ones are indented no further
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Line:
    """One member. `kind` is object, list, text, number or word (true, false, null); `size` what it holds."""

    depth: int
    name: str
    kind: str
    text: str = ""
    size: int = 0
    title: str = ""
    meaning: str = ""
    hint: str = ""
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    lines: tuple[Line, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: what the catalogue says of it, its path without indices, whether it is personal."""

    fields: tuple[Field, ...] = ()
    path: str = ""
    hidden: bool = False


def tree(
    value: Json,
    fields: tuple[Field, ...] = (),
    mask: Mask | None = None,
    hints: Mapping[str, str] | None = None,
    *,
    ordered: bool = False,
) -> Tree:
    """The members of `value`. `hints` tells by path ("othOutRecords.qty") where a value came from.

    `ordered` puts members in the catalogue's order: records are kept with their keys sorted.
    """
    walk = _Walk(mask or Mask(), hints or {}, ordered)
    found = list(islice(walk.members(value, 0, _Place(fields)), MOST_LINES + 1))
    return Tree(tuple(found[:MOST_LINES]), len(found) > MOST_LINES)


def parsed(text: str) -> Json:
    """The JSON of a kept text that holds an object or a list; None where it is anything else or was cut."""
    try:
        value = decode(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


@dataclass(frozen=True, slots=True)
class _Walk:
    mask: Mask
    hints: Mapping[str, str]
    ordered: bool

    def members(self, value: Json, depth: int, place: _Place) -> Iterator[Line]:
        depth = min(depth, MOST_DEPTH)
        if isinstance(value, dict):
            for name, below in self._order(value, place.fields):
                field = _field(place.fields, name)
                inner = self._step(place, name, field)
                title, hint = field.title if field else "", self.hints.get(inner.path, "")
                yield from self._member(Line(depth, name, "", title=title, hint=hint), below, inner, field)
        elif isinstance(value, list):
            for index, below in enumerate(value, 1):
                yield from self._member(Line(depth, f"{index}", ""), below, place, None)
        else:
            yield self._leaf(Line(depth, "", ""), value, place.hidden, None)

    def _order(self, value: dict[str, Json], fields: tuple[Field, ...]) -> Iterable[tuple[str, Json]]:
        if not self.ordered:
            return value.items()
        places = {field.name: place for place, field in enumerate(fields)}
        return sorted(value.items(), key=lambda member: places.get(member[0], len(places)))

    def _step(self, place: _Place, name: str, field: Field | None) -> _Place:
        path = f"{place.path}.{name}" if place.path else name
        return _Place(field.fields if field else (), path, place.hidden or self.mask.hides(name))

    def _member(self, line: Line, value: Json, place: _Place, field: Field | None) -> Iterator[Line]:
        if isinstance(value, dict | list):
            yield replace(line, kind="object" if isinstance(value, dict) else "list", size=len(value))
            yield from self.members(value, line.depth + 1, place)
        else:
            yield self._leaf(line, value, place.hidden, field)

    def _leaf(self, line: Line, value: Json, hidden: bool, field: Field | None) -> Line:
        if value is None or isinstance(value, bool):
            return replace(line, kind="word", text={None: "null", True: "true", False: "false"}[value])
        kind, text = ("text" if isinstance(value, str) else "number"), str(value)
        if hidden:
            return replace(line, kind=kind, text=self.mask.value(text), masked=bool(text))
        meaning = field.values.get(text, "") if field else ""
        shown = self.mask.text(text)
        return replace(line, kind=kind, text=shown[:LONGEST], meaning=meaning, masked=shown != text)


def _field(fields: tuple[Field, ...], name: str) -> Field | None:
    return next((field for field in fields if field.name == name or name in field.aliases), None)
