"""Where a call may go: host names by the connection, addresses by the policy (S13). Pure.

A secret travels only to the hosts of its own connection; whatever the name, the address it stands
for must be public, unless an administrator opened its private range or the process was started
with exactly this host and port.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = "IPv4Address | IPv6Address"
Network: TypeAlias = "IPv4Network | IPv6Network"

PORTS = frozenset({80, 443, 8443})

_TRANSLATED = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")
# Addresses of clouds that hand out a machine's own credentials: open to nobody.
_NEVER = (
    ip_network("169.254.0.0/16"),
    ip_network("fe80::/10"),
    ip_network("fd00:ec2::254/128"),
    ip_network("100.100.100.200/32"),
)
# Not public either, though older Python versions say so.
_LOCAL = (ip_network("192.0.0.0/24"), ip_network("64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class HostRule:
    """The hosts one connection's calls may go to, and the private ranges opened for it."""

    names: frozenset[str]
    suffixes: tuple[str, ...] = ()
    private: tuple[Network, ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str], private: Iterable[str] = ()) -> HostRule:
        """`patterns` are host names or "*.example.com"; `private` CIDRs. Raises ValueError for a bad CIDR."""
        wanted = [pattern.strip().lower().rstrip(".") for pattern in patterns if pattern.strip()]
        return cls(
            frozenset(name for name in wanted if not name.startswith("*.")),
            tuple(name[1:] for name in wanted if name.startswith("*.")),
            tuple(ip_network(range_.strip(), strict=False) for range_ in private),
        )

    def allows(self, host: str) -> bool:
        """`host` in lower case, without the trailing dot."""
        return host in self.names or (bool(self.suffixes) and host.endswith(self.suffixes))


def literal(host: str) -> Address | None:
    """The address that `host` is written as; None where it is a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def meant(address: Address) -> Address:
    """The IPv4 address an IPv6 one leads to in the end, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _TRANSLATED or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


@lru_cache(maxsize=1024)
def open_to(text: str, private: tuple[Network, ...], loopback: bool) -> bool:
    """Whether a connection may be made to this address; `loopback` for an exactly allowed host and port."""
    address = meant(ip_address(text))
    if any(address in network for network in _NEVER) or address.is_multicast or address.is_unspecified:
        return False
    if address.is_loopback:
        return loopback
    if address.is_global and not any(address in network for network in _LOCAL):
        return True
    return any(address in network for network in private)
