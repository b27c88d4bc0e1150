"""The audit (审计): who did what, newest first, and whether anybody altered it."""

from __future__ import annotations

from flask import Blueprint, Response

from engine.store import audit
from webui import asked
from webui.fragments import answer
from webui.web import web

pages = Blueprint("audit", __name__)

PAGE = 100


@pages.get("/audit")
def listed() -> Response:
    before, word, who = asked.number("before"), asked.word("q"), asked.word("who")
    lines = web().read(lambda c: audit.listed(c, before, PAGE + 1, who, word))
    return answer(
        "audit/list.html",
        lines=lines[:PAGE],
        more=lines[PAGE - 1].id if len(lines) > PAGE else None,
        first=before is None,
        sought=word,
        who=who,
        broken=web().counted("audit", audit.broken),
    )
