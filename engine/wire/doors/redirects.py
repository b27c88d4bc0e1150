"""Whether a redirect is followed. Pure: the door sends what comes out of here.

Only a GET is, three times at most, to hosts of the connection only, never from https down to http;
what a call carries for one host (query, headers) is never carried to another.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from engine.errors import Fault
from engine.model.values import Call, Reply
from engine.say import Say
from engine.wire.hosts import HostRule

MOST = 3
_STATUSES = frozenset({301, 302, 303, 307, 308})


def is_redirect(reply: Reply) -> bool:
    return reply.status in _STATUSES and bool(reply.headers.get("location"))


def followed(call: Call, reply: Reply, hops: int, hosts: HostRule) -> Call:
    """The call that follows `reply`. Raises Fault(broken) where it must not be followed."""
    here = urlsplit(call.url)
    try:
        there = urlsplit(urljoin(call.url, reply.headers["location"]))
        host, port = there.hostname or "", there.port
    except ValueError as wrong:
        raise _no(Say("{host} 要求转到一个写错的地址，没有照做。", host=here.hostname)) from wrong
    if call.method != "GET":
        raise _no(
            Say(
                "{host} 要求把请求转到 {other}，提交类请求不会自动转发。请把连接里的地址改成最终地址。",
                host=here.hostname,
                other=host,
            )
        )
    if hops >= MOST:
        raise _no(
            Say(
                "{host} 转来转去超过 {most} 次，没有继续。请检查连接里的地址。", host=here.hostname, most=MOST
            )
        )
    if there.scheme not in ("http", "https") or (here.scheme == "https" and there.scheme == "http"):
        raise _no(
            Say("{host} 要求从加密地址转到不加密的地址，没有照做。请检查连接里的地址。", host=here.hostname)
        )
    if host == here.hostname and (port == here.port or port is None or here.port is None):
        return replace(call, url=there._replace(fragment="").geturl(), query={})
    if not hosts.allows(host) or call.query or call.headers:
        raise _no(
            Say(
                "{host} 要求转到另一台主机 {other}，为了不泄露密钥没有照做。请把连接里的地址改成最终地址。",
                host=here.hostname,
                other=host,
            )
        )
    return Call("GET", there._replace(fragment="").geturl())


def _no(says: Say) -> Fault:
    return Fault("broken", says, sent=True)
