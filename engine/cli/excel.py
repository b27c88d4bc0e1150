"""The first sheet of an Excel file as CSV text: row for row, so that what is wrong is told by Excel's own row numbers.

Codes are text. A cell that Excel holds as a number is written without its format: `010` kept as a number is 10 there
already, and of more than 15 digits the last ones are lost, which is told and never guessed.
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from python_calamine import CalamineError, load_workbook

from engine.model.values import Problem
from engine.say import Say

XLSX, XLS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LARGEST = 64 * 1024 * 1024
"""Most bytes of a file once it is unpacked."""
EXACT = 10**15
"""From here on Excel keeps no digit for sure."""


def is_excel(data: bytes) -> bool:
    return data.startswith((XLSX, XLS))


def excel_text(data: bytes) -> tuple[str, Problem | None]:
    """The sheet as CSV; empty with a problem where it cannot be read or has lost digits."""
    if data.startswith(XLSX) and _unpacked(data) > LARGEST:
        return "", Problem("FILE", "large", Say("Excel 文件太大。"), Say("分成几个文件导入。"))
    try:
        rows: list[list[Any]] = (
            load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python(skip_empty_area=False)
        )
    except (CalamineError, OSError, ValueError):
        return "", Problem(
            "FILE", "excel", Say("Excel 文件读不出来。"), Say("在 Excel 里另存为 .xlsx，不加密码。")
        )
    lost = [number for number, row in enumerate(rows, 1) if any(_inexact(cell) for cell in row)]
    if lost:
        told = "、".join(str(number) for number in lost[:10]) + ("…" if len(lost) > 10 else "")
        says = Say("第 {rows} 行有超过 15 位的数字，Excel 已经丢了后几位。", rows=told)
        return "", Problem("FILE", "digits", says, Say("把这一列设为文本，重新填写后再导入。"))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_written(cell) for cell in row] for row in rows)
    return text.getvalue(), None


def _unpacked(data: bytes) -> int:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return sum(one.file_size for one in packed.infolist())
    except zipfile.BadZipFile:
        return 0


def _inexact(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= EXACT


def _written(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.min.time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return " ".join(str(cell).splitlines()) if isinstance(cell, str) else str(cell)
