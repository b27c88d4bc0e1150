"""A small vendor on loopback, byte by byte: it answers, drips, resets and redirects as told."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Line:
    """The vendor's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def reset(self) -> None:
        """RST instead of FIN: the other side sees a connection reset by peer."""
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()


Answer = Callable[[Asked, Line], Awaitable[None]]


@dataclass
class Vendor:
    """`async with Vendor(answer) as vendor`: vendor.url, vendor.pair for the door, vendor.asked."""

    answer: Answer
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Vendor:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pair(self) -> frozenset[tuple[str, int]]:
        return frozenset({("127.0.0.1", self.port)})

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while not writer.is_closing():
                asked = await _request(reader)
                self.asked.append(asked)
                await self.answer(asked, Line(reader, writer))
        writer.close()
        self._tasks.discard(task)


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


def http(body: bytes, status: int = 200, /, length: int | None = None, **headers: str) -> bytes:
    """A whole reply; `length` for a Content-Length that is not true."""
    named = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status} X\r\nContent-Length: {size}\r\n{lines}\r\n".encode() + body


def says(value: Any, status: int = 200, /, **headers: str) -> Answer:
    """Answers everything with this JSON, or with these bytes."""
    body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()

    async def answer(asked: Asked, line: Line) -> None:
        line.write(http(body, status, **headers))

    return answer
