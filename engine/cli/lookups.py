"""Lookups (对照表): `lookup import` a table of code pairs, `lookup list` what is there."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.cli.desk import SETTLED, WRONG, Desk, bytes_of
from engine.cli.pairs import read_pairs
from engine.cli.parser import Commands, argument
from engine.cli.show import problem_json
from engine.errors import Wrong
from engine.model.values import Problem
from engine.say import Say, Words
from engine.store import lookups, runs, schemes
from engine.store.lookups import Pair

SHOWN = 20


def add(commands: Commands) -> None:
    under = commands.under("lookup", Say("对照表：两个系统之间的编码"))
    command = under.add("import", Say("用 CSV 文件整个替换一张对照表，并放行等它的单据"), bring)
    argument(command, "table", metavar="TABLE", says=Say("对照表代码，方案里写的就是它，如 仓库"))
    argument(command, "file", metavar="FILE.csv", says=Say("两列或三列：左、右、说明；UTF-8 或 GBK"))
    command = under.add("list", Say("列出对照表，或一张表的编码"), show)
    argument(command, "table", nargs="?", metavar="TABLE", says=Say("对照表代码"))


@dataclass(frozen=True)
class Difference:
    """What the file changes of the stored table."""

    added: list[Pair]
    changed: list[tuple[Pair, Pair]]
    removed: list[Pair]

    @classmethod
    def of(cls, before: Sequence[Pair], after: Sequence[Pair]) -> Difference:
        old, new = {pair.left: pair for pair in before}, {pair.left: pair for pair in after}
        changed = [(old[code], pair) for code, pair in new.items() if code in old and old[code] != pair]
        added = [pair for code, pair in new.items() if code not in old]
        return cls(added, changed, [pair for code, pair in old.items() if code not in new])

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def bring(asked: Namespace, desk: Desk) -> int:
    """Import: everything or nothing; who waited for a pair is mapped again."""
    pairs, problems = read_pairs(bytes_of(asked.file))
    if not pairs and not problems:
        raise Wrong(
            [
                Problem(
                    asked.file,
                    "empty",
                    Say("{file} 里没有一对编码。", file=asked.file),
                    Say("至少要有一行：左,右。"),
                )
            ]
        )
    if problems:
        desk.terminal.object(
            {"problems": [problem_json(desk.terminal, problem, asked.file) for problem in problems]}
        )
        desk.terminal.problems(problems, asked.file)
        desk.terminal.note(Say("什么都没有导入。"))
        return WRONG
    with desk.store() as store:
        difference, released = store.write(
            lambda write: _replace(write, asked.table, pairs, desk.clock.now())
        )
    _told(desk, asked.table, len(pairs), difference, released)
    return SETTLED


def _replace(write: Any, table: str, pairs: list[Pair], now: datetime) -> tuple[Difference, list[str]]:
    """Keep the table where it differs; gives the schemes whose held documents are tried again."""
    difference = Difference.of(lookups.pairs(write, table), pairs)
    if not difference:
        return difference, []
    lookups.replace(write, table, pairs, now)
    released = []
    for ident in lookups.release(write):
        published = schemes.by_id(write, ident)
        if published is not None:
            runs.begin_push(write, ident, published.version, "lookup", now)
            released.append(published.code)
    return difference, released


def _told(desk: Desk, table: str, count: int, difference: Difference, released: list[str]) -> None:
    terminal = desk.terminal
    counts = {
        "added": len(difference.added),
        "changed": len(difference.changed),
        "removed": len(difference.removed),
    }
    terminal.object({"table": table, "pairs": count, **counts, "released": list(released)})
    terminal.line(
        Say(
            "对照表 {table}：共 {count} 对，新增 {added}，改动 {changed}，删除 {removed}。",
            table=table,
            count=count,
            **counts,
        )
    )
    lines = [f"+ {pair.left} → {pair.right} {pair.title}" for pair in difference.added]
    lines += [f"~ {old.left} → {old.right} → {new.right} {new.title}" for old, new in difference.changed]
    lines += [f"- {pair.left} → {pair.right} {pair.title}" for pair in difference.removed]
    for line in lines[:SHOWN]:
        terminal.line("  " + line.rstrip())
    if len(lines) > SHOWN:
        terminal.line(Say("  … 另有 {count} 处。", count=len(lines) - SHOWN))
    for scheme in released:
        says = Say(
            "方案 {scheme} 里等对照的单据已放行；duijie up 会写出，或现在就 duijie run {scheme}。",
            scheme=scheme,
        )
        terminal.note(says)


def show(asked: Namespace, desk: Desk) -> int:
    with desk.store() as store:
        tables = store.read(lookups.tables)
        pairs = store.read(lambda read: lookups.pairs(read, asked.table)) if asked.table else []
    if asked.table and asked.table not in [table.code for table in tables]:
        known = Words(table.code for table in tables)
        do = Say("有：{known}。", known=known) if known else Say("用 duijie lookup import 导入。")
        raise Wrong([Problem("TABLE", "no_table", Say("没有对照表 {table}。", table=asked.table), do)])
    terminal = desk.terminal
    if asked.table:
        terminal.object(
            {"table": asked.table, "pairs": [[pair.left, pair.right, pair.title] for pair in pairs]}
        )
        terminal.table(
            (Say("左"), Say("右"), Say("说明")), [(pair.left, pair.right, pair.title) for pair in pairs]
        )
        return SETTLED
    terminal.object(
        {
            "tables": [
                {"code": one.code, "pairs": one.rows, "changed_at": one.changed_at.isoformat()}
                for one in tables
            ]
        }
    )
    if not tables:
        terminal.line(Say("还没有对照表。用 duijie lookup import TABLE FILE.csv 导入。"))
        return SETTLED
    rows = [(one.code, str(one.rows), f"{one.changed_at.astimezone():%Y-%m-%d %H:%M:%S}") for one in tables]
    terminal.table((Say("代码"), Say("编码对"), Say("变动时间")), rows)
    return SETTLED
