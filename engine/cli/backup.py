"""`backup` while running, `restore` into an empty home, and `pause` and `resume` of schemes."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.cli.desk import SETTLED, Desk, scheme_of
from engine.cli.parser import Commands, argument
from engine.errors import Wrong
from engine.model.people import Deed
from engine.model.values import Json, Problem
from engine.say import Say, Words
from engine.store import audit, backup as backups, condition, queue, restored, schemes
from engine.store.backup import Manifest
from engine.store.store import Store

HERE = "cli"


def add(commands: Commands) -> None:
    command = commands.add(
        "backup", Say("把整个数据库备份成一个文件，运行时也可以；密钥文件不在里面"), backup
    )
    argument(command, "file", metavar="FILE", says=Say("备份文件，还没有的"))
    command = commands.add("restore", Say("从备份恢复到空的 DUIJIE_HOME；方案全部暂停，等人恢复"), restore)
    what = command.add_mutually_exclusive_group(required=True)
    argument(command, "file", group=what, nargs="?", metavar="FILE", says=Say("duijie backup 做的文件"))
    here = Say("数据库已经用别的办法恢复好（pg_restore、复制文件），只做恢复以后的事")
    argument(command, "--here", group=what, action="store_true", says=here)
    command = commands.add("pause", Say("暂停方案：不再按计划运行"), pause)
    argument(command, "schemes", nargs="+", metavar="SCHEME", says=Say("方案代码"))
    argument(command, "--reason", default="", metavar="TEXT", says=Say("为什么"))
    command = commands.add("resume", Say("恢复暂停的方案，又按计划运行"), resume)
    argument(command, "schemes", nargs="+", metavar="SCHEME", says=Say("方案代码"))
    trust = Say("从备份恢复的方案不再先反查：目标系统里有的都已认出来")
    argument(command, "--trust", action="store_true", says=trust)


# -- backup and restore ----------------------------------------------------------------------------


def backup(asked: Namespace, desk: Desk) -> int:
    with desk.store() as store:
        manifest = backups.save(store, Path(asked.file), desk.clock.now())
        deed = Deed(HERE, "backup", Path(asked.file).name, manifest.made_at)
        store.write(lambda write: audit.note(write, deed, desk.clock.now()))
    desk.terminal.object({"backup": _json(manifest)})
    documents = sum(sum(states.values()) for states in manifest.documents.values())
    desk.terminal.line(
        Say(
            "已备份到 {file}：{records} 条数据，{documents} 张单据。",
            file=asked.file,
            records=manifest.records,
            documents=documents,
        )
    )
    desk.terminal.note(
        Say(
            "密钥文件 {path}（指纹 {key}）不在里面，请另外保管。",
            path=desk.settings.key_file,
            key=manifest.key,
        )
    )
    return SETTLED


def restore(asked: Namespace, desk: Desk) -> int:
    if asked.here:
        return _here(desk)
    manifest, doubted = backups.restore(desk.settings, Path(asked.file), desk.clock.now())
    desk.terminal.object({"restored": _json(manifest), "doubted": doubted})
    desk.terminal.line(Say("已恢复 {at} 的备份。", at=manifest.made_at))
    _next(desk, doubted)
    return SETTLED


def _here(desk: Desk) -> int:
    with desk.store() as store:
        if _at_work(store, desk):
            says = Say("还有进程在用这个数据库。")
            raise Wrong([Problem("--here", "at_work", says, Say("停下全部进程，等一分钟再来。"))])
        doubted = store.write(lambda write: restored.begin(write, desk.clock.now()))
        deed = Deed(HERE, "restore", "here")
        store.write(lambda write: audit.note(write, deed, desk.clock.now()))
    desk.terminal.object({"restored": None, "doubted": doubted})
    _next(desk, doubted)
    return SETTLED


def _at_work(store: Store, desk: Desk) -> bool:
    """Whether a clock is alive or a lease runs. What the lost process left ends by itself within half a minute."""
    now = desk.clock.now()
    until = store.read(condition.clock_until)
    return (until is not None and until >= now) or store.read(lambda read: queue.held(read, now))


def _next(desk: Desk, doubted: int) -> None:
    desk.terminal.note(
        Say("方案全部暂停了。{count} 张没有定案的单据和以后的每一张都先反查再写。", count=doubted)
    )
    desk.terminal.note(Say("看过 duijie doctor 以后，用 duijie resume SCHEME 逐个恢复。"))


def _json(manifest: Manifest) -> dict[str, Json]:
    told: Any = asdict(manifest)
    return dict(told)


# -- pause and resume ------------------------------------------------------------------------------


def pause(asked: Namespace, desk: Desk) -> int:
    def work(write: Any) -> None:
        for code in asked.schemes:
            schemes.enable(write, code, enabled=False, why=asked.reason)
            audit.note(write, Deed(HERE, "scheme.pause", code, asked.reason), desk.clock.now())

    return _each(asked, desk, work, Say("已暂停 {schemes}。", schemes=Words(asked.schemes)))


def resume(asked: Namespace, desk: Desk) -> int:
    def work(write: Any) -> None:
        now = desk.clock.now()
        for code in asked.schemes:
            trusted = asked.trust and restored.trust(write, code)
            restored.resume(write, code, "resume", now)
            audit.note(write, Deed(HERE, "scheme.resume", code, "trust" if trusted else ""), now)

    return _each(asked, desk, work, Say("已恢复 {schemes}。", schemes=Words(asked.schemes)))


def _each(asked: Namespace, desk: Desk, work: Any, says: Say) -> int:
    """All of the schemes named, or none. Raises Wrong for one that is not there."""
    with desk.store() as store:
        for code in asked.schemes:
            scheme_of(store, code)
        store.write(work)
    desk.terminal.object({"schemes": list(asked.schemes)})
    desk.terminal.line(says)
    return SETTLED
