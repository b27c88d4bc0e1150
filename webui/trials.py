"""Trial (试运行): read through the real connection, map, show; and send one document once a person has confirmed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as Answer

from engine.errors import Conflict, Fault, Wrong
from engine.mapping.codes import shown_code
from engine.model.ledger import RunAsked
from engine.model.values import Problem
from engine.run.flow import Flow, compiled
from engine.run.trial import Trial, Tried
from engine.store import drafts, runs
from engine.store.schemes import Published
from engine.tryout import alone, looked
from webui import forms, sight
from webui.calls import calling
from webui.fragments import answer
from webui.language import _
from webui.masks import Mask
from webui.rules import hints, rules
from webui.spans import wanted
from webui.trees import Tree, tree
from webui.visit import here, may, note
from webui.web import web

pages = Blueprint("trials", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """One document that would be sent, or what becomes of the record instead."""

    number: str
    source: Tree
    sent: Tree | None
    problems: tuple[Problem, ...]
    held: tuple[tuple[str, str], ...]
    skipped: str


@pages.get("/schemes/<code>/trial")
def ask(code: str) -> Response:
    return _page(sight.named(code))


@pages.post("/schemes/<code>/trial")
def look(code: str) -> Response:
    """At most twenty records, or the one of that number: nothing is kept and nothing is sent."""
    scheme = _chosen(sight.named(code))
    asked, flow = _asked(scheme), _flow(scheme)
    if isinstance(asked, Problem) or isinstance(flow, tuple):
        return _page(scheme, [asked] if isinstance(asked, Problem) else list(flow), status=422)  # type: ignore[arg-type]
    if asked.only and (problems := alone(flow)):
        return _page(scheme, problems, status=422)
    try:
        found = calling(lambda services: looked(services, flow, asked))
    except Wrong as wrong:
        return _page(scheme, wrong.problems, status=422)
    except Fault as fault:
        return _page(scheme, [Problem("", fault.kind, fault.says)], status=502)
    except TimeoutError:
        says = _("等了很久没有读完。")
        return _page(scheme, [Problem("", "too_long", says, _("把时间段改短，或写单号。"))], status=504)
    web().store.write(lambda c: note(c, "scheme.trial", code, f"{found.read} {asked.only}".strip()))
    return _page(scheme, found=found, flow=flow)


@pages.post("/schemes/<code>/trial/document")
def send(code: str) -> Response | Answer:
    """The one document of that number, by the version in force: asked about first, then run."""
    scheme = sight.named(code)
    asked, flow = _asked(scheme), _flow(scheme)
    if isinstance(asked, Problem) or isinstance(flow, tuple) or not asked.only:
        missing = asked if isinstance(asked, Problem) else Problem("number", "missing", _("写上单号。"))
        return _page(scheme, [missing], status=422)
    if problems := alone(flow):
        return _page(scheme, problems, status=422)
    if not forms.ticked("sure"):
        return answer("trials/sure.html", scheme=scheme, number=asked.only, target=flow.target, form=_typed())

    def work(connection: Any) -> int:
        now = web().now()
        ident = runs.begin(connection, scheme.id, scheme.version, here().person.name, now, asked)
        note(connection, "scheme.run", code, f"#{ident} {asked.only}")
        return ident

    try:
        ident = web().store.write(work)
    except Conflict as conflict:
        return _page(scheme, [Problem("", "waits", str(conflict))], status=409)
    return redirect(url_for("runs.show", ident=ident), 303)


def _chosen(scheme: Published) -> Published:
    """The version in force, or the draft of it where somebody who may edit asks for that."""
    draft = web().read(lambda c: drafts.get(c, scheme.code)) if forms.text("text", 10) == "draft" else None
    return replace(scheme, text=draft.text) if draft and may("edit") else scheme


def _asked(scheme: Published) -> RunAsked | Problem:
    asked = wanted(scheme)
    return asked if isinstance(asked, Problem) else replace(asked, only=forms.text("number", 100))


def _flow(scheme: Published) -> Flow | tuple[Problem, ...]:
    try:
        return compiled(scheme, web().registry)
    except Wrong as wrong:
        return tuple(wrong.problems)


def _shown(flow: Flow, one: Tried) -> Shown:
    """Under one mask, as a document's own page shows it, with what is wrong beside its field."""
    given, fields = flow.source.give, flow.target.fields if flow.target else ()
    mask, mapped = Mask.of((*given, *fields), [one.record]), one.mapped
    filled = hints(rules(flow.scheme, flow.source, flow.target))
    problems = tuple(replace(each, says=mask.text(str(each.says))) for each in mapped.problems)
    return Shown(
        str(one.number),
        tree(one.record, given, mask, ordered=True),
        tree(mapped.document, fields, mask, filled) if mapped.document is not None else None,
        problems,
        tuple((miss.table, mask.text(shown_code(miss.code))) for miss in mapped.held),
        mask.text(str(mapped.skipped or "")),
    )


def _local(moment: datetime) -> str:
    """A moment as a form writes it: this is where a run of the one record looks for it."""
    return moment.astimezone(web().zone).replace(tzinfo=None).isoformat(timespec="seconds")


def _typed() -> dict[str, str]:
    return {name: forms.text(name, 100) for name in ("number", "since", "until", "text")}


def _page(
    scheme: Published,
    problems: Sequence[Problem] = (),
    *,
    status: int = 200,
    found: Trial | None = None,
    flow: Flow | None = None,
) -> Response:
    window = found.window if found else None
    reply = answer(
        "trials/show.html",
        scheme=scheme,
        drafted=may("edit") and web().read(lambda c: drafts.get(c, scheme.code)) is not None,
        form=_typed(),
        problems=problems,
        read=found.read if found else None,
        tried=[_shown(flow, one) for one in found.tried] if found and flow else [],
        since=_local(window.since) if window else "",
        until=_local(window.until) if window else "",
        alone=flow is not None and not alone(flow) and flow.target is not None,
    )
    reply.status_code = status
    return reply
