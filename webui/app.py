"""The app: every page over an open store, behind the guard."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Flask
from jinja2 import StrictUndefined

from engine.clock import Clock
from engine.registry import Registry
from engine.settings import SHIPPED
from engine.store.store import Store
from webui import (
    account,
    alerts,
    attempts,
    audit,
    connecting,
    connections,
    connectors,
    deeds,
    documents,
    drafts,
    edits,
    export,
    fillings,
    health,
    home,
    invitations,
    live,
    logins,
    look,
    lookups,
    mapper,
    metrics,
    people,
    rights,
    runs,
    schemes,
    search,
    trials,
    trouble,
)
from webui.calls import Calls
from webui.guard import Doors, protect
from webui.memo import Memo
from webui.shown import furnish, visible
from webui.web import Web

PAGES = (
    *(home, schemes, drafts, edits, fillings, mapper, runs, live, documents, export, deeds, trials, attempts),
    *(search, lookups),
    *(connections, connecting, connectors, alerts),
    *(logins, invitations, account, people, audit, look, health, metrics),
)
MOST_BODY = 4 * 1024 * 1024
YEAR = 365 * 24 * 3600
ZONE = ZoneInfo("Asia/Shanghai")


def create_app(
    store: Store,
    registry: Registry,
    clock: Clock,
    doors: Doors,
    zone: ZoneInfo = ZONE,
    calls: Calls | None = None,
) -> Flask:
    """The app over an open store; `doors` say by which names it is reached, and whether without login.

    `calls` is the engine that makes what calls the pages ask for.
    """
    app = Flask("webui", template_folder=str(SHIPPED / "templates"))
    app.config.update(
        PROPAGATE_EXCEPTIONS=False, SEND_FILE_MAX_AGE_DEFAULT=YEAR, MAX_CONTENT_LENGTH=MOST_BODY
    )
    app.jinja_options = {
        "finalize": visible,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "autoescape": True,
    }
    app.extensions["duijie"] = Web(store, registry, clock, zone, Memo(clock), calls=calls)
    app.extensions["duijie-doors"] = doors
    app.extensions["duijie-live"] = live.Live(store)
    app.extensions["duijie-readiness"] = health.Readiness(store.database, clock)
    protect(app, doors)
    furnish(app)
    trouble.tell(app)
    for page in PAGES:
        app.register_blueprint(page.pages)
    rights.complete(app)
    return app
