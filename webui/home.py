"""The first page: what needs a person, how each scheme stands, what ran last."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from engine.store import overview, runs, schemes
from webui.fragments import answer
from webui.standing import NEEDY, Standing, needs, standing
from webui.web import web

pages = Blueprint("home", __name__)

MOST_NEEDS = 30
KINDS = [kind for kind, _ in NEEDY]


@pages.get("/")
def show() -> Response:
    standings = web().read(_standings)
    standings.sort(key=lambda one: (not (one.run and one.run.fault), -one.needs, one.scheme.code))
    found = web().read(lambda c: [need for one in standings for need in needs(c, one)])
    found.sort(key=lambda need: (KINDS.index(need.kind), -need.cause.count))
    latest = web().read(lambda c: runs.latest(c, most=8))
    faults = [one for one in standings if one.run and one.run.fault]
    shown = {"standings": standings, "needs": found[:MOST_NEEDS], "faults": faults, "latest": latest}
    return answer("home/show.html", "now", **shown, live=any(run.state in ("reading", "writing") for run in latest))


def _standings(connection: Any) -> list[Standing]:
    found = schemes.every(connection)
    idents = [one.id for one in found]
    states, held = schemes.states(connection, idents), overview.held(connection, idents)
    last, read_to = overview.last_runs(connection), schemes.cursors(connection)
    waiting = overview.unplanned(connection, idents)
    return [
        standing(
            one, states[one.id], held.get(one.id, 0), waiting.get(one.id, 0), last.get(one.id), read_to.get(one.id)
        )
        for one in found
    ]
