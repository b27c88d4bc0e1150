"""Keep these records as a case: a text X.test.yaml with one case more, every byte before it as it was.

What the catalogue calls personal is replaced by invented text first, and what is expected is what the mapping
makes of the replaced records; of the code tables only the pairs that were looked up go in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from engine.document.cases import ZONE, read_cases
from engine.document.quote import printed
from engine.document.reader import read
from engine.errors import Wrong
from engine.mapping.entry import Entry
from engine.mapping.ground import named
from engine.mapping.mapped import Mapped
from engine.mapping.preview import Preview, Previewed
from engine.model.catalog import Field
from engine.model.values import Json, Problem, Record
from engine.say import Say

INVENTED = "某某"


def keep_case(
    text: str,
    name: str,
    records: Sequence[Record],
    give: tuple[Field, ...],
    preview: Preview,
    lookups: Mapping[str, Mapping[str, Entry]],
    now: datetime,
) -> str:
    """The text with the case at its end; a new text where it is empty. Raises Wrong.

    `give` are the fields of the source's rows, which know what is personal.
    """
    safe = [masked(record, give) for record in records]
    found = preview.of(safe, lookups, now)
    case: dict[str, Json] = {"name": name, "now": now.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")}
    used = _used(found)
    if used:
        case["lookups"] = used
    case |= {"record": safe[0]} if len(safe) == 1 else {"records": [*safe]}
    case |= _expected([one.mapped for one in found])
    return _added(text, name, case)


def masked(row: Record, fields: Iterable[Field]) -> Record:
    """The row with every personal text replaced by one that tells nothing."""
    known = tuple(fields)
    return {key: _mask(value, named(known, key)) for key, value in row.items()}


def _mask(value: Json, field: Field | None) -> Json:
    if field is None:
        return value
    if isinstance(value, dict):
        return INVENTED if field.personal else masked(value, field.fields)
    if isinstance(value, list):
        return [_mask(one, field) for one in value]
    return INVENTED if field.personal and value not in (None, "") else value


def _used(found: Sequence[Previewed]) -> dict[str, Json]:
    tables: dict[str, dict[str, Json]] = {}
    for cell in (cell for one in found for cell in one.cells):
        for looked in cell.looked:
            table = tables.setdefault(looked.table, {})
            if looked.gives is not None:
                table[looked.code] = looked.gives
    return {name: {**table} for name, table in tables.items()}


def _expected(found: Sequence[Mapped]) -> dict[str, Json]:
    """What the case says of all outcomes. Raises Wrong where a case cannot say it."""
    documents: list[Json] = [one.document for one in found if one.document is not None]
    if documents and len(documents) == len(found):
        return {"documents": documents}
    if all(one.problems for one in found):
        told: list[Json] = [
            {"at": problem.path, "says": str(problem.says)} for one in found for problem in one.problems
        ]
        return {"problems": told}
    if all(one.held for one in found):
        held: list[Json] = [{"table": miss.table, "code": miss.code} for one in found for miss in one.held]
        return {"held": held}
    skipped = {one.skipped for one in found}
    if len(skipped) == 1 and None not in skipped:
        return {"skipped": next(iter(skipped)) or ""}
    says = Say("这些数据的结果不一样，不能成为一个用例")
    raise Wrong([Problem("cases", "mixed", says, Say("一条一条地存"))])


def _added(text: str, name: str, case: dict[str, Json]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    before = text if text.strip() else f"cases:{end}"
    before += "" if before.endswith("\n") else end
    added = before + end.join(_lines(case, 1, listed=True)) + end
    cases, problems = read_cases(added)
    known, _ = read_cases(before) if text.strip() else ([], [])
    if problems or [one.name for one in cases] != [*(one.name for one in known), name]:
        raise Wrong(problems or [_unknown(text)])
    return added


def _unknown(text: str) -> Problem:
    root, _ = read(text)
    says = Say("用例文件不是以 cases 的列表结尾，不能在后面添加")
    return Problem(
        "cases", "no_end", says, Say("把 cases 放在最后，每个用例缩进两格"), root.at if root else None
    )


# -- YAML in block style -----------------------------------------------------------------------------


def _lines(value: dict[str, Json], depth: int, listed: bool = False) -> list[str]:
    """The lines of a mapping; the first begins with the dash of its list where it is listed."""
    found = [
        line for key, inner in value.items() for line in _entry(f"{printed(key)}:", inner, depth + listed)
    ]
    if listed:
        found[0] = "  " * depth + "- " + found[0].lstrip(" ")
    return found


def _entry(head: str, value: Json, depth: int) -> list[str]:
    """`head value` on one line where the value is a scalar or empty, else below it."""
    blanks = "  " * depth
    if isinstance(value, dict) and value:
        return [blanks + head, *_lines(value, depth + 1)]
    if isinstance(value, list) and value:
        return [blanks + head, *(line for one in value for line in _item(one, depth + 1))]
    return [f"{blanks}{head} {_plain(value)}"]


def _item(value: Json, depth: int) -> list[str]:
    if isinstance(value, dict) and value:
        return _lines(value, depth, listed=True)
    if isinstance(value, list) and value:
        return ["  " * depth + "-", *(line for one in value for line in _item(one, depth + 1))]
    return ["  " * depth + "- " + _plain(value)]


def _plain(value: Json) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, list) else printed(value)
