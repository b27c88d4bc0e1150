"""A table of code pairs as people keep it: Excel, or CSV out of it, with every problem at once.

Columns left, right and, if there is one, title; with or without a header; UTF-8 with or without its
mark, or GBK as Chinese Excel writes it. Codes are text: leading zeros stay.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Literal

from engine.cli.excel import excel_text, is_excel
from engine.model.values import Mark, Problem
from engine.say import Say
from engine.store.lookups import Pair

HEADERS = {("左", "右"), ("left", "right"), ("源", "目标"), ("源编码", "目标编码")}
SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+\d+")
LONGEST = 200


def read_pairs(data: bytes) -> tuple[list[Pair], list[Problem]]:
    """The pairs in the file's order, and every problem with its line."""
    text, problem = text_of(data)
    if problem is not None:
        return [], [problem]
    problems: list[Problem] = []
    pairs: dict[str, tuple[int, Pair]] = {}
    rows = rows_of(text, problems)
    if rows and tuple(cell.lower() for cell in rows[0][1][:2]) in HEADERS:
        del rows[0]
    for line, row in rows:
        pair = _pair(line, row, problems)
        if pair is None:
            continue
        if pair.left in pairs:
            says = Say("左编码 {code} 在第 {line} 行已经有了。", code=pair.left, line=pairs[pair.left][0])
            problems.append(at_line(line, "twice", says, Say("每个左编码只留一行。")))
            continue
        pairs[pair.left] = (line, pair)
    return [pair for _, pair in pairs.values()], problems


def text_of(data: bytes) -> tuple[str, Problem | None]:
    """The file as CSV text, whether it is CSV or Excel; a problem where it is neither."""
    if is_excel(data):
        return excel_text(data)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, None
    says = Say("文件不是 UTF-8 也不是 GBK 的 CSV。")
    return "", Problem("FILE", "encoding", says, Say("在 Excel 里另存为“CSV UTF-8（逗号分隔）”。"))


def rows_of(text: str, problems: list[Problem]) -> list[tuple[int, list[str]]]:
    """Rows that hold anything, each with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error:
        problems.append(at_line(line, "quote", Say("这一行的引号没有配对。"), Say("引号里的引号要写两个。")))
    return rows


def _pair(line: int, row: list[str], problems: list[Problem]) -> Pair | None:
    """One row's pair; None where something is wrong with it."""
    before = len(problems)
    if len(row) == 1 and re.search(r"[\t;，；]", row[0]):
        problems.append(
            at_line(
                line, "comma", Say("列要用英文逗号分开。"), Say("在 Excel 里另存为“CSV UTF-8（逗号分隔）”。")
            )
        )
        return None
    if len(row) > 3 and any(row[3:]):
        problems.append(
            at_line(
                line, "columns", Say("这一行有 {count} 列。", count=len(row)), Say("只要三列：左、右、说明。")
            )
        )
    left, right, title = (*row, "", "")[:3]
    for name, code in ((Say("左编码"), left), (Say("右编码"), right)):
        if not code:
            problems.append(
                at_line(line, "blank", Say("{name}是空的。", name=name), Say("补上，或删掉这一行。"))
            )
        elif SCIENTIFIC.fullmatch(code):
            says = Say("{name} {code} 是 Excel 改写过的长数字。", name=name, code=code)
            problems.append(at_line(line, "scientific", says, Say("把这一列设为文本，重新填写后再导出。")))
        elif len(code) > LONGEST:
            problems.append(
                at_line(
                    line,
                    "long",
                    Say("{name}超过 {most} 个字。", name=name, most=LONGEST),
                    Say("看看引号是否配对。"),
                )
            )
    return Pair(left, right, title) if len(problems) == before else None


def at_line(
    line: int,
    code: str,
    says: Say,
    do: str = "",
    column: str = "",
    weight: Literal["problem", "warning"] = "problem",
) -> Problem:
    place = f"line {line} {column}" if column else f"line {line}"
    return Problem(place, code, says, do, Mark(line, 1), weight)
