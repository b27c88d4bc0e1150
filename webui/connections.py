"""Connections (连接): which account is used where. Secrets are never shown, only that they are set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response

from engine.model.catalog import Connector
from engine.store import connections
from engine.store.connections import Account
from engine.store.schemes import Published
from webui import sight
from webui.fragments import answer
from webui.language import _, mark
from webui.rules import reading
from webui.web import web

pages = Blueprint("connections", __name__)

LIMITS = {
    "per_minute": mark("每分钟 {count} 次"),
    "per_second": mark("每秒 {count} 次"),
    "at_once": mark("同时 {count} 个调用"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One setting: its value, or for a secret whether it is set. `given` tells it from a default."""

    name: str
    title: str
    value: str
    secret: bool
    given: bool
    missing: bool


@dataclass(frozen=True, slots=True)
class Shown:
    account: Account
    connector: Connector | None
    lines: tuple[Line, ...]
    limits: str
    used: tuple[Published, ...]


@pages.get("/connections")
def listed() -> Response:
    store = web().store
    accounts = web().read(lambda c: connections.every(c, store.vault))
    users = _users(sight.seen())
    return answer(
        "connections/list.html", shown=[_shown(one, tuple(users.get(one.code, ()))) for one in accounts]
    )


def _users(published: list[Published]) -> dict[str, list[Published]]:
    """Schemes by the connections they use."""
    users: dict[str, list[Published]] = {}
    for scheme in published:
        read = reading(scheme.text)
        ends = (read.source, read.target) if read else ()
        for code in {end.connection for end in ends if end is not None}:
            users.setdefault(code, []).append(scheme)
    return users


def _shown(account: Account, used: tuple[Published, ...]) -> Shown:
    connector = web().registry.connector(account.connector)
    channel = connector.channels.get(account.channel) if connector else None
    known = channel.settings if channel else ()
    lines = [_line(account, one.name, one.title, one.secret, one.default, one.required) for one in known]
    names = {one.name for one in known}
    others = [*account.settings, *account.secrets]
    lines += [
        _line(account, name, "", name in account.secrets, None, False) for name in others if name not in names
    ]
    return Shown(account, connector, tuple(lines), _limits(connector, account.options), used)


def _line(account: Account, name: str, title: str, secret: bool, default: str | None, required: bool) -> Line:
    if secret or name in account.secrets:
        given = name in account.secrets
        return Line(name, title, "", True, given, required and not given)
    value = account.settings.get(name) or default or ""
    return Line(name, title, value, False, name in account.settings, required and not value)


def _limits(connector: Connector | None, options: Mapping[str, Any]) -> str:
    """How many calls it may make: the connection's own figures before the connector's."""
    own = connector.limits.model_dump() if connector else {}
    said = options.get("limits")
    told = {**own, **(said if isinstance(said, dict) else {})}
    return " · ".join(_(words, count=told[name]) for name, words in LIMITS.items() if told.get(name))
