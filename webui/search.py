"""One box for any number (一单到底): source number, target number, key; in every scheme this person sees."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as Answer

from engine.store import deeds, overview, schemes
from webui import asked, sight
from webui.fragments import answer
from webui.web import web

pages = Blueprint("search", __name__)

MOST = 50


@pages.get("/search")
def show() -> Response | Answer:
    """The one document found, or the list of several."""
    word, among = asked.word("q"), sight.among()
    every = {one.id: one for one in web().read(schemes.every)}
    idents = web().read(lambda c: deeds.sought(c, word, among, list(every), MOST)) if word else []
    if len(idents) == 1:
        return redirect(url_for("documents.show", ident=idents[0]), 303)
    found = web().read(lambda c: overview.shown(c, idents))
    return answer("search/show.html", sought=word, found=found, schemes=every)
