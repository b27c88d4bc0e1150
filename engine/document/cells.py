"""Edits of a mapping: the cell of one target field is written or cleared, every other byte stays.

What an edit means is worked out first; the edited text is read again and kept only where it says just
that, so a text written in some unusual way is refused and never damaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from engine.document.cut import line_begin, line_end
from engine.document.node import Items, Node, Pairs, Scalar, value
from engine.document.quote import printed
from engine.document.reader import read
from engine.document.rule import HOWS
from engine.errors import Wrong
from engine.model.values import Json, Problem
from engine.say import Say

Way = Literal["from", "formula", "value", "ignore"]


@dataclass(frozen=True, slots=True)
class Filling:
    """What a target gets: a source path with its pipes, a formula without `=`, a fixed value, or nothing
    on purpose.
    """

    how: Way
    content: Json = ""

    @property
    def meant(self) -> Json:
        return True if self.how == "ignore" else self.content


@dataclass(frozen=True, slots=True)
class _Home:
    """The mapping that an entry stands in: its node, whether in brackets, and the column of its owner."""

    node: Pairs
    flow: bool
    column: int


def fill(text: str, to: Sequence[str], filling: Filling) -> str:
    """`text` with the cell of `to` (("othOutRecords", "qty")) filled so; written anew where there is none.

    A long cell keeps its condition, pipes and note. Raises Wrong where `to` has no place to stand: the
    list around it has no row source yet, or the mapping is written as a list.
    """
    root, home = _home(text, to)
    old = home.node.values.get(to[-1])
    edited = _added(text, home, to[-1], filling) if old is None else _changed(text, home, to, old, filling)
    return _sure(edited, to, _with(root, to, _meant(old, filling)))


def frame(text: str, to: Sequence[str], each: Sequence[str] = ()) -> str:
    """`text` with a place for the fields of `to`: a list filled by the rows of `each`, or an object, which has none.

    A list that is there keeps its cells and gets another row source. Raises Wrong where a cell stands in the place.
    """
    root, home = _home(text, to)
    old = home.node.values.get(to[-1])
    source: Json = each[0] if len(each) == 1 else list(each)
    if old is None:
        edited = _framed(text, home, to[-1], each)
        return _sure(edited, to, _with(root, to, {"each": source, "map": {}} if each else {"map": {}}))
    if not isinstance(old, Pairs) or "each" not in old.values or not each:
        raise _no_place(to)
    node = old.values["each"]
    new = f"each: {_source(each)}"
    edited = text[: old.keys["each"].start] + new + text[_end(text, node) :]
    return _sure(edited, to, _with(root, to, {**cast("dict[str, Json]", value(old)), "each": source}))


def _framed(text: str, home: _Home, name: str, each: Sequence[str]) -> str:
    """A list or an object behind the last entry, its cells still to come."""
    key, parts = printed(name, flow=home.flow), [*([f"each: {_source(each)}"] if each else []), "map: {}"]
    if home.flow:
        return _behind(text, home, f"{key}: {{{', '.join(parts)}}}")
    node = home.node
    column = next(iter(node.keys.values())).column - 1 if node.keys else home.column + 1
    margin = _break(text) + " " * (column + 2)
    return _behind(text, home, margin.join([f"{key}:", *parts]))


def _source(each: Sequence[str]) -> str:
    """A row source as it is written: one list, or several that lie one inside the other."""
    told = [printed(one, flow=True) for one in each]
    return told[0] if len(told) == 1 else f"[{', '.join(told)}]"


def clear(text: str, to: Sequence[str]) -> str:
    """`text` without the rule of `to`, with all that stands below it. Raises Wrong where it has none."""
    root, home = _home(text, to)
    if to[-1] not in home.node.values:
        raise _no_place(to)
    start, end, left = _span(text, home, to[-1])
    return _sure(text[:start] + left + text[end:], to, _with(root, to, None))


def _home(text: str, to: Sequence[str]) -> tuple[Pairs, _Home]:
    """The tree, and the mapping that holds the rule of `to`."""
    root, problems = read(text)
    if not isinstance(root, Pairs) or problems or not to:
        raise _no_place(to)
    node, flow, column = root, root.flow, 0
    for name in _steps(to[:-1]):
        child = node.values.get(name)
        if not isinstance(child, Pairs):
            raise _no_place(to)
        column = node.keys[name].column
        node, flow = child, flow or (child.flow and bool(child.keys))
    return root, _Home(node, flow, column)


def _steps(to: Sequence[str]) -> list[str]:
    """The keys from the root to the mapping of a row: each name leads to its own `map`."""
    steps = ["map"]
    for name in to:
        steps += [name, "map"]
    return steps


def _meant(old: Node | None, filling: Filling) -> Json:
    """What the rule means after it was filled."""
    kept = value(old) if isinstance(old, Pairs) else None
    if isinstance(kept, dict):
        return {**{key: one for key, one in kept.items() if key not in HOWS}, filling.how: filling.meant}
    if filling.how in ("from", "formula"):
        return filling.content if filling.how == "from" else f"={filling.content}"
    return {filling.how: filling.meant}


def _with(root: Pairs, to: Sequence[str], meant: Json) -> Json:
    """The whole document with the rule of `to` as `meant`; without it where that is None."""
    whole = value(root)
    inner = cast(dict[str, Json], whole)
    for name in _steps(to[:-1]):
        inner = cast(dict[str, Json], inner[name])
    if meant is None:
        del inner[to[-1]]
    else:
        inner[to[-1]] = meant
    return whole


def _changed(text: str, home: _Home, to: Sequence[str], old: Node, filling: Filling) -> str:
    """The cell that stands there filled anew; a list or an object is cleared first, by whoever means it."""
    if isinstance(old, Scalar):
        return text[: old.start] + _written(filling, home.flow) + text[_end(text, old) :]
    how = next((one for one in HOWS if isinstance(old, Pairs) and one in old.values), None)
    if how is None or not isinstance(old, Pairs) or "each" in old.values or "map" in old.values:
        raise _no_place(to)
    new = f"{filling.how}: {printed(filling.meant, flow=home.flow or old.flow)}"
    return text[: old.keys[how].start] + new + text[_end(text, old.values[how]) :]


def _added(text: str, home: _Home, name: str, filling: Filling) -> str:
    """One more cell behind the last entry, in the way the others are written."""
    return _behind(text, home, f"{printed(name, flow=home.flow)}: {_written(filling, home.flow)}")


def _behind(text: str, home: _Home, entry: str) -> str:
    node = home.node
    if not node.keys:
        return _first(text, home, entry)
    end = _end(text, next(reversed(node.values.values())))
    if home.flow:
        return f"{text[:end]}, {entry}{text[end:]}"
    end = line_end(text, end)
    column = next(iter(node.keys.values())).column
    return text[:end] + _break(text) + " " * (column - 1) + entry + text[end:]


def _first(text: str, home: _Home, entry: str) -> str:
    """The first entry takes the place of `{}`; behind a key it begins a line of its own."""
    node = home.node
    if home.flow:
        return text[: node.start + 1] + entry + text[node.start + 1 :]
    alone = not text[line_begin(text, node.start) : node.start].strip()
    before = (
        text[: node.start] if alone else text[: node.start].rstrip() + _break(text) + " " * (home.column + 1)
    )
    return before + entry + text[node.end :]


def _span(text: str, home: _Home, name: str) -> tuple[int, int, str]:
    """From where to where an entry is taken out, and what is left in its place."""
    node, names = home.node, list(home.node.keys)
    start, end = node.keys[name].start, _end(text, node.values[name])
    if len(names) == 1:
        return start, end, "" if home.flow else "{}"
    if not home.flow:
        begin, after = line_begin(text, start), line_end(text, end)
        breaks = 2 if text[after : after + 2] == "\r\n" else 1
        # The last line of a text without a break at its end takes the break before it along.
        return (
            (begin, after + breaks, "")
            if after < len(text)
            else (len(text[:begin].rstrip("\r\n")), after, "")
        )
    place = names.index(name)
    if place:
        return _end(text, node.values[names[place - 1]]), end, ""
    return start, node.keys[names[1]].start, ""


def _written(filling: Filling, flow: bool) -> str:
    """A new cell, as short as the language has it."""
    if filling.how == "from":
        return printed(filling.content, flow=flow)
    if filling.how == "formula":
        return printed(f"={filling.content}", flow=flow)
    return f"{{{filling.how}: {printed(filling.meant, flow=True)}}}"


def _end(text: str, node: Node) -> int:
    """Where what is written of a node ends: blank lines and comments behind it do not belong to it."""
    if isinstance(node, Pairs | Items) and not node.flow:
        inner = list(node.values.values()) if isinstance(node, Pairs) else node.items
        return _end(text, inner[-1])
    written = text[node.start : node.end]
    return node.start + len(written.rstrip())


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _sure(edited: str, to: Sequence[str], meant: Json) -> str:
    """The edited text, once it reads back as what was meant."""
    again, problems = read(edited)
    if again is None or problems or value(again) != meant:
        says = Say("{path} 处不能写这个值", path=".".join(to))
        raise Wrong([Problem(".".join(to), "no_edit", says, Say("在文本里直接修改"))])
    return edited


def _no_place(to: Sequence[str]) -> Wrong:
    says = Say("{path} 处没有可以替换的值", path=".".join(to))
    return Wrong([Problem(".".join(to), "no_place", says, Say("在文本里直接修改"))])
