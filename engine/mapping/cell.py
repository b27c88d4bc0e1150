"""Short cells (rules 3, 6): `path | pipe(arg, name=arg)`; read with exact columns, printed back the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from engine.mapping.path import Path, print_path, read_path
from engine.mapping.slip import Slip, unexpected
from engine.say import Say

LONGEST_CELL = 8192
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?![\w.!-])")


@dataclass(frozen=True, slots=True)
class Arg:
    """A literal; `name` where it was written name=…. A bare name and a quoted one mean the same text."""

    value: str | Decimal
    name: str | None = None
    quoted: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PipeCall:
    name: str
    args: tuple[Arg, ...] = ()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ShortCell:
    path: Path
    pipes: tuple[PipeCall, ...] = ()
    at: int = field(default=0, compare=False)


def read_cell(text: str) -> ShortCell:
    """The cell. Raises Slip at the first place that cannot be read."""
    _bearable(text)
    start = _blanks(text, 0)
    if text.startswith("{{", start):
        raise unexpected(text, start)
    path, at = read_path(text, start)
    pipes = []
    at = _blanks(text, at)
    while at < len(text):
        if text[at] != "|":
            raise unexpected(text, at)
        pipe, at = _pipe(text, _blanks(text, at + 1))
        pipes.append(pipe)
    return ShortCell(path, tuple(pipes), start)


def read_pipe(text: str) -> PipeCall:
    """One entry of a long cell's `pipe` list. Raises Slip."""
    _bearable(text)
    pipe, at = _pipe(text, _blanks(text, 0))
    if at < len(text):
        raise unexpected(text, at)
    return pipe


def print_cell(cell: ShortCell) -> str:
    return " | ".join([print_path(cell.path), *(print_pipe(pipe) for pipe in cell.pipes)])


def print_pipe(pipe: PipeCall) -> str:
    return pipe.name + (f"({', '.join(_print(arg) for arg in pipe.args)})" if pipe.args else "")


def _print(arg: Arg) -> str:
    if isinstance(arg.value, Decimal):
        said = format(arg.value, "f")
    else:
        said = '"' + arg.value.replace('"', '""') + '"' if arg.quoted else arg.value
    return said if arg.name is None else f"{arg.name}={said}"


def _bearable(text: str) -> None:
    if len(text) > LONGEST_CELL:
        raise Slip(LONGEST_CELL, Say("单元超过 {most} 个字符", most=LONGEST_CELL), Say("拆成几个单元"))


def _blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _pipe(text: str, at: int) -> tuple[PipeCall, int]:
    start = at
    name, at = _name(text, at)
    at = _blanks(text, at)
    if not text.startswith("(", at):
        return PipeCall(name, (), start), at
    at = _blanks(text, at + 1)
    args: list[Arg] = []
    while not (args == [] and text.startswith(")", at)):
        arg, at = _arg(text, at)
        args.append(arg)
        at = _blanks(text, at)
        if text.startswith(",", at):
            at = _blanks(text, at + 1)
        elif text.startswith(")", at):
            break
        else:
            raise unexpected(text, at)
    return PipeCall(name, tuple(args), start), _blanks(text, at + 1)


def _arg(text: str, at: int) -> tuple[Arg, int]:
    start, name = at, None
    if _named(text[at : at + 1]):
        bare, after = _name(text, at)
        after = _blanks(text, after)
        if text.startswith("=", after):
            name, at = bare, _blanks(text, after + 1)
    value, quoted, at = _literal(text, at)
    return Arg(value, name, quoted, start), at


def _literal(text: str, at: int) -> tuple[str | Decimal, bool, int]:
    if text[at : at + 1] in ('"', "'"):
        said, at = read_text(text, at)
        return said, True, at
    number = NUMBER.match(text, at)
    if number:
        return Decimal(number.group()), False, number.end()
    bare, at = _name(text, at)
    while text.startswith(".", at) and _named(text[at + 1 : at + 2]):
        column, at = _name(text, at + 1)
        bare = f"{bare}.{column}"
    return bare, False, at


def read_text(text: str, at: int) -> tuple[str, int]:
    """The quoted text that begins at `at`; the quote itself is written twice, a backslash is a backslash."""
    quote, start, out = text[at], at, []
    while True:
        end = text.find(quote, at + 1)
        if end < 0:
            raise Slip(start, Say("引号没有合上"), Say("在文本末尾补上 {quote}", quote=quote))
        out.append(text[at + 1 : end])
        if not text.startswith(quote, end + 1):
            return quote.join(out), end + 1
        at = end + 1


def _named(sign: str) -> bool:
    return sign.isalnum() or (sign != "" and sign in "_-!")


def _name(text: str, at: int) -> tuple[str, int]:
    start = at
    while at < len(text) and _named(text[at]):
        at += 1
    if at == start:
        raise unexpected(text, at)
    return text[start:at], at
