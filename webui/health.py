"""Is the process alive and can it read its database: one word for whoever watches it."""

from __future__ import annotations

from flask import Blueprint, Response

from engine.store import schemes
from webui.web import web

pages = Blueprint("health", __name__)


@pages.get("/healthz")
def show() -> Response:
    web().read(schemes.cursors)
    return Response("ok\n", mimetype="text/plain")
