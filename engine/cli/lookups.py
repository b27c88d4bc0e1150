"""Lookups (对照表) and rule tables: bring them in, list and export them, and tell which codes are missing."""

from __future__ import annotations

import csv
import io
from argparse import Namespace
from pathlib import Path
from typing import Any

from engine import fill
from engine.cli.desk import SETTLED, SOME, WRONG, Desk, bytes_of, scheme_of
from engine.cli.parser import Commands, argument
from engine.cli.sheets import Sheet, read_rule_sheet, read_sheet, written
from engine.cli.show import problem_json
from engine.errors import Wrong
from engine.fill import Difference
from engine.mapping.codes import shown_code
from engine.model.values import Json, Problem
from engine.say import Say, Words
from engine.store import lookups, waits
from engine.store.lookups import Pair, Table
from engine.store.store import Store

SHOWN = 20


def add(commands: Commands) -> None:
    under = commands.under("lookup", Say("对照表：两个系统之间的编码"))
    command = under.add("import", Say("用 CSV 文件整个替换一张对照表，并放行等它的单据"), bring)
    argument(command, "table", metavar="TABLE", says=Say("对照表代码，方案里写的就是它，如 仓库"))
    argument(command, "file", metavar="FILE", says=Say("Excel 或 CSV：左、右、说明，或带表头的多列"))
    argument(command, "--dry", action="store_true", says=Say("只看会改什么，不导入"))
    command = under.add("rules", Say("用 CSV 文件整个替换一张规则表，先查缺口和重叠"), bring_rules)
    argument(command, "table", metavar="TABLE", says=Say("规则表代码，方案里用 RULE 查的就是它"))
    argument(command, "file", metavar="FILE.csv", says=Say("条件列，和箭头开头的结果列，如 省份,重量,→渠道"))
    argument(
        command, "--match", choices=("first", "best"), default="first", says=Say("取第一行，还是最贴切的一行")
    )
    argument(command, "--miss", default="problem", says=Say("没有一行适用时：problem、hold、skip 或固定值"))
    argument(command, "--dry", action="store_true", says=Say("只看会改什么，不导入"))
    command = under.add("export", Say("把一张表写成 CSV，改好可以再导入"), export)
    argument(command, "table", metavar="TABLE", says=Say("对照表或规则表的代码"))
    argument(command, "-o", "--output", metavar="FILE.csv", says=Say("写到这个文件；不写就打印出来"))
    command = under.add("missing", Say("缺哪些编码，各有多少单据在等"), missing)
    argument(command, "table", nargs="?", metavar="TABLE", says=Say("只看这张表"))
    argument(command, "--scheme", metavar="SCHEME", says=Say("只看这个方案的单据"))
    command = under.add("list", Say("列出对照表，或一张表的编码"), show)
    argument(command, "table", nargs="?", metavar="TABLE", says=Say("对照表代码"))


def bring(asked: Namespace, desk: Desk) -> int:
    """Import: everything or nothing; who waited for a pair is mapped again."""
    sheet, problems = read_sheet(bytes_of(asked.file))
    sheet = Sheet(sheet.columns, fill.plain(sheet.pairs))
    return _brought(asked, desk, sheet, problems, [])


def bring_rules(asked: Namespace, desk: Desk) -> int:
    sheet, problems, warnings = read_rule_sheet(bytes_of(asked.file), asked.match, asked.miss)
    return _brought(asked, desk, sheet, problems, warnings)


def _brought(
    asked: Namespace, desk: Desk, sheet: Sheet, problems: list[Problem], warnings: list[Problem]
) -> int:
    if "." in asked.table:
        says = Say("表的代码里不能有点：{table}。", table=asked.table)
        raise Wrong([Problem("TABLE", "name", says, Say("点在方案里用来指一列，如 店铺.客户。"))])
    if not sheet.pairs and not problems:
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
    if not desk.terminal.json:
        desk.terminal.problems(warnings, asked.file)
    with desk.store() as store:
        if asked.dry:
            before = store.read(lambda read: lookups.pairs(read, asked.table))
            _told(desk, asked.table, len(sheet.pairs), Difference.of(before, sheet.pairs), [])
            desk.terminal.note(Say("什么都没有导入。"))
            return SETTLED
        difference, released = store.write(
            lambda write: fill.replace(
                write, asked.table, sheet.pairs, sheet.columns, "lookup", desk.clock.now()
            )
        )
        retry = store.read(lambda read: _refused(read, asked.table))
    _told(desk, asked.table, len(sheet.pairs), difference, released)
    for scheme, count in retry.items():
        says = Say(
            "方案 {scheme} 有 {count} 张单据因为这张表被拒绝；重做：duijie retry {scheme} --state refused",
            scheme=scheme,
            count=count,
        )
        desk.terminal.note(says)
    return SETTLED


def _refused(read: Any, table: str) -> dict[str, int]:
    """Documents that were refused for want of a code of this table, by scheme."""
    counts: dict[str, int] = {}
    for one in waits.lacking(read, table):
        if one.refused:
            counts[one.scheme] = counts.get(one.scheme, 0) + one.refused
    return counts


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
    lines = [f"+ {_shown(pair)}" for pair in difference.added]
    lines += [
        f"~ {shown_code(old.left)} → {shown_code(old.right)} → {shown_code(new.right)} {_days(new)} {new.title}"
        for old, new in difference.changed
    ]
    lines += [f"- {_shown(pair)}" for pair in difference.removed]
    for line in lines[:SHOWN]:
        terminal.line("  " + " ".join(line.split()))
    if len(lines) > SHOWN:
        terminal.line(Say("  … 另有 {count} 处。", count=len(lines) - SHOWN))
    for scheme in released:
        says = Say(
            "方案 {scheme} 里等对照的单据已放行；duijie up 会写出，或现在就 duijie run {scheme}。",
            scheme=scheme,
        )
        terminal.note(says)


def _shown(pair: Pair) -> str:
    return f"{shown_code(pair.left)} → {shown_code(pair.right)} {_days(pair)} {pair.title}"


def _days(pair: Pair) -> str:
    return f"[{pair.since} … {pair.until}]" if pair.since or pair.until else ""


def export(asked: Namespace, desk: Desk) -> int:
    """The table as a file that Excel opens and `import` or `rules` takes again."""
    with desk.store() as store:
        table = _table(store, asked.table)
        pairs = store.read(lambda read: lookups.pairs(read, asked.table))
    text = written(table.columns, pairs)
    if asked.output is None:
        desk.terminal.object({"table": asked.table, "csv": text})
        desk.terminal.line(text.rstrip("\r\n").replace("\r\n", "\n"))
        return SETTLED
    try:
        Path(asked.output).write_bytes(text.encode("utf-8-sig"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        says = Say("文件 {file} 写不了：{why}。", file=asked.output, why=why)
        raise Wrong([Problem("--output", "file", says, Say("核对路径和权限。"))]) from None
    desk.terminal.object({"table": asked.table, "rows": len(pairs), "file": asked.output})
    desk.terminal.line(Say("{count} 行已写到 {file}。", count=len(pairs), file=asked.output))
    return SETTLED


def _table(store: Store, code: str) -> Table:
    """Raises Wrong where there is none of that code."""
    known = {table.code: table for table in store.read(lookups.tables)}
    if code not in known:
        do = Say("有：{known}。", known=Words(known)) if known else Say("用 duijie lookup import 导入。")
        raise Wrong([Problem("TABLE", "no_table", Say("没有对照表 {table}。", table=code), do)])
    return known[code]


def missing(asked: Namespace, desk: Desk) -> int:
    """The codes that are missing, those that hold up most first."""
    with desk.store() as store:
        if asked.scheme is not None:
            scheme_of(store, asked.scheme)
        found = store.read(lambda read: waits.lacking(read, asked.table, asked.scheme))
    terminal = desk.terminal
    names = ("label", "code", "scheme", "waiting", "refused")
    told: list[Json] = [{name: getattr(one, name) for name in names} for one in found]
    terminal.object({"missing": told})
    if not found:
        terminal.line(Say("没有单据在等编码。"))
        return SETTLED
    heads = (Say("对照表"), Say("编码"), Say("方案"), Say("等待"), Say("被拒绝"))
    terminal.table(
        heads,
        [(one.label, shown_code(one.code), one.scheme, str(one.waiting), str(one.refused)) for one in found],
    )
    return SOME


def show(asked: Namespace, desk: Desk) -> int:
    with desk.store() as store:
        tables = store.read(lookups.tables)
        table = _table(store, asked.table) if asked.table else None
        pairs = store.read(lambda read: lookups.pairs(read, asked.table)) if asked.table else []
    terminal = desk.terminal
    if table is not None:
        terminal.object(
            {"table": asked.table, "pairs": [[pair.left, pair.right, pair.title] for pair in pairs]}
        )
        head, *rows = csv.reader(io.StringIO(written(table.columns, pairs)))
        terminal.table(head, rows)
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
    told = [(one.code, str(one.rows), f"{one.changed_at.astimezone():%Y-%m-%d %H:%M:%S}") for one in tables]
    terminal.table((Say("代码"), Say("编码对"), Say("变动时间")), told)
    return SETTLED
