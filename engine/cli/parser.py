"""argparse in our two languages: its own words and complaints are told as ours are.

What a value means is not argparse's business: commands read their texts themselves, so that every
problem is told at once.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, NoReturn

from engine.say import Say, tell

WORDS = {
    "usage: ": Say("用法："),
    "positional arguments:": Say("参数："),
    "options:": Say("选项："),
}
COMPLAINTS: list[tuple[str, Callable[[dict[str, str]], Say]]] = [
    (r"the following arguments are required: (?P<names>.+)", lambda said: Say("还缺 {names}。", **said)),
    (r"unrecognized arguments: (?P<names>.+)", lambda said: Say("不认识 {names}。", **said)),
    (
        r"argument (?P<name>.+): invalid choice: (?P<value>.+) \(choose from (?P<known>.+)\)",
        lambda said: Say("{name} 不能是 {value}，可以是 {known}。", **said),
    ),
    (r"argument (?P<name>.+): expected .+", lambda said: Say("{name} 后面要写一个值。", **said)),
    (
        r"argument (?P<name>.+): not allowed with argument (?P<other>.+)",
        lambda said: Say("{name} 和 {other} 不能一起用。", **said),
    ),
    (r"one of the arguments (?P<names>.+) is required", lambda said: Say("要写 {names} 中的一个。", **said)),
    (
        r"argument (?P<name>.+): invalid .+ value: (?P<value>.+)",
        lambda said: Say("{name} 不能是 {value}。", **said),
    ),
    (r"argument (?P<name>.+): ignored explicit argument .+", lambda said: Say("{name} 后面不带值。", **said)),
]


class Parser(argparse.ArgumentParser):
    """One command or the whole line. Set `language` before anything is shown."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how, add_help=False, allow_abbrev=False, formatter_class=_Wide)
        self.language = "zh"

    def format_help(self) -> str:
        return self._told(super().format_help())

    def format_usage(self) -> str:
        return self._told(super().format_usage())

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.format_usage()}{tell(complaint(message), self.language)}\n")

    def _told(self, text: str) -> str:
        lines = text.splitlines()
        if lines and lines[0].startswith("usage: "):
            lines[0] = tell(WORDS["usage: "], self.language) + lines[0].removeprefix("usage: ")
        return "\n".join(tell(WORDS.get(line, line), self.language) for line in lines) + "\n"


class _Wide(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=110)


def complaint(message: str) -> str:
    """argparse's own complaint as ours; what follows a `=` is left out, it may be a secret."""
    for pattern, says in COMPLAINTS:
        if found := re.fullmatch(pattern, message):
            return says({name: re.sub(r"=\S+", "=…", value) for name, value in found.groupdict().items()})
    return message


class Commands:
    """Where the nouns hang their commands: one line each."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._under = parser.add_subparsers(
            metavar="COMMAND", required=True, title=tell(Say("命令"), parser.language)
        )

    def add(self, name: str, says: Say, deed: Callable[..., int] | None = None) -> Parser:
        """A command with its help; `deed(asked, desk)` gives the exit code."""
        told = tell(says, self._parser.language)
        made: Parser = self._under.add_parser(name, help=told, description=told)
        made.language = self._parser.language
        finish(made)
        if deed is not None:
            made.set_defaults(deed=deed)
        return made

    def under(self, name: str, says: Say) -> Commands:
        """A noun with verbs of its own: `duijie connection add`."""
        return Commands(self.add(name, says))


def finish(parser: Parser) -> None:
    """What every command has: help, and an answer for machines."""
    parser.add_argument("-h", "--help", action="help", help=tell(Say("显示这段说明"), parser.language))
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help=tell(Say("给程序用：只输出一个 JSON 对象"), parser.language),
    )


def argument(parser: Parser, *names: str, says: Say, group: Any = None, **how: Any) -> None:
    """One argument with its help in the parser's language; in `group` where some exclude each other."""
    told = tell(says, parser.language).replace("%", "%%")
    (parser if group is None else group).add_argument(*names, help=told, **how)
