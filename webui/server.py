"""The pages on a port of this machine and of no other: waitress, 64 threads, 127.0.0.1."""

from __future__ import annotations

from typing import Any

from flask import Flask
from waitress import create_server  # type: ignore[import-untyped]  # has no types

HOST = "127.0.0.1"
THREADS = 64


def listen(app: Flask, port: int) -> Any:
    """A server bound to the port, not yet serving: `run()` serves until `close()` is called from elsewhere.

    Port 0 takes a free one, told by `effective_port`. Raises OSError where the port is taken.
    """
    return create_server(
        app,
        host=HOST,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=app.config["MAX_CONTENT_LENGTH"],
        max_request_header_size=64 * 1024,
        channel_timeout=30,
        cleanup_interval=10,
    )


def serve(app: Flask, port: int) -> None:
    """Serve until the process is told to stop."""
    listen(app, port).run()
