"""What a person decides about a document, after a look into the target system: `settle`, `resend`."""

from __future__ import annotations

import asyncio
import logging
from argparse import Namespace
from typing import Any

from engine.cli.desk import SETTLED, Desk, scheme_of
from engine.cli.parser import Commands, argument
from engine.cli.records import name_of
from engine.cli.run import allowing
from engine.cli.show import STATES, Terminal
from engine.cli.work import machine, told, well, work_off, working
from engine.errors import Wrong
from engine.model.ledger import State, by_hand
from engine.model.values import Problem
from engine.run.deeds import then_of
from engine.run.flow import Flows
from engine.say import Say, Words
from engine.services import Services
from engine.store import documents, runs
from engine.store.after import Then
from engine.store.schemes import Published
from engine.store.store import Store

log = logging.getLogger("duijie.cli")


def add(commands: Commands) -> None:
    command = commands.add("resend", Say("人核对过目标系统里没有：把结果未知的再发一次"), resend)
    argument(command, "scheme", metavar="SCHEME", says=Say("方案代码"))
    argument(command, "--key", required=True, metavar="KEY", says=Say("哪一张：主键或单号"))
    argument(command, "--reason", required=True, metavar="TEXT", says=Say("凭什么这样定"))
    allowing(command)
    command = commands.add("settle", Say("人工定案：核对过目标系统之后"), settle)
    argument(command, "scheme", metavar="SCHEME", says=Say("方案代码"))
    argument(command, "--key", required=True, metavar="KEY", says=Say("哪一张：主键或单号"))
    how = command.add_mutually_exclusive_group(required=True)
    argument(command, "--done", group=how, metavar="NUMBER", says=Say("目标系统里已有，单号是 NUMBER"))
    argument(command, "--cancel", group=how, action="store_true", says=Say("不再写入"))
    argument(command, "--skip", group=how, action="store_true", says=Say("跳过；源数据再变时重新映射"))
    argument(command, "--reason", required=True, metavar="TEXT", says=Say("凭什么这样定"))


# -- resend ----------------------------------------------------------------------------------------


def resend(asked: Namespace, desk: Desk) -> int:
    """Past all that the machine does by itself: a person looked and answers for it."""
    desk = desk.allowing(asked.allow)
    return asyncio.run(working(desk, lambda services: _resend(asked, desk, services)))


async def _resend(asked: Namespace, desk: Desk, services: Services) -> int:
    published, now = scheme_of(services.store, asked.scheme), desk.clock.now()
    target = services.flows.of(published).scheme.target
    if target is not None:
        services.lines.to(target.connection)
    row = _one(services.store, published, asked.key, frozenset({"unknown"}))
    reason = Say("人决定再发：{reason}", reason=asked.reason)
    run_id = services.store.write(lambda write: _sent_again(write, published, row.key, reason, now))
    if run_id is None:
        says = Say("单据 {number} 现在是“{now}”，不用再发。", number=name_of(row), now=STATES[row.state])
        raise Wrong([Problem("--key", "no_move", says, Say("只有结果未知的可以这样再发。"))])
    log.warning("document sent again by a person", extra={"scheme": asked.scheme, "document": row.id})
    desk.terminal.note(Say("{number} 用同一个幂等键、同样的报文再发。", number=name_of(row)))
    begun = desk.clock.monotonic()
    ended = await work_off(desk, services, published.id, run_id)
    seconds = desk.clock.monotonic() - begun
    desk.terminal.object({"resent": 1, **machine(ended, seconds)})
    code = told(desk.terminal, ended, asked.scheme, seconds)
    left = services.store.read(lambda read: documents.tally(read, published.id, row.key))
    return code or well(desk.terminal, left, asked.scheme)


def _sent_again(write: Any, published: Published, key: str, reason: str, now: Any) -> int | None:
    if not documents.send_again(write, published.id, key, reason, now):
        return None
    return runs.begin_push(write, published.id, published.version, "resend", now)


# -- settle ----------------------------------------------------------------------------------------


def settle(asked: Namespace, desk: Desk) -> int:
    state: State = "done" if asked.done else "cancelled" if asked.cancel else "skipped"
    with desk.store() as store:
        published = scheme_of(store, asked.scheme)
        movable = frozenset(one for one in STATES if state in by_hand(one))
        row = _one(store, published, asked.key, movable)
        then, now = _then(desk, published, row), desk.clock.now()
        if not store.write(
            lambda write: documents.decide(
                write, published.id, row.key, state, asked.reason, asked.done, now, then
            )
        ):
            raise Wrong([_no_move(desk.terminal, row, state)])
    desk.terminal.object({"key": row.key, "number": row.number, "state": state})
    desk.terminal.line(Say("{number}：{state}。", number=row.number or row.key, state=STATES[state]))
    return SETTLED


def _then(desk: Desk, published: Published, row: Any) -> Then | None:
    """What follows the document where it is done; nothing where the scheme does not stand up any more."""
    try:
        flow = Flows(desk.registry()).of(published)
    except Wrong:
        return None
    return then_of(flow, row.follow or ("" if row.action == "create" else row.action))


def _one(store: Store, published: Published, key: str, states: frozenset[State]) -> Any:
    """The one document meant: by its key; by its number the one of these states, else the create.

    Raises Wrong where there is none or several share the number.
    """
    rows = store.read(lambda read: documents.found(read, published.id, None, key, 20))
    fitting = [row for row in rows if row.state in states]
    creates = [row for row in rows if not row.follow]
    exact = [row for row in rows if row.key == key] or (fitting if len(fitting) == 1 else creates or rows)
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
