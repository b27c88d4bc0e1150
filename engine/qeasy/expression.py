"""A MySQL scalar expression as a tree of frozen values. `at` is the place in the text, from 0."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal
    at: int


@dataclass(frozen=True, slots=True)
class Null:
    at: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the record or a variable of the engine: `{{details.qty}}`, `{{LAST_SYNC_TIME|date}}`, or bare."""

    steps: tuple[str, ...]
    at: int
    pipe: str = ""
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text; fields may stand inside it. Without any part it is the empty text."""

    parts: tuple[str | Field, ...]
    at: int

    @property
    def plain(self) -> str | None:
        """What it says where no field stands in it."""
        return "".join(str(part) for part in self.parts) if self.fixed else None

    @property
    def fixed(self) -> bool:
        return all(isinstance(part, str) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Find:
    """The first record another scheme keeps whose `where` all hold; one field of it."""

    give: str
    scheme: str
    where: tuple[tuple[str, Expression], ...]
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its name in capitals. `unit` is what INTERVAL or CAST say besides."""

    name: str
    args: tuple[Expression, ...]
    at: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """`-` or NOT before `of`."""

    sign: str
    of: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sides of + - * / % DIV, = <> < <= > >=, AND OR XOR, LIKE."""

    sign: str
    left: Expression
    right: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Among:
    """`of` IN (…), or IS NULL where `items` is empty."""

    of: Expression
    items: tuple[Expression, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Case:
    """CASE; without `subject` each `when` is a condition."""

    subject: Expression | None
    whens: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None
    at: int


Expression: TypeAlias = Number | Null | Field | Text | Find | Call | Sign | Pair | Among | Case
