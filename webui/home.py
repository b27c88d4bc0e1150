"""The first page: what needs a person, how each scheme stands, what ran last."""

from __future__ import annotations

from flask import Blueprint, Response

from engine.store import runs
from webui import sight
from webui.fragments import answer
from webui.hours import charts
from webui.schemes import standings
from webui.standing import broken, needs
from webui.web import web

pages = Blueprint("home", __name__)

MOST_NEEDS = 30
MOST_RUNS = 8
MOST_SCHEMES = 30


@pages.get("/")
def show() -> Response:
    every = standings(sight.seen())
    worst = sorted(every, key=lambda one: (not broken(one), -one.tally.needs, not one.late, one.scheme.code))
    latest = web().read(lambda c: runs.latest(c, most=MOST_RUNS, among=sight.among()))
    return answer(
        "home/show.html",
        "now",
        standings=worst[:MOST_SCHEMES],
        charts=charts([one.scheme.id for one in worst[:MOST_SCHEMES]]),
        total=len(worst),
        faults=[one for one in worst if broken(one)],
        needs=needs(every)[:MOST_NEEDS],
        latest=latest,
        live=any(run.state in ("reading", "writing") for run in latest),
    )
