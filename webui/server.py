"""The pages on a port of this machine and of no other: waitress, 64 threads, 127.0.0.1."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore  # type: ignore[import-untyped]  # has no types

HOST = "127.0.0.1"
THREADS = 64
PATIENCE = 10
"""Seconds that the thread of the sockets has to end in."""


@contextmanager
def serving(app: Flask, port: int) -> Iterator[str]:
    """Serve in threads of their own while the block runs; gives the address.

    Port 0 takes a free one. Raises OSError where the port is taken.
    """
    sockets: dict[int, Any] = {}
    try:
        server = _listening(app, port, sockets)
    except OSError:
        wasyncore.close_all(sockets, ignore_all=True)
        raise
    ending = threading.Event()
    loop = threading.Thread(target=_turning, args=(sockets, ending), name="pages", daemon=True)
    loop.start()
    try:
        yield f"http://{HOST}:{server.effective_port}"
    finally:
        if lines := app.extensions.get("duijie-live"):
            lines.close()
        # Answers under way are finished first. Then the thread that waits on the sockets ends, and
        # only then are they closed: earlier, somebody would wait on, or write to, a number that no
        # longer stands for a socket.
        server.task_dispatcher.shutdown()
        ending.set()
        server.pull_trigger()
        loop.join(PATIENCE)
        wasyncore.close_all(sockets, ignore_all=True)


def _turning(sockets: dict[int, Any], ending: threading.Event) -> None:
    while not ending.is_set():
        wasyncore.loop(timeout=1, map=sockets, use_poll=True, count=1)


def _listening(app: Flask, port: int, sockets: dict[int, Any]) -> Any:
    return create_server(
        app,
        map=sockets,
        host=HOST,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=app.config["MAX_CONTENT_LENGTH"],
        max_request_header_size=64 * 1024,
        channel_timeout=30,
        cleanup_interval=10,
    )
