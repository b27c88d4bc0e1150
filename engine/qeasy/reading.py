"""The source side as it is written: `source` of the scheme, and what names a line of its records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from engine.qeasy.fields import Field
from engine.qeasy.printing import Block, Line, block
from engine.qeasy.source import Source, paths

UNSURE = "待办：换成自己的连接"
GUESSED = "目录里没有，请核对"


@dataclass(frozen=True)
class Given:
    """What was said of the source besides its metadata; `sure`: the day it is read from is no guess of ours."""

    connection: str
    begin: date
    sure: bool


def source_block(made: Source, where: str, extra: Mapping[str, str], given: Given) -> Block:
    operation = made.operation
    standard = f"{operation.connector}-main" if operation is not None else "source-main"
    window = operation is None or operation.window is not None
    params = block(*made.params.lines)
    declared = {one.name: line for one, line in _declared(made)}
    declared |= {name: Line(name, kind, GUESSED) for name, kind in extra.items() if name not in declared}
    declared = _whole(made, declared)
    return block(
        Line("connection", given.connection or standard, "" if given.connection else UNSURE),
        Line("operation", made.name or "待办", "" if operation is not None else "待办：目录里还没有这个接口"),
        ("params", params) if made.params.lines else None,
        Line("begin", given.begin.isoformat(), "" if given.sure else "待办：从哪一天读起")
        if window
        else None,
        ("overlap", span(made.params.overlap)) if made.params.overlap and window else None,
        ("where", where) if where else None,
        ("extra", Block(tuple(declared.values()))) if declared else None,
    )


def _whole(made: Source, declared: Mapping[str, Line]) -> dict[str, Line]:
    """The same with the objects and lists that what is declared stands in, where nobody declares them."""
    whole: dict[str, Line] = {}
    lists = made.lists()
    for name, line in declared.items():
        steps = tuple(name.split("."))
        for size in range(1, len(steps)):
            outer = ".".join(steps[:size])
            if outer not in declared and made.operation is not None and made.lacks(steps[:size]):
                whole.setdefault(outer, Line(outer, "list" if steps[:size] in lists else "object"))
        whole[name] = line
    return whole


def _declared(made: Source) -> Iterator[tuple[Field, Line]]:
    """Fields of the response that the catalogue does not tell of."""
    for one, at in paths(made.fields, ()):
        path = tuple(step for name in at for step in name.split("."))
        if one.name != "primaryWriteback" and (made.operation is None or made.lacks(path)):
            yield Field(".".join(path), one.spot), Line(".".join(path), one.type, one.label)


def span(length: timedelta) -> str:
    """`600 s` as 10m."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


_LINE_ID = re.compile(
    r"(rec|detail|details|entry|line|item|row|order_item)_?id|id|oid|.*autoid", re.IGNORECASE
)


def line_id(made: Source) -> str:
    """The field that names a line of the flattened list: as the record's id says, else by its looks; "" for none."""
    flat = "_".join(made.flat) + "_"
    if made.id.startswith(flat):
        return made.id[len(flat) :]
    if made.id.startswith(".".join(made.flat) + "."):
        return made.id[len(flat) :]
    names = [path[-1] for _, path in paths(made.fields, ()) if path[:-1] == made.flat]
    known = made.operation.give if made.operation is not None else ()
    for step in made.flat:
        known = next((one.fields for one in known if one.name == step), ())
    names += [one.name for one in known]
    return next((name for name in names if _LINE_ID.fullmatch(name)), "")
