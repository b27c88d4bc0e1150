"""Documents as a person sees and settles them: `records`, `retry`, `settle`."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from typing import Any, cast

from engine.cli.desk import SETTLED, Desk, scheme_of
from engine.cli.parser import Commands, argument
from engine.cli.run import allowing
from engine.cli.show import STATES, Terminal, state_name
from engine.cli.work import machine, told, well, work_off, working
from engine.errors import Wrong
from engine.exact import decode
from engine.model.ledger import State, by_hand
from engine.model.values import Json, Problem
from engine.say import Say, Stored, Words
from engine.services import Services
from engine.store import documents, runs
from engine.store.schemes import Published
from engine.store.store import Store

MOST = 200
RETRIED = ("refused", "unknown", "waiting")


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
        choices=RETRIED,
        metavar="STATE",
        says=Say("只重试这种：refused unknown waiting"),
    )
    argument(command, "--key", metavar="KEY", says=Say("只重试这一张：主键或单号"))
    allowing(command)
    command = commands.add("settle", Say("人工定案：核对过目标系统之后"), settle)
    argument(command, "scheme", metavar="SCHEME", says=Say("方案代码"))
    argument(command, "--key", required=True, metavar="KEY", says=Say("哪一张：主键或单号"))
    how = command.add_mutually_exclusive_group(required=True)
    argument(command, "--done", group=how, metavar="NUMBER", says=Say("目标系统里已有，单号是 NUMBER"))
    argument(command, "--cancel", group=how, action="store_true", says=Say("不再写入"))
    argument(command, "--skip", group=how, action="store_true", says=Say("跳过；源数据再变时重新映射"))
    argument(command, "--reason", required=True, metavar="TEXT", says=Say("凭什么这样定"))


def records(asked: Namespace, desk: Desk) -> int:
    with desk.store() as store:
        published = scheme_of(store, asked.scheme)
        rows = store.read(lambda read: documents.found(read, published.id, asked.state, asked.key, MOST))
        unplanned = store.read(lambda read: documents.unplanned_count(read, published.id))
        calls = _calls(store, rows) if asked.key else {}
    terminal = desk.terminal
    terminal.object({"documents": [_json(row, calls.get(row.id)) for row in rows], "unplanned": unplanned})
    if not rows:
        terminal.line(Say("没有这样的单据。"))
    elif asked.key:
        for row in rows:
            _story(terminal, row, calls[row.id])
    else:
        _table(terminal, rows)
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
            row.number or row.key,
            state_name(terminal, row.state, row.why),
            row.target_number or "",
            _when(row),
            Stored(row.reason),
        )
        for row in rows
    ]
    terminal.table(heads, shown)
    if len(rows) == MOST:
        terminal.note(Say("只列出最新的 {most} 张；用 --state 或 --key 缩小。", most=MOST))


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


# -- settle ----------------------------------------------------------------------------------------


def settle(asked: Namespace, desk: Desk) -> int:
    state: State = "done" if asked.done else "cancelled" if asked.cancel else "skipped"
    with desk.store() as store:
        published = scheme_of(store, asked.scheme)
        row = _one(store, published, asked.key)
        if not store.write(
            lambda write: documents.decide(
                write, published.id, row.key, state, asked.reason, asked.done, desk.clock.now()
            )
        ):
            raise Wrong([_no_move(desk.terminal, row, state)])
    desk.terminal.object({"key": row.key, "number": row.number, "state": state})
    desk.terminal.line(Say("{number}：{state}。", number=row.number or row.key, state=STATES[state]))
    return SETTLED


def _one(store: Store, published: Published, key: str) -> Any:
    """The one document meant. Raises Wrong where there is none or several share the number."""
    rows = store.read(lambda read: documents.found(read, published.id, None, key, 20))
    exact = [row for row in rows if row.key == key] or rows
    if len(exact) == 1:
        return exact[0]
    if not exact:
        says = Say("方案 {scheme} 没有单据 {key}。", scheme=published.code, key=key)
        raise Wrong(
            [
                Problem(
                    "--key",
                    "no_document",
                    says,
                    Say("用 duijie records {scheme} 查看。", scheme=published.code),
                )
            ]
        )
    says = Say("单号 {key} 有 {count} 张单据。", key=key, count=len(exact))
    raise Wrong(
        [Problem("--key", "several", says, Say("改用主键：{keys}", keys=" ".join(row.key for row in exact)))]
    )


def _no_move(terminal: Terminal, row: Any, state: State) -> Problem:
    now: State = row.state
    says = Say(
        "单据 {number} 现在是“{now}”，不能定为“{state}”。",
        number=row.number or row.key,
        now=STATES[now],
        state=STATES[state],
    )
    can = [STATES[move] for move in sorted(by_hand(now))]
    do = Say("可以定为：{can}。", can=Words(can)) if can else Say("这种状态不用人工定案。")
    return Problem("--key", "no_move", says, do)
