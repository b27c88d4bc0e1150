"""docs/connectors.md: every operation as its catalogue tells it; `python -m engine.atlas`.

What is certain and what is guessed stands in the catalogues; here it becomes a table for people who
must decide what to try first on a real account.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta

from engine.model.catalog import Channel, Connector, Field, Operation
from engine.registry import Registry
from engine.settings import SHIPPED
from engine.simulate.load import names

HEAD = """\
# 连接器与接口

随程序带的全部连接器和接口。本页由 `python -m engine.atlas` 从接口目录生成，不要手改；各连接器的 README 写着\
设置和用法，怎样自己写见[写一个连接器](write-a-connector.md)。

- **时间窗**：一次至多问多久；“全读”是没有时间条件，每次全部读；\
“池”是待取池，确认后才不再出现。
- **翻页**：可用的每页条数；“总数”表示回复里有总数，读完能核对。
- **重发**：结果不明时靠什么不重复。“键”是引擎的幂等键，“反查”是按我们的单号问对方，“覆盖”是再发一次什么也不变，\
“人”是要人来定。
- **把握**：没有列出的都有厂商页面、厂商 SDK 或两份以上公开实现作依据；\
列出的是推测，先在试用时核实。没有一个接口用真实账号调用过。
- 模拟器做了每一个接口，每个接口在每个通道都有一来一回的测试。
"""
GUESSED = {
    "window": "时间窗",
    "pages": "翻页",
    "pages.sizes": "每页条数",
    "key": "主键",
    "ask": "请求字段",
    "call": "外层参数的形状",
    "give": "返回字段",
    "result": "回复里编号的位置",
    "repeatable": "再发一次什么也不变",
    "idempotency": "对方认幂等键",
    "lookup": "反查的条件",
    "lookup.settle": "反查的等待时间",
    "batch.most": "一次几张",
    "batch.refused": "没成的在哪",
    "batch.listed": "不收列表",
}


def page(registry: Registry, simulated: list[str]) -> str:
    """The whole page; `simulated` are the connectors that have a simulator."""
    parts = [HEAD]
    for code, connector in sorted(registry.connectors.items()):
        own = sorted(
            (one for one in registry.operations.values() if one.connector == code),
            key=lambda one: one.operation,
        )
        parts += _connector(connector, own, code in simulated)
    return "\n".join(parts)


def _connector(connector: Connector, operations: list[Operation], simulated: bool) -> Iterator[str]:
    yield f"## {connector.title} `{connector.connector}`\n"
    if connector.note:
        yield f"{connector.note}\n"
    yield "| 通道 | 地址 | 签名 | 设置 |\n|---|---|---|---|"
    for name, channel in connector.channels.items():
        needs = "、".join(f"`{one.name}`" for one in channel.settings)
        base = _code(channel.base) or "先问出来"
        yield f"| {channel.title or name} `{name}` | {base} | {_signed(channel)} | {needs} |"
    yield f"\n限流：{_limits(connector)}。模拟器：{'有' if simulated else '没有'}。依据：{connector.source}。\n"
    yield "| 接口 | 做什么 | 时间窗 | 翻页 | 一次几张 | 重发 | 推测的 |\n|---|---|---|---|---|---|---|"
    for one in operations:
        yield _row(one)
    yield f"\n各接口的依据：{'；'.join(_sources(operations))}。\n"


def _signed(channel: Channel) -> str:
    by = [f"`{channel.auth}`"] if channel.auth != "none" or channel.sign is None else []
    if channel.sign is not None:
        by.append(f"目录里的 `sign`：{channel.sign.digest}")
    return "，".join(by)


def _row(one: Operation) -> str:
    query = one.kind == "query"
    cells = [
        f"`{one.operation}`",
        ("读：" if query else "写：") + one.title,
        _window(one) if query else "",
        _pages(one) if query else "",
        "" if query else str(one.batch.most if one.batch else 1),
        "" if query else _again(one),
        "、".join(_guessed(one)),
    ]
    return "| " + " | ".join(cells) + " |"


def _window(one: Operation) -> str:
    if one.pages.style == "pool":
        return "池"
    return _span(one.window.longest) if one.window else "按 id" if one.one else "全读"


def _pages(one: Operation) -> str:
    if one.pages.style in ("none", "pool"):
        return f"至多 {one.pages.sizes[0]}" if one.pages.sizes else "一次给全"
    sizes = "、".join(str(size) for size in one.pages.sizes)
    return f"{sizes}，{'总数' if one.pages.total else '无总数'}"


def _again(one: Operation) -> str:
    ways = ["覆盖"] if one.repeatable else []
    ways += ["键"] if one.idempotency else []
    ways += [f"反查 `{one.lookup.operation}`"] if one.lookup else []
    return "、".join(ways) or "人"


def _guessed(one: Operation) -> Iterator[str]:
    needed = []
    for path in one.guess:
        if path.startswith("fields.") and path.endswith(".required"):
            needed.append("`" + path.removeprefix("fields.").removesuffix(".required") + "`")
        else:
            yield GUESSED.get(path) or f"`{path.partition('.')[2] or path}`"
    if needed:
        yield "必填：" + " ".join(needed)
    if count := sum(_guesses(one.ask)) + sum(_guesses(one.give)):
        yield f"{count} 个字段"


def _guesses(fields: tuple[Field, ...]) -> Iterator[int]:
    for field in fields:
        yield int(field.guess)
        yield from _guesses(field.fields)


def _limits(connector: Connector) -> str:
    limits = connector.limits
    parts = [f"每分钟 {limits.per_minute} 次"] if limits.per_minute else []
    parts += [f"每秒 {limits.per_second} 次"] if limits.per_second else []
    return "、".join([*parts, f"同时 {limits.at_once} 个"])


def _sources(operations: list[Operation]) -> list[str]:
    return sorted({one.source for one in operations})


def _span(longest: timedelta) -> str:
    return f"{longest.days} 天" if longest.days else f"{longest.seconds // 60} 分钟"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    folder = SHIPPED / "connectors"
    sys.stdout.write(page(Registry.read([folder]), names([folder])))
