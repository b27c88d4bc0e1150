"""Documents as an Excel file: those a list shows. Text stays text: no digit is lost, nothing is a formula."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import xlsxwriter
from flask import Blueprint, Response, abort

from engine.store import overview
from engine.store.overview import Wanted
from webui import forms, sight
from webui.documents import FILTERS
from webui.language import _, retold
from webui.shown import word
from webui.standing import state_of
from webui.visit import here, note
from webui.web import web

pages = Blueprint("export", __name__)

MOST = 100_000
CHUNK = 1000
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST = 32_767
"""Characters of a cell; Excel takes no more."""

_busy: set[str] = set()
_lock = threading.Lock()


@pages.post("/schemes/<code>/documents/file")
def documents(code: str) -> Response:
    """The documents of the filter as .xlsx, at most 100,000; one at a time for a person (S20)."""
    scheme = sight.named(code)
    kind = forms.text("state", 20)
    wanted = replace(
        state_of(kind if kind in FILTERS else ""), reason=forms.text("about", 1000), word=forms.text("q", 200)
    )
    with _alone(here().person.name):
        body, count = _book(scheme.id, wanted)
    web().store.write(lambda c: note(c, "documents.export", code, f"{kind or '-'} {count}"))
    reply = Response(body, mimetype=KIND)
    name = f"{code}-{web().now().astimezone(web().zone):%Y%m%d-%H%M}.xlsx"
    reply.headers.set("Content-Disposition", "attachment", filename=name)
    return reply


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """One export of a person at a time."""
    with _lock:
        if name in _busy:
            abort(429)
        _busy.add(name)
    try:
        yield
    finally:
        with _lock:
            _busy.discard(name)


def _book(scheme: int, wanted: Wanted) -> tuple[bytes, int]:
    """The file's bytes, and how many documents it holds."""
    file = io.BytesIO()
    plain = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, {"constant_memory": True, **plain}) as book:
        sheet = book.add_worksheet(_("单据"))
        moment, head = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, (title, width) in enumerate(_heads()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, head)
        count = 0
        for count, one in enumerate(_rows(scheme, wanted), 1):
            for column, value in enumerate(_cells(one)):
                if isinstance(value, datetime):
                    local = value.astimezone(web().zone).replace(tzinfo=None)
                    sheet.write_datetime(count, column, local, moment)
                elif value:
                    sheet.write_string(count, column, value[:LONGEST])
    return file.getvalue(), count


def _rows(scheme: int, wanted: Wanted) -> Iterator[Any]:
    """Documents in the order of the list, read in chunks."""
    before: int | None = None
    for _turn in range(MOST // CHUNK):
        last = before
        found = web().read(lambda c: overview.listed(c, scheme, wanted, last, CHUNK))  # noqa: B023  # done at once
        yield from found
        if len(found) < CHUNK:
            return
        before = found[-1].id


def _heads() -> list[tuple[str, int]]:
    """Headings and widths in characters."""
    return [
        (_("单号"), 22),
        (_("主键"), 22),
        (_("状态"), 12),
        (_("目标单号"), 22),
        (_("目标 id"), 22),
        (_("说明"), 60),
        (_("定案"), 20),
        (_("更新"), 20),
    ]


def _cells(one: Any) -> list[str | datetime | None]:
    state = "held" if one.state == "waiting" and one.why == "held" else one.state
    told = [one.number, one.key, word("state", state), one.target_number, one.target_id, retold(one.reason)]
    return [*told, one.settled_at, one.changed_at]
