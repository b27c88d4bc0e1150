"""Open lines: a Talk for each connection in use, sharing one door, its limits and its tokens."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from engine.clock import Clock
from engine.errors import Wrong
from engine.model.catalog import Connector, Limits, duration
from engine.model.exchange import Exchange
from engine.model.values import Problem
from engine.say import Say
from engine.store import connections
from engine.store.connections import Account
from engine.store.store import Store
from engine.wire.auth import Auth
from engine.wire.doors.door import Door
from engine.wire.limits import Buckets
from engine.wire.talk import Link, Talk

hearing: ContextVar[list[Exchange] | None] = ContextVar("hearing", default=None)
"""Where the task at hand collects the exchanges it causes; what nobody collects is lost on purpose."""


class Vendors(Protocol):
    """What the registry tells of connectors."""

    def connector(self, name: str) -> Connector | None: ...
    def auth(self, connector: str, channel: str) -> Auth | None: ...


class Lines:
    """Talks by connection code, made anew when the connection was changed."""

    def __init__(self, store: Store, vendors: Vendors, door: Door, clock: Clock) -> None:
        self._store, self._vendors, self._door, self._clock = store, vendors, door, clock
        self._buckets = Buckets(clock)
        self._open: dict[str, tuple[Account, datetime | None, Talk]] = {}

    def account(self, code: str) -> Account:
        """The connection as stored. Raises Wrong where there is none of that name."""
        account = self._store.read(lambda read: connections.get(read, self._store.vault, code))
        if account is None:
            says = Say("没有名为 {code} 的连接。", code=code)
            do = Say("用 duijie connection add {code} 添加它。", code=code)
            raise Wrong([Problem("connection", "no_connection", says, do)])
        return account

    def to(self, code: str) -> Talk:
        """The open line of a connection. Raises Wrong where the connection is missing or incomplete."""
        stamp = self._store.read(lambda read: connections.stamp(read, code))
        account = self.account(code)
        known = self._open.get(code)
        if known is None or known[:2] != (account, stamp):
            known = self._open[code] = (account, stamp, self._talk(account))
        return known[2]

    def _talk(self, account: Account) -> Talk:
        link = self.link(account)
        auth = self._vendors.auth(account.connector, account.channel)
        if auth is None:
            raise Wrong([_no_connector(account)])
        bucket = self._buckets.of(account.code, link.limits)
        return Talk(link, auth, self._door, self._store.tokens, bucket, self._clock, _hear)

    def link(self, account: Account) -> Link:
        """The account with its secrets opened. Raises Wrong naming every setting that is missing."""
        connector = self._vendors.connector(account.connector)
        if connector is None or account.channel not in connector.channels:
            raise Wrong([_no_connector(account)])
        secrets = self._store.read(lambda read: connections.opened(read, self._store.vault, account.code))
        settings = {**account.settings, **secrets}
        channel = connector.channels[account.channel]
        for setting in channel.settings:
            if setting.default is not None:
                settings.setdefault(setting.name, setting.default)
        missing = [s for s in channel.settings if s.required and not settings.get(s.name)]
        if missing:
            raise Wrong([_missing(account.code, s.name, s.title) for s in missing])
        options = account.options
        return Link(
            code=account.code,
            connector=connector,
            channel=account.channel,
            settings=settings,
            base=_text(options.get("base")),
            hosts=(*_texts(options.get("hosts")), *_hosts(settings)),
            limits=_limits(connector.limits, options.get("limits")),
            busy_wait=_span(options.get("busy_wait")),
            private=tuple(str(ipaddress.ip_network(net)) for net in _texts(options.get("private"))),
        )


def settle_of(account: Account, otherwise: timedelta) -> timedelta:
    """How long two empty look-ups must lie apart: the connection's own figure before the operation's."""
    return _span(account.options.get("settle")) or otherwise


def keys_honoured(account: Account, guessed: bool) -> bool:
    """Whether a repeated key is known to be safe: said by the connection, or by a catalogue that does not guess."""
    said = account.options.get("keys")
    return said == "honoured" or (said is None and not guessed)


def _hear(exchange: Exchange) -> None:
    heard = hearing.get()
    if heard is not None:
        heard.append(exchange)


def collect() -> tuple[list[Exchange], Callable[[], None]]:
    """Collect what this task hears from now on; call the second value to stop."""
    heard: list[Exchange] = []
    token = hearing.set(heard)
    return heard, lambda: hearing.reset(token)


def _no_connector(account: Account) -> Problem:
    names = {"code": account.code, "name": account.connector, "channel": account.channel}
    says = Say("连接 {code} 所用的连接器 {name}/{channel} 不存在或不完整。", **names)
    return Problem(account.code, "no_connector", says, Say("检查连接器文件夹或改选通道。"))


def _missing(code: str, name: str, title: str) -> Problem:
    says = Say("连接 {code} 缺少 {title}（{name}）。", code=code, title=title or name, name=name)
    do = Say("用 duijie connection add {code} 补上它。", code=code)
    return Problem(f"{code}.{name}", "missing_setting", says, do)


def _hosts(settings: Mapping[str, str]) -> list[str]:
    """Hosts of addresses that stand in the settings themselves: whoever wrote them there trusts them."""
    found = (
        urlsplit(value).hostname for value in settings.values() if value.startswith(("https://", "http://"))
    )
    return [host for host in found if host]


def _limits(own: Limits, said: Any) -> Limits:
    return Limits(**{**own.model_dump(), **said}) if isinstance(said, dict) else own


def _span(said: Any) -> timedelta | None:
    return duration(said) if said is not None else None


def _text(said: Any) -> str | None:
    return said if isinstance(said, str) and said else None


def _texts(said: Any) -> list[str]:
    return [str(one) for one in said] if isinstance(said, list) else []


def later(now: datetime, attempts: int, clock: Clock, most: float = 300.0) -> datetime:
    """When to try again after so many attempts: exponential from one second, full jitter, at most five minutes."""
    span = min(most, 2.0 ** min(attempts, 16))
    return now + timedelta(seconds=span * (0.1 + 0.9 * clock.jitter()))
