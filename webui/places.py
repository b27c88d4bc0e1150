"""Where a field of the source is seen from: the rows a cell stands in, and how a cell there writes a source field.

A source field is the names that lead to it, `("details_list", "spec_no")`; a row is the names of the list it is one
of, `()` for the record itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from engine.mapping.cell import read_cell
from engine.mapping.path import Path, Step, print_path, read_path
from engine.mapping.slip import Slip
from engine.model.scheme import Cell, Explode, Group, Rows, Scheme

Names = tuple[str, ...]
Stack = tuple[Names | None, ...]
"""The rows in reach, the nearest first. None where nobody can say which list it is one of: grouped rows."""

_NAMES = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|((?:\^+\.)?[^\W\d][\w.\[\]]*+)(?!\s*\()')


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to read a field that stands in rows of its own. `rows`: make rows of that list first."""

    code: str
    content: str = ""
    how: str = "from"
    rows: Names | None = None


def first_row(scheme: Scheme) -> Stack:
    """What the cells of a document see: the record, unless the shape put something in its place."""
    for step in scheme.shape:
        if isinstance(step, Group):
            return (None,)
        if isinstance(step, Explode):
            return (_named(step.explode, ((),)), ())
    return ((),)


def inside(rows: Rows, stack: Stack) -> Stack:
    """What the cells of a target list see: each row, then the rows further out."""
    for each in rows.each:
        stack = (_named(each, stack), *stack)
    return (None, *stack[len(rows.each) :]) if rows.group else stack


def reads(rule: Cell, stack: Stack) -> Iterator[Names]:
    """The source fields a cell names, whether it comes to read them or not."""
    if rule.how == "from":
        names = _named(rule.text, stack)
        if names:
            yield names
    elif rule.how == "formula":
        for found in _NAMES.finditer(rule.text):
            names = _named(found[1], stack, formula=True) if found[1] else None
            if names:
                yield names


def owner(field: Names, lists: Collection[Names]) -> Names:
    """The innermost list that a field stands in; () for the record."""
    return next((field[:size] for size in range(len(field) - 1, 0, -1) if field[:size] in lists), ())


def written(field: Names, own: Names, stack: Stack) -> str | None:
    """The field as a cell writes it that stands in these rows; None where it stands in rows of another list."""
    for up, row in enumerate(stack):
        if row == own:
            return print_path(Path(up, tuple(Step(name) for name in field[len(own) :])))
    return None


def choices(field: Names, lists: Collection[Names], stack: Stack, listed: bool) -> list[Choice]:
    """What a cell can do with a field of other rows. `listed`: the cell stands in a target list."""
    own = owner(field, lists)
    up, row = next(
        ((up, row) for up, row in enumerate(stack) if row is not None and own[: len(row)] == row), (0, None)
    )
    if row is None:
        return []
    crossed = [size for size in range(len(row) + 1, len(own) + 1) if own[:size] in lists]
    steps = tuple(
        Step(name, 0 if size in crossed else None)
        for size, name in enumerate(field[len(row) :], len(row) + 1)
    )
    found = [Choice("first", print_path(Path(up, steps)))]
    if len(crossed) == 1:
        rows = print_path(Path(up, tuple(Step(name) for name in own[len(row) :])), formula=True)
        cell = print_path(Path(0, tuple(Step(name) for name in field[len(own) :])), formula=True)
        found.append(Choice("join", f'JOIN(EACH({rows}, {cell}), "、")', "formula"))
        found.append(Choice("sum", f"SUMBY({rows}, {cell})", "formula"))
    if listed and up == 0:
        found.append(Choice("rows", print_path(Path(0, tuple(Step(n) for n in field[len(own) :]))), rows=own))
    return found


def each(rows: Names, lists: Collection[Names], stack: Stack) -> list[str] | None:
    """The row source that makes rows of a list, one entry for every list on the way; None where nothing leads there."""
    up, row = next(
        ((up, row) for up, row in enumerate(stack) if row is not None and rows[: len(row)] == row), (0, None)
    )
    if row is None or row == rows:
        return None
    cuts = [size for size in range(len(row) + 1, len(rows) + 1) if rows[:size] in lists]
    begins = [len(row), *cuts[:-1]]
    return [
        print_path(Path(up if begin == len(row) else 0, tuple(Step(name) for name in rows[begin:end])))
        for begin, end in zip(begins, cuts, strict=True)
    ]


def _named(text: str, stack: Stack, formula: bool = False) -> Names | None:
    """The names a path means, seen from the nearest row; indexes say which row and not which field."""
    try:
        path = read_path(text, 0, formula=True)[0] if formula else read_cell(text).path
    except Slip:
        return None
    if path.up >= len(stack) or stack[path.up] is None:
        return None
    return (*(stack[path.up] or ()), *(step.name for step in path.steps))
