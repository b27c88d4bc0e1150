"""How schemes ask 金蝶云星空: by form and columns, with a filter in the vendor's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.model.catalog import Operation
from engine.qeasy.fields import Field
from engine.qeasy.printing import Line
from engine.qeasy.sight import Steps
from engine.say import Say

QUERY = "executebillquery"
COLUMNS, FORM, FILTER = "FieldKeys", "FormId", "FilterString"
TURNING = ("limit", "startrow", "toprowcount", "fieldkeys", "orderstring")
WINDOWED = re.compile(
    r"\w+(?:\.\w+)*\s*[<>]=?\s*'?\s*\{\{\s*(?:LAST_SYNC_TIME|CURRENT_TIME|DAYS_AGO_[0-9]+)[^{}]*\}\}\s*'?"
)


def asks_columns(name: str, fields: Sequence[Field]) -> bool:
    """Is `request` the list of columns? Older records held the parameters there, FormId among them."""
    return name.lower() == QUERY and not any(one.name == FORM for one in fields)


def best(found: Sequence[Operation], columns: Sequence[str]) -> Operation | None:
    """The form's own operation where it gives all columns that are asked for, else one that takes any form."""
    for one in found:
        if one.columns_in or not columns or set(columns) <= set(one.columns):
            return one
    return None


def column_of(one: Field) -> str:
    """What a column is called there: `FStockOrgId.FNumber`."""
    return one.said if isinstance(one.said, str) and one.said else one.name


def columns_line(operation: Operation, columns: Sequence[str]) -> Line | None:
    """FieldKeys of an operation that takes them: its key first, then what the scheme wants."""
    if not operation.columns_in or not columns:
        return None
    wanted = dict.fromkeys([*operation.key, *columns])
    return Line(operation.columns_in, ",".join(wanted))


def renamed(columns: Sequence[Field]) -> dict[Steps, Steps]:
    """Names of the metadata and the paths of the record that a column makes."""
    made = {(one.name,): tuple(column_of(one).split(".")) for one in columns}
    return {name: path for name, path in made.items() if name != path}


def filtered(one: Field) -> str:
    """The filter without what the engine's window says already; "" where nothing is left."""
    text = one.said if isinstance(one.said, str) else ""
    rest = WINDOWED.sub("1=1", text)
    if rest != text:
        one.spot.note(Say("时间的条件由引擎按修改时间填写：{text}", text=text))
    parts = [part.strip() for part in re.split(r"\s+and\s+", rest, flags=re.IGNORECASE)]
    return " and ".join(part for part in parts if part and part != "1=1")
