"""Lookups (对照表): the tables of code pairs, what they lack and who waits for it; edited, pasted, exported."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from engine import fill
from engine.cli.pairs import read_pairs, text_of
from engine.fill import Difference
from engine.model.values import Problem
from engine.store import lookups, overview, waits
from engine.store.lookups import PAIRS, Pair, Table
from engine.store.waits import Lacked
from webui import asked, forms, sight
from webui.fragments import answer
from webui.language import _
from webui.visit import here, note
from webui.web import web

pages = Blueprint("lookups", __name__)

PAGE = 100
BLANK = 3  # empty rows to add pairs in
LONGEST = 2_000_000
SHOWN = 100


@pages.get("/lookups")
def listed() -> Response:
    return _list()


@pages.post("/lookups")
def bring() -> Response | Answer:
    """A pasted or uploaded table: first what it would change, then, when sure, the change itself."""
    code, text = forms.text("code", 80), forms.raw("text", LONGEST)
    unread: Problem | None = None
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        text, unread = text_of(upload.stream.read(LONGEST))
    pairs, problems = read_pairs(text.replace("\t", ",").encode() if "," not in text else text.encode())
    problems[:0] = [unread] if unread is not None else []
    pairs = fill.plain(pairs)
    table = _known(code)
    if not code:
        problems.insert(0, Problem("code", "missing", _("写上对照表的名称。")))
    elif table is not None and not _simple(table):
        problems.insert(0, Problem("code", "columns", _("这张表有几列或起止日期，请用 duijie lookup import。")))
    elif not pairs and not problems:
        problems.append(Problem("text", "empty", _("里面没有一对编码。每行写：源编码,目标编码。")))
    before = web().read(lambda c: lookups.pairs(c, code))
    if problems or not forms.ticked("sure"):
        difference = Difference.of(before, pairs)
        reply = answer(
            "lookups/import.html", code=code, text=text, problems=problems, difference=difference,
            shown=SHOWN, count=len(pairs), fresh=table is None,
        )  # fmt: skip
        reply.status_code = 422 if problems else 200
        return reply
    _kept(code, pairs, "lookup.import")
    return redirect(url_for("lookups.show", code=code), 303)


@pages.get("/lookups/<path:code>")
def show(code: str) -> Response:
    table = _table(code)
    word, after = asked.word("q"), request.args.get("after")
    pairs = web().read(lambda c: overview.pairs(c, code, word, after, PAGE + 1))
    return answer(
        "lookups/show.html",
        table=table,
        pairs=pairs[:PAGE],
        more=pairs[PAGE - 1].left if len(pairs) > PAGE else None,
        sought=word,
        first=after is None,
        simple=_simple(table),
        lacking=_lacking(code),
        fillable=_fillable(_lacking(code)),
        blank=range(BLANK),
    )


@pages.get("/lookups/<path:code>/file")
def file(code: str) -> Response:
    """The table as a CSV file."""
    table = _table(code)
    if not _simple(table):
        abort(404)
    reply = Response(fill.written(web().read(lambda c: lookups.pairs(c, code))), mimetype="text/csv")
    reply.headers.set("Content-Disposition", "attachment", filename=f"{code}.csv")
    return reply


@pages.post("/lookups/<path:code>/pairs")
def change(code: str) -> Answer:
    """The rows of the grid: changed, added, taken out where the target code was emptied. Others stay."""
    table = _known(code)
    if table is not None and not _simple(table):
        abort(404)
    lefts, rights, titles = (forms.many(name, 3 * PAGE) for name in ("left", "right", "title"))
    if not len(lefts) == len(rights) == len(titles):
        abort(400)
    rows = [Pair(*(cell.strip() for cell in row)) for row in zip(lefts, rights, titles, strict=True)]
    before = web().read(lambda c: lookups.pairs(c, code))
    _kept(code, fill.merged(before, [row for row in rows if row.left]), "lookup.change")
    return redirect(url_for("lookups.show", code=code), 303)


def _kept(code: str, pairs: list[Pair], deed: str) -> None:
    def work(connection: Any) -> None:
        told, released = fill.replace(connection, code, pairs, PAIRS, here().person.name, web().now())
        if told:
            counts = f"+{len(told.added)} ~{len(told.changed)} -{len(told.removed)}"
            note(connection, deed, code, " ".join((counts, *released)))

    web().store.write(work)


def _list() -> Response:
    tables = web().read(lookups.tables)
    return answer("lookups/list.html", tables=tables, lacking=_lacking(None), fillable=_fillable(_lacking(None)))


def _lacking(code: str | None) -> list[Lacked]:
    """What is missing and holds up documents of schemes this person sees."""
    mine = {one.code for one in sight.seen()}
    return [one for one in web().read(lambda c: waits.lacking(c, code)) if one.scheme in mine]


def _fillable(found: list[Lacked]) -> set[str]:
    """The tables among them that a pair of codes can be added to here; the others have columns, or are no tables."""
    told = {one.label for one in found if one.source == f"table:{one.label}"}
    known = {table.code: table for table in web().read(lookups.tables)}
    return {label for label in told if label not in known or _simple(known[label])}


def _known(code: str) -> Table | None:
    return next((one for one in web().read(lookups.tables) if one.code == code), None)


def _table(code: str) -> Table:
    found = _known(code)
    if found is None:
        abort(404)
    return found


def _simple(table: Table) -> bool:
    """One key, one value, no days: what the grid and a file of two columns can hold."""
    if table.columns != PAIRS:
        return False
    return not any(pair.since or pair.until for pair in web().read(lambda c: lookups.pairs(c, table.code)))
