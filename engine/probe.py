"""Trying a connection: one harmless signed call, and in plain words what is wrong with it.

The tokens of this call are its own: what the workers hold stays, and a stored token cannot hide
that the secret is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from engine.clock import Clock
from engine.document.near import offer
from engine.errors import Fault, Part, Wrong
from engine.model.catalog import Operation
from engine.model.exchange import Exchange
from engine.model.values import Json, Problem
from engine.registry import Registry
from engine.say import Say
from engine.services import Services
from engine.wire.blame import SKEW, blamed
from engine.wire.doors.tap import Tap
from engine.wire.limits import Bucket
from engine.wire.paging import window_asked
from engine.wire.talk import Link, Talk
from engine.wire.tokens import MemoryTokens

NUMBER = "DUIJIE-CONNECTION-TEST"
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of the call. `lines` is what is right, `notes` what is wrong, and what to look at next.

    `ahead` tells how far the vendor's clock is ahead of ours.
    """

    works: bool
    lines: tuple[Say, ...]
    notes: tuple[Say, ...] = ()
    operation: str = ""
    fault: Fault | None = None
    part: Part = ""
    do: Say | None = None
    ahead: timedelta | None = None


async def probe(services: Services, code: str, wanted: str | None = None) -> Probed:
    """Make the call. Raises Wrong where the connection or the operation asked for does not exist."""
    account = services.lines.account(code)
    link = services.lines.link(account)
    auth = services.registry.auth(account.connector, account.channel)
    if auth is None:
        raise Wrong(
            [Problem(code, "no_connector", Say("连接器 {name} 不完整，不能签名。", name=account.connector))]
        )
    heard: list[Exchange] = []
    tap = Tap(services.door, services.clock)
    bucket = Bucket(link.limits, services.clock)
    talk = Talk(link, auth, tap, MemoryTokens(), bucket, services.clock, heard.append)
    try:
        asked = await _ask(
            talk, link, _mine(services.registry, link, wanted), services.registry, services.clock
        )
    except Fault as fault:
        return _failed(services.clock, link, heard, tap, fault)
    ahead = _ahead(tap)
    says = Say("连接 {code} 可用：{operation} 回答正常。", code=code, operation=asked.title or asked.operation)
    return Probed(True, (says,), _skewed(ahead), asked.operation, ahead=ahead)


def _mine(registry: Registry, link: Link, wanted: str | None) -> list[Operation]:
    """The operations to try with. Raises Wrong where the one asked for is none of this connection's."""
    mine = [
        one
        for one in registry.operations.values()
        if one.connector == link.connector.connector and ({link.channel, "default"} & one.call.keys())
    ]
    if wanted is None:
        return mine
    one = registry.operation(wanted)
    if one not in mine or one is None or one.kind != "query":
        says = Say("连接 {code} 没有查询接口 {name}。", code=link.code, name=wanted)
        known = [other.operation for other in mine if other.kind == "query"]
        raise Wrong([Problem("--operation", "unknown_operation", says, offer(wanted, known))])
    return [one]


async def _ask(talk: Talk, link: Link, mine: list[Operation], registry: Registry, clock: Clock) -> Operation:
    """The first query that needs nothing but a window; else a look-up of a number nobody has. Raises Fault."""
    for operation in mine:
        alone = operation.window is not None or len(mine) == 1
        if operation.kind == "query" and alone and not _needs(operation):
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


def _window(operation: Operation, clock: Clock) -> dict[str, Json]:
    """The latest minute that is over."""
    span = operation.window
    if span is None:
        return {}
    until = clock.now() - span.lag
    return window_asked(span, until - timedelta(minutes=1), until)


def _failed(clock: Clock, link: Link, heard: list[Exchange], tap: Tap, fault: Fault) -> Probed:
    """What is wrong, what was right before it, and what to look at."""
    ahead = _ahead(tap)
    part = _plain_to_tls(link, tap, fault) or blamed(link.connector.blames, fault, ahead)
    let_in = [one for one in heard if one.purpose == "token"] and heard[-1].purpose != "token"
    signed = (bool(let_in) or fault.kind == "refused") and part in ("", "permission", "balance")
    do = _advice(part, fault.kind, clock, ahead)
    # The vendor knew who asked; that this one query is not open to the account is another matter.
    valid = (Say("连接 {code} 的账号和密钥有效。", code=link.code),) if signed else ()
    if signed and not part:
        notes: tuple[Say, ...] = (Say("但试查没有成功：{says}", says=fault.says),)
    else:
        off = _skewed(ahead) if part != "clock" else ()
        notes = (_wrong(part, link, fault), *((do,) if do else ()), *off)
    return Probed(signed and not part, valid, notes, "", fault, part, do, ahead)


def _wrong(part: Part, link: Link, fault: Fault) -> Say:
    """What does not work, in one sentence."""
    names = {"code": link.code, "says": fault.says}
    return {
        "address": Say("连接 {code} 的地址不通：{says}", **names),
        "tls": Say("连接 {code} 的加密连接（TLS）没有建成：{says}", **names),
        "clock": Say("连接 {code} 被拒绝，因为两边的时间对不上：{says}", **names),
        "key": Say("连接 {code} 的账号不对：{says}", **names),
        "signature": Say("连接 {code} 的签名不对：{says}", **names),
        "permission": Say("连接 {code} 没有调用这个接口的权限：{says}", **names),
        "balance": Say("连接 {code} 的调用次数或余额用完了：{says}", **names),
    }.get(part) or Say("连接 {code} 不通：{says}", **names)


def _advice(part: Part, kind: str, clock: Clock, ahead: timedelta | None) -> Say | None:
    """What to look at next."""
    here = f"{clock.now().astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    if part == "clock" and ahead is not None and abs(ahead) >= SKEW:
        return Say(
            "本机时间是 {now}（北京），对方的钟{way} {seconds} 秒：用 NTP 校准本机时间后再试。",
            now=here,
            way=Say("快") if ahead > timedelta(0) else Say("慢"),
            seconds=abs(round(ahead.total_seconds())),
        )
    parts = {
        "address": Say("核对地址（--base）、网络、代理和证书；内网地址要用 --private 开放。"),
        "tls": Say("核对 --base 写的是 http 还是 https、主机名和端口；证书过期或不符要请对方更新。"),
        "clock": Say("本机时间现在是 {now}（北京）：用 NTP 校准后再试。", now=here),
        "key": Say(
            "核对账号类的设置（不是密钥）：用 duijie connection list 看现在填的，用 duijie connection add 改。"
        ),
        "signature": Say(
            "多半是密钥不对：重新填写；仍不行就用 duijie connector sign 和对方的签名工具逐字比较。"
            "本机时间是 {now}（北京）。",
            now=here,
        ),
        "permission": Say("到开放平台给应用申请这个接口；先用 --operation 换一个已有权限的接口试。"),
        "balance": Say("到开放平台续费或提高每天的调用次数。"),
    }
    return parts.get(part) or {
        "unreachable": parts["address"],
        "login": Say("核对账号和密钥；本机时间现在是 {now}（北京），差几分钟以上签名也会被拒。", now=here),
        "busy": Say("账号是通的，只是正忙：过一会儿再试。"),
        "broken": Say("地址通了，但回答的不像这个系统：核对 --base 和通道。"),
    }.get(kind)


def _plain_to_tls(link: Link, tap: Tap, fault: Fault) -> Part:
    """Plain HTTP to a port that speaks TLS: the line breaks after the first bytes, without any reply."""
    silent = fault.sent and tap.passed and tap.passed[-1].reply is None
    return "tls" if silent and tap.passed[-1].call.url.startswith("http://") and ":443" in link.root else ""


def _ahead(tap: Tap) -> timedelta | None:
    """How far the vendor's clock is ahead of ours, by its last reply."""
    return tap.passed[-1].ahead if tap.passed else None


def _skewed(ahead: timedelta | None) -> tuple[Say, ...]:
    """A clock that is off does no harm yet, and will."""
    if ahead is None or abs(ahead) < SKEW:
        return ()
    says = Say(
        "注意：对方的钟和本机差 {seconds} 秒，差得再多签名会被拒。",
        seconds=abs(round(ahead.total_seconds())),
    )
    return (says,)
