"""The mapping table of a scheme's page: rows of values whose braces were lost. What is a field is worked out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.qeasy.fields import Field
from engine.qeasy.ledger import Spot
from engine.say import Say

FIXED, FOUND = "固定值", "关联查询函数"
_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*")
_CODE = re.compile(r"[A-Z0-9_]*[0-9][A-Z0-9_]*|[A-Z][A-Z0-9]*_SYS|[A-Z0-9_]+")
_WHERE = re.compile(r"(?<==)([A-Za-z]\w*(?:\.\w+)*)(?=\s|$)")


@dataclass
class _Row:
    """One row of the table and those that stand below it by their dotted names."""

    field: Field
    below: list[_Row]


def read_rows(listed: Spot) -> list[Field]:
    """Rows by dotted names as one tree, in order."""
    top: list[_Row] = []
    by_name: dict[str, _Row] = {}
    for spot in listed.items():
        name = spot.taken("target_field")
        if not isinstance(name, str) or not name:
            continue
        row = _Row(_field(spot, name.rpartition(".")[2]), [])
        above = by_name.get(name.rpartition(".")[0])
        (above.below if above is not None else top).append(row)
        by_name[name] = row
    return [_whole(row) for row in top]


def _field(spot: Spot, name: str) -> Field:
    label, about = spot.taken("target_label"), spot.taken("describe")
    spot.taken("seq")
    kind = str(spot.taken("source_label") or "")
    told = "；".join(dict.fromkeys(str(one) for one in (label, about) if one))
    value = spot.at("value_raw")
    if value is not None and not value.text:
        value.take()
        value = None
    return Field(name, spot, told, value=value, restored=_restored(value, kind) if value is not None else "")


def _restored(value: Spot, kind: str) -> str:
    """The value with its braces."""
    text = value.text
    if kind == FOUND or text.startswith("_findCollection"):
        return _WHERE.sub(r"{{\1}}", text)
    name, _, pipe = text.partition("|")
    if not _NAME.fullmatch(name.strip()):
        return text
    if kind == FIXED and not pipe and _CODE.fullmatch(name):
        return text
    if kind == FIXED and not pipe:
        value.note(Say("公开的页面上没有花括号：{text} 当作字段，请核对", text=text))
    return "{{" + text + "}}"


def _whole(row: _Row) -> Field:
    """A row that others stand below is a list, its value the list it is made of; an object without one."""
    if not row.below:
        return row.field
    children = [_whole(one) for one in row.below]
    restored = row.field.restored.strip("{}")
    heads = set(_heads(children))
    kind = "list" if restored or heads else "object"
    return replace(
        row.field, children=children, type="list" if kind == "list" else "object", restored=restored
    )


def _heads(children: list[Field]) -> Iterator[str]:
    for one in children:
        found = re.search(r"\{\{(\w+)\.\w", one.restored)
        if found is not None:
            yield found[1]
