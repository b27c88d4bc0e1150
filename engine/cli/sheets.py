"""Tables with more than a left and a right column, and rule tables, as CSV; and any table written as CSV again.

A table whose head names its columns may have several keys (左:单号, 左:物料), several results
(右:组织, 右:客户) and days (起, 止). The head of a rule table names its conditions, and its results
behind an arrow (→渠道); a cell holds one condition, or several with | between.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

from engine.cli.pairs import LONGEST, at_line, read_pairs, rows_of, text_of
from engine.exact import decode, encode
from engine.mapping.codes import LEFT, RIGHT, joined, parted
from engine.mapping.coverage import coverage
from engine.mapping.plain import as_text
from engine.mapping.rules import GIVE, Kind, Reading, read_condition
from engine.mapping.slip import Slip
from engine.model.values import Json, Problem
from engine.say import Say
from engine.store.lookups import PAIRS, Columns, Pair, rules_of

SINCE, UNTIL, TITLE = "起", "止", "说明"
DAYS = {SINCE: "since", "from": "since", UNTIL: "until", "to": "until"}
TITLES = {TITLE, "title", "note"}
SIDES = {LEFT: "left", "left": "left", RIGHT: "right", "right": "right"}
ARROWS = ("→", "->", "=")
BETWEEN = "|"


@dataclass(frozen=True)
class Sheet:
    """What a file holds: the columns, and the rows in its order."""

    columns: Columns
    pairs: list[Pair]


def read_sheet(data: bytes) -> tuple[Sheet, list[Problem]]:
    """A code table, with every problem and its line."""
    text, problem = text_of(data)
    rows = rows_of(text, []) if problem is None else []
    head = [_head(cell) for cell in rows[0][1]] if rows else []
    if not any(one and (one[0] in ("since", "until") or one[1]) for one in head):
        pairs, problems = read_pairs(data)
        return Sheet(PAIRS, pairs), problems
    return _columned(head, rows)


def _head(cell: str) -> tuple[str, str] | None:
    """What a head's cell says: left or right with the column's name, since, until, title."""
    side, _, name = cell.replace("：", ":").partition(":")
    side, name = side.strip().lower(), name.strip()
    if side in SIDES:
        return SIDES[side], name
    if not name and side in DAYS:
        return DAYS[side], ""
    return ("title", "") if not name and side in TITLES else None


def _columned(
    head: Sequence[tuple[str, str] | None], rows: Sequence[tuple[int, list[str]]]
) -> tuple[Sheet, list[Problem]]:
    line = rows[0][0]
    problems = [
        at_line(
            line,
            "head",
            Say("读不懂表头 {cell}。", cell=cell),
            Say("写成 左:名称、右:名称、起、止 或 说明。"),
        )
        for cell, one in zip(rows[0][1], head, strict=False)
        if one is None and cell
    ]
    names = {
        side: [one[1] or default for one in head if one and one[0] == side]
        for side, default in (("left", LEFT), ("right", RIGHT))
    }
    if not names["left"] or not names["right"]:
        problems.append(at_line(line, "head", Say("表头要有左列和右列。"), Say("例如 左:单号,左:物料,右。")))
    elif len({*names["left"], *names["right"]}) < len(names["left"]) + len(names["right"]):
        problems.append(at_line(line, "head", Say("表头里有同名的列。"), Say("给它们不同的名字。")))
    if problems:
        return Sheet(PAIRS, []), problems
    columns = Columns(tuple(names["left"]), tuple(names["right"]))
    pairs = [_row(number, cells, head, problems) for number, cells in rows[1:]]
    _overlaps([(number, pair) for (number, _), pair in zip(rows[1:], pairs, strict=True) if pair], problems)
    return Sheet(columns, [pair for pair in pairs if pair is not None]), problems


def _row(
    line: int, cells: Sequence[str], head: Sequence[tuple[str, str] | None], problems: list[Problem]
) -> Pair | None:
    before = len(problems)
    parts: dict[str, list[str]] = {"left": [], "right": [], "since": [""], "until": [""], "title": [""]}
    for place, one in enumerate(head):
        if one is not None:
            cell = cells[place] if place < len(cells) else ""
            parts[one[0]] = [*parts[one[0]], cell] if one[0] in ("left", "right") else [cell]
    for side in ("left", "right"):
        if not any(parts[side]) or (side == "right" and not all(parts[side])):
            problems.append(at_line(line, "blank", Say("编码是空的。"), Say("补上，或删掉这一行。")))
        elif any(len(part) > LONGEST for part in parts[side]):
            problems.append(at_line(line, "long", Say("编码超过 {most} 个字。", most=LONGEST)))
    days = [_day(line, parts[name][0], problems) for name in ("since", "until")]
    if all(days) and days[0] > days[1]:
        problems.append(at_line(line, "days", Say("起在止的后面。"), Say("两个日期都含在内，先起后止。")))
    if len(problems) > before:
        return None
    return Pair(joined(parts["left"]), joined(parts["right"]), parts["title"][0], *days)


def _day(line: int, text: str, problems: list[Problem]) -> str:
    try:
        return date.fromisoformat(text.replace("/", "-")).isoformat() if text else ""
    except ValueError:
        says = Say("“{text}”不是日期。", text=text)
        problems.append(at_line(line, "day", says, Say("写成 2026-01-31，空着就是没有期限。")))
        return ""


def _overlaps(pairs: Sequence[tuple[int, Pair]], problems: list[Problem]) -> None:
    """Two rows of one code must not hold on the same day."""
    seen: dict[str, list[tuple[int, Pair]]] = {}
    for line, pair in pairs:
        for other_line, other in seen.get(pair.left, []):
            if (pair.since or "0") <= (other.until or "9") and (other.since or "0") <= (pair.until or "9"):
                says = Say("这个编码在第 {line} 行已经有了，日期重叠。", line=other_line)
                problems.append(at_line(line, "twice", says, Say("每个编码每一天只留一行。")))
                break
        seen.setdefault(pair.left, []).append((line, pair))


# -- rule tables -----------------------------------------------------------------------------------


def read_rule_sheet(
    data: bytes, match: Literal["first", "best"], miss: str
) -> tuple[Sheet, list[Problem], list[Problem]]:
    """A rule table; its problems, and its warnings: gaps and rows that are never chosen."""
    text, problem = text_of(data)
    problems = [problem] if problem is not None else []
    rows = rows_of(text, problems) if problem is None else []
    heads = rows[0][1] if rows else []
    inputs = [(place, cell) for place, cell in enumerate(heads) if cell and not cell.startswith(ARROWS)]
    gives = [
        (place, cell.lstrip("".join(ARROWS)).strip())
        for place, cell in enumerate(heads)
        if cell.startswith(ARROWS)
    ]
    if not inputs or not gives:
        do = Say("例如 省份,重量,→渠道。")
        problems.append(at_line(1, "head", Say("表头要有条件列，和箭头开头的结果列。"), do))
    if problems:
        return Sheet(PAIRS, []), problems, []
    cells = [[(row[place] if place < len(row) else "") for place in range(len(heads))] for _, row in rows[1:]]
    kinds = [_kind([row[place] for row in cells]) for place, _ in inputs]
    columns = Columns(
        tuple(name for _, name in inputs), tuple(name for _, name in gives), tuple(kinds), match, miss
    )
    pairs = [
        Pair(f"{number:06}", encode(_rule(row, inputs, gives)).decode())
        for number, row in enumerate(cells, 1)
    ]
    wrong, warnings = _checked(columns, pairs, [line for line, _ in rows[1:]])
    return Sheet(columns, pairs), wrong, warnings


def _kind(cells: Sequence[str]) -> Kind:
    """A column of nothing but numbers and ranges compares numbers."""
    said = [cell for cell in cells if cell and cell != "*"]
    try:
        for cell in said:
            read_condition(cast(Json, _parts(cell)), "number")
    except Slip:
        return "text"
    return "number" if said else "text"


def _parts(cell: str) -> list[str] | str:
    return [part.strip() for part in cell.split(BETWEEN)] if BETWEEN in cell else cell


def _rule(row: Sequence[str], inputs: Sequence[tuple[int, str]], gives: Sequence[tuple[int, str]]) -> Json:
    tests: dict[str, Json] = {name: cast(Json, _parts(row[place])) for place, name in inputs if row[place]}
    given: dict[str, Json] = {name: row[place] for place, name in gives}
    return {**tests, GIVE: given[""] if list(given) == [""] else given}


def _checked(
    columns: Columns, pairs: Sequence[Pair], lines: Sequence[int]
) -> tuple[list[Problem], list[Problem]]:
    reading = Reading()
    rules = rules_of("", columns, pairs, reading)
    wrong = [
        at_line(lines[row], slip.code, slip.says, slip.do, column) for row, column, slip in reading.wrong
    ]
    if rules is None:
        return wrong, []
    seen = coverage(rules)
    for (one, other), told in seen.equal.items():
        says = Say("和第 {line} 行同样贴切：{told}。", line=lines[one], told=told)
        wrong.append(
            at_line(lines[other], "rule_overlap", says, Say("给其中一行加上条件，或去掉 --match best。"))
        )
    idle = [
        at_line(lines[row], "rule_idle", Say("这一行永远轮不到。"), weight="warning") for row in seen.idle
    ]
    gaps = [
        at_line(1, "rule_gap", Say("没有一行适用于：{told}。", told=told), weight="warning")
        for told in seen.gaps
    ]
    return wrong, idle + (gaps if columns.miss == "problem" else [])


# -- writing ---------------------------------------------------------------------------------------


def written(columns: Columns, pairs: Sequence[Pair]) -> str:
    """The table as CSV that can be read in again."""
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\r\n")
    if columns.rules:
        sheet.writerow([*columns.keys, *(ARROWS[0] + name for name in columns.gives)])
        sheet.writerows(_rule_cells(columns, cast(Mapping[str, Any], decode(pair.right))) for pair in pairs)
        return out.getvalue()
    dated = any(pair.since or pair.until for pair in pairs)
    plain = columns == PAIRS and not dated
    left = [LEFT] if plain else [f"{LEFT}:{name}" for name in columns.keys]
    right = [RIGHT] if plain else [f"{RIGHT}:{name}" for name in columns.gives]
    sheet.writerow([*left, *right, *((SINCE, UNTIL) if dated else ()), TITLE])
    for pair in pairs:
        codes = [*parted(pair.left, len(left)), *parted(pair.right, len(right))]
        sheet.writerow([*codes, *((pair.since, pair.until) if dated else ()), pair.title])
    return out.getvalue()


def _rule_cells(columns: Columns, rule: Mapping[str, Any]) -> list[str]:
    give = rule[GIVE] if isinstance(rule[GIVE], dict) else {"": rule[GIVE]}
    tests = [rule.get(name) for name in columns.keys]
    shown = [BETWEEN.join(test) if isinstance(test, list) else as_text(test) or "" for test in tests]
    return [*shown, *(as_text(give.get(name)) or "" for name in columns.gives)]
