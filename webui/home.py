"""The first page: what needs a person, how each scheme stands, what ran last."""

from __future__ import annotations

from flask import Blueprint, Response

from engine.store import overview, runs, schemes
from webui import sight
from webui.fragments import answer
from webui.standing import Standing, needs, standing, tallies
from webui.web import web

pages = Blueprint("home", __name__)

MOST_NEEDS = 30
MOST_RUNS = 8


@pages.get("/")
def show() -> Response:
    standings = sorted(_standings(), key=lambda one: (not _broken(one), -one.tally.needs, one.scheme.code))
    latest = web().read(lambda c: runs.latest(c, most=MOST_RUNS, among=sight.among()))
    return answer(
        "home/show.html",
        "now",
        standings=standings,
        faults=[one for one in standings if _broken(one)],
        needs=needs(standings)[:MOST_NEEDS],
        latest=latest,
        live=any(run.state in ("reading", "writing") for run in latest),
    )


def _standings() -> list[Standing]:
    found = sight.seen()
    counts = tallies(found)
    last, cursors = web().read(overview.last_runs), web().read(schemes.cursors)
    return [standing(one, counts[one.id], last.get(one.id), cursors.get(one.id)) for one in found]


def _broken(one: Standing) -> bool:
    return bool(one.run and one.run.fault)
