"""The mapping editor: source and target side by side, fields placed by dragging, clicking or keys; each one edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.document.cells import Filling, Way, clear, fill
from engine.document.quote import scalar
from engine.errors import Conflict, Wrong
from engine.exact import encode
from engine.mapping.cell import read_cell
from engine.mapping.slip import Slip
from engine.model.values import Json, Problem
from engine.store import drafts
from engine.store.drafts import Draft, Save
from webui import asked, forms
from webui.drafts import around, draft_of
from webui.edits import stepped
from webui.fillings import BARE, LONGEST, readable
from webui.fragments import answer
from webui.language import _
from webui.places import Names
from webui.placing import Asked, place, sources
from webui.samples import next_wrong, results, sample, shown
from webui.suggestions import suggested, taken
from webui.targets import HOWS, KINDS, Row, sheet
from webui.visit import here
from webui.web import web

pages = Blueprint("mapper", __name__)


@pages.get("/drafts/<code>/map")
def show(code: str) -> Response:
    return _page(draft_of(code))


@pages.post("/drafts/<code>/map")
def edit(code: str) -> Response | Answer:
    """One edit: a field placed, filled, ignored or cleared, a list given its rows; or an edit taken back."""
    draft, to = draft_of(code), tuple(forms.many("to", 20))
    deed = forms.text("deed", 10)
    if draft.revision != forms.number("revision", 2**31):
        return _page(draft, told=[_overtaken()], status=409)
    if deed in ("back", "again"):
        stepped(draft, forward=deed == "again")
        return _shown(code, to)
    try:
        made = _DEEDS.get(deed, _placed)(draft, to)
        if isinstance(made, Asked):
            return _page(draft, question=made)
        what = ".".join(to)
        saved = Save(code, made, draft.title, draft.revision, here().person.name, web().now(), deed, what)
        web().store.write(lambda c: drafts.save(c, saved))
    except Wrong as wrong:
        return _page(draft, told=wrong.problems, status=422)
    except Conflict:
        return _page(draft_of(code), told=[_overtaken()], status=409)
    return _shown(code, to)


def _shown(code: str, to: Names) -> Response | Answer:
    """The page again: for the script its changed part at once, for a plain form by way of its address."""
    if request.headers.get("HX-Request") == "true":
        return _page(draft_of(code))
    at = ".".join(to)
    return redirect(
        url_for("mapper.show", code=code, at=at, record=asked.number("record"), _anchor=f"to-{at}"), 303
    )


def _placed(draft: Draft, to: Names) -> str | Asked:
    return place(draft, to, tuple(forms.many("source", 20)), forms.text("choice", 10))


def _filled(draft: Draft, to: Names) -> str | Asked:
    how, content = forms.text("how", 10), forms.text("content", LONGEST)
    if how not in HOWS:
        return _cleared(draft, to)
    content = content.removeprefix("=") if how == "formula" else content
    if how in ("from", "formula") and not content:
        says = _("{path}：还没写取哪个字段或什么公式。", path=".".join(to))
        raise Wrong([Problem(".".join(to), "empty", says, _("写上再保存；不想填就选“不写”。"))])
    row = sheet(draft, judged=False).row(to)
    bare = how == "value" and row is not None and row.type in BARE
    meant = scalar(content) if bare and content and len(content) < 100 else content
    return fill(draft.text, to, Filling(cast(Way, how), meant))


def _ignored(draft: Draft, to: Names) -> str | Asked:
    return fill(draft.text, to, Filling("ignore"))


def _cleared(draft: Draft, to: Names) -> str | Asked:
    return clear(draft.text, to)


def _taken(draft: Draft, to: Names) -> str | Asked:
    """Every open field that has a sure suggestion is filled with it: one edit, taken back at once."""
    text, count = taken(draft)
    if not count:
        says = _("没有有把握的建议。")
        raise Wrong([Problem("", "nothing", says, _("点一个字段看它的建议，或者拖过去。"))])
    return text


_DEEDS: dict[str, Callable[[Draft, Names], str | Asked]] = {
    "place": _placed,
    "fill": _filled,
    "ignore": _ignored,
    "clear": _cleared,
    "suggest": _taken,
}


def told_names(names: Sequence[object]) -> str:
    """Names for the script, written as it writes them itself: it compares them as texts."""
    return encode(cast(Json, names)).decode()


def chips(row: Row) -> list[tuple[str, str]]:
    """A cell in pieces: kind and text of what it begins with, then its pipes."""
    if row.how != "from":
        return [(row.how, f"={row.content}" if row.how == "formula" else row.content)] + [
            ("pipe", one) for one in row.pipe
        ]
    try:
        pipes = read_cell(row.content).pipes
    except Slip:
        pipes = ()
    starts = [pipe.at for pipe in pipes] + [len(row.content)]
    parts = [row.content[start:end].rstrip(" |") for start, end in pairwise(starts)]
    first = row.content[: starts[0]].strip(" |")
    return [("from", first), *(("pipe", one) for one in (*parts, *row.pipe))]


def _page(
    draft: Draft,
    *,
    question: Asked | None = None,
    told: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    laid = sheet(draft)
    place_ = asked.number("record") or 1
    if asked.word("find") == "wrong":
        place_ = next_wrong(draft, laid, place_) or place_
    # The script keeps the rows of the source while it edits: they are the same.
    kept = request.method == "POST" and request.headers.get("HX-Request") == "true"
    chosen = sample(draft, laid, place_)
    fields = list(sources(laid.source.give if laid.source else ()))
    given = laid.source.give if laid.source else ()
    titles = {one.names: one.field.title for one in fields}
    at = next((row for row in laid.rows if row.path == asked.word("at", 500)), None)
    found = results(laid, chosen)
    wrong = {row.path for row in laid.rows if row.wrong or (row.path in found and found[row.path].wrong)}
    back, again = around(draft.code)
    reply = answer(
        "drafts/map.html",
        "work",
        draft=draft,
        laid=laid,
        fields=fields,
        kept=kept,
        seen={} if kept else {one.names: shown(chosen, one.names, one.hidden) for one in fields},
        titles=titles,
        rows=laid.rows,
        chips=chips,
        told_names=told_names,
        base=url_for("mapper.show", code=draft.code, record=chosen.place if chosen else 0),
        at=at,
        reads=list(readable(given, at.stack[0])) if at else [],
        suggested=suggested(draft, laid, at),
        chosen=chosen,
        results=found,
        wrong=wrong,
        counts={name: sum(row.counts(name) for row in laid.rows) for name in KINDS} | {"wrong": len(wrong)},
        missing=sum(row.required and not row.how and not row.holds for row in laid.rows),
        back=back,
        again=again,
        question=question,
        told=told,
    )
    reply.status_code = status
    return reply


def _overtaken() -> Problem:
    return Problem("", "conflict", _("草稿已被别人改过，没有覆盖。"), _("下面是现在的草稿，再做一次。"))
