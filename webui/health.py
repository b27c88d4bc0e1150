"""For whoever watches the process: is it alive, and can it do its work? No login, and nothing that helps a stranger."""

from __future__ import annotations

import threading
from typing import cast

from flask import Blueprint, Response, current_app

from engine.clock import Clock
from engine.store.condition import away
from engine.store.session import Database

pages = Blueprint("health", __name__)

FRESH = 1.0
"""Seconds for which an answer holds: however often strangers ask, the store is asked once."""
SLOW = 5.0
"""Seconds after which a store that has not answered yet counts as away."""
WORDS = {
    "store": "store unreachable",
    "upgrade": "store of another version",
    "disk": "disk nearly full",
    "clock": "schedule stopped",
    "slow": "store does not answer",
}


class Readiness:
    """One question to the store at a time. While one waits for the answer, others are told the last one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._asking = threading.Lock()
        self._said, self._at = "slow", float("-inf")

    def lacks(self) -> str:
        """What is lacking, a word of `WORDS`; "" where the store is there and the schedule runs."""
        now = self._clock.monotonic()
        if now - self._at < FRESH:
            return self._said
        if not self._asking.acquire(blocking=False):
            return self._said if now - self._at < SLOW else "slow"
        try:
            self._said = away(self._database, self._clock.now())
            self._at = self._clock.monotonic()
            return self._said
        finally:
            self._asking.release()


@pages.get("/healthz")
def alive() -> Response:
    """The process answers; of the store it says nothing."""
    return Response("ok\n", mimetype="text/plain")


@pages.get("/readyz")
def ready() -> Response:
    """200 where work can be done, 503 with a few words where not."""
    lacks = cast(Readiness, current_app.extensions["duijie-readiness"]).lacks()
    if not lacks:
        return Response("ready\n", mimetype="text/plain")
    return Response(f"503: {WORDS[lacks]}\n", 503, mimetype="text/plain", headers={"Retry-After": "5"})
