"""Edits of a draft: what was done to it, taken back and done again, without limit."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as Answer

from engine.errors import Conflict
from engine.store import drafts
from engine.store.drafts import Draft, Save
from webui import asked, forms
from webui.drafts import draft_of
from webui.fragments import answer
from webui.rules import reading
from webui.visit import here
from webui.web import web

pages = Blueprint("edits", __name__)

BACK = {"text": "drafts.show", "fields": "fillings.listed", "map": "mapper.show"}
"""The pages that have the two buttons, by the word their form sends."""
MOST = 200


@pages.get("/drafts/<code>/edits")
def listed(code: str) -> Response:
    draft = draft_of(code)
    found = web().read(lambda c: drafts.edits(c, code, MOST))
    return answer("drafts/edits.html", draft=draft, edits=found, most=MOST)


@pages.post("/drafts/<code>/edits")
def step(code: str) -> Answer:
    """One edit taken back, or done again; nothing where the draft was changed meanwhile, and the page shows how."""
    draft = draft_of(code)
    if draft.revision == forms.number("revision", 2**31):
        stepped(draft, forward=forms.text("step", 10) == "again")
    page = BACK.get(asked.word("page"), BACK["text"])
    return redirect(url_for(page, code=code), 303)


def stepped(draft: Draft, forward: bool) -> bool:
    """Take the newest edit back, or do the last one taken back again; False where there is none."""
    found = web().read(lambda c: (drafts.done_again if forward else drafts.taken_back)(c, draft.code))
    if found is None:
        return False
    title = (read.title if (read := reading(found)) else "") or draft.title
    saved = Save(draft.code, found, title, draft.revision, here().person.name, web().now())
    try:
        web().store.write(lambda c: drafts.step(c, saved, forward))
    except Conflict:
        return False
    return True
