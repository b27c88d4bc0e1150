"""Paths (rule 4): `.`, `order_no`, `^.remark`, `details_list[0].spec_no`; read, printed, compiled.

A bare path looks only into the nearest row, each `^` one level further out; nothing falls through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from engine.mapping.plain import MISSING, Value
from engine.mapping.scope import Find, Scope, Trouble
from engine.mapping.slip import Slip, unexpected
from engine.say import Say

KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "TRUE", "FALSE"})


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """`up` levels out, then the steps; no steps is the row itself."""

    up: int = 0
    steps: tuple[Step, ...] = ()

    @property
    def dotted(self) -> str:
        return ".".join(step.name for step in self.steps)


def read_path(text: str, at: int, formula: bool = False) -> tuple[Path, int]:
    """The path that begins at `at`, and its end. In a formula `-`, `!` and a leading digit are no name."""
    start = at
    while text.startswith("^", at):
        at += 1
    up = at - start
    if text.startswith(".", at):
        at += 1
        if not up and not _begins(text, at, formula):
            return Path(), at
    elif up:
        raise Slip(at, Say("^ 后面要有点号和字段名"), Say("写成 ^.字段名"))
    steps = []
    while True:
        step, at = _step(text, at, formula)
        steps.append(step)
        if not text.startswith(".", at):
            return Path(up, tuple(steps)), at
        at += 1


def _begins(text: str, at: int, formula: bool) -> bool:
    sign = text[at : at + 1]
    return sign == "\\" or (_plain(sign, formula) and not (formula and sign.isdigit()))


def _plain(sign: str, formula: bool) -> bool:
    return sign.isalnum() or sign == "_" or (not formula and sign in ("-", "!"))


def _step(text: str, at: int, formula: bool) -> tuple[Step, int]:
    if not _begins(text, at, formula):
        raise unexpected(text, at)
    name = []
    while at < len(text):
        if text[at] == "\\":
            at += 1
            if at == len(text):
                raise Slip(at - 1, Say("反斜杠后面要有一个符号"), Say("删去它，或写出它保护的符号"))
        elif not _plain(text[at], formula):
            break
        name.append(text[at])
        at += 1
    index, at = _index(text, at)
    return Step("".join(name), index), at


def _index(text: str, at: int) -> tuple[int | None, int]:
    if not text.startswith("[", at):
        return None, at
    end = text.find("]", at)
    digits = text[at + 1 : end] if end > 0 else ""
    number = digits.removeprefix("-")
    if (
        not number.isascii()
        or not number.isdigit()
        or len(number) > 6
        or (number[0] == "0" and digits != "0")
    ):
        raise Slip(at, Say("方括号里写第几行，从 0 数起"), Say("写成 details_list[0]，最后一行是 [-1]"))
    return int(digits), end + 1


def print_path(path: Path, formula: bool = False) -> str:
    """The path as it is written; reading it gives the same path."""
    return ("^" * path.up + "." if path.up else "") + ".".join(_print(s, formula) for s in path.steps) or "."


def _print(step: Step, formula: bool) -> str:
    name = "".join(sign if _plain(sign, formula) else "\\" + sign for sign in step.name)
    if formula and (step.name[:1].isdigit() or step.name in KEYWORDS):
        name = "\\" + name
    return name if step.index is None else f"{name}[{step.index}]"


def compile_path(path: Path) -> Find:
    """The closure that follows the path; missing where there is nothing, Trouble where it cannot go on."""
    inner = _follow(path.steps)
    up = path.up
    if up == 0:
        return inner
    if up == 1:
        return lambda row, scope: inner(cast(Scope, scope.up).row, scope)

    def outward(row: Value, scope: Scope) -> Value:
        level = scope
        for _ in range(up):
            level = cast(Scope, level.up)
        return inner(level.row, scope)

    return outward


def _follow(steps: tuple[Step, ...]) -> Find:
    if not steps:
        return lambda row, scope: row
    if len(steps) == 1 and steps[0].index is None:
        return _member(steps[0].name)

    def walk(row: Value, scope: Scope) -> Value:
        value = row
        for step in steps:
            value = _take(value, step)
            if value is MISSING:
                break
        return value

    return walk


def _member(name: str) -> Find:
    def member(row: Value, scope: Scope) -> Value:
        try:
            return row.get(name, MISSING)  # type: ignore[union-attr]  # what has no get is told below
        except AttributeError:
            return _take(row, Step(name))

    return member


def _take(value: Value, step: Step) -> Value:
    """One step on. Vendors send "", null or [] for an object they leave out: nothing is in it."""
    if isinstance(value, dict):
        value = value.get(step.name, MISSING)
    elif value is None or value in (MISSING, "", []):
        return MISSING
    elif isinstance(value, list):
        raise Trouble(
            "through_list",
            Say("{name} 前面是一个列表", name=step.name),
            Say("写明第几行，例如 [0]，或用 each 逐行映射"),
        )
    else:
        raise Trouble(
            "no_inside", Say("{name} 前面是单个值，里面没有字段", name=step.name), Say("核对源数据的结构")
        )
    return value if step.index is None else _item(value, step)


def _item(value: Value, step: Step) -> Value:
    if value is None or value in (MISSING, "", []):
        return MISSING
    if not isinstance(value, list):
        raise Trouble("no_list", Say("{name} 不是列表", name=step.name), Say("去掉方括号"))
    try:
        return value[cast(int, step.index)]
    except IndexError:
        return MISSING
