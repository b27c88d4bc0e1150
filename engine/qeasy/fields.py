"""Field objects as one tree, in whatever form they come: nested, flat, by name, or rows of a published table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.model.catalog import FieldType
from engine.model.values import Json
from engine.qeasy.ledger import Spot
from engine.say import Say

TYPES: dict[str, FieldType] = {
    "string": "text", "int": "integer", "integer": "integer", "float": "decimal", "double": "decimal",
    "number": "decimal", "boolean": "boolean", "bool": "boolean", "datetime": "datetime", "date": "date",
    "millisecond": "integer", "array": "list", "object": "object", "text": "text",
}  # fmt: skip
MARKERS = ("_autoFillResponse", "111", "")
"""What `describe` holds where it describes nothing."""
PLACEHOLDER = "1"


@dataclass(frozen=True)
class Field:
    """One field object. `value` is where its value stands; None where it has none to be translated."""

    name: str
    spot: Spot
    label: str = ""
    type: FieldType = "text"
    cast: str = ""
    required: bool = False
    value: Spot | None = None
    parser: Spot | None = None
    restored: str = ""
    """What `value` says where it was published without its braces."""
    children: list[Field] = field(default_factory=list)

    @property
    def said(self) -> Json:
        """The value; null, "" and placeholders are None."""
        if self.restored:
            return self.restored
        return self.value.value if self.value is not None and self.value.value != "" else None


def read_fields(listed: Spot | None, *, placeholders: bool = False) -> list[Field]:
    """`placeholders`: a record of the first kind, where "1" says that nothing was filled in."""
    if listed is None:
        return []
    if isinstance(listed.value, dict):
        found = [
            _read(spot, spot.key, placeholders) for spot in listed.items() if isinstance(spot.value, dict)
        ]
    else:
        found = [
            _read(spot, name, placeholders)
            for spot in listed.items()
            if isinstance(spot.value, dict) and (name := _name(spot))
        ]
    return list(_nested(found))


def _name(spot: Spot) -> str:
    name = spot.at("field")
    if name is None or not name.text:
        return ""
    name.take()
    return name.text


def _read(spot: Spot, name: str, placeholders: bool) -> Field:
    spot.take()
    label, cast = spot.taken("label"), spot.taken("type")
    describe = spot.taken("describe")
    required = spot.taken("is_required")
    for key in ("parent", "id"):
        copy = spot.at(key)
        if copy is not None and (key == "parent" or copy.value == name):
            copy.take()
    value = spot.at("value")
    if value is not None and (
        value.value is None or value.value == "" or (placeholders and value.text == PLACEHOLDER)
    ):
        value.take()
        value = None
    children = spot.at("children")
    inner = read_fields(children, placeholders=placeholders)
    if children is not None and (inner or not children.value):
        children.take()
    return Field(
        name, spot, _said(label, describe, name), TYPES.get(str(cast), "text"), str(cast or ""), required is True,
        value, spot.at("parser"), children=inner,
    )  # fmt: skip


def _said(label: Json, describe: Json, name: str) -> str:
    """Label and description as one comment."""
    told = [str(one).strip() for one in (label, describe) if one is not None]
    told = [one for one in told if one not in MARKERS and one != name]
    return "；".join(dict.fromkeys(told))


def _nested(found: list[Field]) -> Iterator[Field]:
    """Flat lists as trees: lines of a list that stand behind it and name it in their values."""
    place = 0
    while place < len(found):
        one, place = found[place], place + 1
        if one.type not in ("list", "object") or one.children:
            yield one
            continue
        end = _last_of(found, place, one)
        if end > place:
            one.spot.note(Say("后面 {count} 个字段按取值归到 {name} 里", count=end - place, name=one.name))
        yield replace(one, children=[*found[place:end]]) if end > place else one
        place = end


def _last_of(found: list[Field], start: int, owner: Field) -> int:
    """Behind the last field that belongs to it: by its `parent`, by a value that goes into one and the same list,
    or by a name that the header has used already.
    """
    end, rows = start, owner.said if isinstance(owner.said, str) else ""
    for place in range(start, len(found)):
        if found[place].type in ("list", "object"):
            break
        parent = found[place].spot.at("parent")
        heads = set(re.findall(r"\{\{\s*(\w+)\.\w", str(found[place].said or "")))
        rows = rows or (next(iter(heads)) if owner.type == "list" and len(heads) == 1 else "")
        again = owner.type == "list" and any(one.name == found[place].name for one in found[: start - 1])
        if (parent is not None and parent.value == owner.name) or (rows and rows in heads) or again:
            end = place + 1
    return end


def constant(text: str, cast: str) -> Json:
    """A literal by its field's type; one that is none of the type stays text."""
    kind = TYPES.get(cast, "text")
    if kind == "integer" and re.fullmatch(r"-?(0|[1-9][0-9]{0,30})", text):
        return int(text)
    if kind == "decimal" and re.fullmatch(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?", text):
        return Decimal(text)
    if kind == "boolean" and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    return text
