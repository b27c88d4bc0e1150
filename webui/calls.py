"""Calls that a page makes to a vendor: done by the engine's own loop, with its limits, its tokens, its one door."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import abort

from engine.services import Services
from webui.web import web

T = TypeVar("T")

LONGEST = 90.0
"""Seconds a page waits: an ERP may take half a minute for one call, and a trial makes a few."""


@dataclass(frozen=True)
class Calls:
    """The engine beside the pages: `services` live in `loop`, which another thread runs."""

    services: Services
    loop: asyncio.AbstractEventLoop

    def wait(self, work: Callable[[Services], Coroutine[Any, Any, T]]) -> T:
        """What `work` comes to. Raises TimeoutError after LONGEST, and then it is given up."""
        future = asyncio.run_coroutine_threadsafe(work(self.services), self.loop)
        try:
            return future.result(LONGEST)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise


def calling(work: Callable[[Services], Coroutine[Any, Any, T]]) -> T:
    """The same for a view; where no engine runs beside the pages there is nobody to call."""
    calls = web().calls
    if calls is None:
        abort(503)
    return calls.wait(work)
