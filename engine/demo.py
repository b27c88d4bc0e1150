"""The demo: orders cross a bad network, once each, and a second opinion checks every document.

A fresh home, fresh simulators, one starter of `flows/`; the records, the lookups and the second opinion
(which imports nothing of ours) are those of `flows/demo`, told in `engine/shows.py`.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.cli.desk import FAULT, SETTLED, SOME, Desk, scheme_of, until_told
from engine.cli.pairs import read_pairs
from engine.cli.parser import Commands, argument
from engine.cli.serve import PORT, port_of
from engine.cli.summary import Go, Shown, Verdict, tell
from engine.cli.work import work_off, working
from engine.document.near import offer
from engine.document.scheme import read_scheme
from engine.errors import Wrong
from engine.model.ledger import RunAsked
from engine.model.values import Json, Problem, Window
from engine.run.flow import Flow
from engine.run.pull import first_moment
from engine.say import Say
from engine.services import Services
from engine.settings import Settings
from engine.shows import DEFAULT, FLOWS, SHOWS, Show, starter
from engine.store import lookups, runs, schemes
from engine.vendors import Vendors, put_up, register

SEED = 20261101
MOST = 100_000

WEATHER: dict[str, tuple[int, dict[str, int]]] = {
    "source": (4, {"reset_before": 50, "reset_after": 50, "bad_gateway": 50, "html": 50, "busy": 40}),
    "target": (
        7,
        {
            "save.reset_before": 10,
            "save.reset_after": 15,
            "save.bad_gateway": 5,
            "save.bad_gateway_after": 5,
            "save.html": 3,
            "save.html_after": 4,
            "system_error_after": 2,
            "token_expiry": 4,
            "busy": 2,
        },
    ),
}
"""How bad the network is at each end: a seed, and how many calls in a thousand each fault strikes."""


def add(commands: Commands) -> None:
    command = commands.add("demo", Say("演示：订单穿过很差的网络，每张只到一次"), demo)
    command.set_defaults(surroundings=fresh_home)
    argument(
        command, "--once", action="store_true", says=Say("说完结果就结束；不写则网页一直开着，直到 Ctrl-C")
    )
    argument(
        command,
        "scheme",
        metavar="SCHEME",
        nargs="?",
        default=DEFAULT,
        says=Say("哪个样例方案；all 是逐个全跑"),
    )
    argument(command, "--orders", metavar="N", default="1000", says=Say("多少条"))
    argument(command, "--port", metavar="PORT", default=str(PORT), says=Say("网页的端口，只在本机"))


@contextmanager
def fresh_home(settings: Settings) -> Iterator[Settings]:
    """A home of its own for one demo, gone afterwards; kept where something went wrong enough to be logged."""
    home = Path(tempfile.mkdtemp(prefix="duijie-demo-"))
    try:
        yield replace(settings, home=home, database=f"sqlite:///{home / 'duijie.db'}", key_file=home / "key")
    finally:
        if not (home / "logs").exists():
            shutil.rmtree(home)


def demo(asked: Namespace, desk: Desk) -> int:
    port, count = port_of(asked.port), _count(asked.orders)
    codes = [*SHOWS] if asked.scheme == "all" else [asked.scheme]
    if asked.scheme not in (*SHOWS, "all"):
        says = Say("演示没有样例方案 {name}。", name=asked.scheme)
        raise Wrong([Problem("SCHEME", "unknown_scheme", says, offer(asked.scheme, [*SHOWS, "all"]))])
    # Pages stay open with the last one only: before it there is more to come.
    return max(
        _alone(desk, code, count, port if code == codes[-1] and not asked.once else None) for code in codes
    )


def _alone(desk: Desk, code: str, count: int, port: int | None) -> int:
    """One starter with simulators and a home of its own."""
    with put_up(seed=SEED) as vendors, fresh_home(desk.settings) as settings:
        desk = replace(desk, settings=replace(settings, allow=vendors.allow))
        return asyncio.run(
            working(desk, lambda services: _demo(desk, services, vendors, Play(code, count), port))
        )


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= MOST:
        return int(text)
    says = Say("--orders 要是 1 到 {most} 的整数，不是 {text}。", most=MOST, text=text)
    raise Wrong([Problem("--orders", "number", says)])


@dataclass(frozen=True)
class Play:
    """Which starter, with how many records."""

    code: str
    count: int

    @property
    def show(self) -> Show:
        return SHOWS[self.code]


async def _demo(desk: Desk, services: Services, vendors: Vendors, play: Play, port: int | None) -> int:
    """Prepare, run twice, compare, tell; the pages stay open where a port was given. Gives the exit code."""
    terminal = desk.terminal
    show = play.show
    flow = prepare(desk, services, vendors, play)
    with ExitStack() as stack:
        address = stack.enter_context(_pages(desk, services, port)) if port is not None and desk.web else None
        if address:
            terminal.note(Say("网页：{address}", address=address))
        records = _records(vendors, play, desk.clock.now())
        names = {end: services.registry.connectors[code].title for end, code in _ends(show).items()}
        terminal.note(
            Say(
                "{title}：{count} 条{noun}，从{source}模拟器经很差的网络到{target}模拟器 …",
                title=flow.scheme.title,
                count=play.count,
                noun=show.noun,
                **names,
            )
        )
        shown = await _twice(desk, services, vendors, Staged(flow, show, records))
        if isinstance(shown, int):
            return shown
        tell(terminal, shown)
        code = SETTLED if shown.fine else FAULT if shown.stuck else SOME
        if address:
            terminal.note(Say("网页留在 {address}，停止：Ctrl-C", address=address))
            await _until_stopped()
        return code


def _ends(show: Show) -> dict[str, str]:
    return {"source": show.source, "target": show.target}


def prepare(desk: Desk, services: Services, vendors: Vendors, play: Play) -> Flow:
    """Connections, lookups and the published starter: what a person would do by hand."""
    store, now = services.store, desk.clock.now()
    for account, secrets in vendors.accounts(services.registry):
        if account.connector == "wdt" and (play.count > 1000 or play.show.target == "wdt"):
            # A real account bears 60 calls a minute; more of them would only make the demo long.
            account = replace(account, options={**account.options, "limits": {"per_minute": 6000}})
            vendors.direct("wdt/settings", {"per_minute": 6000})
        register(store, account, secrets, now)
    tables = {
        table: read_pairs((FLOWS / "demo" / f"{table}.csv").read_bytes())[0] for table in play.show.tables
    }
    store.write(lambda write: [lookups.replace(write, table, pairs, now) for table, pairs in tables.items()])
    text = starter(play.code).read_text("utf-8")
    scheme, problems = read_scheme(text)
    if scheme is None:
        raise Wrong(problems)
    code, title = scheme.scheme, scheme.title
    store.write(lambda write: schemes.publish(write, code, title, text, "", "demo", now))
    return services.flows.of(scheme_of(store, code))


def _records(vendors: Vendors, play: Play, now: datetime) -> list[dict[str, Any]]:
    """Invented records of the last six days, handed to the simulator; then the weather turns bad."""
    show = play.show
    made = show.made(play.count, SEED, now - timedelta(days=6), now - timedelta(minutes=30))
    vendors.direct(f"{show.source}/{show.deed}", {**show.given, show.records: list(made)})
    for end, code in _ends(show).items():
        seed, struck = WEATHER[end]
        rates: dict[str, Json] = {kind: Decimal(number) / 1000 for kind, number in struck.items()}
        vendors.direct(f"{code}/faults", {"seed": seed, "rates": rates})
    return made


@contextmanager
def _pages(desk: Desk, services: Services, port: int) -> Iterator[str]:
    """The pages, on another free port where this one is taken."""
    assert desk.web is not None  # noqa: S101  (asked by the caller)
    with ExitStack() as stack:
        try:
            address = stack.enter_context(desk.web(services, port, guests=True))
        except OSError:
            desk.terminal.note(Say("端口 {port} 已被占用，换一个空闲的。", port=port))
            address = stack.enter_context(desk.web(services, 0, guests=True))
        yield address


@dataclass(frozen=True)
class Staged:
    """A starter ready to run: its compiled version, and what its source holds."""

    flow: Flow
    show: Show
    records: list[dict[str, Any]]


async def _twice(desk: Desk, services: Services, vendors: Vendors, staged: Staged) -> Shown | int:
    """The scheme as it stands, then all of the same once more. Gives an exit code where a person stopped it."""
    flow, target = staged.flow, staged.show.target
    plain, everything = _asked(flow, desk.clock.now())
    first = await _run(desk, services, flow, plain)
    before: Any = await asyncio.to_thread(vendors.direct, "report?full=1")
    if first.ended.signal is not None:
        return 128 + first.ended.signal
    second = await _run(desk, services, flow, everything)
    after: Any = await asyncio.to_thread(vendors.direct, "report?full=1")
    if second.ended.signal is not None:
        return 128 + second.ended.signal
    faults: Counter[str] = Counter()
    for told in after.values():
        faults.update(told["faults"])
    calls = {
        f"{name} {purpose}": number
        for name, told in after.items()
        for purpose, number in told["calls"].items()
    }
    again = len(after[target]["written"]) - len(before[target]["written"])
    verdict = judge(staged.show, staged.records, after[target]["written"])
    return Shown(len(staged.records), first, second, again, verdict, faults, calls)


def _asked(flow: Flow, now: datetime) -> tuple[RunAsked, RunAsked]:
    """A run as the schedule would ask for it, and one over everything of the last week."""
    now = now.replace(microsecond=0)
    everything = RunAsked(Window(now - timedelta(days=7), now))
    span = flow.source.window
    # Where this machine's clock stands before the starter's own beginning, a plain run would read nothing.
    begun = span is not None and first_moment(flow.scheme.source.begin, span, now) <= now - timedelta(days=6)
    return RunAsked() if begun else everything, everything


async def _run(desk: Desk, services: Services, flow: Flow, asked: RunAsked) -> Go:
    begun, now, published = desk.clock.monotonic(), desk.clock.now(), flow.published
    run_id = services.store.write(
        lambda write: runs.begin(write, published.id, published.version, "demo", now, asked)
    )
    ended = await work_off(desk, services, published.id, run_id)
    return Go(ended, desk.clock.monotonic() - begun)


def judge(show: Show, records: list[dict[str, Any]], written: list[dict[str, Any]]) -> Verdict:
    """Every document the target holds beside what the second opinion expects."""
    wanted = {
        record[show.key]: document for record in records if (document := show.expected(record)) is not None
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for one in written:
        document = {name: value for name, value in one["document"].items() if name != "resubmitCheckKey"}
        found.setdefault(document.get(show.number, ""), []).append(document)
    return Verdict(
        documents=len(written),
        lost=tuple(number for number in wanted if number not in found),
        doubled=tuple(number for number, documents in found.items() if len(documents) > 1),
        different=tuple(
            number for number in wanted if number in found and wanted[number] not in found[number]
        ),
        extra=tuple(number for number in found if number not in wanted),
    )


async def _until_stopped() -> None:
    stop = asyncio.Event()
    with until_told(stop.set):
        await stop.wait()
