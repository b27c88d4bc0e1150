"""Edits of a document's text: one value is replaced where it stands, every other byte stays.

Nothing is ever dumped whole, so comments, order and what we do not know survive any number of edits.
"""

from __future__ import annotations

from engine.document.node import Node, Scalar, value, walk
from engine.document.quote import printed
from engine.document.reader import read
from engine.errors import Wrong
from engine.model.values import Json, Problem
from engine.say import Say


def splice(text: str, path: str, new: Json) -> str:
    """`text` with the scalar at `path` ("source.params.status", "schedule[0].every") replaced by `new`.

    A text is quoted where YAML would cut or misread it, other scalars are written as they are. Raises
    Wrong where no scalar stands at `path`, or where the new value would not be read back as it is.
    """
    found = _at(text, path)
    if found is None or not isinstance(found[0], Scalar):
        says = Say("{path} 处没有可以替换的值", path=path)
        raise Wrong([Problem(path, "no_place", says, Say("重新打开方案再改"))])
    node, flow = found[0], found[1]
    old = text[node.start : node.end]
    # A block text ends with its line break, which belongs to the line, not to the value.
    tail = old[len(old.rstrip()) :] if node.style in ("|", ">") else ""
    edited = text[: node.start] + printed(new, flow=flow) + tail + text[node.end :]
    again = _at(edited, path)
    if again is None or not _same(value(again[0]), new):
        says = Say("{path} 处不能写这个值", path=path)
        raise Wrong([Problem(path, "no_edit", says, Say("在文本里直接修改"), node.at)])
    return edited


def _at(text: str, path: str) -> tuple[Node, bool] | None:
    """The first node at `path` and whether it stands inside brackets."""
    root, _ = read(text)
    if root is None:
        return None
    return next(((node, flow) for place, node, flow in walk(root) if place == path), None)


def _same(one: Json, other: Json) -> bool:
    return one == other and type(one) is type(other)
