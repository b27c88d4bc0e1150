"""Live runs: whoever follows a run hears within half a second that something of it was committed (SSE).

One thread looks at the store for all who follow, and what it tells is only that there is more to see: the
page asks for it as it always does. Who finds no place, or loses the line, goes on asking by the clock.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from flask import Blueprint, Response, abort, current_app

from engine.store import overview, runs
from engine.store.store import Store
from webui import asked, sight
from webui.web import web

pages = Blueprint("live", __name__)
log = logging.getLogger("duijie.live")

EVERY = 0.4
BREATH = 10.0
"""Seconds after which a silent line is written to, so that one whose reader is gone is found out."""
MOST = 40
"""Lines at once; each holds one of the server's 64 threads."""
BREATHS = 60
"""So often a line may breathe before it is opened anew, by somebody who is still allowed to."""

CHANGED, SILENT, ENDED = b"event: more\ndata: 1\n\n", b": \n\n", b"event: ended\ndata: 1\n\n"


class Live:
    """Who follows which run, and what was last seen of each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told = threading.Condition()
        self._following: Counter[int] = Counter()
        self._marks: dict[int, tuple[Any, ...]] = {}
        self._closed = False
        self._looking = False

    def join(self, ident: int) -> bool:
        """Take a place on a run's line; False where there is none. `leave` must follow, however the line ends."""
        with self._told:
            if self._closed or self._following.total() >= MOST:
                return False
            self._following[ident] += 1
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="live", daemon=True).start()
        return True

    def leave(self, ident: int) -> None:
        with self._told:
            self._following[ident] -= 1
            if not self._following[ident]:
                del self._following[ident]
                self._marks.pop(ident, None)

    def close(self) -> None:
        """Every line ends."""
        with self._told:
            self._closed = True
            self._told.notify_all()

    def line(self, ident: int) -> Iterator[bytes]:
        """What goes down the line of one who has joined."""
        seen = None
        yield b"retry: 3000\n\n"
        for _breath in range(BREATHS):
            now = self._next(ident, seen)
            if self._closed:
                return
            yield SILENT if now == seen else CHANGED
            if now is not None and now[0] not in ("reading", "writing"):
                yield ENDED
                return
            seen = now

    def _next(self, ident: int, seen: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        """The run's mark once it is another than `seen`, or after a breath."""
        with self._told:
            self._told.wait_for(lambda: self._closed or self._marks.get(ident) != seen, BREATH)
            return self._marks.get(ident)

    def _look(self) -> None:
        """Look until nobody follows any more."""
        while wanted := self._wanted():
            try:
                found, pause = self._store.read(lambda c: overview.marks(c, wanted)), EVERY
            except Exception:  # the database may be back by then; meanwhile pages ask by the clock, and tell
                log.exception("live runs could not be looked at")
                found, pause = {}, BREATH
            with self._told:
                if any(self._marks.get(one) != mark for one, mark in found.items()):
                    self._marks |= found
                    self._told.notify_all()
                self._told.wait_for(lambda: self._closed, pause)

    def _wanted(self) -> list[int]:
        """The runs that are followed; empty, and this thread is no more, where there are none."""
        with self._told:
            wanted = [] if self._closed else list(self._following)
            self._looking = bool(wanted)
            return wanted


@pages.get(f"/runs/<{asked.IDENT}>/events")
def follow(ident: int) -> Response:
    """A line that tells when there is more of a run to see, and when it ended; 503 where all lines are taken."""
    run = web().read(lambda c: runs.get(c, ident))
    sight.of(run.scheme_id if run else None)
    lives = cast(Live, current_app.extensions["duijie-live"])
    if not lives.join(ident):
        abort(503)
    reply = Response(lives.line(ident), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
    reply.call_on_close(lambda: lives.leave(ident))
    return reply
