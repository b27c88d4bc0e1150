"""What the help page tells of a function or a pipe, and the examples a test runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.say import Say

Kind = Literal["text", "number", "truth", "list", "any"]
"""What an expression is known to give before it runs."""

Take = Literal["text", "number", "count", "truth", "list", "any", "literal", "row", "row_truth"]
"""How an argument is read: `count` a whole number, `literal` a text written out, never computed, `row` an
expression that is computed in each row of the list before it, `row_truth` a condition there.
"""


@dataclass(frozen=True, slots=True)
class Param:
    """One argument. `many`: it and the ones after it may come again and again."""

    name: Say
    take: Take
    optional: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """Written like this (for a pipe: the whole cell), with this record, it gives this."""

    written: str
    gives: object
    record: dict[str, object] | None = None
