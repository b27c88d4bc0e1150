"""Connections: `connection add`, `list`, `test`. A secret is typed, read from a file or from the environment."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from engine.cli.desk import SETTLED, Desk
from engine.cli.form import Form, filled
from engine.cli.parser import Commands, argument
from engine.cli.probe import probe
from engine.cli.run import allowing
from engine.cli.work import working
from engine.model.values import Json
from engine.say import Say
from engine.store import connections
from engine.store.connections import Account


def add(commands: Commands) -> None:
    under = commands.under("connection", Say("连接：一个系统里的一个账号"))
    command = under.add("add", Say("添加连接，或改一个已有的（没写到的保持不变）"), save)
    argument(command, "code", metavar="CODE", says=Say("连接代码，方案里写的就是它"))
    argument(command, "--connector", metavar="NAME", says=Say("连接器，如 wdt、yonbip"))
    argument(command, "--channel", metavar="NAME", says=Say("通道；只有一个时不用写"))
    argument(command, "--title", metavar="TEXT", says=Say("给人看的名称"))
    many = {"action": "append", "default": []}
    argument(command, "--set", dest="values", metavar="NAME=VALUE", says=Say("不是密码的设置"), **many)
    argument(command, "--secret-file", dest="files", metavar="NAME=PATH", says=Say("密码从文件读"), **many)
    argument(
        command,
        "--secret-env",
        dest="variables",
        metavar="NAME=VARIABLE",
        says=Say("密码从环境变量读"),
        **many,
    )
    argument(command, "--base", metavar="URL", says=Say("不用连接器自带的地址时，写自己的"))
    argument(
        command,
        "--host",
        dest="hosts",
        metavar="PATTERN",
        says=Say("另外允许的主机，如 *.example.com"),
        **many,
    )
    argument(
        command,
        "--limit",
        dest="limits",
        metavar="NAME=NUMBER",
        says=Say("限流：per_minute、per_second、at_once"),
        **many,
    )
    argument(
        command,
        "--private",
        dest="private",
        metavar="CIDR",
        says=Say("开放的内网网段，如 10.1.0.0/16"),
        **many,
    )
    argument(command, "--settle", metavar="TIME", says=Say("两次空反查至少隔多久，如 30s"))
    argument(command, "--busy-wait", metavar="TIME", says=Say("对方限流时歇多久，如 31s"))
    argument(command, "--keys", metavar="HOW", says=Say("目标系统对重复的幂等键：honoured 认，ignored 不认"))
    under.add("list", Say("列出连接；密码只说有没有"), show)
    command = under.add("test", Say("试连接：发一个无害的、签了名的请求"), test)
    argument(command, "code", metavar="CODE", says=Say("连接代码"))
    argument(command, "--operation", metavar="NAME", says=Say("用这个查询接口试；不写就挑一个"))
    allowing(command)


def save(asked: Namespace, desk: Desk) -> int:
    registry = desk.registry()
    with desk.store() as store:
        before = store.read(lambda read: connections.get(read, store.vault, asked.code))
        account, secrets = filled(desk, Form(asked, registry, before))
        now = desk.clock.now()
        store.write(lambda write: connections.save(write, store.vault, account, secrets, now))
    desk.terminal.object({"connection": account.code, "new": before is None})
    desk.terminal.line(Say("连接 {code} 已保存。", code=account.code))
    desk.terminal.note(Say("试一试：duijie connection test {code}", code=account.code))
    return SETTLED


def show(asked: Namespace, desk: Desk) -> int:
    with desk.store() as store:
        accounts = store.read(lambda read: connections.every(read, store.vault))
    desk.terminal.object({"connections": [_json(account) for account in accounts]})
    if not accounts:
        desk.terminal.line(Say("还没有连接。用 duijie connection add CODE --connector NAME 添加。"))
        return SETTLED
    heads = (Say("代码"), Say("连接器"), Say("通道"), Say("名称"), Say("设置"), Say("密码"))
    rows = [
        (
            one.code,
            one.connector,
            one.channel,
            one.title,
            _listed({**one.settings, **_plain(one)}),
            " ".join(one.secrets),
        )
        for one in accounts
    ]
    desk.terminal.table(heads, rows)
    return SETTLED


def _listed(settings: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings.items())


def _plain(account: Account) -> dict[str, str]:
    """Options for a table: lists and limits in one word each."""
    told: dict[str, str] = {}
    for name, value in account.options.items():
        if isinstance(value, dict):
            told[name] = ",".join(f"{key}:{number}" for key, number in value.items())
        else:
            told[name] = ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
    return told


def _json(account: Account) -> dict[str, Json]:
    return {
        "code": account.code,
        "connector": account.connector,
        "channel": account.channel,
        "title": account.title,
        "settings": dict(account.settings),
        "secrets": list(account.secrets),
        "options": dict(account.options),
    }


def test(asked: Namespace, desk: Desk) -> int:
    desk = desk.allowing(asked.allow)
    return asyncio.run(working(desk, lambda services: probe(desk, services, asked.code, asked.operation)))
