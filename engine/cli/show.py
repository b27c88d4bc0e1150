"""What a person or a machine sees: sentences, tables, problems, a progress bar, one JSON object.

Results go to stdout, everything beside them to stderr. With `--json` stdout holds one object and
nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO
from unicodedata import east_asian_width

from engine.errors import Fault
from engine.exact import encode
from engine.model.ledger import State
from engine.model.values import Json, Problem
from engine.say import Say, tell

STATES: dict[State, Say] = {
    "waiting": Say("等待"),
    "sending": Say("发送中"),
    "done": Say("已完成"),
    "skipped": Say("已跳过"),
    "refused": Say("被拒绝"),
    "unknown": Say("结果未知"),
    "cancelled": Say("已取消"),
}
WHY = {"new": Say("新"), "again": Say("待重发"), "held": Say("缺对照"), "gathering": Say("等齐")}
WEIGHTS = {"problem": Say("问题"), "warning": Say("警告"), "note": Say("提示")}
NEXT = {
    "unreachable": Say("检查网络、地址和防火墙后再运行，已读到的都已保存。"),
    "busy": Say("对方要求稍候，过一会儿再运行。"),
    "broken": Say("对方的回答读不懂，过一会儿再运行；一直如此就核对连接的地址。"),
    "login": Say("用 duijie connection add 改正密钥，再用 duijie connection test 试连接。"),
    "refused": Say("按对方的说明修改方案或数据后再运行。"),
    "unknown": Say("到目标系统核对后，用 duijie settle 确认。"),
    "wrong": Say("改正后再运行。"),
    "error": Say("这是程序的错误，详情在日志里；已读到的都已保存。"),
    "counts": Say("运行的计数对不上，请把日志反馈给我们。"),
}


@dataclass
class Terminal:
    """Where a command speaks, and in which language."""

    language: str
    json: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    def told(self, text: str) -> str:
        return tell(text, self.language)

    def line(self, text: str = "") -> None:
        """A line of the result; machines get the object instead."""
        if not self.json:
            print(self.told(text), file=self.out, flush=True)

    def note(self, text: str) -> None:
        """A line beside the result, for whoever sits there."""
        print(self.told(text), file=self.err, flush=True)

    def object(self, value: Json) -> None:
        """The one object a machine reads; nothing for people."""
        if self.json:
            print(encode(value).decode(), file=self.out, flush=True)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns as wide as they must be, Chinese counted double."""
        if self.json:
            return
        cells = [[_flat(self.told(cell)) for cell in row] for row in [heads, *rows]]
        widths = [max(width(row[place]) for row in cells) for place in range(len(heads))]
        for row in cells:
            line = "  ".join(
                cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)
            )
            print(line.rstrip(), file=self.out)
        self.out.flush()

    def problems(self, problems: Sequence[Problem], place: str = "") -> None:
        """Every problem, by line; `place` is the file or the thing they are about."""
        for problem in by_line(problems):
            self._problem(problem, place, self.out)

    def mend(self, problems: Sequence[Problem]) -> None:
        """Why the command did nothing: what a person must mend first."""
        if self.json:
            return self.object({"problems": [problem_json(self, problem) for problem in problems]})
        for problem in by_line(problems):
            self._problem(problem, "", self.err)
        return None

    def _problem(self, problem: Problem, place: str, out: TextIO) -> None:
        if self.json:
            return
        where = ":".join(
            [place, *([str(problem.at.line), str(problem.at.column)] if problem.at else [])]
        ).strip(":")
        path = "" if problem.at or problem.path in problem.says else problem.path
        weight = "" if problem.weight == "problem" else self.told(WEIGHTS[problem.weight]) + " "
        says = " ".join(part for part in (self.told(problem.says), self.told(problem.do)) if part)
        print(" ".join(part for part in (where, path, weight + says) if part), file=out, flush=True)

    def fault(self, kind: str, says: str) -> None:
        """A connection that does not do what it should: what happened and what to do next."""
        step = NEXT.get(kind)
        self.note(says)
        if step is not None:
            self.note(step)

    def failed(self, fault: Fault) -> None:
        """The same for a command that came to nothing by it."""
        self.object({"fault": {"kind": fault.kind, "code": fault.code, "says": self.told(fault.says)}})
        self.fault(fault.kind, fault.says)


class Bar:
    """One line on stderr that moves, where stderr is a terminal; nothing elsewhere."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.shown = terminal.err.isatty() and not terminal.json
        self._last = 0

    def show(self, text: str, part: float | None = None) -> None:
        if not self.shown:
            return
        bar = "" if part is None else "█" * int(20 * part) + "·" * (20 - int(20 * part)) + " "
        line = bar + self._terminal.told(text)
        self._terminal.err.write("\r" + line + " " * max(0, self._last - width(line)))
        self._terminal.err.flush()
        self._last = width(line)

    def clear(self) -> None:
        if self.shown and self._last:
            self._terminal.err.write("\r" + " " * self._last + "\r")
            self._terminal.err.flush()
            self._last = 0


def by_line(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(
        problems, key=lambda problem: (problem.at.line, problem.at.column) if problem.at else (0, 0)
    )


def problem_json(terminal: Terminal, problem: Problem, file: str | None = None) -> dict[str, Json]:
    """A problem for a machine: `code` is stable, the sentences are not."""
    place: dict[str, Json] = {} if file is None else {"file": file}
    at: dict[str, Json] = {"line": problem.at.line, "column": problem.at.column} if problem.at else {}
    says, do = terminal.told(problem.says), terminal.told(problem.do)
    return {
        **place,
        **at,
        "path": problem.path,
        "code": problem.code,
        "says": says,
        "do": do,
        "weight": problem.weight,
    }


def width(text: str) -> int:
    """How many columns a terminal gives to `text`."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def state_name(terminal: Terminal, state: State, why: str) -> str:
    """A document's state in a person's words: 等待（缺对照）."""
    name = terminal.told(STATES[state])
    return (
        terminal.told(Say("{state}（{why}）", state=name, why=terminal.told(WHY[why])))
        if why in WHY
        else name
    )


def _flat(text: str) -> str:
    """One line, no longer than a table bears."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"
