"""`duijie prune`: texts of documents settled long ago leave; what keeps them from being written twice stays."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import timedelta

from engine.cli.desk import SETTLED, Desk
from engine.cli.parser import Commands, argument
from engine.cli.show import Bar
from engine.errors import Wrong
from engine.model.people import Deed
from engine.model.values import Problem
from engine.prune import pieces
from engine.run.flow import Flows
from engine.say import Say
from engine.store import audit
from engine.store.prune import Pruned

DAYS = 90


def add(commands: Commands) -> None:
    says = Say("清理旧数据：定案多日的单据的报文、源数据和调用日志；主键、状态、单号、幂等键都留着")
    command = commands.add("prune", says, prune)
    days = Say("定案超过多少天，不写是 {days}", days=DAYS)
    argument(command, "--days", default=str(DAYS), metavar="N", says=days)
    argument(command, "--dry", action="store_true", says=Say("只数，不清理"))


def prune(asked: Namespace, desk: Desk) -> int:
    keep = days_of("--days", asked.days)
    total, bar = Pruned(), Bar(desk.terminal)
    with desk.store() as store:
        now = desk.clock.now()
        for piece in pieces(store, Flows(desk.registry()), now - keep, dry=asked.dry):
            total += piece
            bar.show(Say("已清理 {count} 张单据", count=total.documents))
        bar.clear()
        if not asked.dry:
            told = (
                f"{keep.days}d documents={total.documents} records={total.records} attempts={total.attempts}"
            )
            store.write(lambda write: audit.note(write, Deed("cli", "prune", "store", told), now))
    desk.terminal.object({"dry": asked.dry, **asdict(total)})
    counted = asdict(total)
    if asked.dry:
        desk.terminal.line(
            Say("可以清理 {documents} 张单据的报文、{records} 条源数据、{attempts} 次调用。", **counted)
        )
    else:
        desk.terminal.line(
            Say("清理了 {documents} 张单据的报文、{records} 条源数据、{attempts} 次调用。", **counted)
        )
    return SETTLED


def days_of(option: str, text: str) -> timedelta:
    """A whole number of days from 1 to 36500. Raises Wrong where it is none."""
    if text.isascii() and text.isdigit() and 0 < int(text) <= 36500:
        return timedelta(days=int(text))
    says = Say("{option} 要是 1 到 36500 的整数，不是 {text}。", option=option, text=text)
    raise Wrong([Problem(option, "days", says)])
