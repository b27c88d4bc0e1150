"""The web: read-only pages over the store, made on the server, quick with htmx and whole without it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Flask
from jinja2 import StrictUndefined

from engine.clock import Clock
from engine.registry import Registry
from engine.settings import SHIPPED
from engine.store.store import Store
from webui import (
    attempts,
    connections,
    connectors,
    documents,
    health,
    home,
    look,
    lookups,
    runs,
    schemes,
    trouble,
)
from webui.guard import protect
from webui.memo import Memo
from webui.shown import furnish, visible
from webui.web import Web

PAGES = (home, schemes, runs, documents, attempts, lookups, connections, connectors, look, health)
YEAR = 365 * 24 * 3600
ZONE = ZoneInfo("Asia/Shanghai")


def create_app(
    store: Store, registry: Registry, clock: Clock, *, host_names: frozenset[str], zone: ZoneInfo = ZONE
) -> Flask:
    """The app over an open store. `host_names` are the names it answers to: "127.0.0.1", "localhost:8650"."""
    app = Flask("webui", template_folder=str(SHIPPED / "templates"))
    app.config.update(PROPAGATE_EXCEPTIONS=False, SEND_FILE_MAX_AGE_DEFAULT=YEAR)
    app.jinja_options = {
        "finalize": visible,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "autoescape": True,
    }
    app.extensions["duijie"] = Web(store, registry, clock, zone, Memo(clock))
    protect(app, host_names)
    furnish(app)
    trouble.tell(app)
    for page in PAGES:
        app.register_blueprint(page.pages)
    return app
