"""A YAML document in block style with a comment behind what has one: what an implementer reads on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.document.quote import printed
from engine.model.values import Json

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
INDENT = "  "


@dataclass(frozen=True, slots=True)
class Line:
    """`key: value  # comment`. In a list without a key; with neither key nor value a comment of its own."""

    key: str
    value: Written
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Several lines, one below the other; `listed` ones stand behind dashes."""

    lines: tuple[Line, ...]
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """Members in one line: `{value: "001"}`, `[a, b]`."""

    value: Json


Written: TypeAlias = "Json | Block | Flow"


def block(*pairs: tuple[str, Written] | Line | None) -> Block:
    """A mapping of what is there; None and empty blocks are left out."""
    lines = [one if isinstance(one, Line) else Line(*one) for one in pairs if one is not None]
    return Block(
        tuple(line for line in lines if not (isinstance(line.value, Block) and not line.value.lines))
    )


def document(top: Sequence[str], body: Block) -> str:
    """The text: comment lines, then the document."""
    lines = [f"# {_comment(line)}".rstrip() for line in top]
    return "\n".join([*lines, *_lines(body, 0)]) + "\n"


def _lines(body: Block, depth: int) -> Iterator[str]:
    for line in body.lines:
        if not line.key and line.value is None:
            yield f"{INDENT * depth}# {_comment(line.comment)}"
        elif body.listed:
            yield from _item(line, depth)
        else:
            yield from _line(line, depth)


def _line(line: Line, depth: int) -> Iterator[str]:
    before, behind = INDENT * depth + printed(line.key), _behind(line.comment)
    if isinstance(line.value, Block):
        yield f"{before}:{behind}"
        yield from _lines(line.value, depth + 1)
    else:
        yield f"{before}: {_inline(line.value)}{behind}"


def _item(line: Line, depth: int) -> Iterator[str]:
    """The first line of an item stands behind the dash."""
    dash = INDENT * depth + "- "
    if not isinstance(line.value, Block):
        yield f"{dash}{_inline(line.value)}{_behind(line.comment)}"
        return
    inner = list(_lines(line.value, depth + 1))
    yield dash + inner[0].lstrip() + _behind(line.comment)
    yield from inner[1:]


def _inline(value: Json | Flow | Block) -> str:
    return flow(value.value) if isinstance(value, Flow) else flow(value, top=True)  # type: ignore[arg-type]  # Blocks are above


def flow(value: Json, *, top: bool = False) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{printed(key, flow=True)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return printed(value, flow=not top)


def _behind(comment: str) -> str:
    return f"  # {_comment(comment)}" if comment.strip() else ""


def _comment(text: str) -> str:
    return _UNSEEN.sub(" ", text).strip()
