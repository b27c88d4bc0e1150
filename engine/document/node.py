"""What a YAML text is made of: scalars, lists and mappings that remember where they stand.

Offsets count characters of the whole text from 0 (a byte order mark is one), so
`text[node.start:node.end]` is the node as it was written, and an edit can replace just that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.model.values import Json, Mark


@dataclass(slots=True)
class Place:
    """From where to where: line and column of the first character from 1, offsets from 0."""

    line: int
    column: int
    start: int
    end: int

    @property
    def at(self) -> Mark:
        return Mark(self.line, self.column, self.start)


@dataclass(slots=True)
class Scalar(Place):
    """One value. `text` is what YAML read, `value` what rule 1 makes of it; `style` is "" for plain."""

    value: Json
    text: str
    style: str

    @property
    def first(self) -> Mark:
        """The value's first character: behind the quote where there is one."""
        behind = 1 if self.style in ("'", '"') else 0
        return Mark(self.line, self.column + behind, self.start + behind)


@dataclass(slots=True)
class Hole(Place):
    """Where no value could be read. Its problem has been told: readers pass over it."""


@dataclass(slots=True)
class Items(Place):
    """A list; `flow` where it is written as `[…]`."""

    flow: bool
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Pairs(Place):
    """A mapping: `keys` and `values` by the key's text, in the order written."""

    flow: bool
    keys: dict[str, Scalar] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)


Node: TypeAlias = "Scalar | Items | Pairs | Hole"


def value(node: Node) -> Json:
    """The JSON a node means; a hole is null."""
    match node:
        case Scalar():
            return node.value
        case Items():
            return [value(item) for item in node.items]
        case Pairs():
            return {key: value(child) for key, child in node.values.items()}
        case Hole():
            return None


def under(path: str, step: str | int) -> str:
    """The path one step further in: `a` and "b" give `a.b`, `a` and 0 give `a[0]`."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


def walk(node: Node, path: str = "", flow: bool = False) -> Iterator[tuple[str, Node, bool]]:
    """Every node with its path, and whether it stands inside `[…]` or `{…}`."""
    yield path, node, flow
    if isinstance(node, Items):
        for number, item in enumerate(node.items):
            yield from walk(item, under(path, number), flow or node.flow)
    elif isinstance(node, Pairs):
        for key, child in node.values.items():
            yield from walk(child, under(path, key), flow or node.flow)
