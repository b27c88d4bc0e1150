"""`duijie run`: one go of a published scheme, here and now; with --dry it only looks."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from engine.cli.desk import SETTLED, SOME, Desk, scheme_of
from engine.cli.mapping import previewed_json
from engine.cli.parser import Commands, argument
from engine.cli.show import Terminal
from engine.cli.work import Ended, machine, told, work_off, working
from engine.document.near import offer
from engine.errors import Conflict, Wrong
from engine.exact import encode
from engine.model.catalog import Span
from engine.model.ledger import RunAsked
from engine.model.values import Json, Problem, Window
from engine.run.flow import Flow
from engine.run.pull import first_moment
from engine.run.trial import MOST, Tried
from engine.say import Say
from engine.services import Services
from engine.store import queue, runs
from engine.tryout import alone, looked


def add(commands: Commands) -> None:
    command = commands.add("run", Say("运行一次已发布的方案"), run)
    argument(command, "scheme", metavar="SCHEME", says=Say("方案代码"))
    argument(
        command,
        "--from",
        dest="since",
        metavar="TIME",
        says=Say("从何时读起：2026-11-01 或 '2026-11-01 08:30:00'"),
    )
    argument(command, "--to", dest="until", metavar="TIME", says=Say("读到何时为止，不含；不写就到现在"))
    argument(
        command,
        "--set",
        dest="params",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        says=Say("源接口的参数，只用于这一次"),
    )
    argument(command, "--limit", metavar="N", says=Say("最多读多少条"))
    argument(command, "--only", metavar="NUMBER", default="", says=Say("只要这个单号的一条，别的都略过"))
    argument(
        command, "--dry", action="store_true", says=Say("只读和映射，看会写出什么；什么都不写，水位不动")
    )
    allowing(command)


def allowing(command: Any) -> None:
    """The hosts that only the one who starts the process may open."""
    argument(
        command,
        "--allow",
        action="append",
        default=[],
        metavar="HOST:PORT",
        says=Say("允许访问的本机地址，如模拟器的"),
    )


def run(asked: Namespace, desk: Desk) -> int:
    desk = desk.allowing(asked.allow)
    work = _dry if asked.dry else _run
    return asyncio.run(working(desk, lambda services: work(asked, desk, services)))


async def _run(asked: Namespace, desk: Desk, services: Services) -> int:
    published = scheme_of(services.store, asked.scheme)
    flow = services.flows.of(published)
    wanted = run_asked(asked, flow, desk.clock.now())
    for end in (flow.scheme.source, flow.scheme.target):
        if end is not None:
            services.lines.to(end.connection)
    begun = desk.clock.monotonic()
    ended = await _worked(desk, services, flow, wanted)
    seconds = desk.clock.monotonic() - begun
    desk.terminal.object(machine(ended, seconds))
    return told(desk.terminal, ended, asked.scheme, seconds)


async def _worked(desk: Desk, services: Services, flow: Flow, wanted: RunAsked) -> Ended:
    """Our run; after the one that waits already, where it is another's and ours asks for something of its own."""
    while True:
        try:
            run_id, ours = services.store.write(lambda write: _begin(write, flow, wanted, desk.clock.now()))
        except Conflict:
            continue  # another process began one between our look and our leap: now we see it
        if not ours:
            desk.terminal.note(Say("第 {run} 次运行已经在排队，先做它。", run=run_id))
        elif services.store.read(lambda read: "leased" in queue.standing(read, "pull", flow.published.id)):
            desk.terminal.note(Say("另一个进程正在运行这个方案，等它完成。"))
        ended = await work_off(desk, services, flow.published.id, run_id)
        if ours or ended.fault or ended.signal:
            return ended


def _begin(write: Any, flow: Flow, wanted: RunAsked, now: datetime) -> tuple[int, bool]:
    """A run of ours; or the one that waits to begin, which is as good as ours where both ask for nothing special."""
    waits = queue.standing(write, "pull", flow.published.id).get("waiting")
    if waits is not None and waits.run_id is not None:
        same = wanted.moves_cursor and runs.asked_of(write, waits.run_id).moves_cursor
        queue.put(write, [queue.Asked("pull", flow.published.id, now, waits.run_id)])
        return waits.run_id, same
    return runs.begin(write, flow.published.id, flow.published.version, "cli", now, wanted), True


def run_asked(asked: Namespace, flow: Flow, now: datetime) -> RunAsked:
    """What the options ask for. Raises Wrong with every problem."""
    problems: list[Problem] = []
    span = _span(asked, flow, now, problems)
    params = _params(asked.params, flow, problems)
    limit = _limit(asked.limit, problems)
    if asked.only:
        problems += alone(flow)
    if problems:
        raise Wrong(problems)
    return RunAsked(span, params, limit, asked.only)


def _span(asked: Namespace, flow: Flow, now: datetime, problems: list[Problem]) -> Window | None:
    if asked.since is None and asked.until is None:
        return None
    span = flow.source.window
    if span is None:
        says = Say("接口 {name} 不按时间查询，不能用 --from 和 --to。", name=flow.source.operation)
        problems.append(Problem("--from", "no_window", says, Say("去掉它们。")))
        return None
    begin = first_moment(flow.scheme.source.begin, span, now)
    since = _moment("--from", asked.since, span, problems) if asked.since else begin
    until = _moment("--to", asked.until, span, problems) if asked.until else now.replace(microsecond=0)
    if since is None or until is None:
        return None
    if since >= until:
        says = Say("--from {since} 不早于 --to {until}。", since=since.isoformat(), until=until.isoformat())
        problems.append(Problem("--from", "empty_window", says, Say("把 --from 改早，或把 --to 改晚。")))
        return None
    return Window(since, until)


def _moment(name: str, text: str, span: Span, problems: list[Problem]) -> datetime | None:
    """A date or a time in the source's zone, where the text names none."""
    try:
        day = len(text) == 10
        moment = datetime.combine(date.fromisoformat(text), time.min) if day else datetime.fromisoformat(text)
    except ValueError:
        says = Say("{name} 读不懂 {text}。", name=name, text=text)
        problems.append(Problem(name, "time", says, Say("写成 2026-11-01 或 '2026-11-01 08:30:00'。")))
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(span.zone))
    return aware.astimezone(UTC).replace(microsecond=0)


def _params(pairs: list[str], flow: Flow, problems: list[Problem]) -> dict[str, str]:
    """NAME=VALUE for the query's own parameters; windows and pages are the engine's."""
    window, pages = flow.source.window, flow.source.pages
    taken = {pages.number, pages.size} | ({window.since, window.until} if window else set())
    known = {field.name for field in flow.source.ask} | {*flow.scheme.source.params}
    params: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            says, do = Say("--set 要写成 名称=值，不是 {text}。", text=pair), Say("例如 --set status=95")
        elif name in taken:
            says, do = Say("参数 {name} 由引擎填写。", name=name), Say("时间用 --from 和 --to 指定。")
        elif flow.source.ask and name not in known:
            says = Say("接口 {operation} 没有参数 {name}。", operation=flow.source.operation, name=name)
            do = offer(name, sorted(known - taken))
        else:
            params[name] = value
            continue
        problems.append(Problem("--set", "parameter", says, do))
    return params


def _limit(text: str | None, problems: list[Problem]) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    problems.append(Problem("--limit", "number", Say("--limit 要是大于零的整数，不是 {text}。", text=text)))
    return None


# -- looking only ----------------------------------------------------------------------------------


async def _dry(asked: Namespace, desk: Desk, services: Services) -> int:
    """Read and map, show what would be sent; nothing is kept."""
    flow = services.flows.of(scheme_of(services.store, asked.scheme))
    wanted = run_asked(asked, flow, desk.clock.now())
    found = await looked(services, flow, wanted)
    tried = found.tried
    desk.terminal.object({"documents": [_tried_json(desk.terminal, one) for one in tried]})
    for one in tried:
        _show(desk.terminal, one)
    desk.terminal.note(
        Say("试读了 {count} 条（最多 {most} 条），什么都没有写。", count=found.read, most=MOST)
    )
    return SOME if any(one.mapped.problems or one.mapped.held for one in tried) else SETTLED


def _show(terminal: Terminal, one: Tried) -> None:
    mapped = one.mapped
    if mapped.problems:
        terminal.line(Say("{number}：映射有问题", number=one.number))
        terminal.problems(mapped.problems, "  ")
    elif mapped.held:
        for miss in mapped.held:
            terminal.line(
                Say(
                    "{number}：对照表 {table} 里没有 {code}",
                    number=one.number,
                    table=miss.table,
                    code=miss.code,
                )
            )
    elif mapped.document is None:
        terminal.line(Say("{number}：跳过，{reason}", number=one.number, reason=mapped.skipped or ""))
    else:
        terminal.line(f"{one.number}: {encode(mapped.document).decode()}")


def _tried_json(terminal: Terminal, one: Tried) -> Json:
    return {"number": str(one.number), **previewed_json(terminal, one.made, cells=True)}
