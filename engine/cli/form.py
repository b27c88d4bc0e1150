"""A connection's form: what was asked for, held against its connector and what is stored.

Every problem is told at once; what stands behind a wrong name is not repeated, it may be a secret.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from getpass import getpass

from engine.accounts import CODE, is_address, is_host, is_network
from engine.cli.desk import Desk, text_of
from engine.document.near import offer
from engine.errors import Wrong
from engine.model.catalog import Channel, Connector, Limits, Setting, duration
from engine.model.values import Json, Problem
from engine.registry import Registry
from engine.say import Say, Words
from engine.settings import variable
from engine.store.connections import Account


def filled(desk: Desk, form: Form) -> tuple[Account, dict[str, str]]:
    """The account and its new secrets, asked for only where all else is right. Raises Wrong with every problem."""
    asked, before = form.asked, form.before
    if not CODE.fullmatch(asked.code):
        form.wrong(
            "CODE",
            "code",
            Say("连接代码 {code} 只能用小写字母、数字和 -。", code=asked.code),
            Say("例如 wdt-main"),
        )
    connector = form.connector()
    name = form.channel(connector) if connector else None
    options = form.options()
    if connector is None or name is None:
        raise Wrong(form.problems)
    channel = connector.channels[name]
    known = {setting.name: setting for setting in channel.settings}
    settings, secrets = form.settings(known), form.secrets(known)
    stored = set(before.secrets) if before else set()
    _missing(form, channel, settings)
    _typed(desk, form, channel, secrets, stored)
    if form.problems:
        raise Wrong(form.problems)
    title = asked.title if asked.title is not None else before.title if before else ""
    return Account(asked.code, connector.connector, name, title, settings, (), options), secrets


def _missing(form: Form, channel: Channel, settings: Mapping[str, str]) -> None:
    for setting in channel.settings:
        if (
            setting.required
            and not setting.secret
            and setting.default is None
            and not settings.get(setting.name)
        ):
            says = Say("缺少 {title}（{name}）。", title=setting.title or setting.name, name=setting.name)
            form.wrong("--set", "missing_setting", says, Say("加上 --set {name}=…", name=setting.name))


def _typed(desk: Desk, form: Form, channel: Channel, secrets: dict[str, str], stored: set[str]) -> None:
    """Ask for required secrets nobody gave, hidden, where somebody sits there."""
    for setting in channel.settings:
        if not (setting.secret and setting.required) or setting.name in secrets or setting.name in stored:
            continue
        title = setting.title or setting.name
        if not form.problems and sys.stdin.isatty():
            secrets[setting.name] = getpass(desk.terminal.told(Say("{title}（输入时不显示）：", title=title)))
        if not secrets.get(setting.name):
            says = Say("缺少密码 {title}（{name}）。", title=title, name=setting.name)
            do = Say(
                "在终端里运行会提示输入；或用 --secret-file {name}=PATH、--secret-env {name}=VARIABLE。",
                name=setting.name,
            )
            form.wrong(setting.name, "missing_secret", says, do)


@dataclass
class Form:
    """What was asked for, held against the connector and what is stored; every problem is kept."""

    asked: Namespace
    registry: Registry
    before: Account | None
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, code: str, says: Say, do: Say | str = "") -> None:
        self.problems.append(Problem(path, code, says, do))

    def connector(self) -> Connector | None:
        name = self.asked.connector or (self.before.connector if self.before else "")
        if self.before and self.asked.connector and self.asked.connector != self.before.connector:
            says = Say(
                "连接 {code} 已经属于连接器 {name}。", code=self.asked.code, name=self.before.connector
            )
            self.wrong("--connector", "other_connector", says, Say("给新的连接换一个代码。"))
            return None
        found = self.registry.connector(name)
        if found is None and name:
            self.wrong(
                "--connector",
                "no_connector",
                Say("没有连接器 {name}。", name=name),
                offer(name, self.registry.connectors),
            )
        elif found is None:
            known = Words(self.registry.connectors)
            self.wrong(
                "--connector", "missing", Say("新连接要写 --connector。"), Say("有：{known}。", known=known)
            )
        return found

    def channel(self, connector: Connector) -> str | None:
        asked, known = self.asked.channel, connector.channels
        name = asked or (self.before.channel if self.before else None)
        if name in known:
            return str(name)
        if name is not None:
            self.wrong(
                "--channel",
                "no_channel",
                Say("连接器 {connector} 没有通道 {name}。", connector=connector.connector, name=name),
                offer(name, known),
            )
        elif len(known) == 1:
            return next(iter(known))
        else:
            told = Words([f"{code} {channel.title}" for code, channel in known.items()], "；")
            self.wrong(
                "--channel",
                "missing",
                Say("连接器 {connector} 有几个通道，要写 --channel。", connector=connector.connector),
                Say("有：{known}。", known=told),
            )
        return None

    def settings(self, known: Mapping[str, Setting]) -> dict[str, str]:
        """What is not secret: what was stored, with what is said now over it."""
        kept = {
            name: value
            for name, value in (self.before.settings if self.before else {}).items()
            if name in known
        }
        for name, value in self._pairs("--set", self.asked.values, known):
            if known[name].secret:
                says = Say("{name} 是密码，不能写在命令行里：别人看得到，历史里也会留下。", name=name)
                do = Say(
                    "不写它就会提示输入；或用 --secret-file {name}=PATH、--secret-env {name}=VARIABLE。",
                    name=name,
                )
                self.wrong("--set", "secret", says, do)
            else:
                kept[name] = value
        return kept

    def secrets(self, known: Mapping[str, Setting]) -> dict[str, str]:
        """Secrets from files and the environment."""
        found: dict[str, str] = {}
        for name, path in self._pairs("--secret-file", self.asked.files, known):
            try:
                found[name] = text_of(path).rstrip("\r\n")
            except Wrong as wrong:
                self.problems += wrong.problems
        for name, source in self._pairs("--secret-env", self.asked.variables, known):
            value = variable(source)
            if not value:
                self.wrong(
                    "--secret-env",
                    "no_variable",
                    Say("环境变量 {name} 没有值。", name=source),
                    Say("先设置它，或直接输入密码。"),
                )
            else:
                found[name] = value
        return found

    def _pairs(
        self, option: str, pairs: list[str], known: Mapping[str, Setting]
    ) -> Iterator[tuple[str, str]]:
        """NAME=VALUE, each name a setting. What stands behind a wrong one is not repeated: it may be a secret."""
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not equals or not name:
                self.wrong(
                    option,
                    "pair",
                    Say("{option} 要写成 名称=值。", option=option),
                    Say("名称有：{known}。", known=Words(known)),
                )
            elif name not in known:
                self.wrong(
                    option, "no_setting", Say("没有设置 {name}。", name=name), offer(name, list(known))
                )
            else:
                yield name, value

    def options(self) -> dict[str, Json]:
        """Base, hosts, limits and the rest, over what was stored."""
        asked, options = self.asked, dict(self.before.options) if self.before else {}
        if asked.base is not None and self._address(asked.base):
            options["base"] = asked.base
        if asked.hosts:
            options["hosts"] = [host for host in asked.hosts if self._host(host)]
        if asked.limits:
            options["limits"] = self._limits(options.get("limits"))
        if asked.private:
            options["private"] = [net for net in asked.private if self._net(net)]
        for name, text in (("settle", asked.settle), ("busy_wait", asked.busy_wait)):
            if text is not None and self._span(name, text):
                options[name] = text
        if asked.keys is not None:
            if asked.keys not in ("honoured", "ignored"):
                self.wrong(
                    "--keys", "keys", Say("--keys 是 honoured 或 ignored，不是 {text}。", text=asked.keys)
                )
            options["keys"] = asked.keys
        return options

    def _address(self, text: str) -> bool:
        if not is_address(text):
            self.wrong(
                "--base",
                "address",
                Say("--base 不是一个地址。"),
                Say("写成 https://主机/路径，不带账号和参数。"),
            )
            return False
        return True

    def _host(self, text: str) -> bool:
        if is_host(text):
            return True
        self.wrong(
            "--host",
            "host",
            Say("--host {text} 不是主机名。", text=text),
            Say("写成 erp.example.com 或 *.example.com。"),
        )
        return False

    def _limits(self, before: Json) -> Json:
        limits: dict[str, Json] = dict(before) if isinstance(before, dict) else {}
        for pair in self.asked.limits:
            name, _, number = pair.partition("=")
            if name in Limits.model_fields and number.isascii() and number.isdigit() and int(number) > 0:
                limits[name] = int(number)
            else:
                names = Words(Limits.model_fields)
                self.wrong(
                    "--limit",
                    "limit",
                    Say("--limit 读不懂 {text}。", text=pair),
                    Say("写成 名称=正整数，名称有：{names}。", names=names),
                )
        return limits

    def _net(self, text: str) -> bool:
        if is_network(text):
            return True
        self.wrong(
            "--private",
            "network",
            Say("--private {text} 不是网段。", text=text),
            Say("写成 10.1.0.0/16 这样，主机位为零。"),
        )
        return False

    def _span(self, name: str, text: str) -> bool:
        try:
            return bool(duration(text))
        except ValueError as error:
            self.wrong(
                f"--{name.replace('_', '-')}", "duration", Say("{text} 不是时长。", text=text), str(error)
            )
            return False
