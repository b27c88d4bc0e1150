"""A source field put on a target field: the edit it means, or the question that has to be asked first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.document.cells import Filling, fill, frame
from engine.errors import Wrong
from engine.mapping.cell import read_cell
from engine.mapping.slip import Slip
from engine.model.catalog import Field
from engine.model.values import Problem
from engine.store.drafts import Draft
from webui.language import _
from webui.places import Choice, Names, choices, each, owner, written
from webui.targets import Row, Sheet, sheet


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person has to choose before the field can be placed."""

    to: Names
    source: Names
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One field of the source as the page lists it. `hidden` where its values are personal."""

    names: Names
    field: Field
    depth: int
    hidden: bool

    @property
    def list(self) -> bool:
        return self.field.type == "list"

    @property
    def holds(self) -> bool:
        return self.field.type in ("object", "list")


def sources(given: Sequence[Field], above: Names = (), hidden: bool = False) -> Iterator[Source]:
    """Every field of the source, each before the fields in it."""
    for field in given:
        names, mine = (*above, field.name), hidden or field.personal
        yield Source(names, field, len(above), mine)
        yield from sources(field.fields, names, mine)


def place(draft: Draft, to: Names, source: Names, chosen: str = "") -> str | Asked:
    """The draft's text with the field placed. Raises Wrong where it cannot stand there at all."""
    laid = sheet(draft, judged=False)
    row, known = laid.row(to), {one.names: one for one in sources(laid.source.give if laid.source else ())}
    if row is None or source not in known:
        raise _refused(to, _("这个字段已经不在页面上。"), _("重新打开本页。"))
    lists = frozenset(names for names, one in known.items() if one.list)
    if known[source].list:
        return _rows(draft.text, row, source, lists)
    if known[source].holds or row.holds:
        raise _refused(to, _("对象不能整个放过来。"), _("放它里面的字段，或者把列表放到列表上。"))
    if not row.placed:
        draft, row = _prepared(draft, laid, row, owner(source, lists), lists)
    return _cell(draft.text, row, known[source], lists, chosen)


def _rows(text: str, row: Row, source: Names, lists: frozenset[Names]) -> str:
    """A list of the source makes the rows of a target list."""
    if row.type != "list" and row.how != "rows":
        raise _refused(row.to, _("列表只能放到目标的列表上。"), _("放它里面的字段。"))
    return frame(text, row.to, _each(row, source, lists))


def _each(row: Row, source: Names, lists: frozenset[Names]) -> list[str]:
    found = each(source, lists, row.stack)
    if not found:
        raise _refused(row.to, _("从这里够不到这个列表。"), _("在文本里写它的行来源。"))
    return found


def _prepared(draft: Draft, laid: Sheet, row: Row, own: Names, lists: frozenset[Names]) -> tuple[Draft, Row]:
    """The lists and objects around a field get their rules first: the innermost list is filled by the field's rows."""
    around = [
        one for one in laid.rows if row.to[: len(one.to)] == one.to and one.to != row.to and not one.how
    ]
    for one in around:
        now = sheet(draft, judged=False).row(one.to) or one
        inner = one.type == "list" and not any(
            other.type == "list" for other in around if len(other.to) > len(one.to)
        )
        if one.type == "list" and (not inner or own in now.stack):
            says = _("{path} 还没有行来源。", path=one.path)
            raise _refused(row.to, says, _("先把源的列表放到它上面。"))
        draft = replace(
            draft, text=frame(draft.text, one.to, _each(now, own, lists) if one.type == "list" else ())
        )
    placed = sheet(draft, judged=False).row(row.to)
    if placed is None or not placed.placed:
        raise _refused(row.to, _("这个字段还没有地方可写。"), _("在文本里写。"))
    return draft, placed


def _cell(text: str, row: Row, source: Source, lists: frozenset[Names], chosen: str) -> str | Asked:
    own = owner(source.names, lists)
    path = written(source.names, own, row.stack)
    if path is not None:
        return fill(text, row.to, Filling("from", _piped(row, source.field, path)))
    listed = len(row.to) > 1 and row.stack[0] != ()
    found = choices(source.names, lists, row.stack, listed)
    choice = next((one for one in found if one.code == chosen), None)
    if not found:
        raise _refused(row.to, _("从这里够不到这个字段。"), _("在文本里写。"))
    if choice is None:
        return Asked(row.to, source.names, tuple(found))
    if choice.rows is not None:
        text = frame(text, row.to[:-1], _each(replace(row, stack=row.stack[1:]), choice.rows, lists))
    content = _piped(row, source.field, choice.content) if choice.how == "from" else choice.content
    return fill(text, row.to, Filling("formula" if choice.how == "formula" else "from", content))


def _piped(row: Row, source: Field, path: str) -> str:
    """The path with the pipes that stood in the cell before; where a moment becomes a day, with the pipe for that."""
    if row.how == "from":
        try:
            pipes = read_cell(row.content).pipes
        except Slip:
            return path
        return f"{path} | {row.content[pipes[0].at :]}" if pipes else path
    return f"{path} | date" if row.type == "date" and source.type != "date" else path


def _refused(to: Names, says: str, do: str) -> Wrong:
    return Wrong([Problem(".".join(to), "no_place", says, do)])
