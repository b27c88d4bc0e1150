"""`import qeasy`: metadata of 轻易云 as a scheme's file, and what became of every key."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from engine.cli.desk import SETTLED, SOME, Desk, bytes_of, decoded
from engine.cli.parser import Commands, argument
from engine.cli.schemes import Told, report
from engine.cli.show import Terminal, problem_json
from engine.document.check import check
from engine.document.schedule import CODE, WRITE_CODE
from engine.errors import Wrong
from engine.exact import decode
from engine.model.values import Json, Problem
from engine.qeasy.importing import Imported, Wish, imported
from engine.qeasy.ledger import Remark
from engine.say import Say

UNNAMED = "from-qeasy"


def add(commands: Commands) -> None:
    nouns = commands.under("import", Say("从别的系统搬来方案"))
    command = nouns.add("qeasy", Say("把轻易云的元数据译成方案；没有译出的键全都列出，原样留在方案里"), qeasy)
    argument(
        command, "files", nargs="+", metavar="FILE", says=Say("源平台、目标平台的元数据 JSON；只有一侧也行")
    )
    argument(command, "-o", "--out", metavar="SCHEME", says=Say("写成这个方案文件；不写就显示出来"))
    argument(command, "--code", metavar="CODE", says=Say("方案代码；不写用文件名"))
    argument(command, "--title", default="", metavar="TEXT", says=Say("方案名称"))
    argument(command, "--source", default="", metavar="CONNECTION", says=Say("源用哪个连接"))
    argument(command, "--target", default="", metavar="CONNECTION", says=Say("目标用哪个连接"))
    argument(command, "--begin", metavar="DATE", says=Say("从哪一天读起，例如 2026-11-01；不写是今天"))
    argument(
        command,
        "--pool",
        action="append",
        default=[],
        metavar="ID=CODE",
        says=Say("_findCollection 里的方案编号是这里的哪个方案；可以写几次"),
    )


def qeasy(asked: Namespace, desk: Desk) -> int:
    problems: list[Problem] = []
    wish = _wish(asked, desk, problems)
    if len(asked.files) > 2:
        problems.append(Problem("FILE", "files", Say("最多两个文件"), Say("一个源平台的，一个目标平台的")))
    if asked.out and Path(asked.out).exists():
        says = Say("已经有文件 {file}", file=asked.out)
        problems.append(Problem("--out", "exists", says, Say("换一个文件名，或先移走它")))
    pages = [page for file in asked.files for page in _page(file, problems)]
    if problems:
        raise Wrong(problems)
    registry = desk.registry()
    made = imported(pages, wish, registry)
    if asked.out:
        _keep(asked.out, made.text)
    told = Told(asked.out or wish.code, check(made.text, registry).problems)
    _tell(desk, asked, made, told)
    return SETTLED if told.fine and not made.left and not made.todos else SOME


def _wish(asked: Namespace, desk: Desk, problems: list[Problem]) -> Wish:
    stem = Path(asked.out).stem if asked.out else ""
    code = asked.code or (stem if re.fullmatch(CODE, stem) else UNNAMED)
    if not re.fullmatch(CODE, code):
        problems.append(Problem("--code", "code", Say("“{text}”不能这样写", text=code), WRITE_CODE))
    renamed = {}
    for pair in asked.pool:
        there, equals, here = pair.partition("=")
        if not there or not equals or not re.fullmatch(CODE, here):
            says = Say("--pool 要写成 编号=方案代码，不是 {text}", text=pair)
            problems.append(Problem("--pool", "pool", says, WRITE_CODE))
        renamed[there] = here
    begin = _day(asked.begin, problems) if asked.begin else None
    return Wish(code, asked.title, renamed, begin, desk.clock.now().date(), asked.source, asked.target)


def _day(text: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        says = Say("--begin 不是日期：{text}", text=text)
        problems.append(Problem("--begin", "day", says, Say("写成 2026-11-01")))
        return None


def _page(file: str, problems: list[Problem]) -> list[Json]:
    try:
        return [decode(decoded(file, bytes_of(file)))]
    except Wrong as wrong:
        problems += wrong.problems
    except (ValueError, ArithmeticError):
        problems.append(Problem(file, "json", Say("{file} 不是 JSON。", file=file), Say("核对文件。")))
    return []


def _keep(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        why = error.strerror or type(error).__name__
        says = Say("文件 {file} 写不进去：{why}。", file=file, why=why)
        raise Wrong([Problem(file, "file", says, Say("核对路径和权限。"))]) from None


# -- what came of it -------------------------------------------------------------------------------


def _tell(desk: Desk, asked: Namespace, made: Imported, told: Told) -> None:
    terminal = desk.terminal
    noted = [one for one in made.remarks if not one.left]
    problems: list[Json] = [problem_json(terminal, one, told.file) for one in told.problems]
    terminal.object(
        {
            "scheme": made.text, "keys": made.keys, "translated": made.translated, "todos": list(made.todos),
            "left": _remarks(terminal, made.left), "notes": _remarks(terminal, noted), "problems": problems,
        }
    )  # fmt: skip
    if not asked.out:
        terminal.line(made.text.rstrip("\n"))
    elif not terminal.json:
        report(desk, [told])
    terminal.note(Say("{keys} 个键，译出 {taken} 个。", keys=made.keys, taken=made.translated))
    for place in made.todos:
        terminal.note(Say("待办：{place}", place=place))
    for one in made.left:
        terminal.note(Say("没有译出：{place}，{says}", place=one.at, says=one.says))
    for one in noted:
        terminal.note(Say("请核对：{place}，{says}", place=one.at, says=one.says))


def _remarks(terminal: Terminal, remarks: Sequence[Remark]) -> list[Json]:
    told: list[Json] = []
    for one in remarks:
        value = {"value": one.value} if one.left else {}
        told.append({"at": one.at, "says": terminal.told(one.says), **value})
    return told
