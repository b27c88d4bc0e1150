"""The target side: its tree of fields as our `map`. What cannot be said stops its record with a 待办."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from engine.mapping.path import Path, print_path
from engine.mapping.slip import Slip
from engine.model.catalog import Field as Known, Operation
from engine.qeasy.fields import Field
from engine.qeasy.parsers import coded, parsed
from engine.qeasy.parts import stopping
from engine.qeasy.printing import Block, Flow, Line, Written, block
from engine.qeasy.sight import InRecord, Level, Steps
from engine.qeasy.words import Cell, place_of, read_value, written
from engine.say import Say


@dataclass(frozen=True)
class Lines:
    """The lines of one list: where they come from, where they stand, what they are filtered and merged by."""

    each: str | tuple[str, ...]
    sight: InRecord
    more: tuple[Line, ...] = ()


@dataclass
class Mapping:
    """`made` is `map`. `extra` are fields the catalogue lacks, `todos` the places a person must fill."""

    operation: Operation | None
    filters: dict[Steps, str] = field(default_factory=dict)
    merged: dict[Steps, Lines] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    todos: list[str] = field(default_factory=list)

    def of(self, fields: Sequence[Field], sight: InRecord) -> Block:
        known = self.operation.fields if self.operation is not None else None
        return self._entries(fields, known, sight, "")

    def _entries(
        self, fields: Sequence[Field], known: tuple[Known, ...] | None, sight: InRecord, at: str
    ) -> Block:
        """By name; as a list where a name occurs twice."""
        fields = _inside_out(fields, known)
        lines = [line for one in fields for line in self._entry(one, known, sight, at)]
        lines += self._lacking(fields, known, at)
        names = [line.key for line in lines if line.key]
        if len(set(names)) == len(names):
            return Block(tuple(lines))
        return Block(tuple(_listed(line) for line in lines), listed=True)

    def _entry(self, one: Field, known: tuple[Known, ...] | None, sight: InRecord, at: str) -> Iterator[Line]:
        into = _named(known, one.name)
        if into is not None and into.name != one.name and into.name.lower() == one.name.lower():
            one = replace(one, name=into.name)
        place = f"{at}.{one.name}" if at else one.name
        if self._engines_own(into.name if into is not None else one.name, place):
            one.spot.take(deep=True)
            one.spot.note(Say("{name} 由引擎填写，用来保证只写一次", name=one.name))
            return
        if one.said is None and not one.children and not (one.parser or _path_of(one)):
            if known is not None and into is None:
                yield Line(
                    "",
                    None,
                    Say("{name}：没有填，目录里也没有", name=" ".join((one.name, one.label)).strip()),
                )
                return
            yield self._unfilled(one, into, place)
            return
        if (known is not None and into is None) or (
            known is None and one.type not in ("text", "list", "object")
        ):
            self.extra[place] = one.type
        kind = into.type if into is not None else one.type
        inner = into.fields or None if into is not None else None
        if kind == "list" and one.children:
            yield Line(one.name, self._list(one, inner, sight, place), one.label)
        elif one.children:
            if one.value is not None:
                one.value.leave(Say("对象自己的值没有译"))
            yield Line(one.name, block(("map", self._entries(one.children, inner, sight, place))), one.label)
        elif into is not None and kind == "object" and (code := _code_of(one, into)):
            # A record of base data is named by its code in an object of its own, with a parser or without.
            bare = replace(one, parser=None)
            inside = block((code, self._cell(bare, None, sight, place)))
            yield Line(one.name, block(("map", inside)), one.label)
        else:
            yield Line(one.name, self._cell(one, into, sight, place), one.label)

    def _engines_own(self, name: str, place: str) -> bool:
        own = self.operation.idempotency if self.operation is not None else None
        return own is not None and own.at in (name if "." not in place else place, place)

    def _unfilled(self, one: Field, into: Known | None, place: str) -> Line:
        """Nothing was filled in: on purpose, unless it must be."""
        if into is not None and into.required and into.default is None:
            return Line(one.name, self.todo(place, Say("{name} 必填，轻易云里没有填", name=place)), one.label)
        return Line(one.name, Flow({"ignore": True}), one.label)

    def _lacking(self, fields: Sequence[Field], known: tuple[Known, ...] | None, at: str) -> Iterator[Line]:
        """Fields that must be filled and that the metadata does not know."""
        there = {into.name for one in fields if (into := _named(known, one.name)) is not None}
        for one in known or ():
            place = f"{at}.{one.name}" if at else one.name
            own = self._engines_own(one.name, place)
            if one.required and one.default is None and one.name not in there and not own:
                says = Say("{name} 必填，轻易云里没有填", name=place)
                yield Line(one.name, self.todo(place, says), one.title)

    def todo(self, place: str, says: str) -> str:
        """A cell that refuses every record with this sentence until a person has written what belongs here."""
        self.todos.append(place)
        return f"={stopping(says)}"

    # -- one cell ----------------------------------------------------------------------------------

    def _cell(self, one: Field, into: Known | None, sight: InRecord, place: str) -> Written:
        try:
            cell = self._value(one, sight)
            pairs = one.spot.at("mapping")
            if pairs is not None and isinstance(pairs.value, dict):
                cell = coded(cell, pairs)
            cell = parsed(cell, one.parser) if one.parser is not None else cell
        except Slip as slip:
            says = place_of(slip, str(one.said or ""))
            if one.value is not None:
                one.value.leave(says)
            return self.todo(place, Say("{name} 没有译出。{says}", name=place, says=says))
        must = one.required and not cell.fixed and not (into is not None and into.required)
        if one.value is not None:
            one.value.take(deep=True)
        return written(replace(cell, missing=must))

    def _value(self, one: Field, sight: InRecord) -> Cell:
        said = one.said
        path = _path_of(one)
        if said is None and path:
            return read_value("{{" + path + "}}", one.cast, sight)
        return read_value(said, one.cast, sight) if isinstance(said, str) else Cell(value=said)

    # -- one list ----------------------------------------------------------------------------------

    def _list(self, one: Field, inner: tuple[Known, ...] | None, sight: InRecord, place: str) -> Block:
        rows = rows_of(one, sight)
        if rows is None and one.said is None and any("{{" in str(child.said) for child in one.children):
            one.spot.note(Say("{name} 没有写从哪个列表取，当作只有一行，请核对", name=place))
            return self._rows(one, inner, Lines(".", _again(sight)), place)
        if rows is None:
            says = Say("{name} 没有写从哪个列表取", name=place)
            if one.value is not None:
                one.value.leave(says)
            lines = Lines(".", _again(sight))
            # A condition that fails stops the record: lines nobody asked for are not written.
            stop = Line("where", self.todo(place, says).removeprefix("="))
            return self._rows(one, inner, replace(lines, more=(stop,)), place)
        if one.value is not None:
            one.value.take(deep=True)
        lines = self.merged.get(rows) or self._plain(rows, sight)
        return self._rows(one, inner, lines, place)

    def _plain(self, rows: Steps, sight: InRecord) -> Lines:
        nearest = sight.levels[-1]
        inside = sight.inside(rows)
        more = (Line("where", self.filters[rows]),) if rows in self.filters else ()
        if nearest.rows == rows:
            # The record was taken apart into these very lines: each document has the one it stands in.
            return Lines(".", inside, more)
        path = sight.path(rows)
        return Lines(print_path(Path(path.up, path.steps)), inside, more)

    def _rows(self, one: Field, inner: tuple[Known, ...] | None, lines: Lines, place: str) -> Block:
        each = Flow(list(lines.each)) if isinstance(lines.each, tuple) else lines.each
        return block(
            ("each", each), *lines.more, ("map", self._entries(one.children, inner, lines.sight, place))
        )


def _again(sight: InRecord) -> InRecord:
    """One level in, over the very row it stands in: `each: .`."""
    return replace(sight, levels=(*sight.levels, sight.levels[-1]))


def rows_of(one: Field, sight: InRecord) -> Steps | None:
    """The source list that a target list is made of; None where nothing tells."""
    said = one.said
    if isinstance(said, str):
        text = said.strip().removeprefix("{{").removesuffix("}}").strip()
        steps = tuple(text.split("."))
        if not all(step and "{" not in step and " " not in step for step in steps):
            return None
        return _below(steps, sight)
    heads = {head for child in one.children for head in heads_of(child)}
    return _below((heads.pop(),), sight) if len(heads) == 1 else None


def _below(steps: Steps, sight: InRecord) -> Steps:
    """A list inside the line it stands in may be named from the line."""
    nearest: Level = sight.levels[-1]
    inner = (*nearest.rows, *steps)
    return (
        inner
        if nearest.rows and steps[: len(nearest.rows)] != nearest.rows and inner in sight.lists
        else steps
    )


def heads_of(one: Field) -> list[str]:
    """The first names of the dotted paths in a field's value."""
    text = one.said if isinstance(one.said, str) else ""
    return [part.split(".")[0].strip() for part in text.split("{{")[1:] if "." in part.split("}}")[0]]


def _path_of(one: Field) -> str:
    """`mapping: source_field`, as some of the manual's pages have it."""
    mapping = one.spot.at("mapping")
    if one.said is not None or mapping is None or not mapping.text:
        return ""
    mapping.take()
    return mapping.text


def _inside_out(fields: Sequence[Field], known: tuple[Known, ...] | None) -> list[Field]:
    """`defines!define1` is the field `define1` of the object `defines`, where the catalogue says so."""
    found: list[Field] = []
    for one in fields:
        inner = None if _named(known, one.name) else _deeper(known, one.name)
        if inner is None:
            found.append(one)
            continue
        outer, name = inner
        child = replace(one, name=name)
        place = next((at for at, other in enumerate(found) if other.name == outer and other.children), None)
        if place is None:
            found.append(Field(outer, one.spot, type="object", children=[child]))
        else:
            found[place] = replace(found[place], children=[*found[place].children, child])
    return found


def _deeper(known: tuple[Known, ...] | None, name: str) -> tuple[str, str] | None:
    for one in known or ():
        inner = (
            next((child for child in one.fields if name in child.aliases), None)
            if one.type == "object"
            else None
        )
        if inner is not None:
            return one.name, inner.name
    return None


def _code_of(one: Field, into: Known) -> str:
    """The member of an object that takes the code: what the parser wraps in, else FNumber; "" for none."""
    name = one.parser.at("name") if one.parser is not None else None
    params = one.parser.at("params") if one.parser is not None else None
    if one.parser is not None and (name is None or name.text != "ConvertObjectParser" or params is None):
        return ""
    wish = params.text if params is not None else "FNumber"
    found = next((inner.name for inner in into.fields if inner.name.lower() == wish.lower()), "")
    if found and one.parser is not None:
        one.parser.take(deep=True)
    return found


def _named(known: tuple[Known, ...] | None, name: str) -> Known | None:
    for one in known or ():
        if name == one.name or name in one.aliases:
            return one
    alike = [one for one in known or () if one.name.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


def _listed(line: Line) -> Line:
    """One entry of a map that is written as a list; a comment stays one."""
    if not line.key:
        return line
    value = line.value
    if isinstance(value, Flow) and isinstance(value.value, dict):
        return Line("", Flow({"to": line.key, **value.value}), line.comment)
    if isinstance(value, Block):
        return Line("", Block((Line("to", line.key), *value.lines)), line.comment)
    said = str(value)
    how, text = ("formula", said[1:]) if said.startswith("=") else ("from", said)
    return Line("", Flow({"to": line.key, how: text}), line.comment)
