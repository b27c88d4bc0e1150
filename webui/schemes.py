"""Schemes (方案): the list of them, and one: how it stands, its mapping, its text and versions; run, pause, go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.document.check import Checked
from engine.errors import Conflict
from engine.model.values import Problem
from engine.publish import Wish, again
from engine.say import Say
from engine.store import drafts, overview, restored, runs, schemes
from engine.store.schemes import Published, Version
from webui import asked, forms, sight
from webui.changes import changes, lines, when
from webui.drafts import seen as drafts_seen
from webui.fragments import answer
from webui.hours import charts
from webui.language import _
from webui.paint import paint
from webui.rules import reading, rules
from webui.sight import named
from webui.spans import wanted
from webui.standing import Standing, broken, needs, standing, tallies
from webui.visit import here, note
from webui.web import web

pages = Blueprint("schemes", __name__)

MOST_VERSIONS = 20
NUMBER = "int(max=1000000)"
KINDS = ("fault", "needs", "late", "paused")


@pages.get("/schemes")
def listed() -> Response:
    """Every scheme in a line: how it stands, what ran last; by word, by group, by what is wrong."""
    word, team, kind = asked.word("q").lower(), request.args.get("team"), asked.word("state")
    every = standings(sight.seen())
    counts = {name: sum(_is(one, name) for one in every) for name in KINDS}
    shown = [one for one in every if _matches(one, word, team) and (kind not in KINDS or _is(one, kind))]
    mine = drafts_seen()
    published = {one.scheme.code for one in every}
    return answer(
        "schemes/list.html",
        standings=shown,
        total=len(every),
        counts=counts,
        kind=kind,
        sought=word,
        team=team,
        teams=sorted({one.scheme.team for one in every} - {""}),
        drafts={one.code for one in mine},
        fresh=[one for one in mine if one.code not in published],
        when=lambda plans: "、".join(when(plan) for plan in plans) or _("手动"),
        reading=reading,
    )


def standings(found: Sequence[Published]) -> list[Standing]:
    """How these schemes stand, by code."""
    counts = tallies(found)
    last, cursors = web().read(overview.last_runs), web().read(schemes.cursors)
    return [standing(one, counts[one.id], last.get(one.id), cursors.get(one.id)) for one in found]


def _is(one: Standing, kind: str) -> bool:
    told = {"fault": broken(one), "needs": one.tally.needs > 0, "late": one.late, "paused": not one.scheme.enabled}
    return told[kind]


def _matches(one: Standing, word: str, team: str | None) -> bool:
    text = f"{one.scheme.code} {one.scheme.title}".lower()
    return word in text and (team is None or one.scheme.team == team)


@pages.get("/schemes/<code>")
def show(code: str) -> Response:
    return _page(named(code))


def _page(scheme: Published, problems: Sequence[Problem] = (), status: int = 200) -> Response:
    versions = web().read(lambda c: schemes.versions(c, scheme.id))
    reply = answer(
        "schemes/show.html",
        "now",
        **_standing(scheme),
        **_meaning(scheme.text),
        scheme=scheme,
        versions=versions[:MOST_VERSIONS],
        draft=web().read(lambda c: drafts.get(c, scheme.code)),
        wrong=forms.beside(problems),
        problems=problems,
        teams=web().read(schemes.teams),
    )
    reply.status_code = status
    return reply


@pages.get(f"/schemes/<code>/versions/<{NUMBER}:number>")
def version(code: str, number: int) -> Response:
    """An earlier text, as it was published."""
    scheme = named(code)
    found = _version(scheme, number)
    return answer("schemes/version.html", scheme=scheme, version=found, **_meaning(found.text))


@pages.get(f"/schemes/<code>/versions/<{NUMBER}:number>/text")
def text(code: str, number: int) -> Response:
    """The text as a file, byte for byte as it was published."""
    found = _version(named(code), number)
    reply = Response(found.text, mimetype="application/yaml")
    reply.headers.set("Content-Disposition", "attachment", filename=f"{code}.v{number}.yaml")
    return reply


@pages.get(f"/schemes/<code>/versions/<{NUMBER}:number>/against/<{NUMBER}:other>")
def compare(code: str, number: int, other: int) -> Response:
    """What changed from version `other` to version `number`."""
    scheme = named(code)
    new, old = _version(scheme, number), _version(scheme, other)
    told = {"changes": changes(old.text, new.text), "lines": lines(old.text, new.text)}
    return answer("schemes/compare.html", scheme=scheme, new=new, old=old, **told)


@pages.post("/schemes/<code>/runs")
def run(code: str) -> Response | Answer:
    """Run now: as the schedule would, or over a span of time that was missed."""
    scheme = named(code)
    asked_ = wanted(scheme)
    if isinstance(asked_, Problem):
        return _page(scheme, [asked_], 422)

    def work(connection: Any) -> int:
        who, now = here().person.name, web().now()
        ident = runs.begin(connection, scheme.id, scheme.version, who, now, asked_)
        span = f"{asked_.span.since:%Y-%m-%d %H:%M} – {asked_.span.until:%Y-%m-%d %H:%M} UTC" if asked_.span else ""
        note(connection, "scheme.run", code, f"#{ident} {span}".strip())
        return ident

    try:
        ident = web().store.write(work)
    except Conflict as conflict:
        return _page(scheme, [Problem("run", "waits", str(conflict))], 409)
    return redirect(url_for("runs.show", ident=ident), 303)


@pages.post("/schemes/<code>/pause")
def pause(code: str) -> Answer:
    return _enabled(named(code), False)


@pages.post("/schemes/<code>/resumption")
def resume(code: str) -> Answer:
    return _enabled(named(code), True)


@pages.post(f"/schemes/<code>/versions/<{NUMBER}:number>/publication")
def roll_back(code: str, number: int) -> Response | Answer:
    """An old text becomes the next version."""
    scheme = named(code)
    found = _version(scheme, number)
    comment = str(Say("回退到第 {version} 版", version=number))

    def work(connection: Any) -> Any:
        told = again(connection, Wish(found.text, comment, here().person.name), web().registry, web().now())
        if not isinstance(told, Checked):
            note(connection, "scheme.rollback", code, f"{number} → {told.version}")
        return told

    told = web().store.write(work)
    if isinstance(told, Checked):
        return _page(scheme, told.problems, 422)
    return redirect(url_for("schemes.show", code=code), 303)


@pages.post("/schemes/<code>/group")
def assign(code: str) -> Answer:
    """Which group it belongs to: who sees it."""
    scheme, team = named(code), forms.text("team", 80)

    def work(connection: Any) -> None:
        schemes.assign(connection, code, team)
        note(connection, "scheme.group", code, f"{scheme.team or '-'} → {team or '-'}")

    web().store.write(work)
    return redirect(url_for("schemes.show", code=code), 303)


def _enabled(scheme: Published, enabled: bool) -> Answer:
    def work(connection: Any) -> None:
        if enabled:
            restored.resume(connection, scheme.code, here().person.name, web().now())
        else:
            schemes.enable(connection, scheme.code, False)
        note(connection, "scheme.resume" if enabled else "scheme.pause", scheme.code)

    web().store.write(work)
    return redirect(url_for("schemes.show", code=scheme.code), 303)


def _version(scheme: Published, number: int) -> Version:
    every = web().read(lambda c: schemes.versions(c, scheme.id))
    found = next((one for one in every if one.number == number), None)
    if found is None:
        abort(404)
    return found


def _standing(scheme: Published) -> dict[str, Any]:
    latest = web().read(lambda c: runs.latest(c, scheme.id, 10))
    cursor = web().read(schemes.cursors).get(scheme.id)
    stands = standing(scheme, tallies([scheme])[scheme.id], latest[0] if latest else None, cursor)
    live = any(run.state in ("reading", "writing") for run in latest)
    chart = charts([scheme.id])[scheme.id]
    return {"stands": stands, "needs": needs([stands]), "latest": latest, "live": live, "chart": chart}


def _meaning(text: str) -> dict[str, Any]:
    """What the text says: read, its mapping as rules, its lines coloured."""
    read = reading(text)
    if read is None:
        return {"read": None, "rules": [], "lines": paint(text), "source": None, "target": None}
    source = web().registry.operation(read.source.operation)
    target = web().registry.operation(read.target.operation) if read.target else None
    told = {"rules": rules(read, source, target), "lines": paint(text)}
    return {"read": read, "source": source, "target": target, **told}
