"""Records taken apart (beatFlat, splitArray) and put together (groupCalculate): our `shape`, and what cells see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.mapping.path import print_path
from engine.mapping.slip import Slip
from engine.qeasy.ledger import Spot
from engine.qeasy.parts import stopping
from engine.qeasy.printing import Block, Flow, Line, block
from engine.qeasy.reading import line_id
from engine.qeasy.sight import InRecord, Level, Steps
from engine.qeasy.source import Source
from engine.qeasy.target import Lines
from engine.say import Say

KINDS = {"$sum": "sum", "$first": "first", "$addToSet": "list", "$push": "list"}


@dataclass
class Shaped:
    """`steps` of `shape`, the sight of the header's cells, and how lists that were merged are gone through."""

    sight: InRecord
    steps: list[Line] = field(default_factory=list)
    merged: dict[Steps, Lines] = field(default_factory=dict)
    stop: Say | None = None
    """Why no document may be written before a person has looked."""

    def block(self) -> Block:
        return Block(tuple(self.steps), listed=True)


def shaped(source: Source, group: Spot | None, sight: InRecord, lists: frozenset[str]) -> Shaped:
    """`group` is the target's groupCalculate; it is left where it cannot be said whole. `lists` of the target."""
    if group is not None:
        try:
            return _grouped(source, group, sight, lists)
        except Slip as slip:
            group.leave(slip.says)
            stop = Say("groupCalculate 没有译出：{says}", says=slip.says)
            return replace(_exploded(source, sight) if source.flat else Shaped(sight), stop=stop)
    return _exploded(source, sight) if source.flat else Shaped(sight)


# -- taken apart -----------------------------------------------------------------------------------


def _exploded(source: Source, sight: InRecord) -> Shaped:
    """One document for each line, known by a value of the line."""
    name = line_id(source)
    by = Line("line", name or f"={stopping(Say('写上明细行的唯一编号，如 rec_id'))}")
    step = block(("explode", ".".join(source.flat)), ("by", block(by)))
    alone = replace(sight, levels=(Level(names={}), Level()))
    inside = alone if source.whole else sight.inside(source.flat)
    return Shaped(inside, [Line("", step)])


# -- put together ----------------------------------------------------------------------------------


@dataclass
class _Group:
    """What groupCalculate says, names sorted to where they belong."""

    header: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    header_made: dict[str, dict[str, str]] = field(default_factory=dict)
    body_made: dict[str, dict[str, str]] = field(default_factory=dict)

    def header_names(self) -> Mapping[str, str]:
        made = {name: name for one in self.header_made.values() for name in one}
        return {**{name: name for name in self.header}, **made}

    def body_names(self) -> Mapping[str, str]:
        made = {name: name for one in self.body_made.values() for name in one}
        return {**{name: name for name in self.body}, **made}


def _grouped(source: Source, spot: Spot, sight: InRecord, lists: frozenset[str]) -> Shaped:
    body = spot.at("bodyName")
    rows: Steps = tuple(body.text.split(".")) if body is not None and body.text else source.flat
    if not rows:
        raise Slip(0, Say("没有写明细是哪个列表"))
    record = replace(sight, levels=(Level(),), lists=sight.lists | {rows})
    lines = record.inside(rows)
    group = _Group()
    for one in _texts(spot.at("headerGroup")):
        group.header[_plain(one)] = _path(one, record)
    for one in _texts(spot.at("bodyGroup")):
        group.body[_plain(one)] = _path(one, lines)
    _calculated(spot.at("calculate"), group, rows, record, lines)
    if not group.header:
        raise Slip(0, Say("没有写按什么合单"))
    limit = _chunk(spot, lists)
    for inner in spot.items():
        if limit or inner.key not in ("bodyMaxLine", "targetBodyName"):
            inner.take(deep=True)
    spot.note(Say("合单：没有写进 headerGroup、bodyGroup、calculate 的字段不在合成的行里"))
    step = block(("group", block(("by", _cells(group.header)), *_made(group.header_made))))
    return Shaped(
        replace(sight, levels=(Level(names=group.header_names()),), lists=record.lists),
        [Line("", step), *limit],
        {rows: _lines(group, rows, sight, lines)},
    )


def _lines(group: _Group, rows: Steps, sight: InRecord, lines: InRecord) -> Lines:
    """The lines of all records of a group: merged where they have keys of their own."""
    each = ("records", ".".join(rows))
    merged = Level(names=group.header_names())
    if not group.body:
        return Lines(each, replace(sight, levels=(merged, Level(), Level(rows)), lists=lines.lists))
    levels = (merged, Level(names=group.body_names()))
    by = Line("group", block(("by", _cells(group.body)), *_made(group.body_made)))
    return Lines(each, replace(sight, levels=levels, lists=lines.lists), (by,))


def _calculated(spot: Spot | None, group: _Group, rows: Steps, record: InRecord, lines: InRecord) -> None:
    """Names of lines begin with the list's."""
    for one in spot.items() if spot is not None else []:
        kind = KINDS.get(one.text)
        if kind is None:
            raise Slip(0, Say("不会算 {how}", how=str(one.value)))
        if one.text == "$push":
            one.note(Say("$push 译成 list：相同的值只列一次"))
        own = one.key.startswith("_".join(rows) + "_") or one.key.startswith(".".join(rows) + ".")
        into = group.body_made if own and group.body else group.header_made
        into.setdefault(kind, {})[_plain(one.key)] = _path(one.key, lines if own else record)


def _chunk(spot: Spot, lists: frozenset[str]) -> list[Line]:
    most, into = spot.at("bodyMaxLine"), spot.at("targetBodyName")
    if most is None or not isinstance(most.value, int) or most.value < 1:
        return []
    if into is None or into.text not in lists:
        most.leave(Say("目标里没有 targetBodyName 说的明细"))
        return []
    return [Line("", block(("chunk", into.text), ("most", most.value)))]


def _path(name: str, sight: InRecord) -> str:
    return print_path(sight.path(tuple(name.split("."))))


def _plain(name: str) -> str:
    return name.replace(".", "_")


def _texts(spot: Spot | None) -> list[str]:
    return [one.text for one in spot.items() if one.text] if spot is not None else []


def _cells(cells: Mapping[str, str]) -> Flow:
    return Flow(dict(cells))


def _made(made: Mapping[str, Mapping[str, str]]) -> list[Line]:
    return [Line(kind, _cells(cells)) for kind, cells in made.items()]
