"""What people do to documents: retry, look up, send now, skip, cancel, decide; one, or a whole cause once counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.model.ledger import State, by_hand
from engine.model.values import Problem
from engine.store import deeds, documents, overview, runs
from engine.store.deeds import FROM, WORKS, Deed
from engine.store.schemes import Published
from webui import asked, forms, sight
from webui.documents import page as document_page
from webui.fragments import answer
from webui.language import _
from webui.standing import state_of
from webui.visit import here, note
from webui.web import web

pages = Blueprint("deeds", __name__)

MOST = 10_000
REASONED = ("skip", "cancel")


@pages.get("/schemes/<code>/deeds/<deed>")
def ask(code: str, deed: str) -> Response:
    """How many documents it would be done to, before it is."""
    return _ask(sight.named(code), _deed(deed))


@pages.post("/schemes/<code>/deeds/<deed>")
def heap(code: str, deed: str) -> Response | Answer:
    """Done to the documents of one cause, no more than were counted."""
    scheme, kind = sight.named(code), _deed(deed)
    reason, newest = forms.text("reason", 500), forms.number("newest", asked.HIGHEST) or 0
    if kind in REASONED and not reason:
        return _ask(scheme, kind, [Problem("reason", "missing", _("写上理由。"))])

    def work(connection: Any) -> int | None:
        # Nothing that came after the count is touched.
        idents = [ident for ident in _heap(connection, scheme, kind) if ident <= newest]
        count = deeds.carry_out(connection, kind, idents, reason, web().now())
        about = f"{count} {request.values.get('about', '')[:200]} {reason}".strip()
        note(connection, f"documents.{kind}", scheme.code, about)
        return _run(connection, scheme) if kind in WORKS and count else None

    run = web().store.write(work)
    if run is not None:
        return redirect(url_for("runs.show", ident=run), 303)
    return redirect(url_for("documents.listed", code=code, state=deeds.ENDS.get(kind)), 303)


@pages.post(f"/documents/<{asked.IDENT}>/<any(retry,ask,hurry,skip,cancel):deed>")
def one(ident: int, deed: str) -> Response | Answer:
    """Done to one document."""
    found, scheme = _found(ident)
    kind, reason = _deed(deed), forms.text("reason", 500)
    if kind in REASONED and not reason:
        return document_page(found, scheme, [Problem("reason", "missing", _("写上理由。"))])

    def work(connection: Any) -> int:
        count = deeds.carry_out(connection, kind, [ident], reason, web().now())
        note(connection, f"documents.{kind}", f"{scheme.code} {found.number or found.key}", reason)
        if kind in WORKS and count:
            _run(connection, scheme)
        return count

    if not web().store.write(work):
        return document_page(found, scheme, [Problem("state", "moved", _("它的状态已经变了，没有做。"))], 409)
    return redirect(url_for("documents.show", ident=ident), 303)


@pages.post(f"/documents/<{asked.IDENT}>/decision")
def decide(ident: int) -> Response | Answer:
    """Somebody looked in the target system: it is there, under this number."""
    found, scheme = _found(ident)
    number, reason = forms.text("number", 200), forms.text("reason", 500)
    wrong = [Problem("number", "missing", _("写上目标系统里的单号。"))] if not number else []
    wrong += [Problem("reason", "missing", _("写上理由。"))] if not reason else []
    if wrong:
        return document_page(found, scheme, wrong)

    def work(connection: Any) -> bool:
        moved = documents.decide(connection, scheme.id, found.key, "done", reason, number, web().now())
        note(connection, "documents.done", f"{scheme.code} {found.number or found.key}", f"{number} {reason}")
        return moved

    if "done" not in by_hand(cast("State", found.state)) or not web().store.write(work):
        return document_page(found, scheme, [Problem("state", "moved", _("它的状态已经变了，没有做。"))], 409)
    return redirect(url_for("documents.show", ident=ident), 303)


@pages.post(f"/documents/<{asked.IDENT}>/unmasking")
def unmask(ident: int) -> Response:
    """The same page with personal data in full; that somebody looked stands in the audit."""
    found, scheme = _found(ident)
    what = f"{scheme.code} {found.number or found.key}"
    web().store.write(lambda c: note(c, "documents.unmask", what))
    return document_page(found, scheme, plain=True)


def _found(ident: int) -> tuple[Any, Published]:
    found = web().read(lambda c: overview.document_of(c, ident))
    return found, sight.of(found.scheme_id if found else None)


def _deed(name: str) -> Deed:
    if name not in FROM:
        abort(404)
    return cast("Deed", name)


def _heap(connection: Any, scheme: Published, deed: Deed) -> list[int]:
    """The documents of the form's state and cause that the deed may begin from, newest first."""
    kind = request.values.get("state", "")
    wanted = replace(state_of(kind), reason=request.values.get("about", "")[:1000])
    if wanted.state is None and not wanted.held:
        abort(400)
    if (wanted.state or "waiting") not in FROM[deed]:
        abort(400)
    return overview.idents(connection, scheme.id, wanted, MOST)


def _run(connection: Any, scheme: Published) -> int:
    """A run that reads nothing and works off what was asked for."""
    return runs.begin_push(connection, scheme.id, scheme.version, here().person.name, web().now())


def _ask(scheme: Published, deed: Deed, problems: Sequence[Problem] = ()) -> Response:
    found = web().read(lambda c: _heap(c, scheme, deed))
    reply = answer(
        "deeds/ask.html",
        scheme=scheme,
        deed=deed,
        count=len(found),
        most=MOST,
        newest=found[0] if found else 0,
        state=request.values.get("state", ""),
        about=request.values.get("about", "")[:1000],
        reason=request.form.get("reason", "")[:500],
        reasoned=deed in REASONED,
        wrong=forms.beside(problems),
    )
    reply.status_code = 422 if problems else 200
    return reply
