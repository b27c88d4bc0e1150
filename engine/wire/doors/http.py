"""The HTTP door: from a call to its reply, and what is certain where something went wrong.

It sends each request exactly once, over lines of its own (docs/why/0009): no library repeats it, and
whether a request may have left this machine is marked where it is written, not guessed from the
exception that came after.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from httptools import HttpParserError
from yarl import URL

from engine import crash
from engine.errors import Fault, Part
from engine.exact import decode
from engine.model.values import Call, Json, Reply
from engine.say import Say
from engine.wire.doors.deadline import Deadlines, Flight, Stale, TooOld, never
from engine.wire.doors.inflate import TooLarge, Unreadable
from engine.wire.doors.places import Barred, Place, Policy
from engine.wire.doors.pool import End, Names, Pool, Unnamed
from engine.wire.doors.redirects import followed, is_redirect
from engine.wire.hosts import HostRule, Network, literal

CAP = 32 * 1024 * 1024
"""Most bytes of one reply, counted after decompression (S12)."""

_OWN = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "duijie"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_NONE: Mapping[str, str] = {}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SET_HERE = frozenset({"host", "content-length", "transfer-encoding", "connection"})


async def system_names(host: str, port: int) -> Sequence[str]:
    """What this machine's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class HTTPDoor:
    """HTTP and HTTPS over lines of our own. Make one a process, inside its event loop; `async with` closes it.

    `allow` are the exact host and port pairs this process was started with: they open loopback and
    unusual ports and nothing else does.
    """

    def __init__(
        self, allow: frozenset[tuple[str, int]] = frozenset(), *, cap: int = CAP, names: Names = system_names
    ) -> None:
        self._policy, self._cap, self._names = Policy(allow), cap, names
        self._deadlines = Deadlines()
        self._pool: Pool | None = None

    async def __aenter__(self) -> HTTPDoor:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._deadlines.close()
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def send(self, call: Call, hosts: HostRule, deadline: float, stale: Stale = never) -> Reply:
        flight = self._deadlines.begin(deadline, stale)
        try:
            return await self._follow(call, hosts, flight)
        except asyncio.CancelledError as cancelled:
            if not flight.was_late():
                raise
            says = Say("{host} 在 {seconds} 秒内没有回复完。", host=_host(call), seconds=f"{deadline:g}")
            raise _fault(flight, says) from cancelled
        except (OSError, ValueError, HttpParserError, TooLarge, Unreadable) as error:
            flight.was_late()  # a cancellation may have been turned into another error on its way
            raise _fault(flight, self._why(error, call, flight), _part(error, flight)) from error
        finally:
            self._deadlines.end(flight)

    async def _follow(self, call: Call, hosts: HostRule, flight: Flight) -> Reply:
        reply = await self._once(call, hosts, flight)
        hops = 0
        while is_redirect(reply):
            call = followed(call, reply, hops, hosts)
            hops += 1
            reply = await self._once(call, hosts, flight)
        return reply

    async def _once(self, call: Call, hosts: HostRule, flight: Flight) -> Reply:
        address = _address(call.url, tuple(call.query.items()), hosts.private)
        self._policy.judge(address.end.place, hosts)
        if self._pool is None:
            self._pool = Pool(self._policy, self._names, self._cap)
        status, headers, body = await self._pool.ask(address.end, _request(call, address), flight)
        if crash.armed:
            crash.point("reply.received")
        return Reply(status, headers, body, _json(body))

    def _why(self, error: Exception, call: Call, flight: Flight) -> Say:
        host = _host(call)
        if isinstance(error, Barred):
            return error.says
        if isinstance(error, TooLarge):
            return Say(
                "{host} 的回复超过 {size} MB，没有读下去。请缩小每页条数或时间范围。",
                host=host,
                size=self._cap >> 20,
            )
        if isinstance(error, Unreadable):
            return Say("{host} 的回复解压不开（{encoding}），当作没有收到。", host=host, encoding=str(error))
        if flight.left:
            return Say("与 {host} 的连接在收到完整回复之前断开了。", host=host)
        if isinstance(error, TooOld):
            return Say("到 {host} 的请求等得太久，没有发送，稍后会自动再试。", host=host)
        if isinstance(error, Unnamed):
            return Say("找不到主机 {host}。请检查连接里的地址和本机的域名解析。", host=host)
        if isinstance(error, ssl.SSLError):
            return Say(
                "{host} 的证书没有通过校验，没有发送。请检查连接里的地址，或请对方更新证书。", host=host
            )
        if isinstance(error, OSError):
            return Say("连不上 {host}，没有发送，稍后会自动再试。", host=host)
        return Say("请求的地址写得不对，没有发送。请检查连接里的地址。")


@dataclass(frozen=True, slots=True)
class _Address:
    """A url taken apart; `start` is what follows the method in a request, up to its own headers."""

    end: End
    start: str


@lru_cache(maxsize=256)
def _address(url: str, query: tuple[tuple[str, str], ...], private: tuple[Network, ...]) -> _Address:
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
    place = Place(host, parsed.port, None if address is None else str(address))
    target = parsed.raw_path_qs
    if query:
        target += ("&" if "?" in target else "?") + urlencode(query, quote_via=quote, safe="")
    start = f" {target} HTTP/1.1\r\nHost: {parsed.host_port_subcomponent}\r\n"
    return _Address(End(place, parsed.scheme == "https", private), start)


def _request(call: Call, address: _Address) -> bytes:
    """The bytes of a request. Raises Barred for a header that would begin another line."""
    body, headers = call.body, _JSON if call.body is not None else _NONE
    if call.form is not None:
        body, headers = urlencode(call.form).encode("ascii"), _FORM
    told = {**_OWN, **headers}
    if call.headers:
        own = {name.lower() for name in call.headers}
        told = {name: value for name, value in told.items() if name.lower() not in own}
        told.update(_judged(call.headers))
    if body is not None or call.method not in ("GET", "DELETE"):
        told["Content-Length"] = str(len(body or b""))
    lines = "".join([f"{name}: {value}\r\n" for name, value in told.items()])
    return f"{call.method}{address.start}{lines}\r\n".encode() + (body or b"")


def _judged(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if any(control in value for control in "\r\n\0") or not _TOKEN.fullmatch(name):
            raise Barred(Say("请求头里有换行等控制字符，没有发送。请检查连接的设置。"))
        if name.lower() in _SET_HERE:
            raise Barred(Say("请求头 {name} 由引擎自己写，没有发送。请从连接器里去掉它。", name=name))
    return headers


def _json(body: bytes) -> Json:
    """The body's JSON; None where it is none: empty, cut, HTML, another charset, nested too deep."""
    try:
        return decode(body.removeprefix(b"\xef\xbb\xbf")) if body else None
    except ValueError:
        return None


def _host(call: Call) -> str:
    """The host for a sentence; what is no address is shown as nothing."""
    return call.url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _part(error: Exception, flight: Flight) -> Part:
    """What of the connection is to blame; where bytes had left already it may be the vendor's bad day."""
    if flight.left:
        return ""
    return "tls" if isinstance(error, ssl.SSLError) else "address"


def _fault(flight: Flight, says: Say, part: Part = "") -> Fault:
    """Whether anything left decides, not what went wrong."""
    return Fault("broken" if flight.left else "unreachable", says, sent=flight.left, part=part)
