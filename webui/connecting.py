"""Making and changing a connection (连接), and trying it. A secret goes in and is never shown again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, url_for
from werkzeug.wrappers import Response as Answer

from engine.accounts import CODE, is_address, is_host, is_network, is_span
from engine.errors import Wrong
from engine.model.catalog import Channel, Connector, Limits
from engine.model.values import Json, Problem
from engine.probe import Probed, probe
from engine.store import connections
from engine.store.connections import Account
from webui import asked, forms
from webui.calls import calling
from webui.fragments import answer
from webui.language import _
from webui.visit import may, note
from webui.web import web

pages = Blueprint("connecting", __name__)

LONGEST = 4000
SPANS = ("settle", "busy_wait")
LISTS = ("hosts", "private")
PLACES = ("base", *LISTS)
"""Where calls may go: an administrator's business (S13)."""


@pages.get("/connections/new")
def new() -> Response:
    """Which system first, then its form."""
    connector = web().registry.connector(asked.word("connector", 60))
    if connector is None:
        known = sorted(web().registry.connectors.values(), key=lambda one: one.title)
        return answer("connections/choose.html", connectors=known)
    return _form(Draft(connector, _channel(connector, asked.word("channel", 60))))


@pages.post("/connections/new")
def add() -> Response | Answer:
    connector = web().registry.connector(forms.text("connector", 60)) or abort(404)
    draft = Draft(connector, _channel(connector, forms.text("channel", 60))).read()
    code = forms.text("code", 60)
    if not CODE.fullmatch(code):
        draft.wrong("code", _("代码用小写字母、数字和 -，例如 wdt-main。"))
    elif web().read(lambda c: connections.get(c, web().store.vault, code)) is not None:
        draft.wrong("code", _("这个代码已经用了，换一个。"))
    return _kept(draft, code)


@pages.get("/connections/<code>")
def show(code: str) -> Response:
    account = _account(code)
    return _form(Draft.of(account, asked.word("channel", 60)))


@pages.post("/connections/<code>")
def change(code: str) -> Response | Answer:
    account = _account(code)
    return _kept(Draft.of(account, forms.text("channel", 60)).read(), code)


@pages.post("/connections/<code>/trial")
def test(code: str) -> Response:
    """One harmless signed call, and in plain words what is wrong with it."""
    account = _account(code)
    note_ = "connection.test"
    try:
        found = calling(lambda services: probe(services, code))
    except Wrong as wrong:
        return _form(Draft.of(account, account.channel), troubles=wrong.problems, status=422)
    except TimeoutError:
        return _form(Draft.of(account, account.channel), troubles=[_too_long()], status=504)
    web().store.write(lambda c: note(c, note_, code, "ok" if found.works else found.part or "fault"))
    return _form(Draft.of(account, account.channel), probed=found)


@dataclass
class Draft:
    """A connection as the form has it: what is stored, with what was typed over it, and what is wrong with that."""

    connector: Connector
    channel: str
    before: Account | None = None
    title: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    options: dict[str, Json] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, account: Account, channel: str) -> Draft:
        connector = web().registry.connector(account.connector)
        if connector is None:
            abort(404)
        chosen = channel if channel in connector.channels else account.channel
        stored = (account.title, dict(account.settings), {}, dict(account.options))
        return cls(connector, chosen, account, *stored)

    @property
    def known(self) -> Channel:
        return self.connector.channels[self.channel]

    def wrong(self, path: str, says: str, do: str = "") -> None:
        self.problems.append(Problem(path, "connection", says, do))

    def read(self) -> Draft:
        """What was typed. An empty secret leaves the stored one as it is."""
        stored = set(self.before.secrets) if self.before else set()
        self.title = forms.text("title", 80)
        self.settings = {
            one.name: forms.text(f"set-{one.name}", LONGEST) for one in self.known.settings if not one.secret
        }
        self.settings = {name: value for name, value in self.settings.items() if value}
        for one in self.known.settings:
            typed = forms.raw(f"set-{one.name}", LONGEST).strip("\r\n") if one.secret else ""
            if typed:
                self.secrets[one.name] = typed
            given = (
                one.name in self.secrets or one.name in stored if one.secret else one.name in self.settings
            )
            if one.required and not given and one.default is None:
                self.wrong(f"set-{one.name}", _("还没填。"))
        self._options()
        self._moved(stored)
        return self

    def _options(self) -> None:
        for name in SPANS:
            self._put(name, forms.text(name, 20), is_span, _("写成 30s、10m 这样。"))
        self.options.pop("keys", None)
        keys = forms.text("repeats", 20)
        if keys in ("honoured", "ignored"):
            self.options["keys"] = keys
        elif keys:
            self.wrong("repeats", _("选一项。"))
        limits: dict[str, Json] = {}
        for name in Limits.model_fields:
            typed = forms.text(f"limit-{name}", 10)
            if typed and not (typed.isascii() and typed.isdigit() and int(typed) > 0):
                self.wrong(f"limit-{name}", _("写一个正整数。"))
            elif typed:
                limits[name] = int(typed)
        self._put("limits", limits, bool, "")
        if not may("people"):
            return
        self._put("base", forms.text("base", 300), is_address, _("写成 https://主机/路径，不带账号和参数。"))
        for name, fits, do in (
            ("hosts", is_host, _("写成 erp.example.com 或 *.example.com。")),
            ("private", is_network, _("写成 10.1.0.0/16 这样，主机位为零。")),
        ):
            words = forms.text(name, 1000).split()
            bad = [word for word in words if not fits(word)]
            if bad:
                self.wrong(name, _("{word} 不对。", word=bad[0]), do)
            self._put(name, words, bool, "")

    def _put(self, name: str, value: Any, fits: Any, do: str) -> None:
        """One option; empty it is the connector's own again."""
        self.options.pop(name, None)
        if value:
            self.options[name] = value
            if not fits(value):
                self.wrong(name, _("读不懂。"), do)

    def _moved(self, stored: set[str]) -> None:
        """A secret goes to the hosts it was given for: where they change, it is typed again, by an administrator."""
        if self.before is None:
            if any(_urls(self.settings)) and not may("people"):
                self.wrong("set-" + next(_urls(self.settings)), _("自己的地址要由管理员填。"))
            return
        names = (*_urls(self.settings), *_urls(self.before.settings))
        same = all(self.settings.get(name) == self.before.settings.get(name) for name in names)
        if same and all(self.options.get(name) == self.before.options.get(name) for name in PLACES):
            return
        if not may("people"):
            self.wrong("title", _("地址要由管理员改。"))
        for name in sorted(stored - self.secrets.keys()):
            self.wrong(f"set-{name}", _("地址变了，密码要再填一遍：它只发给填它时的那些主机。"))


def _urls(settings: Mapping[str, str]) -> Iterator[str]:
    return (name for name, value in settings.items() if urlsplit(value).scheme in ("http", "https"))


def _kept(draft: Draft, code: str) -> Response | Answer:
    if draft.problems:
        return _form(draft, code=code, status=422)
    account = Account(
        code, draft.connector.connector, draft.channel, draft.title, draft.settings, (), draft.options
    )

    def work(connection: Any) -> None:
        connections.save(connection, web().store.vault, account, draft.secrets, web().now())
        note(connection, "connection.save", code, _changes(draft))

    web().store.write(work)
    return redirect(url_for("connecting.show", code=code), 303)


def _changes(draft: Draft) -> str:
    """What of it is new, by name: values stand in the connection, and secrets nowhere."""
    before = draft.before
    was = (
        {**before.settings, **before.options, "title": before.title, "channel": before.channel}
        if before
        else {}
    )
    now = {**draft.settings, **draft.options, "title": draft.title, "channel": draft.channel}
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    return " ".join([*changed, *(f"{name}=changed" for name in sorted(draft.secrets))])


def _channel(connector: Connector, wanted: str) -> str:
    return wanted if wanted in connector.channels else next(iter(connector.channels))


def _account(code: str) -> Account:
    found = web().read(lambda c: connections.get(c, web().store.vault, code))
    if found is None:
        abort(404)
    return found


def _too_long() -> Problem:
    return Problem("", "too_long", _("等了很久没有结果。"), _("过一会儿再试；一直这样就核对地址。"))


def _form(
    draft: Draft,
    *,
    code: str = "",
    probed: Probed | None = None,
    troubles: Any = (),
    status: int = 200,
) -> Response:
    reply = answer(
        "connections/form.html",
        draft=draft,
        code=draft.before.code if draft.before else code,
        own=draft.connector.limits.model_dump(),
        wrong=forms.beside(draft.problems),
        troubles=troubles,
        probed=probed,
        stored=draft.before.secrets if draft.before else (),
    )
    reply.status_code = status
    return reply
