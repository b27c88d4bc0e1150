"""A scheme's page: how it stands, its mapping as a table, its text, its versions, its last runs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort

from engine.store import runs, schemes
from engine.store.schemes import Published
from webui.fragments import answer
from webui.paint import paint
from webui.rules import reading, rules
from webui.sight import named
from webui.standing import needs, standing, tallies
from webui.web import web

pages = Blueprint("schemes", __name__)

MOST_VERSIONS = 20


@pages.get("/schemes/<code>")
def show(code: str) -> Response:
    scheme = named(code)
    return answer(
        "schemes/show.html",
        "now",
        **_standing(scheme),
        **_meaning(scheme.text),
        scheme=scheme,
        versions=web().read(lambda c: schemes.versions(c, scheme.id))[:MOST_VERSIONS],
    )


@pages.get("/schemes/<code>/versions/<int(max=1000000):number>")
def version(code: str, number: int) -> Response:
    """An earlier text, as it was published."""
    scheme = named(code)
    found = next(
        (one for one in web().read(lambda c: schemes.versions(c, scheme.id)) if one.number == number), None
    )
    if found is None:
        abort(404)
    return answer("schemes/version.html", scheme=scheme, version=found, **_meaning(found.text))


def _standing(scheme: Published) -> dict[str, Any]:
    latest = web().read(lambda c: runs.latest(c, scheme.id, 10))
    cursor = web().read(schemes.cursors).get(scheme.id)
    stands = standing(scheme, tallies([scheme])[scheme.id], latest[0] if latest else None, cursor)
    live = any(run.state in ("reading", "writing") for run in latest)
    return {"stands": stands, "needs": needs([stands]), "latest": latest, "live": live}


def _meaning(text: str) -> dict[str, Any]:
    """What the text says: read, its mapping as rules, its lines coloured."""
    read = reading(text)
    if read is None:
        return {"read": None, "rules": [], "lines": paint(text), "source": None, "target": None}
    source = web().registry.operation(read.source.operation)
    target = web().registry.operation(read.target.operation) if read.target else None
    told = {"rules": rules(read, source, target), "lines": paint(text)}
    return {"read": read, "source": source, "target": target, **told}
