"""Open lines, kept a few seconds: by host, port and address policy, so that no call rides a line
its own policy forbids.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from aiohappyeyeballs import start_connection

from engine.wire.doors.deadline import Flight
from engine.wire.doors.line import Answer, Line
from engine.wire.doors.places import Place, Policy
from engine.wire.hosts import Network

# Idle lines are dropped before the servers' usual 5, 15 or 60 seconds: a request that meets a
# closing line has an open outcome, and a new handshake is cheaper than a look-up.
KEPT = 4.0
CONNECT = 10.0
MOST = 512
"""Lines open at once; who comes later waits."""

Names: TypeAlias = "Callable[[str, int], Awaitable[Sequence[str]]]"
"""Host and port to addresses; raises OSError where there are none."""


class Unnamed(OSError):
    """No address for this name."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a line leads, and by whose rules."""

    place: Place
    secure: bool
    private: tuple[Network, ...]


class Pool:
    """The lines of one event loop."""

    def __init__(self, policy: Policy, names: Names, cap: int) -> None:
        self._policy, self._names, self._cap = policy, names, cap
        self._idle: dict[End, list[tuple[Line, float]]] = {}
        self._open: set[Line] = set()
        self._room = asyncio.Semaphore(MOST)
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self, end: End, request: bytes, flight: Flight) -> Answer:
        """One request over a line of its own: one that is idle, or a new one. Raises as `Line.ask` and
        `_connect` do.
        """
        async with self._room:
            line = self._kept(end) or await self._connect(end)
            answer = await line.ask(request, flight)
            self._keep(end, line)
            return answer

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        gone = [line.gone for line in self._open]
        for line in list(self._open):
            line.close()
        if gone:
            await asyncio.wait(gone)

    def _kept(self, end: End) -> Line | None:
        now, idle = asyncio.get_running_loop().time(), self._idle.get(end)
        while idle:
            line, since = idle.pop()
            if line.usable and now - since < KEPT:
                return line
            line.close()
        return None

    def _keep(self, end: End, line: Line) -> None:
        if not line.usable:
            line.close()
            return
        loop = asyncio.get_running_loop()
        self._idle.setdefault(end, []).append((line, loop.time()))
        if self._timer is None:
            self._timer = loop.call_later(KEPT, self._drop_old, loop)

    def _drop_old(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for end, idle in list(self._idle.items()):
            for line, since in idle:
                if now - since >= KEPT:
                    line.close()
            self._idle[end] = [kept for kept in idle if kept[0].usable]
            if not self._idle[end]:
                del self._idle[end]
        self._timer = loop.call_later(KEPT, self._drop_old, loop) if self._idle else None

    async def _connect(self, end: End) -> Line:
        """A new line. Raises Barred, Unnamed, OSError (ssl.SSLError among them); nothing was sent then.

        The line leads to exactly the addresses that were judged, with the name kept for Host and TLS:
        a name that changes its mind between look and leap gains nothing.
        """
        place, loop = end.place, asyncio.get_running_loop()
        found = [_address(address, place.port) for address in await self._addresses(end)]
        async with asyncio.timeout(CONNECT):
            sock = await start_connection(found, happy_eyeballs_delay=0.25, interleave=1)
            _, line = await loop.create_connection(
                lambda: Line(self._cap),
                sock=sock,
                ssl=self._tls if end.secure else None,
                server_hostname=place.host if end.secure else None,
            )
        self._open.add(line)
        line.gone.add_done_callback(lambda _: self._open.discard(line))
        return line

    async def _addresses(self, end: End) -> Sequence[str]:
        place = end.place
        if place.literal:
            return [place.literal]
        try:
            addresses = await self._names(place.host, place.port)
        except OSError as unknown:
            raise Unnamed(place.host) from unknown
        self._policy.connectable(place.host, place.port, addresses, end.private)
        return addresses

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


def _address(
    address: str, port: int
) -> tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
