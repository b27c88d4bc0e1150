"""A call's address, taken apart once, and whether anything may be sent there (S13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from yarl import URL

from engine.say import Say
from engine.wire.hosts import PORTS, HostRule, Network, literal, open_to


class Barred(OSError):
    """The address policy says no; nothing is sent. `says` tells a person why."""

    def __init__(self, says: Say) -> None:
        super().__init__(says)
        self.says = says


@dataclass(frozen=True, slots=True)
class Place:
    """`url` is encoded and without fragment; `literal` the address where the host is written as one."""

    url: str
    host: str
    port: int
    literal: str | None


class Policy:
    """The exact host and port pairs this process was started with: they open loopback and odd ports."""

    def __init__(self, allow: frozenset[tuple[str, int]]) -> None:
        self._allow = allow

    def place(self, url: str, hosts: HostRule) -> Place:
        """Where `url` leads, judged by host, port and literal address; names are judged on connecting.

        Raises Barred where nothing may be sent, ValueError where `url` is no address at all.
        """
        place = _parsed(url)
        if not hosts.allows(place.host):
            says = Say("主机 {host} 不属于这个连接，没有发送。请在连接的主机名单里加上它。", host=place.host)
            raise Barred(says)
        allowed = (place.host, place.port) in self._allow
        if place.port not in PORTS and not allowed:
            raise Barred(_shut(place.host, place.port))
        if place.literal and not open_to(place.literal, hosts.private, allowed):
            raise Barred(_inside(place.host))
        return place

    def connectable(
        self, host: str, port: int, addresses: Sequence[str], private: tuple[Network, ...]
    ) -> None:
        """Raises Barred where even one of the addresses a name stands for may not be connected to."""
        loopback = (host.rstrip(".").lower(), port) in self._allow
        if not addresses or not all(open_to(address, private, loopback) for address in addresses):
            raise Barred(_inside(host))


@lru_cache(maxsize=1024)
def _parsed(url: str) -> Place:
    parsed = URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.raw_host or parsed.port is None:
        raise Barred(Say("只能发往 http 或 https 地址，没有发送。请检查连接里的地址。"))
    if parsed.raw_user or parsed.raw_password:
        raise Barred(Say("地址里不能带用户名和密码，没有发送。请把它们写进连接的设置。"))
    host = parsed.raw_host.rstrip(".").lower()
    address = literal(host)
    written = None if address is None else str(address)
    return Place(str(parsed.with_fragment(None)), host, parsed.port, written)


def _shut(host: str, port: int) -> Say:
    return Say(
        "{host} 的端口 {port} 没有开放，没有发送。请用 80、443 或 8443，或在启动时加 --allow {host}:{port}。",
        host=host,
        port=port,
    )


def _inside(host: str) -> Say:
    return Say("{host} 指向内网或本机地址，没有发送。内网系统请管理员在连接上开放它的网段。", host=host)
