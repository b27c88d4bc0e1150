"""Whether anything may be sent to an address (S13): what the door asks before every call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.say import Say
from engine.wire.hosts import PORTS, HostRule, Network, open_to


class Barred(OSError):
    """The address policy says no; nothing is sent. `says` tells a person why."""

    def __init__(self, says: Say) -> None:
        super().__init__(says)
        self.says = says


@dataclass(frozen=True, slots=True)
class Place:
    """A call's address, taken apart; `literal` where the host is written as an address."""

    host: str
    port: int
    literal: str | None


class Policy:
    """The exact host and port pairs this process was started with: they open loopback and odd ports."""

    def __init__(self, allow: frozenset[tuple[str, int]]) -> None:
        self._allow = allow

    def judge(self, place: Place, hosts: HostRule) -> None:
        """Raises Barred where host, port or written address say no; a name is judged on connecting."""
        if not hosts.allows(place.host):
            says = Say("主机 {host} 不属于这个连接，没有发送。请在连接的主机名单里加上它。", host=place.host)
            raise Barred(says)
        allowed = (place.host, place.port) in self._allow
        if place.port not in PORTS and not allowed:
            raise Barred(_shut(place.host, place.port))
        if place.literal and not open_to(place.literal, hosts.private, allowed):
            raise Barred(_inside(place.host))

    def connectable(
        self, host: str, port: int, addresses: Sequence[str], private: tuple[Network, ...]
    ) -> None:
        """Raises Barred where even one of the addresses a name stands for may not be connected to."""
        loopback = (host.rstrip(".").lower(), port) in self._allow
        if not addresses or not all(open_to(address, private, loopback) for address in addresses):
            raise Barred(_inside(host))


def _shut(host: str, port: int) -> Say:
    return Say(
        "{host} 的端口 {port} 没有开放，没有发送。请用 80、443 或 8443，或在启动时加 --allow {host}:{port}。",
        host=host,
        port=port,
    )


def _inside(host: str) -> Say:
    return Say("{host} 指向内网或本机地址，没有发送。内网系统请管理员在连接上开放它的网段。", host=host)
