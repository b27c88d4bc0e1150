"""Drafts (草稿): a scheme's text while it is worked on: edited, checked, published. Only published versions run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.document.check import Checked, check
from engine.errors import Conflict
from engine.model.values import Problem
from engine.publish import Wish, known, publish
from engine.settings import SHIPPED
from engine.store import drafts, schemes
from engine.store.drafts import Draft, Edit, Save
from webui import forms, sight
from webui.changes import changes, lines
from webui.fragments import answer
from webui.language import _
from webui.renamed import named_in, renamed
from webui.rules import reading
from webui.visit import here, note
from webui.web import web

pages = Blueprint("drafts", __name__)

LONGEST = 1_000_000
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
WEIGHTS = ("problem", "warning", "note")


@dataclass(frozen=True, slots=True)
class Found:
    """What the checker says of a text: problems by weight, in the order of the text."""

    problems: tuple[Problem, ...]

    def count(self, weight: str) -> int:
        return sum(problem.weight == weight for problem in self.problems)

    @property
    def fine(self) -> bool:
        return not self.count("problem")


@pages.get("/drafts/new")
def new() -> Response:
    return _new({}, [])


@pages.post("/drafts/new")
def begin() -> Response | Answer:
    """A draft of a new scheme: from a starter, from a file, or from nothing."""
    code, title, team = forms.text("code", 63), forms.text("title", 80), forms.text("team", 80)
    text = _given()
    typed = {"code": code, "title": title, "team": team, "starter": forms.text("starter", 80), "text": text}
    code = code or named_in(text)
    problems = _fresh(code)
    if not here().person.sees(team):
        problems.append(Problem("team", "team", _("选一个自己看得到的方案组。")))
    if not text.strip():
        problems.append(Problem("starter", "empty", _("选一个样例，或贴上方案的文本。")))
    if problems:
        return _new(typed, problems)
    return _begun(code, renamed(text, code, title), title, team, 0)


@pages.get("/drafts/<code>")
def show(code: str) -> Response:
    return _page(draft_of(code))


@pages.post("/drafts/<code>")
def save(code: str) -> Response | Answer:
    """Keep what was typed, right or wrong: only publishing asks whether it is right."""
    draft, text = draft_of(code), _typed()
    title = (read.title if (read := reading(text)) else "") or draft.title
    revision = forms.number("revision", 2**31) or 0
    try:
        saved = Save(code, text, title, revision, here().person.name, web().now())
        web().store.write(lambda c: drafts.save(c, saved))
    except Conflict as conflict:
        return _page(draft, text, conflict=str(conflict), status=409)
    return redirect(url_for("drafts.show", code=code), 303)


@pages.post("/drafts/<code>/check")
def checked(code: str) -> Response:
    """What is wrong with what was typed; nothing is kept."""
    return _page(draft_of(code), _typed(), block="problems")


@pages.post("/drafts/<code>/publication")
def publication(code: str) -> Response | Answer:
    """The draft as it was saved becomes the next version."""
    draft, comment = draft_of(code), forms.text("note", 200)
    wish = Wish(draft.text, comment, here().person.name, forms.ticked("new"))
    if draft.revision != forms.number("revision", 2**31):
        return _page(draft, conflict=_("草稿已被别人改过，请再看一遍。"), status=409)
    if named_in(draft.text) != code:
        return _page(draft, extra=(_other_code(code),), status=422)

    def work(connection: Any) -> Any:
        told = publish(connection, wish, web().registry, web().now())
        if not isinstance(told, Checked):
            if draft.based_on == 0:
                schemes.assign(connection, code, draft.team)
            drafts.drop(connection, code)
            note(connection, "scheme.publish", code, f"{told.version} {comment}".strip())
        return told

    told = web().store.write(work)
    if isinstance(told, Checked):
        return _page(draft, extra=told.problems, status=422)
    return redirect(url_for("schemes.show", code=code), 303)


@pages.post("/drafts/<code>/removal")
def remove(code: str) -> Answer:
    draft = draft_of(code)

    def work(connection: Any) -> None:
        drafts.drop(connection, code)
        note(connection, "draft.remove", code)

    web().store.write(work)
    return redirect(url_for("schemes.show", code=code) if draft.based_on else url_for("schemes.listed"), 303)


@pages.post("/schemes/<code>/draft")
def edit(code: str) -> Answer:
    """Work on a published scheme: its draft, made of the version in force where there is none yet."""
    scheme = sight.named(code)
    if web().read(lambda c: drafts.get(c, code)) is not None:
        return redirect(url_for("drafts.show", code=code), 303)
    return _begun(code, scheme.text, scheme.title, scheme.team, scheme.version)


@pages.post("/schemes/<code>/clone")
def clone(code: str) -> Response | Answer:
    """The same text under another code, as the draft of a new scheme."""
    scheme, other, title = sight.named(code), forms.text("code", 63), forms.text("title", 80)
    if problems := _fresh(other):
        return _new({"code": other, "title": title, "team": scheme.team, "text": scheme.text}, problems)
    return _begun(other, renamed(scheme.text, other, title), title or scheme.title, scheme.team, 0)


def draft_of(code: str) -> Draft:
    """The draft of that code where its scheme is this person's business, or the page that says there is none."""
    found = web().read(lambda c: drafts.get(c, code))
    scheme = web().read(lambda c: schemes.published(c, code))
    if found is None or not here().person.sees(scheme.team if scheme else found.team):
        abort(404)
    return found


def around(code: str) -> tuple[Edit | None, Edit | None]:
    """The edit that would be taken back, and the one that would be done again."""
    return web().read(lambda c: drafts.next_edits(c, code))


def seen() -> list[Draft]:
    """Every draft that is this person's business."""
    teams = {one.code: one.team for one in web().read(schemes.every)}
    who = here().person
    return [one for one in web().read(drafts.every) if who.sees(teams.get(one.code, one.team))]


def starters() -> dict[str, str]:
    """The shipped schemes to begin from: title by name."""
    told = {}
    for path in sorted((SHIPPED / "flows").glob("*.yaml")):
        read = None if path.name.endswith(".test.yaml") else reading(path.read_text("utf-8"))
        if read is not None:
            told[path.stem] = read.title or path.stem
    return told


def starting(name: str) -> str:
    """A starter's text."""
    return (SHIPPED / "flows" / f"{name}.yaml").read_text("utf-8")


def _given() -> str:
    """The text of a new draft: an uploaded file, what was pasted, or a starter's."""
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        data = upload.stream.read(LONGEST + 1)
        if len(data) > LONGEST:
            abort(413)
        return data.decode("utf-8-sig", "replace").replace("\0", "")
    starter = forms.text("starter", 80)
    if starter in starters():
        return starting(starter)
    return _typed()


def _typed() -> str:
    """Browsers end lines with two signs; the document has one."""
    return forms.raw("text", LONGEST).replace("\r\n", "\n")


def _fresh(code: str) -> list[Problem]:
    """Whether a new scheme may have this code."""
    if not _CODE.fullmatch(code):
        return [Problem("code", "code", _("代码用小写字母、数字和 -，例如 wdt-orders-to-bip。"))]
    taken = web().read(lambda c: schemes.published(c, code) is not None or drafts.get(c, code) is not None)
    return [Problem("code", "taken", _("这个代码已经用了，换一个。"))] if taken else []


def _begun(code: str, text: str, title: str, team: str, based_on: int) -> Answer:
    made = Draft(code, title, team, text, 1, based_on, here().person.name, web().now())

    def work(connection: Any) -> None:
        drafts.begin(connection, made)
        note(connection, "draft.begin", code)

    try:
        web().store.write(work)
    except Conflict:
        abort(404 if web().read(lambda c: drafts.get(c, code)) is None else 409)
    return redirect(url_for("drafts.show", code=code), 303)


def _other_code(code: str) -> Problem:
    says = _("文本里的 scheme: 不是 {code}。", code=code)
    return Problem("scheme", "other_code", says, _("改回来；要另建一个方案，用“复制”。"))


def _new(typed: dict[str, str], problems: list[Problem]) -> Response:
    teams = [one for one in web().read(schemes.teams) if here().person.sees(one)]
    reply = answer(
        "drafts/new.html",
        typed={"code": "", "title": "", "team": "", "starter": "", "text": "", **typed},
        wrong=forms.beside(problems),
        starters=starters(),
        teams=teams,
        free=here().person.sees(""),
    )
    reply.status_code = 422 if problems else 200
    return reply


def _page(
    draft: Draft,
    text: str | None = None,
    *,
    block: str | None = None,
    extra: tuple[Problem, ...] = (),
    conflict: str = "",
    status: int = 200,
) -> Response:
    """The editor. `text` is what was typed, where that is not what is kept."""
    shown = draft.text if text is None else text
    scheme = web().read(lambda c: schemes.published(c, draft.code))
    found = check(shown, web().registry, web().read(known))
    problems = extra or found.problems
    back, again = around(draft.code)
    reply = answer(
        "drafts/show.html",
        block,
        draft=draft,
        scheme=scheme,
        text=shown,
        found=Found(tuple(problems)),
        twin=any(problem.code == "twin" for problem in problems),
        changes=changes(scheme.text, draft.text) if scheme else [],
        lines=lines(scheme.text, draft.text) if scheme else [],
        conflict=conflict,
        back=back,
        again=again,
    )
    reply.status_code = status
    return reply
