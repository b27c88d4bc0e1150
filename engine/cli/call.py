"""`duijie call CONNECTION OPERATION`: one call through a real connection, shown whole and masked.

A query reads its first page; an operation that writes is sent only where `--write` says so, for such
a write stands in no ledger. Nothing is repeated, no cursor moves.
"""

from __future__ import annotations

import asyncio
from argparse import Namespace
from datetime import timedelta
from pathlib import Path

from engine.cli.desk import FAULT, SETTLED, Desk, bytes_of, decoded
from engine.cli.parser import Commands, argument
from engine.cli.run import allowing
from engine.cli.work import working
from engine.document.near import offer
from engine.errors import Fault, Wrong
from engine.exact import decode, encode
from engine.model.catalog import Field, Operation
from engine.model.exchange import Exchange
from engine.model.values import Call, Json, Problem, Reply
from engine.say import Say
from engine.services import Services
from engine.wire.doors.tap import Tap
from engine.wire.limits import Bucket
from engine.wire.paging import window_asked
from engine.wire.redact import Redactor
from engine.wire.talk import Link, Talk
from engine.wire.tokens import MemoryTokens


def add(commands: Commands) -> None:
    command = commands.add("call", Say("试调一次接口：看请求、回复和判定"), call)
    argument(command, "connection", metavar="CONNECTION", says=Say("连接代码"))
    argument(command, "operation", metavar="OPERATION", says=Say("接口名或别名"))
    argument(
        command,
        "--set",
        dest="values",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        says=Say("参数；数字、true、列表和对象按 JSON 读"),
    )
    argument(command, "--body", metavar="FILE", says=Say("单据或全部参数：JSON 文件"))
    argument(command, "--write", action="store_true", says=Say("接口会写入目标系统时，要写明这一点"))
    argument(command, "--keep", action="store_true", says=Say("把遮盖过的回复存为样本"))
    allowing(command)


def call(asked: Namespace, desk: Desk) -> int:
    desk = desk.allowing(asked.allow)
    return asyncio.run(working(desk, lambda services: _call(asked, desk, services)))


async def _call(asked: Namespace, desk: Desk, services: Services) -> int:
    account = services.lines.account(asked.connection)
    link = services.lines.link(account)
    auth = services.registry.auth(account.connector, account.channel)
    operation = _operation(asked, services, link)
    given = _given(asked, operation)
    if auth is None:
        says = Say("连接器 {name} 不完整，不能签名。", name=account.connector)
        raise Wrong([Problem(asked.connection, "no_connector", says)])
    heard: list[Exchange] = []
    tap, tokens = Tap(services.door, desk.clock), MemoryTokens()
    talk = Talk(link, auth, tap, tokens, Bucket(link.limits, desk.clock), desk.clock, heard.append)
    fault, brought = await _sent(talk, operation, given, desk)
    known = tokens.load(link.code)
    desk.hide([value for value, _ in known.values()])
    redactor = _redactor(link, operation, [value for value, _ in known.values()])
    return _told(asked, desk, _Tried(operation, link, tap, heard, redactor, fault, brought))


async def _sent(
    talk: Talk, operation: Operation, given: dict[str, Json], desk: Desk
) -> tuple[Fault | None, dict[str, Json]]:
    """What came of it: a fault, or what the reply was read as."""
    try:
        if operation.kind == "save":
            saved = await talk.save(operation, encode(_keyed(operation, given, desk)))
            return None, {"id": saved.id, "number": saved.number}
        pages = operation.pages
        number, size = given.pop(pages.number, pages.start), given.pop(pages.size, None)
        asked = {**_window(operation, desk, given), **given}
        page = await talk.page(
            operation, asked, int(str(number)), int(str(size or (pages.sizes or (10,))[-1]))
        )
    except Fault as fault:
        return fault, {}
    return None, {"rows": len(page.rows), "total": page.total}


def _keyed(operation: Operation, given: dict[str, Json], desk: Desk) -> dict[str, Json]:
    """The document with a key of its own, where the operation takes one and none was given."""
    key = operation.idempotency
    if key is None or key.at in given:
        return given
    return {**given, key.at: desk.clock.code()[: min(32, key.longest)]}


def _window(operation: Operation, desk: Desk, given: dict[str, Json]) -> dict[str, Json]:
    """The latest hour that is over, or as much of it as the vendor allows, where no time is given."""
    span = operation.window
    if span is None or {span.since, span.until, span.within} & given.keys():
        return {}
    until = desk.clock.now() - span.lag
    return window_asked(span, until - min(span.longest, timedelta(hours=1)), until)


def _operation(asked: Namespace, services: Services, link: Link) -> Operation:
    found = services.registry.operation(asked.operation)
    own = [
        one.operation
        for one in services.registry.operations.values()
        if one.connector == link.connector.connector
    ]
    if found is None or found.operation not in own:
        says = Say("连接 {code} 没有接口 {name}。", code=link.code, name=asked.operation)
        raise Wrong([Problem("OPERATION", "unknown_operation", says, offer(asked.operation, own))])
    if found.kind == "save" and not asked.write:
        says = Say(
            "接口 {name} 会写入 {vendor}，没有发送。", name=found.operation, vendor=link.connector.title
        )
        raise Wrong([Problem("--write", "writes", says, Say("确实要写就加 --write；请用测试账号。"))])
    return found


def _given(asked: Namespace, operation: Operation) -> dict[str, Json]:
    """The parameters or the document. Raises Wrong with every problem."""
    given: dict[str, Json] = {}
    problems: list[Problem] = []
    if asked.body:
        given = _body(asked.body)
    types = {field.name: field.type for field in (*operation.ask, *operation.fields)}
    for pair in asked.values:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            problems.append(Problem("--set", "pair", Say("{option} 要写成 名称=值。", option="--set")))
            continue
        given[name] = text if types.get(name) in ("text", "id", "date", "datetime") else _json(text)
    if problems:
        raise Wrong(problems)
    return given


def _body(file: str) -> dict[str, Json]:
    try:
        found = decode(decoded(file, bytes_of(file)))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Wrong([Problem(file, "form", Say("{file} 不是一个 JSON 对象。", file=file))])
    return found


def _json(text: str) -> Json:
    """JSON where it is some, else the text. A number with a leading zero is a code and stays text."""
    try:
        return decode(text)
    except ValueError:
        return text


# -- what is shown ---------------------------------------------------------------------------------


class _Tried:
    """One call that was tried, ready to be shown."""

    def __init__(
        self,
        operation: Operation,
        link: Link,
        tap: Tap,
        heard: list[Exchange],
        redactor: Redactor,
        fault: Fault | None,
        brought: dict[str, Json],
    ) -> None:
        self.operation, self.link, self.fault, self.brought = operation, link, fault, brought
        self._passed, self._redactor = tap.passed, redactor
        self.took_ms = heard[-1].took_ms if heard else 0

    @property
    def verdict(self) -> str:
        return self.fault.kind if self.fault else "done"

    def request(self) -> Json:
        if not self._passed:
            return None
        call: Call = self._passed[-1].call
        told: dict[str, Json] = {"method": call.method, "url": self._redactor.url(call.url, call.query)}
        if call.form is not None:
            told["form"] = {name: self._redactor.value(value, name) for name, value in call.form.items()}
        if call.body is not None:
            told["body"] = self._redactor.value(decode(call.body))
        return told

    def reply(self) -> Json:
        """The reply's status and body, masked; None where none came."""
        reply: Reply | None = self._passed[-1].reply if self._passed else None
        if reply is None:
            return None
        body = self._redactor.value(reply.data) if reply.data is not None else self._redactor.text(reply.body)
        return {"status": reply.status, "body": body}


def _told(asked: Namespace, desk: Desk, tried: _Tried) -> int:
    terminal, request, reply = desk.terminal, tried.request(), tried.reply()
    fault = tried.fault
    kept = _kept(desk, tried, reply) if asked.keep else None
    says = fault.says if fault else Say("接口 {name} 回答正常。", name=tried.operation.operation)
    told: dict[str, Json] = {"verdict": tried.verdict, "code": fault.code if fault else None}
    told |= {"says": terminal.told(says), "took_ms": tried.took_ms, **tried.brought}
    terminal.object({"request": request, "reply": reply, **told, "kept": str(kept) if kept else None})
    terminal.line(encode(request).decode())
    terminal.line(encode(reply).decode())
    terminal.line(
        Say("判定：{verdict}，{ms} 毫秒。{says}", verdict=tried.verdict, ms=tried.took_ms, says=says)
    )
    if kept is not None:
        terminal.note(Say("样本存到了 {path}，密钥和个人信息已遮盖；用之前再看一遍。", path=kept))
    return FAULT if fault else SETTLED


def _kept(desk: Desk, tried: _Tried, reply: Json) -> Path | None:
    """Where the masked reply lies now: named as connectors name their samples, one more for each."""
    if not isinstance(reply, dict) or not isinstance(reply["body"], dict):
        raise Wrong([Problem("--keep", "no_sample", Say("没有收到 JSON 回复，没有可存的样本。"))])
    kind = "" if tried.fault is None else f".{tried.fault.kind}"
    folder = desk.settings.home / "samples" / tried.link.connector.connector
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{tried.operation.operation}.{tried.link.channel}{kind}"
    number = 1
    while True:
        path = folder / f"{name}{'' if number == 1 else number}.json"
        try:
            with path.open("xb") as file:
                file.write(encode(reply["body"]) + b"\n")
        except FileExistsError:
            number += 1
            continue
        return path


def _redactor(link: Link, operation: Operation, tokens: list[str]) -> Redactor:
    return Redactor(
        [*link.secrets(), *tokens], _personal((*operation.ask, *operation.fields, *operation.give))
    )


def _personal(fields: tuple[Field, ...]) -> set[str]:
    names = {field.name for field in fields if field.personal}
    return names.union(*(_personal(field.fields) for field in fields))
