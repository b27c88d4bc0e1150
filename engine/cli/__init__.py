"""The command line: `duijie …`, one file per noun.

    check test publish rollback      schemes.py
    run                              run.py
    map                              mapping.py
    suggest                          suggest.py
    records retry                    records.py
    settle resend                    settle.py
    connection add|list|test         connections.py
    connector list|show|sign         connectors.py, sign.py
    call                             call.py
    backup restore pause resume      backup.py
    doctor                           doctor.py
    lookup import|list               lookups.py
    import qeasy                     imports.py
    person add|list|set|invite audit people.py
    prune                            prune.py
    up worker simulate               serve.py
    demo                             engine/demo.py

Exit codes: 0 all settled well, 1 some refused or unknown, 2 wrong input, 3 a connection at fault;
128 + the signal's number after Ctrl-C or SIGTERM; 70 after an error of our own, whose story is in the log.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from engine import demo
from engine.cli import (
    backup,
    call,
    connections,
    connectors,
    doctor,
    imports,
    lookups,
    mapping,
    people,
    prune,
    records,
    run,
    schemes,
    serve,
    settle,
    suggest,
)
from engine.cli.desk import FAULT, WRONG, Desk, Web
from engine.cli.log import logging_to
from engine.cli.parser import Commands, Parser, finish
from engine.cli.show import Terminal
from engine.clock import Clock
from engine.errors import Fault, Wrong
from engine.say import Say, tell
from engine.settings import Settings

log = logging.getLogger("duijie.cli")

OURS = 70
BROKEN_PIPE, STOPPED = 141, 130


def main(argv: Sequence[str] | None = None, web: Web | None = None) -> int:
    """Do what `argv` asks and give the exit code. `web` shows the pages, where the caller has them."""
    settings = Settings.read()
    try:
        asked = parser(settings.language, web).parse_args(argv)
    except SystemExit as ended:
        return int(ended.code or 0)
    terminal = Terminal(settings.language, bool(asked.json))
    with asked.surroundings(settings) as settings, logging_to(settings.home) as hide:
        return _done(asked.deed, asked, Desk(settings, Clock(), terminal, hide, web))


def parser(language: str, web: Web | None = None) -> Parser:
    """Every command with its help in `language`."""
    made = Parser(
        prog="duijie",
        description=tell(Say("对接：把一个系统的单据可靠地写进另一个系统，每张一次。"), language),
    )
    made.language = language
    finish(made)
    made.set_defaults(json=False, surroundings=nullcontext)
    commands = Commands(made)
    nouns = (run, mapping, suggest, schemes, imports, records, settle, connections, connectors, call, lookups, people)
    for noun in (*nouns, doctor, backup, prune):
        noun.add(commands)
    serve.add(commands, pages=web is not None)
    demo.add(commands)
    return made


def _done(deed: Callable[[argparse.Namespace, Desk], int], asked: argparse.Namespace, desk: Desk) -> int:
    """The deed's exit code; whatever it raises is told in a sentence, never as a traceback."""
    try:
        return deed(asked, desk)
    except Wrong as wrong:
        desk.terminal.mend(wrong.problems)
        return WRONG
    except Fault as fault:
        desk.terminal.failed(fault)
        return FAULT
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        # Whoever read us has gone (`duijie records | head`); closing stderr keeps Python quiet about it.
        sys.stderr.close()
        return BROKEN_PIPE
    except Exception as error:  # The last floor: it is told with a number, its story goes to the log.
        return _unexpected(desk, error)


def _unexpected(desk: Desk, error: Exception) -> int:
    number = desk.clock.code()[:8]
    log.error("command ended by an error", exc_info=error, extra={"number": number})
    path = desk.settings.home / "logs" / "duijie.log"
    says = Say(
        "程序出了意料之外的错误，编号 {number}；经过在 {path}，请连同编号反馈。已保存的都还在。",
        number=number,
        path=path,
    )
    desk.terminal.note(says)
    return OURS
