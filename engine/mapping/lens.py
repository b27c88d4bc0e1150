"""How records are looked into: under which codes one is found, and what it then gives. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from engine.exact import canonical, decode
from engine.mapping.cell import read_cell
from engine.mapping.codes import joined
from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.parser import read_formula
from engine.mapping.formula.tree import Name
from engine.mapping.ground import Found, Ground, Level
from engine.mapping.look import code_of
from engine.mapping.path import Path
from engine.mapping.pipes import compile_pipe, piped
from engine.mapping.plain import as_text
from engine.mapping.remarks import Remarks
from engine.mapping.scope import Find, Run, Scope, Trouble
from engine.mapping.slip import Slip
from engine.model.catalog import Field
from engine.model.scheme import Lookup
from engine.model.values import Json
from engine.say import Say

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_OFFERS = frozenset({"rowno"})


@dataclass(frozen=True, slots=True)
class Lens:
    """`columns` are the names of what is given. `ident` is the same for lenses that see the same."""

    columns: tuple[str, ...]
    ident: str
    codes: Callable[[Json], list[tuple[str, str]]]
    """Code and value of each row of a record; what has no code, or cannot be read, gives nothing."""

    def place(self, column: str) -> int:
        """Of a column among those given. ValueError where it is none."""
        return self.columns.index(column) if column else 0


def compile_lens(
    lookup: Lookup, path: str, fields: tuple[Field, ...] | None, remarks: Remarks
) -> Lens | None:
    """`fields`: what is known of the records, None where nothing is. None where a problem was told."""
    before = len(remarks.problems)
    ground = Ground((Level(fields),), offers=_OFFERS)
    each, inner = _each(lookup, path, ground, remarks)
    keys = [
        _cell(text, f"{path}.by[{number}]" if len(lookup.by) > 1 else f"{path}.by", inner, remarks)
        for number, text in enumerate(lookup.by)
    ]
    gives = [
        _cell(text, f"{path}.give.{column}" if column else f"{path}.give", inner, remarks)
        for column, text in lookup.give.items()
    ]
    if len(remarks.problems) > before:
        return None
    given: list[Json] = [[name, text] for name, text in lookup.give.items()]
    ident = canonical([lookup.each, [*lookup.by], given]).decode()
    return Lens(tuple(lookup.give), ident, _reader(each, keys, gives))


def lens_of(ident: str) -> Lens:
    """The lens of that `ident` again. ValueError where it can no longer be read."""
    each, by, give = cast("tuple[Any, Any, Any]", decode(ident))
    lookup = Lookup(each=each, by=tuple(by), give=dict(give))
    remarks = Remarks({})
    found = compile_lens(lookup, "", None, remarks)
    if found is None:
        raise ValueError(str(remarks.problems[0]))
    return found


def _each(lookup: Lookup, path: str, ground: Ground, remarks: Remarks) -> tuple[Find | None, Ground]:
    if lookup.each is None:
        return None, ground
    try:
        short = read_cell(lookup.each)
        found = ground.resolve(short.path, short.at)
        if short.pipes or (found.field and found.field.type != "list"):
            raise Slip(0, Say("each 只写一个列表的路径"), Say("删去管道"))
        return compile_formula(Name(short.path, short.at), ground).find, ground.inside(found)
    except Slip as slip:
        remarks.slip(f"{path}.each", slip, lookup.each)
        return None, ground.inside(Found(Path()))


def _cell(text: str, path: str, ground: Ground, remarks: Remarks) -> Find:
    """A short cell: a path with pipes, or a formula behind `=`."""
    try:
        if text.startswith("="):
            return compile_formula(read_formula(text[1:]), ground).find
        short = read_cell(text)
        coded = compile_formula(Name(short.path, short.at), ground)
        pipes = [compile_pipe(call, ground, coded.label, coded.quote).dress for call in short.pipes]
        return piped(coded.find, tuple(pipes))
    except Slip as slip:
        remarks.slip(path, slip, text)
        return lambda row, scope: None


def _reader(
    each: Find | None, keys: list[Find], gives: list[Find]
) -> Callable[[Json], list[tuple[str, str]]]:
    def code_and_value(row: Json, scope: Scope) -> tuple[str, str] | None:
        try:
            code = code_of([_json(find(row, scope)) for find in keys], "")
            values = [as_text(find(row, scope)) or "" for find in gives]
        except Trouble:
            return None
        return (code, joined(values)) if code else None

    def codes(record: Json) -> list[tuple[str, str]]:
        found = (code_and_value(row, scope) for row, scope in _rows(record, each))
        return [one for one in found if one is not None]

    return codes


def _rows(record: Json, each: Find | None) -> Iterator[tuple[Json, Scope]]:
    scope = Scope(record, None, Run({}, _NO_TIME))
    if each is None:
        yield record, scope
        return
    rows = each(record, scope)
    inside = Scope(None, scope, scope.run)
    for row in rows if isinstance(rows, list) else ():
        inside.row = row
        yield row, inside
        inside.number += 1


def _json(value: object) -> Json:
    return as_text(value)  # type: ignore[arg-type]  # whatever a cell gives
