"""Documents as a person sees them and has them tried again: `records`, `retry`."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from typing import Any, cast

from engine.cli.desk import SETTLED, Desk, scheme_of
from engine.cli.parser import Commands, argument
from engine.cli.run import allowing
from engine.cli.show import STATES, Terminal, state_name
from engine.cli.work import machine, told, well, work_off, working
from engine.exact import decode
from engine.model.values import Json
from engine.say import Say, Stored
from engine.services import Services
from engine.store import documents, runs, send
from engine.store.schemes import Published
from engine.store.store import Store

MOST = 200
RETRIED = ("refused", "unknown", "waiting")
RETRIABLE = (*RETRIED, "skipped")
"""Skipped ones only where somebody says so: after a `where` was widened, say."""


def add(commands: Commands) -> None:
    command = commands.add("records", Say("看一个方案的单据：各是什么状态，为什么"), records)
    argument(command, "scheme", metavar="SCHEME", says=Say("方案代码"))
    argument(
        command,
        "--state",
        choices=list(STATES),
        metavar="STATE",
        says=Say("只看这种状态：{states}", states=" ".join(STATES)),
    )
    argument(command, "--key", metavar="KEY", says=Say("只看这一张：主键或单号；并显示每次调用"))
    command = commands.add("retry", Say("重试被拒绝的、结果未知的、等待的单据"), retry)
    argument(command, "scheme", metavar="SCHEME", says=Say("方案代码"))
    argument(
        command,
        "--state",
        action="append",
        choices=RETRIABLE,
        metavar="STATE",
        says=Say("只重试这种：refused unknown waiting，或 skipped（where 放宽以后）"),
    )
    argument(command, "--key", metavar="KEY", says=Say("只重试这一张：主键或单号"))
    allowing(command)


ACTIONS = {"update": Say("修改"), "cancel": Say("作废")}


def records(asked: Namespace, desk: Desk) -> int:
    with desk.store() as store:
        published = scheme_of(store, asked.scheme)
        rows = store.read(lambda read: documents.found(read, published.id, asked.state, asked.key, MOST))
        unplanned = store.read(lambda read: documents.unplanned_count(read, published.id))
        numbering = store.read(lambda read: send.numbering(read, published.id))
        calls = _calls(store, rows) if asked.key else {}
    terminal = desk.terminal
    listed: list[Json] = [_json(row, calls.get(row.id)) for row in rows]
    terminal.object({"documents": listed, "unplanned": unplanned, "numbering": numbering})
    if not rows:
        terminal.line(Say("没有这样的单据。"))
    elif asked.key:
        for row in rows:
            _story(terminal, row, calls[row.id])
    else:
        _table(terminal, rows)
    if numbering == "theirs":
        terminal.note(Say("目标系统另编单号，不用我们的：按单号反查已停用，结果未知的要人核对。"))
    if unplanned and asked.state in (None, "waiting"):
        terminal.note(Say("另有 {count} 条数据读到了还没有映射，下次运行时做。", count=unplanned))
    return SETTLED


def _calls(store: Store, rows: list[Any]) -> dict[int, list[Any]]:
    """Every call made for these documents."""
    return store.read(lambda read: {row.id: documents.attempts(read, row.id) for row in rows})


def _table(terminal: Terminal, rows: list[Any]) -> None:
    heads = (Say("单号"), Say("状态"), Say("目标单号"), Say("变动时间"), Say("原因"))
    shown = [
        (
            name_of(row),
            _state(terminal, row),
            row.target_number or "",
            _when(row),
            Stored(row.reason),
        )
        for row in rows
    ]
    terminal.table(heads, shown)
    if len(rows) == MOST:
        terminal.note(Say("只列出最新的 {most} 张；用 --state 或 --key 缩小。", most=MOST))


def name_of(row: Any) -> str:
    """The source's number; of a follow-up with the call's name."""
    return f"{row.number or row.key} → {row.follow}" if row.follow else str(row.number or row.key)


def _state(terminal: Terminal, row: Any) -> str:
    """The state in a person's words, with what else is to know: which change it was, that the source changed since."""
    told = state_name(terminal, row.state, row.why)
    marks = [terminal.told(ACTIONS[row.action])] if row.action in ACTIONS else []
    marks += [terminal.told(Say("源里又变了"))] if row.flagged else []
    return " ".join([told, *marks])


def _when(row: Any) -> str:
    return f"{row.changed_at.astimezone():%Y-%m-%d %H:%M:%S}"


def _story(terminal: Terminal, row: Any, calls: list[Any]) -> None:
    """One document with all that was said about it."""
    _table(terminal, [row])
    for problem in cast("list[dict[str, str]]", decode(row.problems)):
        says, do = (terminal.told(Stored(problem[key])) for key in ("says", "do"))
        terminal.line(f"  {problem['path']}: {says} {do}")
    for call in calls:
        at = f"{call.at.astimezone():%Y-%m-%d %H:%M:%S}"
        facts = f"{call.purpose} {call.operation} {call.status or '-'} {call.verdict} {call.took_ms}ms"
        terminal.line(f"  {at} {facts} {terminal.told(Stored(call.says))}")


def _json(row: Any, calls: list[Any] | None) -> dict[str, Json]:
    names = (
        "key",
        "number",
        "state",
        "why",
        "generation",
        "sends",
        "target_id",
        "target_number",
        "reason",
        "flagged",
        "action",
        "follow",
    )
    told: dict[str, Json] = {name: getattr(row, name) for name in names}
    told["problems"] = decode(row.problems)
    told["changed_at"] = row.changed_at.isoformat()
    if calls is not None:
        told["calls"] = [_call_json(call) for call in calls]
    return told


def _call_json(call: Any) -> dict[str, Json]:
    names = (
        "purpose",
        "operation",
        "took_ms",
        "method",
        "url",
        "status",
        "verdict",
        "code",
        "says",
        "request",
        "reply",
    )
    return {"at": call.at.isoformat(), **{name: getattr(call, name) for name in names}}


# -- retry -----------------------------------------------------------------------------------------


def retry(asked: Namespace, desk: Desk) -> int:
    desk = desk.allowing(asked.allow)
    return asyncio.run(working(desk, lambda services: _retry(asked, desk, services)))


async def _retry(asked: Namespace, desk: Desk, services: Services) -> int:
    published = scheme_of(services.store, asked.scheme)
    flow = services.flows.of(published)
    if flow.scheme.target is not None:
        services.lines.to(flow.scheme.target.connection)
    states = asked.state or RETRIED
    now = desk.clock.now()
    count, run_id = services.store.write(lambda write: _begin(write, published, asked.key, states, now))
    if run_id is None:
        desk.terminal.object({"retried": 0})
        desk.terminal.line(Say("没有要重试的单据。"))
        return SETTLED
    desk.terminal.note(Say("重试 {count} 张单据。", count=count))
    begun = desk.clock.monotonic()
    ended = await work_off(desk, services, published.id, run_id)
    seconds = desk.clock.monotonic() - begun
    desk.terminal.object({"retried": count, **machine(ended, seconds)})
    code = told(desk.terminal, ended, asked.scheme, seconds)
    left = services.store.read(lambda read: documents.tally(read, published.id, asked.key))
    return code or well(desk.terminal, left, asked.scheme)


def _begin(
    write: Any, published: Published, key: str | None, states: Any, now: Any
) -> tuple[int, int | None]:
    """What is to be tried again, and the run that reads nothing and works it off; None where there is nothing."""
    count = documents.again(write, published.id, key, states, now)
    if not count:
        return 0, None
    return count, runs.begin_push(write, published.id, published.version, "retry", now)
