"""A small vendor of tests/wire/vendor.py in a thread of its own, for commands that run their own event loop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.wire.vendor import Answer, Vendor


@contextmanager
def listening(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Vendor]:
    """The vendor answers until the block ends."""
    vendor, up = Vendor(answer, tls), threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with vendor:
            up.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert up.wait(10)
        yield vendor
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()
