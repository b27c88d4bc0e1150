"""`duijie connector sign`: a request signed offline, to be held against a vendor's own signing tool.

Prints one JSON object: the text that was signed, the signature and the finished request of every call
the vendor's handshake makes. Where a call must be answered first (a token is fetched) it stops there:
put the token into the settings file to see the call after it.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from engine.cli.desk import SETTLED, Desk, text_of
from engine.document.near import offer
from engine.document.node import Pairs, value
from engine.document.reader import read
from engine.errors import Fault, Wrong
from engine.exact import decode, encode
from engine.model.catalog import Connector
from engine.model.values import Call, Json, Problem
from engine.registry import Registry
from engine.say import Say, Words
from engine.wire.calls import Plan
from engine.wire.path import text
from engine.wire.redact import Redactor
from engine.wire.tokens import MemoryTokens, Ring

LONG = timedelta(days=1)
HEAD = 4
"""Signs of a masked signature that are shown: enough to see whether two are the same."""
SIGNED = ("sign", "signature", "_sign", "authorization", "x-api-signature", "x-kd-signature")


def sign(asked: Namespace, desk: Desk) -> int:
    registry = desk.registry()
    connector, channel = _channel(asked, registry)
    settings = {name: text(given) or "" for name, given in _file(asked.settings).items()}
    form = connector.channels[channel]
    for setting in form.settings:
        if setting.default is not None:
            settings.setdefault(setting.name, setting.default)
    now = _now(asked, desk)
    ring = Ring(MemoryTokens(), "sign")
    for name in {*settings} - {setting.name for setting in form.settings}:
        ring.keep(name, settings[name], now + LONG)
    secrets = [
        settings[setting.name] for setting in form.settings if setting.secret and setting.name in settings
    ]
    call = _call(_file(asked.call), registry, connector, channel, settings, ring)
    show = _Shown(None if asked.reveal else Redactor([*secrets, *ring.secrets]))
    desk.hide([*secrets, *ring.secrets])
    told = _signed(registry, connector, channel, call, settings, ring, now, show)
    whole: dict[str, Json] = {"connector": connector.connector, "channel": channel, "at": now.isoformat()}
    print(encode({**whole, **told}).decode())
    return SETTLED


def _signed(
    registry: Registry,
    connector: Connector,
    channel: str,
    call: Call,
    settings: Mapping[str, str],
    ring: Ring,
    now: datetime,
    show: _Shown,
) -> dict[str, Json]:
    """The call as it would go out; or the call that must go first, where there is one."""
    auth = registry.auth(connector.connector, channel)
    if auth is None:
        says = Say("连接器 {name} 不完整，不能签名。", name=connector.connector)
        raise Wrong([Problem("NAME", "no_connector", says)])
    signing = auth.sign(call, settings, ring, now)
    try:
        first = next(signing)
    except StopIteration as done:
        return {"first": False, **show.call(done.value, call)}
    except Fault as fault:
        raise Wrong([Problem("--settings", "settings", fault.says)]) from fault
    signing.close()
    return {"first": True, **show.call(first, Call(first.method, first.url))}


class _Shown:
    """Calls as JSON; `redactor` is None where all is revealed."""

    def __init__(self, redactor: Redactor | None) -> None:
        self._redactor = redactor

    def call(self, call: Call, before: Call) -> dict[str, Json]:
        added = _added(call, before)
        name = next((one for one in added if one.lower() in SIGNED), None)
        return {
            "text": self._text(call.proof) if call.proof else None,
            "signature": None if name is None else {"name": name, "value": self._head(added[name])},
            "request": self._request(call),
        }

    def _request(self, call: Call) -> dict[str, Json]:
        body = call.body.decode("utf-8", "replace") if call.body is not None else None
        told: dict[str, Json] = {"method": call.method, "url": self._text(call.url)}
        told |= {"query": self._pairs(call.query), "form": self._pairs(call.form or {})}
        told |= {"headers": self._pairs(call.headers), "body": None if body is None else self._body(body)}
        return told

    def _pairs(self, pairs: Mapping[str, str]) -> dict[str, Json]:
        if self._redactor is None:
            return dict(pairs)
        return {
            name: self._head(given) if name.lower() in SIGNED else self._redactor.value(given, name)
            for name, given in pairs.items()
        }

    def _body(self, body: str) -> Json:
        try:
            found = decode(body)
        except ValueError:
            return self._text(body)
        return found if self._redactor is None else self._redactor.value(found)

    def _text(self, given: str) -> str:
        return given if self._redactor is None else self._redactor.whole(given)

    def _head(self, given: str) -> str:
        return given if self._redactor is None else given[:HEAD] + "***"


def _added(call: Call, before: Call) -> dict[str, str]:
    """What the signature put into the call."""
    old = {**before.query, **(before.form or {}), **before.headers}
    new = {**call.query, **(call.form or {}), **call.headers}
    return {name: given for name, given in new.items() if old.get(name) != given}


# -- what was given --------------------------------------------------------------------------------


def _channel(asked: Namespace, registry: Registry) -> tuple[Connector, str]:
    connector = registry.connector(asked.name)
    if connector is None:
        says = Say("没有连接器 {name}。", name=asked.name)
        raise Wrong([Problem("NAME", "no_connector", says, offer(asked.name, registry.connectors))])
    names = list(connector.channels)
    if asked.channel in names or (asked.channel is None and len(names) == 1):
        return connector, asked.channel or names[0]
    says = Say("连接器 {connector} 有几个通道，要写 --channel。", connector=asked.name)
    raise Wrong([Problem("--channel", "no_channel", says, Say("有：{known}。", known=Words(names)))])


def _file(name: str) -> dict[str, Json]:
    """A mapping out of a JSON or YAML file. Raises Wrong with every problem."""
    root, problems = read(text_of(name))
    if problems:
        raise Wrong(problems)
    if not isinstance(root, Pairs):
        raise Wrong([Problem(name, "form", Say("{file} 要写成“键: 值”。", file=name))])
    found = value(root)
    assert isinstance(found, dict)  # noqa: S101  (a Pairs)
    return found


def _now(asked: Namespace, desk: Desk) -> datetime:
    if asked.now is None:
        return desk.clock.now()
    moment: datetime | None = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(asked.now)
    if moment is None or moment.tzinfo is None:
        says = Say("{name} 读不懂 {text}。", name="--now", text=asked.now)
        raise Wrong([Problem("--now", "time", says, Say("写成 2026-11-20T10:00:00+08:00，带时区。"))])
    return moment.astimezone(UTC)


def _call(
    given: Mapping[str, Json],
    registry: Registry,
    connector: Connector,
    channel: str,
    settings: Mapping[str, str],
    ring: Ring,
) -> Call:
    """The unsigned call: from the catalogue where an operation is named, else as it is written."""
    name = given.get("operation")
    if name is None:
        return _raw(given)
    found = registry.operation(str(name))
    if found is None or found.connector != connector.connector:
        known = [
            one.operation for one in registry.operations.values() if one.connector == connector.connector
        ]
        says = Say("没有接口 {name}。", name=name)
        raise Wrong([Problem("--call", "unknown_operation", says, offer(str(name), known))])
    root = settings.get("base") or connector.channels[channel].base
    plan = Plan(connector, channel, found, root, (), ring, None)
    params, document = given.get("params"), given.get("document")
    if found.kind == "save":
        return plan.save([encode(document if document is not None else {})])
    return plan.query(params if isinstance(params, dict) else {})


def _raw(given: Mapping[str, Json]) -> Call:
    body, url = given.get("body"), given.get("url")
    if not isinstance(url, str):
        says = Say("--call 的文件里要有 operation，或者 url。")
        raise Wrong([Problem("--call", "form", says)])
    data = body.encode() if isinstance(body, str) else None if body is None else encode(body)
    form = given.get("form")
    return Call(
        str(given.get("method", "POST")),
        url,
        _texts(given.get("query")),
        None if form is None else _texts(form),
        data,
        _texts(given.get("headers")),
    )


def _texts(given: Json) -> dict[str, str]:
    return {name: text(one) or "" for name, one in given.items()} if isinstance(given, dict) else {}
