"""Lookups (对照表): the tables of code pairs, and the pairs of one."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from engine.store import lookups, overview
from webui import asked
from webui.fragments import answer
from webui.web import web

pages = Blueprint("lookups", __name__)

PAGE = 100


@pages.get("/lookups")
def listed() -> Response:
    return answer("lookups/list.html", tables=web().read(lookups.tables))


@pages.get("/lookups/<path:code>")
def show(code: str) -> Response:
    table = next((one for one in web().read(lookups.tables) if one.code == code), None)
    if table is None:
        abort(404)
    word, after = asked.word("q"), request.args.get("after")
    pairs = web().read(lambda c: overview.pairs(c, code, word, after, PAGE + 1))
    more = pairs[PAGE - 1].left if len(pairs) > PAGE else None
    return answer("lookups/show.html", table=table, pairs=pairs[:PAGE], more=more, sought=word, first=after is None)
