"""Connectors: `connector list`, `show OPERATION`, `sign NAME`. No store and no network: what the folders say."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from engine.cli.desk import SETTLED, Desk
from engine.cli.parser import Commands, argument
from engine.cli.show import Terminal
from engine.cli.sign import sign
from engine.document.near import offer
from engine.errors import Wrong
from engine.model.catalog import Connector, Field, Operation
from engine.model.values import Json, Problem
from engine.registry import Registry
from engine.say import Say

KINDS = {"query": Say("查询"), "save": Say("写入")}


def add(commands: Commands) -> None:
    under = commands.under("connector", Say("连接器：我们知道的一个系统的接口"))
    command = under.add("list", Say("列出连接器和它们的接口"), show_all)
    argument(command, "name", nargs="?", metavar="NAME", says=Say("只看这个连接器"))
    command = under.add("show", Say("看一个接口：参数、字段、判定，哪些有把握、哪些是推测"), show_one)
    argument(command, "operation", metavar="OPERATION", says=Say("接口名或别名"))
    command = under.add("sign", Say("离线签一个请求，看待签的文本和签名；不发送"), sign)
    argument(command, "name", metavar="NAME", says=Say("连接器，如 wdt、yonbip"))
    argument(command, "--channel", metavar="NAME", says=Say("通道；只有一个时不用写"))
    argument(
        command,
        "--settings",
        required=True,
        metavar="FILE",
        says=Say("连接的设置、密钥和已有的令牌：JSON 或 YAML"),
    )
    argument(
        command,
        "--call",
        required=True,
        metavar="FILE",
        says=Say("要签的请求：operation 加 params 或 document，或者 method、url、query、form、body"),
    )
    argument(command, "--now", metavar="TIME", says=Say("当作现在的时间，如 2026-11-20T10:00:00+08:00"))
    argument(command, "--reveal", action="store_true", says=Say("不遮盖密钥和签名；小心屏幕和记录"))


def show_all(asked: Namespace, desk: Desk) -> int:
    registry = desk.registry()
    connectors = [_connector(registry, asked.name)] if asked.name else list(registry.connectors.values())
    desk.terminal.object({"connectors": [_listed_json(registry, one) for one in connectors]})
    for connector in connectors:
        channels = " ".join(connector.channels)
        desk.terminal.line(f"{connector.connector}  {connector.title}  ({channels})")
        rows = [
            (f"  {one.operation}", KINDS[one.kind], one.title, ", ".join(one.guess) and Say("有推测"))
            for one in _operations(registry, connector)
        ]
        desk.terminal.table((Say("  接口"), Say("种类"), Say("名称"), Say("把握")), rows)
    if registry.problems:
        desk.terminal.problems(registry.problems)
    return SETTLED


def _connector(registry: Registry, name: str) -> Connector:
    found = registry.connector(name)
    if found is None:
        says = Say("没有连接器 {name}。", name=name)
        raise Wrong([Problem("NAME", "no_connector", says, offer(name, registry.connectors))])
    return found


def _operations(registry: Registry, connector: Connector) -> list[Operation]:
    return [one for one in registry.operations.values() if one.connector == connector.connector]


def _listed_json(registry: Registry, connector: Connector) -> dict[str, Json]:
    operations: list[Json] = [
        {"operation": one.operation, "kind": one.kind, "title": one.title, "guess": list(one.guess)}
        for one in _operations(registry, connector)
    ]
    names: list[Json] = list(connector.channels)
    return {
        "connector": connector.connector,
        "title": connector.title,
        "channels": names,
        "operations": operations,
    }


# -- one operation ---------------------------------------------------------------------------------


def show_one(asked: Namespace, desk: Desk) -> int:
    registry = desk.registry()
    found = registry.operation(asked.operation)
    if found is None:
        says = Say("没有接口 {name}。", name=asked.operation)
        raise Wrong(
            [Problem("OPERATION", "unknown_operation", says, offer(asked.operation, registry.names()))]
        )
    told: dict[str, Json] = found.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    desk.terminal.object(told)
    terminal = desk.terminal
    terminal.line(
        f"{found.operation}  {found.title}  {terminal.told(KINDS[found.kind])}  ({found.connector})"
    )
    for words, value in _facts(found):
        if value:
            terminal.line(f"  {terminal.told(words)}{value}")
    for words, fields in ((Say("参数"), found.ask), (Say("单据"), found.fields), (Say("返回"), found.give)):
        if fields:
            terminal.line(f"{terminal.told(words)}:")
            _table(terminal, fields)
    return SETTLED


def _facts(operation: Operation) -> Iterator[tuple[Say, str]]:
    """What is not a field, one line each."""
    yield Say("别名："), " ".join(operation.aliases)
    yield Say("地址："), "  ".join(f"{name} {how.method} {how.path}" for name, how in operation.call.items())
    yield Say("主键："), " ".join(operation.key)
    if window := operation.window:
        hours = f"{window.longest.total_seconds() / 3600:g}h"
        yield Say("时间窗："), f"{window.since}..{window.until} ≤ {hours} ({window.zone})"
    if operation.pages.style != "none":
        yield Say("翻页："), f"{operation.pages.number}, {operation.pages.size} {list(operation.pages.sizes)}"
    if operation.idempotency:
        yield Say("幂等键："), operation.idempotency.at
    if operation.lookup:
        yield Say("反查："), f"{operation.lookup.operation} ({operation.lookup.by})"
    yield Say("推测："), " ".join(operation.guess)
    yield Say("说明："), operation.note
    yield Say("来源："), operation.source


def _table(terminal: Terminal, fields: Sequence[Field]) -> None:
    rows = [
        (
            "  " * (1 + depth) + field.name,
            field.type,
            Say("必填") if field.required else "",
            Say("推测") if field.guess else "",
            field.title,
            field.note,
        )
        for depth, field in _walked(fields)
    ]
    terminal.table((Say("  名称"), Say("类型"), "", "", Say("含义"), Say("注")), rows)


def _walked(fields: Sequence[Field], depth: int = 0) -> Iterator[tuple[int, Field]]:
    for field in fields:
        yield depth, field
        yield from _walked(field.fields, depth + 1)
