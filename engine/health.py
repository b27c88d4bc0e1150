"""What a doctor finds: each finding a sentence with what to do. It looks and changes nothing, not even a version."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from engine.clock import Clock
from engine.document.scheme import read_scheme
from engine.errors import Wrong
from engine.model.scheme import Scheme
from engine.model.values import Problem
from engine.run.causes import LOOKED, NEEDY, merged
from engine.run.schedule import PATIENCE, allowance, coming
from engine.say import Say, Stored
from engine.settings import Settings
from engine.store import condition, connections, overview, receivers, schemes
from engine.store.condition import LastRun, Stuck
from engine.store.migrate import NEWEST, version
from engine.store.schemes import Published
from engine.store.session import Database, file_of
from engine.store.store import TROUBLE, no_database
from engine.store.vault import Vault

Weight = Literal["good", "note", "warning", "broken"]
"""good: as it should be; note: to know; warning: somebody should see to it; broken: nothing can be done as it is."""

ENOUGH = 500_000_000
"""Bytes free below which a person should make room; below `condition.LEAST` the pages call themselves not ready."""
SKEW = timedelta(seconds=5)
MOST_CAUSES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is the part looked at, `code` a stable word; `scheme` and `count` where it is about documents."""

    about: str
    code: str
    weight: Weight
    says: str
    do: str = ""
    scheme: str = ""
    count: int | None = None


def examine(
    settings: Settings, clock: Clock, *, deep: bool = False, free: Callable[[Path], int] | None = None
) -> list[Finding]:
    """Everything there is to say, worst not first but part by part. `free` tells the bytes left at a place;
    `deep` reads the whole of a SQLite database.
    """
    found = [*_disk(settings, free or _free), *_key(settings)]
    try:
        file = file_of(settings.database)
        if file is not None and not file.exists():
            return [*found, _no_store(file)]
        database = Database(settings.database)
    except TROUBLE as error:
        return [*found, _of(no_database(settings.database, error), "store")]
    with closing(database):
        try:
            with database.read() as read:
                return [*found, *_store(read, settings, clock, deep)]
        except TROUBLE as error:
            return [*found, _of(no_database(settings.database, error), "store")]


def _of(problem: Problem, about: str) -> Finding:
    return Finding(about, problem.code, "broken", problem.says, problem.do)


# -- files -----------------------------------------------------------------------------------------


def _free(place: Path) -> int:
    return shutil.disk_usage(place).free


def _disk(settings: Settings, free: Callable[[Path], int]) -> Iterator[Finding]:
    """Where the database stands; where it is another machine's, where the logs do."""
    file = _file(settings)
    place = settings.home if file is None else file.parent
    if not place.exists():
        return
    left = free(place)
    told = f"{left / 1e9:.1f}"
    if left >= ENOUGH:
        yield Finding(
            "disk", "room", "good", Say("{place} 所在的磁盘还有 {left} GB。", place=place, left=told)
        )
        return
    says = Say("{place} 所在的磁盘只剩 {left} MB。", place=place, left=left // 1_000_000)
    do = Say("腾出空间，或用 duijie prune 清理旧数据；写满以后什么都存不下，也就什么都不会再发。")
    yield Finding("disk", "full", "broken" if left < condition.LEAST else "warning", says, do)


def _file(settings: Settings) -> Path | None:
    try:
        return file_of(settings.database)
    except TROUBLE:
        return None


def _key(settings: Settings) -> Iterator[Finding]:
    """The key file as it lies there; whether it is the right one, only the store can tell."""
    path = settings.key_file
    try:
        if not path.exists():
            file = _file(settings)
            if file is None or file.exists():
                says = Say("没有密钥文件 {path}。", path=path)
                do = Say("从备份恢复它；没有它，已保存的密码无法打开。")
                yield Finding("key", "missing", "broken", says, do)
            return
        Vault.at(path)
        mode = stat.S_IMODE(path.stat().st_mode)
    except Wrong as wrong:
        yield _of(wrong.problems[0], "key")
        return
    except OSError as error:
        says = Say("密钥文件 {path} 读不出来：{why}。", path=path, why=error.strerror or type(error).__name__)
        yield Finding("key", "unreadable", "broken", says, Say("核对路径和权限。"))
        return
    if mode & 0o077:
        says = Say("密钥文件 {path} 别人也能读（{mode}）。", path=path, mode=f"{mode:04o}")
        yield Finding("key", "open", "warning", says, Say("运行 chmod 600 {path}。", path=path))
        return
    yield Finding("key", "private", "good", Say("密钥文件只有属主能读。"))


def _no_store(file: Path) -> Finding:
    says = Say("{file} 还没有数据库。", file=file)
    do = Say("第一次用：运行 duijie up。用过了还看到这句话，多半是 DUIJIE_HOME 没有设对。")
    return Finding("store", "none", "broken", says, do)


# -- the store -------------------------------------------------------------------------------------


def _store(read: Any, settings: Settings, clock: Clock, deep: bool) -> Iterator[Finding]:
    found = version(read)
    if found != NEWEST:
        yield _version(found)
        return
    yield Finding("store", "version", "good", Say("数据库能用，结构版本 {version}。", version=found))
    if read.dialect.name == "sqlite":
        yield from _sqlite(read, deep)
    yield from _opens(read, settings)
    now = clock.now()
    yield from _clock(read, now)
    yield from _schemes(read, now)
    yield from (_stuck(one, now) for one in condition.stuck(read, now))
    yield from _documents(read)


def _version(found: str | None) -> Finding:
    if found is None:
        says = Say("这个数据库不是对接的，或者还是空的。")
        do = Say("核对 DUIJIE_DB；新装的用 duijie up 启动一次。")
        return Finding("store", "foreign", "broken", says, do)
    if found > NEWEST:
        says = Say("数据库由更新的版本建立，本程序不认识它的结构。")
        return Finding("store", "newer_database", "broken", says, Say("请升级程序，或改用其它数据库。"))
    says = Say("数据库的结构版本是 {found}，本程序要 {newest}。", found=found, newest=NEWEST)
    do = Say("先备份；下次启动 duijie up 时自动升级。升级以后再检查一次。")
    return Finding("store", "older_database", "warning", says, do)


def _sqlite(read: Any, deep: bool) -> Iterator[Finding]:
    mode = condition.journal(read)
    if mode != "wal":
        says = Say("SQLite 的日志方式是 {mode}，应该是 wal。", mode=mode)
        do = Say("数据库不要放在网络盘上；移到本机的磁盘再启动。")
        yield Finding("store", "journal", "warning", says, do)
    broken = condition.damage(read, deep)
    if not broken:
        yield Finding("store", "whole", "good", Say("SQLite 文件没有损坏。"))
    for line in broken:
        says = Say("SQLite 文件损坏：{line}", line=line)
        do = Say("停下全部进程，另存这个文件，再用最近的备份恢复（duijie restore）。")
        yield Finding("store", "damaged", "broken", says, do)


def _opens(read: Any, settings: Settings) -> Iterator[Finding]:
    """Whether the key is the one the secrets were sealed with."""
    if not settings.key_file.exists():
        return
    try:
        vault = Vault.at(settings.key_file)
        connections.secrets(read, vault)
        receivers.secrets(read, vault)
    except Wrong as wrong:
        yield from (_of(one, "key") for one in wrong.problems)
    except OSError:
        return  # told with the key file itself


def _clock(read: Any, now: datetime) -> Iterator[Finding]:
    server, newest = condition.server_time(read), condition.newest_moment(read)
    sure = Say("用 NTP 校准两边的时间；差得多了，对方会拒绝签名。")
    if server is not None and abs(server - now) > SKEW:
        seconds = round(abs((server - now).total_seconds()))
        says = Say("本机的时钟和数据库服务器差 {seconds} 秒。", seconds=seconds)
        yield Finding("clock", "skew", "warning", says, sure)
    elif server is not None:
        yield Finding("clock", "same", "good", Say("本机的时钟和数据库服务器一致。"))
    if newest is not None and newest > now + timedelta(minutes=1):
        says = Say("库里最近一次运行开始于 {at}，比现在还晚：时钟往回拨过。", at=_at(newest))
        yield Finding("clock", "back", "warning", says, sure)


# -- schemes and jobs ------------------------------------------------------------------------------


def _schemes(read: Any, now: datetime) -> Iterator[Finding]:
    published, last = schemes.every(read), condition.last_runs(read)
    cursors = schemes.cursors(read)
    planned = False
    for one in published:
        if one.doubted_at is not None:
            says = Say("方案 {scheme} 从备份恢复过，每张单据都先反查再写。", scheme=one.code)
            do = Say(
                "目标系统里有的都认出来以后，运行 duijie resume {scheme} --trust，就不再先查。",
                scheme=one.code,
            )
            yield Finding("scheme", "doubted", "note", says, do, one.code)
        if not one.enabled:
            yield _paused(one)
            continue
        scheme, _ = read_scheme(one.text)
        if scheme is None:
            says = Say("方案 {scheme} 的第 {version} 版读不懂。", scheme=one.code, version=one.version)
            do = Say("改正后用 duijie publish 再发布一版。")
            yield Finding("scheme", "unreadable", "warning", says, do, one.code)
            continue
        planned = planned or any(schedule.after is None for schedule in scheme.schedule)
        yield from _scheme(one, scheme, last[one.id], cursors.get(one.id), now)
    if planned:
        yield from _alive(read, now)


def _paused(one: Published) -> Finding:
    says = Say("方案 {scheme} 已暂停，不按计划运行。", scheme=one.code)
    if one.paused:
        says = Say("方案 {scheme} 已暂停：{why}", scheme=one.code, why=Stored(one.paused))
    do = Say("要它再跑，运行 duijie resume {scheme}，或在网页上恢复。", scheme=one.code)
    return Finding("scheme", "paused", "note", says, do, one.code)


def _scheme(
    one: Published, scheme: Scheme, last: LastRun, cursor: datetime | None, now: datetime
) -> Iterator[Finding]:
    if last.fault is not None:
        says = Say("方案 {scheme} 最近一次运行出了故障：{fault}", scheme=one.code, fault=Stored(last.fault))
        do = Say("看这次运行的网页，改正以后运行 duijie run {scheme}。", scheme=one.code)
        yield Finding("scheme", "fault", "warning", says, do, one.code)
    missed = _missed(scheme, last.began, now)
    if missed is not None:
        says = Say("方案 {scheme} 应该在 {at} 运行，到现在没有开始。", scheme=one.code, at=_at(missed))
        do = Say("看 duijie up 是否在运行；上一次还没读完的话，等它读完。")
        yield Finding("scheme", "missed", "warning", says, do, one.code)
    behind = now - cursor if cursor is not None else timedelta(0)
    if cursor is not None and behind > allowance(scheme):
        says = Say(
            "方案 {scheme} 只读到 {at}，落后了 {minutes} 分钟。",
            scheme=one.code,
            at=_at(cursor),
            minutes=_minutes(behind),
        )
        do = Say("看它最近几次运行读到哪里停下；源系统很慢或数据很多时，等它追上。")
        yield Finding("scheme", "behind", "warning", says, do, one.code)


def _missed(scheme: Scheme, since: datetime, now: datetime) -> datetime | None:
    """The first planned time behind `since`, where it is past by more than a few minutes."""
    planned = coming(scheme.schedule, since + timedelta(seconds=1))
    return planned if planned is not None and planned + PATIENCE < now else None


def _alive(read: Any, now: datetime) -> Iterator[Finding]:
    until = condition.clock_until(read)
    if until is not None and until >= now:
        yield Finding("clock", "told", "good", Say("有进程在按计划运行方案。"))
        return
    says = Say("没有进程在按计划运行方案。")
    if until is not None:
        says = Say("没有进程在按计划运行方案，最后一个停在 {at}。", at=_at(until))
    yield Finding("clock", "nobody", "warning", says, Say("启动 duijie up，并让系统在开机时启动它。"))


def _stuck(one: Stuck, now: datetime) -> Finding:
    loop = Say("读取") if one.kind == "pull" else Say("写入")
    if one.leased:
        says = Say(
            "方案 {scheme} 的{loop}没有做完，做它的进程在 {at} 以后没有消息。",
            scheme=one.scheme,
            loop=loop,
            at=_at(one.since),
        )
        do = Say("启动 duijie up 或 duijie worker，它会接着做；发到一半的先反查。")
        return Finding("job", "expired", "warning", says, do, one.scheme)
    if one.why:
        says = Say(
            "方案 {scheme} 的{loop}试了 {count} 次都没成：{why}",
            scheme=one.scheme,
            loop=loop,
            count=one.attempts,
            why=Stored(one.why),
        )
        do = Say("用 duijie connection test 试它的连接；通了会自动接着做。")
        return Finding("job", "failing", "warning", says, do, one.scheme, one.attempts)
    says = Say(
        "方案 {scheme} 的{loop}等了 {minutes} 分钟，没有进程来做。",
        scheme=one.scheme,
        loop=loop,
        minutes=_minutes(now - one.since),
    )
    return Finding("job", "left", "warning", says, Say("启动 duijie up 或 duijie worker。"), one.scheme)


# -- documents -------------------------------------------------------------------------------------


def _documents(read: Any) -> Iterator[Finding]:
    published = schemes.every(read)
    counted = schemes.counted(read, [one.id for one in published])
    needy = 0
    for one in published:
        of = {"unknown": counted[one.id].states["unknown"], "refused": counted[one.id].states["refused"]}
        of["held"] = counted[one.id].held
        needy += sum(of.values())
        for kind, wanted in NEEDY:
            if of[kind]:
                causes = merged(kind, overview.causes(read, one.id, wanted, LOOKED))
                for _, cause in causes[:MOST_CAUSES]:
                    yield _cause(one.code, kind, cause.count, cause.reason)
    if not needy:
        yield Finding("documents", "settled", "good", Say("没有结果未知、被拒绝、缺对照的单据。"))


def _cause(scheme: str, kind: str, count: int, reason: str) -> Finding:
    of = {"scheme": scheme, "count": count, "reason": Stored(reason)}
    if kind == "unknown":
        says = Say("方案 {scheme} 有 {count} 张单据结果未知：{reason}", **of)
        do = Say("能反查的会自动反查；一直不动的，到目标系统核对以后用 duijie settle 或 duijie resend 定案。")
    elif kind == "refused":
        says = Say("方案 {scheme} 有 {count} 张单据被拒绝：{reason}", **of)
        do = Say("改正数据、对照表或映射以后，运行 duijie retry {scheme}。", scheme=scheme)
    else:
        says = Say("方案 {scheme} 有 {count} 张单据缺对照：{reason}", **of)
        do = Say("用 duijie lookup missing 看缺哪些编码，补上就放行。")
    return Finding("documents", kind, "warning", says, do, scheme, count)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
