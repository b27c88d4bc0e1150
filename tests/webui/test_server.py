"""The port of the pages: it is let go of while people still look, without a word in the log."""

from __future__ import annotations

import http.client
import logging
import socket
import threading

import pytest
from flask import Flask

from webui.server import serving


def small() -> Flask:
    app = Flask("small")
    app.config["MAX_CONTENT_LENGTH"] = 1000
    app.add_url_rule("/", view_func=lambda: "here")
    return app


def test_it_ends_while_many_hold_their_connection_open_and_logs_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = threading.active_count()
    with caplog.at_level(logging.ERROR):
        for _ in range(20):
            with serving(small(), 0) as address:
                held = [http.client.HTTPConnection(address.removeprefix("http://")) for _ in range(12)]
                for one in held:
                    one.request("GET", "/")
                assert [one.getresponse().read() for one in held] == [b"here"] * 12
                for one in held[::2]:
                    one.request("GET", "/")
            for one in held:
                one.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert threading.active_count() == before


def test_a_taken_port_is_an_error_before_anything_serves() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError), serving(small(), taken.getsockname()[1]):
            raise AssertionError("it serves where another listens")
