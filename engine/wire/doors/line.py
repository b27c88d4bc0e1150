"""One HTTP/1.1 connection: a request goes out once, its reply comes back whole or not at all.

The replies are parsed by llhttp (httptools), strictly; what is ours is the order of things: one
call at a time, nothing sent twice, nothing believed that comes unasked.
"""

from __future__ import annotations

import asyncio
from typing import TypeAlias, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from engine import crash
from engine.wire.doors.deadline import Flight, TooOld
from engine.wire.doors.inflate import Inflater, Plain, TooLarge, Unreadable

HEAD = 64 * 1024
"""Most bytes of a reply's headers."""

Answer: TypeAlias = "tuple[int, dict[str, str], bytes]"
"""Status, headers by lower-case name, body as it was meant."""

_BODILESS = frozenset({204, 304})


class Line(asyncio.Protocol):
    """`ask` sends and waits. The line may be asked again while `usable`; `gone` is done once it is closed."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._parser = HttpResponseParser(self)
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._answer: asyncio.Future[Answer] | None = None
        self.usable = False
        self._begin()

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._head_size, self._part_size = 0, 0
        self._status, self._done = 0, False
        self._body: Plain | Inflater = Plain(self._cap)
        self._error: Exception | None = None

    async def ask(self, request: bytes, flight: Flight) -> Answer:
        """The reply to one request. Raises OSError where the line broke first or the flight is TooOld,
        TooLarge, Unreadable, HttpParserError where what came is no HTTP. From `flight.left` on the
        outcome is open.
        """
        if self._transport.is_closing():
            raise ConnectionResetError("closed before it was asked")
        self._begin()
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._answer = answer
        if crash.armed:
            crash.point("request.ready")
        # Whoever was suspended finds here that others went on without it (docs/why/0024).
        if flight.stale():
            self._answer = None
            self.close()
            raise TooOld
        flight.left = True
        self._transport.write(request)
        try:
            if crash.armed:
                while self._transport.get_write_buffer_size() and not answer.done():
                    await asyncio.sleep(0)
                crash.point("request.sent")
            return await answer
        except BaseException:
            self.close()  # what still comes belongs to no call
            raise
        finally:
            self._answer = None

    def close(self) -> None:
        self.usable = False
        self._transport.abort()

    # -- what the event loop calls -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # nobody asked
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError as wrong:
            self._error = self._error or wrong
        except HttpParserUpgrade:
            self._error = self._error or ConnectionError("the other side changes the protocol")
        if self._error is None and not self._status:
            self._part_size += len(data)
            if self._part_size > HEAD:
                self._error = TooLarge()
        if self._error is not None:
            self._fail(self._error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if exc is None and self._until_the_end():
            self._finish()
        self._fail(self._error or exc or ConnectionResetError("closed before the reply was whole"))
        if not self.gone.done():
            self.gone.set_result(None)

    def _until_the_end(self) -> bool:
        """Whether the reply has no length of its own: then it ends where the connection does."""
        framed = "content-length" in self._headers or "transfer-encoding" in self._headers
        return self._answer is not None and bool(self._status) and not self._done and not framed

    def _fail(self, error: Exception) -> None:
        self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
            self._transport.abort()

    # -- what the parser calls ----------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._done:  # a second reply to one question
            self.usable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > HEAD:
            self._error = TooLarge()
        if not self._status:  # what follows a body in chunks is no header
            self._headers[name.decode("latin-1").lower()] = value.decode("utf-8", "replace")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._done:
            return
        if status < 200:  # "continue", "early hints": the reply is still to come
            self._headers = {}
            return
        self._status = status
        encoding = self._headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity") and status not in _BODILESS:
            try:
                self._body = Inflater(encoding, self._cap)
            except Unreadable as wrong:
                self._error = wrong

    def on_body(self, chunk: bytes) -> None:
        if self._error is not None or self._done:
            return
        try:
            self._body.take(chunk)
        except (TooLarge, Unreadable) as wrong:
            self._error = wrong

    def on_message_complete(self) -> None:
        if self._status and not self._done and self._error is None:
            self.usable = self.usable and self._parser.should_keep_alive()
            self._finish()

    def _finish(self) -> None:
        self._done = True
        try:
            body = self._body.body()
        except Unreadable as wrong:
            self._error = wrong
            return
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._status, self._headers, body))
