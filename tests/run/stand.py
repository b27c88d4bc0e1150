"""Both vendors in this very process, on a clock moved by hand: for what must happen at one exact moment.

The real loops, the real wire and the real store; only the network is missing. `Stand.door` hands
each call to its simulator and lets a test act while the call is on its way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.clock import Clock
from engine.errors import Fault
from engine.model.ledger import Lease, RunAsked
from engine.model.values import Call, Reply
from engine.registry import Registry
from engine.run.flow import Flows
from engine.run.lines import Lines
from engine.run.worker import Worker
from engine.settings import SHIPPED, Settings
from engine.simulate.frame import Answer, Heard
from engine.simulate.load import stages
from engine.simulate.stage import Stage
from engine.store import connections, documents, lookups, queue, runs, schemes
from engine.store.connections import Account
from engine.store.lookups import Pair
from engine.store.queue import Standing
from engine.store.store import Store
from engine.wire.doors.deadline import Stale, never
from engine.wire.hosts import HostRule
from flows.demo.expect import lookup
from flows.demo.orders import orders
from tests.build import NOW
from tests.run.world import BEGIN, SCHEME, TABLES

HOSTS = {"wdt.test": "wdt", "bip.test": "yonbip"}


@dataclass
class Shifted(Clock):
    """A clock that sleeping moves; nobody waits for it. `asleep` is called by whoever falls asleep."""

    at: datetime = NOW
    asleep: Callable[[], None] | None = None

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        if self.asleep is not None:
            self.asleep()
        await asyncio.sleep(0)

    def jitter(self) -> float:
        return 0.5


@dataclass
class Indoors:
    """A door that leads to the simulators beside us.

    `meanwhile` is awaited while a call is under way; `instead` are answers for calls of a purpose
    that then never reach the vendor.
    """

    stages: Mapping[str, Stage]
    clock: Clock
    meanwhile: Callable[[str], Awaitable[None]] | None = None
    instead: dict[str, Answer] = field(default_factory=dict)
    calls: list[tuple[str, str | None]] = field(default_factory=list)

    async def send(self, call: Call, hosts: HostRule, deadline: float, stale: Stale = never) -> Reply:
        heard = Heard.of(call)
        stage = self.stages[HOSTS[urlsplit(call.url).hostname or ""]]
        about = stage.simulator.about(heard)
        self.calls.append((about.purpose, about.number))
        answer = self.instead.get(about.purpose) or stage.hear(heard, self.clock.now()).answer
        await asyncio.sleep(0)
        if self.meanwhile is not None:
            await self.meanwhile(about.purpose)
        if answer is None:
            raise Fault("broken", "the connection broke", sent=True)
        return answer.reply()

    def count(self, purpose: str) -> int:
        return sum(made == purpose for made, _ in self.calls)

    async def close(self) -> None:
        """Nothing is held open."""


class Stand:
    """One published scheme with its connections and tables, and a worker whose jobs a test does one by one."""

    def __init__(
        self,
        home: Path,
        database: str | None = None,
        options: Mapping[str, Any] | None = None,
        limits: Mapping[str, Any] | None = None,
        parallel: int = 4,
        settle: str = "120s",
    ) -> None:
        env = {"DUIJIE_HOME": str(home), **({"DUIJIE_DB": database} if database else {})}
        quick: dict[str, Any] = {"wdt": {"per_minute": 100_000}, "yonbip": {"shows_after": 0.0}}
        for name, value in (options or {}).items():
            connector, _, option = name.partition(".")
            quick[connector][option] = value
        self.loop = asyncio.Runner()
        self.clock = Shifted()
        self.stages = stages([SHIPPED / "connectors"], 1, quick)
        self.door = Indoors(self.stages, self.clock)
        settings = Settings.read(env)
        self.registry = Registry.read(settings.connectors)
        self.store = Store.open(settings, self.clock)
        self.lines = Lines(self.store, self.registry, self.door, self.clock)
        self.new_worker()
        self.limits, self.settle = (
            dict(limits or {"per_second": None, "per_minute": None, "at_once": 16}),
            settle,
        )
        for name, host in (("wdt-main", "wdt.test"), ("bip-main", "bip.test")):
            self.connect(name, host)
        for table in TABLES:
            self.table(table, lookup(table))
        self.text = SCHEME.read_text(encoding="utf-8") + f"parallel: {parallel}\n"
        self.publish(self.text)

    def __enter__(self) -> Stand:
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.close()
        self.store.close()

    def connect(self, name: str, host: str) -> None:
        connector = HOSTS[host]
        ways: Any = self.stages[connector].simulator.connections(f"http://{host}")
        way = ways["qimen" if connector == "wdt" else "private"]
        found = self.registry.connector(connector)
        assert found is not None
        secret = {one.name for one in found.channels[way["channel"]].settings if one.secret}
        plain = {key: value for key, value in way["settings"].items() if key not in secret}
        secrets = {key: value for key, value in way["settings"].items() if key in secret}
        options: dict[str, Any] = {"limits": self.limits, "settle": self.settle, "base": way["base"]}
        account = Account(name, connector, way["channel"], name, plain, (), options)
        self.store.write(lambda c: connections.save(c, self.store.vault, account, secrets, self.clock.now()))

    def table(self, code: str, pairs: Mapping[str, str]) -> None:
        made = [Pair(left, right) for left, right in pairs.items()]
        self.store.write(lambda c: lookups.replace(c, code, made, self.clock.now()))

    def publish(self, text: str) -> None:
        code = text.split("scheme:", 1)[1].split()[0]
        self.store.write(lambda c: schemes.publish(c, code, code, text, "", "test", self.clock.now()))
        self.scheme = self.store.read(schemes.every)[0].id

    def made(self, count: int) -> list[dict[str, Any]]:
        """Orders that the scheme takes, all of them."""
        found = orders(2 * count + 2, 1, BEGIN, BEGIN + timedelta(days=10))
        return [one for one in found if one["order_type"] == 7][:count]

    def give(self, *made: dict[str, Any]) -> None:
        """Put these orders into the source."""
        self.stages["wdt"].simulator.tell("orders", {"orders": list(made)}, self.clock.now())

    def orders(self, count: int) -> list[dict[str, Any]]:
        made = self.made(count)
        self.give(*made)
        return made

    def begin(self, asked: RunAsked | None = None) -> int:
        return self.store.write(lambda c: runs.begin(c, self.scheme, 1, "test", self.clock.now(), asked))

    def claim(self, holder: str | None = None) -> Lease:
        lease = self.store.write(lambda c: queue.claim(c, self.clock.now(), holder or self.worker.holder))
        assert lease is not None, "a job is due"
        return lease

    def work(self) -> None:
        """The job that is due, as the worker does it."""
        self.loop.run(self.worker.work(self.claim()))

    def work_off(self) -> None:
        """Every job that is due, one after the other."""
        while lease := self.store.write(lambda c: queue.claim(c, self.clock.now(), self.worker.holder)):
            self.loop.run(self.worker.work(lease))

    def read(self, asked: RunAsked | None = None) -> int:
        """A run that has read; its push is due."""
        run_id = self.begin(asked)
        self.work()
        return run_id

    def run(self, run_id: int) -> Any:
        return self.store.read(lambda c: runs.get(c, run_id))

    def job(self, kind: str) -> Standing:
        """The job of this kind that waits."""
        return self.store.read(lambda c: queue.standing(c, kind, self.scheme))["waiting"]

    def new_worker(self) -> None:
        """As after a restart."""
        self.worker = Worker(self.store, Flows(self.registry), self.lines, self.clock)

    def states(self) -> dict[str, int]:
        return self.store.read(lambda c: documents.tally(c, self.scheme))

    def documents(self) -> list[Any]:
        """All documents, oldest first."""
        return self.store.read(lambda c: documents.found(c, self.scheme))[::-1]

    def report(self) -> Any:
        return self.stages["yonbip"].report(full=True)
