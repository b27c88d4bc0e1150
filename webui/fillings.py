"""The mapping of a draft, field by field: every field of the target, what fills it, and a form to fill it by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as Answer

from engine.document.cells import Filling, Way, clear, fill as filled
from engine.document.quote import scalar
from engine.errors import Conflict, Wrong
from engine.model.catalog import Field
from engine.model.values import Problem
from engine.store import drafts
from engine.store.drafts import Draft, Save
from webui import asked, forms
from webui.drafts import around, draft_of
from webui.fragments import answer
from webui.language import _
from webui.places import Names
from webui.targets import HOWS, KINDS, sheet
from webui.visit import here
from webui.web import web

pages = Blueprint("fillings", __name__)

BARE = ("integer", "decimal", "boolean", "id")
LONGEST = 2000


@pages.get("/drafts/<code>/fields")
def listed(code: str) -> Response:
    return _page(draft_of(code))


@pages.post("/drafts/<code>/fields")
def fill(code: str) -> Response | Answer:
    """One field filled as the form says; with no way chosen it is undecided again. Kept even where wrong."""
    draft, to = draft_of(code), tuple(forms.many("to", 20))
    revision = forms.number("revision", 2**31) or 0
    try:
        text = _edited(draft, to)
        deed = "fill" if forms.text("how", 10) in HOWS else "clear"
        saved = Save(code, text, draft.title, revision, here().person.name, web().now(), deed, ".".join(to))
        web().store.write(lambda c: drafts.save(c, saved))
    except Wrong as wrong:
        return _page(draft, told=wrong.problems, status=422)
    except Conflict as conflict:
        return _page(draft, told=[Problem("", "conflict", str(conflict))], status=409)
    kind = asked.word("show")
    return redirect(url_for("fillings.listed", code=code, show=kind or None, _anchor=".".join(to)), 303)


def _edited(draft: Draft, to: tuple[str, ...]) -> str:
    how, content = forms.text("how", 10), forms.text("content", LONGEST)
    if how not in HOWS:
        return clear(draft.text, to)
    if how == "formula":
        content = content.removeprefix("=")
    if how != "ignore" and how != "value" and not content:
        says = _("{path}：还没写取哪个字段或什么公式。", path=".".join(to))
        raise Wrong([Problem(".".join(to), "empty", says, _("写上再保存；不想填就选“不写”。"))])
    row = sheet(draft, judged=False).row(to)
    bare = how == "value" and row is not None and row.field is not None and row.field.type in BARE
    meant = scalar(content) if bare and len(content) < 100 and content else content
    return filled(draft.text, to, Filling(cast(Way, how), meant))


def _page(draft: Draft, *, told: Sequence[Problem] = (), status: int = 200) -> Response:
    laid = sheet(draft)
    rows = [row for row in laid.rows if row.placed]
    kind = asked.word("show")
    scopes = list(dict.fromkeys(row.stack[0] for row in rows))
    given = laid.source.give if laid.source else ()
    back, again = around(draft.code)
    reply = answer(
        "drafts/fields.html",
        draft=draft,
        told=told,
        rows=[row for row in rows if kind not in KINDS or row.counts(kind)],
        total=len(rows),
        scopes=scopes,
        reads=[list(readable(given, scope)) for scope in scopes],
        counts={name: sum(row.counts(name) for row in rows) for name in KINDS},
        kind=kind,
        missing=sum(row.required and not row.how for row in rows),
        back=back,
        again=again,
    )
    reply.status_code = status
    return reply


def readable(given: Sequence[Field], scope: Names | None) -> Iterator[tuple[str, str]]:
    """Paths that a cell in rows of this list may read without an index, with their titles."""
    fields = given if scope is not None else ()
    for name in scope or ():
        fields = next((one.fields for one in fields if name == one.name or name in one.aliases), ())
    yield from _below(fields, "")


def _below(fields: Sequence[Field], above: str) -> Iterator[tuple[str, str]]:
    for field in fields:
        path = f"{above}{field.name}"
        if field.type == "object":
            yield from _below(field.fields, f"{path}.")
        elif field.type != "list":
            yield path, field.title
