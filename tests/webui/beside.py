"""An engine beside the pages, as `duijie up` has it: its own loop in its own thread, over the same store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.clock import Clock
from engine.run.flow import Flows
from engine.run.lines import Lines
from engine.services import Services
from engine.wire.doors.http import HTTPDoor
from tests.build import settings
from tests.webui import build
from webui.app import create_app
from webui.calls import Calls
from webui.guard import Doors


@contextmanager
def engine(shop: build.Shop, home: Path, allow: frozenset[tuple[str, int]]) -> Iterator[Services]:
    """The shop's pages call vendors from now on; `allow` opens the simulators' ports. Its clock runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    clock = Clock()
    shop.clock.at = clock.now()  # the simulators live today

    async def opened() -> Services:
        door = HTTPDoor(allow=allow)
        lines = Lines(shop.store, build.REGISTRY, door, clock)
        return Services(settings(home), clock, build.REGISTRY, shop.store, door, Flows(build.REGISTRY), lines)

    services = asyncio.run_coroutine_threadsafe(opened(), loop).result()
    try:
        shop.house = create_app(
            shop.store, build.REGISTRY, shop.clock, Doors(build.HOSTS, build.PUBLIC), calls=Calls(services, loop)
        )
        yield services
    finally:
        asyncio.run_coroutine_threadsafe(services.door.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
