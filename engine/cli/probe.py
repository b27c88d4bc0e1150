"""Trying a connection: one harmless signed call, and in plain words what is wrong with it.

The tokens of this call are its own: what the workers hold stays, and a stored token cannot hide
that the secret is wrong.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.cli.desk import FAULT, SETTLED, Desk
from engine.clock import Clock
from engine.errors import Fault, Wrong
from engine.model.catalog import Operation
from engine.model.exchange import Exchange
from engine.model.values import Problem
from engine.registry import Registry
from engine.say import Say
from engine.services import Services
from engine.wire.limits import Bucket
from engine.wire.talk import Link, Talk
from engine.wire.tokens import MemoryTokens

NUMBER = "DUIJIE-CONNECTION-TEST"
ZONE = ZoneInfo("Asia/Shanghai")


async def probe(desk: Desk, services: Services, code: str) -> int:
    """Make the call and tell what came of it; gives the exit code."""
    account = services.lines.account(code)
    link = services.lines.link(account)
    auth = services.registry.auth(account.connector, account.channel)
    if auth is None:
        raise Wrong(
            [Problem(code, "no_connector", Say("连接器 {name} 不完整，不能签名。", name=account.connector))]
        )
    heard: list[Exchange] = []
    bucket = Bucket(link.limits, desk.clock)
    talk = Talk(link, auth, services.door, MemoryTokens(), bucket, desk.clock, heard.append)
    try:
        asked = await _ask(talk, link, services.registry, desk.clock)
    except Fault as fault:
        return _told(desk, link, heard, fault)
    desk.terminal.object({"connection": code, "works": True, "operation": asked.operation})
    desk.terminal.line(
        Say("连接 {code} 可用：{operation} 回答正常。", code=code, operation=asked.title or asked.operation)
    )
    return SETTLED


async def _ask(talk: Talk, link: Link, registry: Registry, clock: Clock) -> Operation:
    """The first query that needs nothing but a window; else a look-up of a number nobody has. Raises Fault."""
    mine = [
        one
        for one in registry.operations.values()
        if one.connector == link.connector.connector and link.channel in one.call
    ]
    for operation in mine:
        if operation.kind == "query" and operation.window is not None and not _needs(operation):
            size = min(operation.pages.sizes or (1,))
            await talk.page(operation, _window(operation, clock), operation.pages.start, size)
            return operation
    for operation in mine:
        listed = registry.operation(operation.lookup.operation) if operation.lookup else None
        if listed is not None:
            await talk.look_up(operation, listed, NUMBER)
            return listed
    says = Say("连接器 {name} 没有可以用来试的查询接口。", name=link.connector.connector)
    raise Wrong([Problem(link.code, "no_query", says)])


def _needs(operation: Operation) -> bool:
    """Whether it wants more than a window and a page."""
    window, pages = operation.window, operation.pages
    given = {pages.number, pages.size} | ({window.since, window.until} if window else set())
    return any(
        field.required and field.default is None and field.name not in given for field in operation.ask
    )


def _window(operation: Operation, clock: Clock) -> dict[str, str]:
    """The latest minute that is over."""
    span = operation.window
    if span is None:
        return {}
    until = (clock.now() - span.lag).astimezone(ZoneInfo(span.zone))
    since = until - timedelta(minutes=1)
    return {span.since: since.strftime(span.format), span.until: until.strftime(span.format)}


def _told(desk: Desk, link: Link, heard: list[Exchange], fault: Fault) -> int:
    """What is wrong, what was right before it, and what to look at."""
    terminal = desk.terminal
    let_in = [one for one in heard if one.purpose == "token"] and heard[-1].purpose != "token"
    signed = bool(let_in) or fault.kind == "refused"
    terminal.object(
        {
            "connection": link.code,
            "works": signed,
            "fault": {"kind": fault.kind, "code": fault.code, "says": terminal.told(fault.says)},
        }
    )
    if signed:
        # The vendor knew who asked; that this one query is not open to the account is another matter.
        terminal.line(Say("连接 {code} 的账号和密钥有效。", code=link.code))
        terminal.note(Say("但试查没有成功：{says}", says=fault.says))
        return SETTLED
    terminal.note(Say("连接 {code} 不通：{says}", code=link.code, says=fault.says))
    advice = _advice(fault.kind, desk.clock.now())
    if advice is not None:
        terminal.note(advice)
    return FAULT


def _advice(kind: str, now: datetime) -> Say | None:
    """What to look at after a fault of this kind."""
    here = f"{now.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    return {
        "unreachable": Say("核对地址（--base）、网络、代理和证书；内网地址要用 --private 开放。"),
        "login": Say("核对账号和密钥；本机时间现在是 {now}（北京），差几分钟以上签名也会被拒。", now=here),
        "busy": Say("账号是通的，只是正忙：过一会儿再试。"),
        "broken": Say("地址通了，但回答的不像这个系统：核对 --base 和通道。"),
    }.get(kind)
