"""The HTTP door, and the only file that imports aiohttp.

It sends each request exactly once: aiohttp's own repeating (it sends GET, PUT and DELETE again when
a kept connection turns out to be closed) is off, and whether a request may have left this machine
is marked where aiohttp begins to write it, not guessed from the exception that came after.
"""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote, urlencode

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from engine import crash
from engine.errors import Fault, Part
from engine.exact import decode
from engine.model.values import Call, Json, Reply
from engine.say import Say
from engine.wire.doors.deadline import Deadlines, Flight
from engine.wire.doors.inflate import Inflater, TooLarge, Unreadable
from engine.wire.doors.places import Barred, Place, Policy
from engine.wire.doors.redirects import followed, is_redirect
from engine.wire.hosts import HostRule, Network, literal

CAP = 32 * 1024 * 1024
"""Most bytes of one reply, counted after decompression (S12)."""

# Idle connections are dropped before the servers' usual 5, 15 or 60 seconds: a request that meets
# a closing connection has an open outcome, and a new handshake is cheaper than a look-up.
_KEEPALIVE = 4.0
_CONNECT = 10.0
_CONNECTIONS = 512
_LARGE = 1 << 20  # from here on aiohttp warns about bytes and wants a file

_FORM = CIMultiDict({"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
_JSON = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})

Names: TypeAlias = "Callable[[str, int], Awaitable[Sequence[str]]]"
"""Host and port to addresses; raises OSError where there are none."""


_flight: ContextVar[Flight] = ContextVar("flight")


async def system_names(host: str, port: int) -> Sequence[str]:
    """What this machine's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class HTTPDoor:
    """HTTP and HTTPS by aiohttp. Make one a process, inside its event loop; `async with` closes it.

    `allow` are the exact host and port pairs this process was started with: they open loopback and
    unusual ports and nothing else does.
    """

    def __init__(
        self, allow: frozenset[tuple[str, int]] = frozenset(), *, cap: int = CAP, names: Names = system_names
    ) -> None:
        self._policy, self._cap, self._names = Policy(allow), cap, names
        self._deadlines = Deadlines()
        self._sessions: dict[tuple[Network, ...], aiohttp.ClientSession] = {}

    async def __aenter__(self) -> HTTPDoor:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._deadlines.close()
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def send(self, call: Call, hosts: HostRule, deadline: float) -> Reply:
        flight = self._deadlines.begin(deadline)
        _flight.set(flight)
        try:
            return await self._follow(call, hosts)
        except asyncio.CancelledError as cancelled:
            if not flight.was_late():
                raise
            says = Say("{host} 在 {seconds} 秒内没有回复完。", host=_host(call), seconds=f"{deadline:g}")
            raise _fault(flight, says) from cancelled
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError, TooLarge, Unreadable) as error:
            flight.was_late()  # the library may turn a cancellation into an error of its own
            raise _fault(flight, self._why(error, call), _part(error)) from error
        finally:
            self._deadlines.end(flight)

    async def _follow(self, call: Call, hosts: HostRule) -> Reply:
        reply = await self._once(call, hosts)
        hops = 0
        while is_redirect(reply):
            call = followed(call, reply, hops, hosts)
            hops += 1
            reply = await self._once(call, hosts)
        return reply

    async def _once(self, call: Call, hosts: HostRule) -> Reply:
        place, url = _place(call.url, tuple(call.query.items()))
        self._policy.judge(place, hosts)
        headers, data = _payload(call)
        session = self._sessions.get(hosts.private) or self._session(hosts.private)
        async with session.request(
            call.method, url, data=data, headers=headers, allow_redirects=False
        ) as response:
            body = await self._body(response)
        if crash.armed:
            crash.point("reply.received")
        heads = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status, heads, body, _json(body))

    def _session(self, private: tuple[Network, ...]) -> aiohttp.ClientSession:
        """One pool for each address policy, so that no call rides a connection its own policy forbids."""
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(self._names, self._policy, private),
            limit=_CONNECTIONS,
            keepalive_timeout=_KEEPALIVE,
        )
        session = self._sessions[private] = aiohttp.ClientSession(
            connector=connector,
            request_class=_Request,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "duijie"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
            auto_decompress=False,
            trust_env=False,
        )
        # aiohttp has no public switch for it; its own test client sets the same attribute, and
        # tests/wire/test_http.py fails where a later aiohttp no longer looks at it.
        session._retry_connection = False
        return session

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        content = response.content
        if encoding in ("", "identity"):
            return await self._plain(content)
        inflater = Inflater(encoding, self._cap)
        while chunk := await content.readany():
            inflater.take(chunk)
        return inflater.body()

    async def _plain(self, content: aiohttp.StreamReader) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := await content.readany():
            size += len(chunk)
            if size > self._cap:
                raise TooLarge
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _why(self, error: Exception, call: Call) -> Say:
        host = _host(call)
        inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        if isinstance(inner, Barred):
            return inner.says
        if isinstance(error, TooLarge):
            return Say(
                "{host} 的回复超过 {size} MB，没有读下去。请缩小每页条数或时间范围。",
                host=host,
                size=self._cap >> 20,
            )
        if isinstance(error, Unreadable):
            return Say("{host} 的回复解压不开（{encoding}），当作没有收到。", host=host, encoding=str(error))
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return Say("找不到主机 {host}。请检查连接里的地址和本机的域名解析。", host=host)
        if isinstance(error, aiohttp.ClientSSLError):
            return Say(
                "{host} 的证书没有通过校验，没有发送。请检查连接里的地址，或请对方更新证书。", host=host
            )
        if isinstance(error, aiohttp.ServerTimeoutError | aiohttp.ClientConnectorError):
            return Say("连不上 {host}，没有发送，稍后会自动再试。", host=host)
        if isinstance(error, ValueError) and not isinstance(error, aiohttp.ClientError):
            return Say("请求的地址写得不对，没有发送。请检查连接里的地址。")
        return Say("与 {host} 的连接在收到完整回复之前断开了。", host=host)


class _Resolver(AbstractResolver):
    """Names to addresses that may be connected to; one bad address and the whole name is refused.

    The connection is made to exactly these addresses, with the name kept for Host and TLS, so a
    name that changes its mind between look and leap gains nothing.
    """

    def __init__(self, names: Names, policy: Policy, private: tuple[Network, ...]) -> None:
        self._names, self._policy, self._private = names, policy, private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = await self._names(host, port)
        self._policy.connectable(host, port, addresses, self._private)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held open."""


class _Request(aiohttp.ClientRequest):
    """Marks the moment from which on the outcome of a call is open."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        _flight.get().left = True
        response = await super().send(conn)
        if crash.armed:
            await self.close()  # the writer of the body
            while conn.transport is not None and conn.transport.get_write_buffer_size():
                await asyncio.sleep(0)
            crash.point("request.sent")
        return response


@lru_cache(maxsize=256)
def _place(url: str, query: tuple[tuple[str, str], ...]) -> tuple[Place, URL]:
    """Where a call goes, its parameters encoded once: most calls of a connection go to the same url.

    Raises Barred for what is no plain http(s) address, ValueError for what is none at all.
    """
    parsed = URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.raw_host or parsed.port is None:
        raise Barred(Say("只能发往 http 或 https 地址，没有发送。请检查连接里的地址。"))
    if parsed.raw_user or parsed.raw_password:
        raise Barred(Say("地址里不能带用户名和密码，没有发送。请把它们写进连接的设置。"))
    host = parsed.raw_host.rstrip(".").lower()
    address = literal(host)
    whole = str(parsed.with_fragment(None))
    if query:
        whole += ("&" if "?" in whole else "?") + urlencode(query, quote_via=quote, safe="")
    return Place(host, parsed.port, None if address is None else str(address)), URL(whole, encoded=True)


def _payload(call: Call) -> tuple[CIMultiDict[str] | None, bytes | io.BytesIO | None]:
    body, headers = call.body, _JSON if call.body is not None else None
    if call.form is not None:
        body, headers = urlencode(call.form).encode("ascii"), _FORM
    if call.headers:
        if any(control in text for text in (*call.headers, *call.headers.values()) for control in "\r\n\0"):
            raise Barred(Say("请求头里有换行等控制字符，没有发送。请检查连接的设置。"))
        headers = CIMultiDict(headers or {})
        headers.update(call.headers)
    return headers, body if body is None or len(body) < _LARGE else io.BytesIO(body)


def _json(body: bytes) -> Json:
    """The body's JSON; None where it is none: empty, cut, HTML, another charset, nested too deep."""
    try:
        return decode(body.removeprefix(b"\xef\xbb\xbf")) if body else None
    except ValueError:
        return None


def _host(call: Call) -> str:
    """The host for a sentence; what is no address is shown as nothing."""
    return call.url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _part(error: Exception) -> Part:
    """What of the connection is to blame; where bytes had left already it may be the vendor's bad day."""
    if isinstance(error, aiohttp.ClientSSLError):
        return "tls"
    nowhere = isinstance(error, Barred | aiohttp.ClientConnectorError | aiohttp.ServerTimeoutError)
    unwritten = isinstance(error, ValueError) and not isinstance(error, aiohttp.ClientError)
    return "address" if nowhere or unwritten else ""


def _fault(flight: Flight, says: Say, part: Part = "") -> Fault:
    """Whether anything left decides, not what went wrong."""
    return Fault("broken" if flight.left else "unreachable", says, sent=flight.left, part=part)
