"""A mapping as a plain table: for every target value where it comes from, in the catalogue's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine.document.scheme import read_scheme
from engine.exact import encode
from engine.mapping.cell import read_cell
from engine.mapping.path import Path, read_path
from engine.mapping.slip import Slip
from engine.model.catalog import Field, Operation
from engine.model.scheme import Cell, Fields, Rows, Scheme

_NAMES = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|((?:\^+\.)?[^\W\d][\w.]*+)(?!\s*\()')

Scope = tuple[tuple[Field, ...], ...]
"""The fields of the rows in reach, the nearest first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. `how` is the cell's kind or rows, fields; `origins` titles of what it reads."""

    depth: int
    to: str
    path: str
    title: str
    required: bool
    guess: bool
    how: str
    says: str
    origins: tuple[str, ...] = ()
    when: str = ""
    note: str = ""


@lru_cache(maxsize=512)
def reading(text: str) -> Scheme | None:
    """The scheme a published text means; None where it cannot be read."""
    scheme, _ = read_scheme(text)
    return scheme


def rules(scheme: Scheme, source: Operation | None, target: Operation | None) -> list[Rule]:
    """Every rule of the mapping, in the order written."""
    given = source.give if source else ()
    return list(_fields(scheme.map, 0, "", target.fields if target else (), (given,)))


def hints(found: list[Rule]) -> dict[str, str]:
    """By target path, what of the source fills it; fixed values speak for themselves."""
    return {rule.path: rule.says for rule in found if rule.says and rule.how not in ("value", "ignore")}


def _fields(fields: Fields, depth: int, above: str, known: tuple[Field, ...], scope: Scope) -> Iterator[Rule]:
    for entry in fields.entries:
        field = next((one for one in known if one.name == entry.to or entry.to in one.aliases), None)
        path = f"{above}.{entry.to}" if above else entry.to
        below = field.fields if field else ()
        rule = entry.rule
        how, says, origins, when, note = _told(rule, scope)
        titles = (field.title, field.required, field.guess) if field else ("", False, False)
        yield Rule(depth, entry.to, path, *titles, how, says, origins, when, note)
        if isinstance(rule, Rows):
            yield from _fields(rule.map, depth + 1, path, below, inside(rule, scope))
        elif isinstance(rule, Fields):
            yield from _fields(rule, depth + 1, path, below, scope)


def _told(rule: Cell | Fields | Rows, scope: Scope) -> tuple[str, str, tuple[str, ...], str, str]:
    """Kind, text, titles of the fields read, condition and note of a rule."""
    if isinstance(rule, Fields):
        return "fields", "", (), "", ""
    if isinstance(rule, Rows):
        return "rows", " / ".join(rule.each), _origins(rule.each[0], scope), rule.where or "", ""
    says = encode(rule.value).decode() if rule.how == "value" else rule.text
    says = f"={says}" if rule.how == "formula" and not says.startswith("=") else says
    whole = " | ".join((says, *rule.pipe))
    origins = (
        _origins(says, scope) if rule.how == "from" else _named(says, scope) if rule.how == "formula" else ()
    )
    return rule.how, whole, origins, rule.when or "", rule.note


def _origins(cell: str, scope: Scope) -> tuple[str, ...]:
    """The title of the one field a cell reads."""
    try:
        field = _at(read_cell(cell).path, scope)
    except Slip:
        return ()
    return (field.title,) if field and field.title else ()


def _named(formula: str, scope: Scope) -> tuple[str, ...]:
    """The titles of the fields a formula names, in order, each once."""
    titles: dict[str, None] = {}
    for found in _NAMES.finditer(formula):
        if not found[1]:
            continue
        try:
            field = _at(read_path(found[1], 0)[0], scope)
        except Slip:
            continue
        if field and field.title:
            titles[field.title] = None
    return tuple(titles)


def inside(rows: Rows, scope: Scope) -> Scope:
    """What the cells of a list see: its row, then the rows further out. Of grouped rows no titles are known."""
    inner = scope
    for each in rows.each:
        inner = (_rows_of(each, inner), *inner)
    return ((), *scope) if rows.group else inner


def _rows_of(each: str, scope: Scope) -> tuple[Field, ...]:
    try:
        field = _at(read_cell(each).path, scope)
    except Slip:
        return ()
    return field.fields if field else ()


def _at(path: Path, scope: Scope) -> Field | None:
    """The field a path names, seen from the nearest row."""
    if path.up >= len(scope):
        return None
    known, field = scope[path.up], None
    for step in path.steps:
        field = next((one for one in known if one.name == step.name or step.name in one.aliases), None)
        if field is None:
            return None
        known = field.fields
    return field
