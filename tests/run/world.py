"""A small world for the loops: both vendors simulated in a process of their own, one home, one scheme.

The engine runs in this process (`run`) or in one that may be killed (`start`, see drive.py).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, update

from engine.clock import Clock
from engine.model.ledger import Counts, RunAsked
from engine.services import Services
from engine.settings import Settings
from engine.store import connections, lookups, runs, schemes
from engine.store.connections import Account
from engine.store.lookups import Pair
from engine.store.tables import document
from flows.demo.expect import expected, lookup
from flows.demo.orders import orders

ROOT = Path(__file__).resolve().parents[2]
SCHEME = ROOT / "flows" / "wdt-stockout-to-bip-othout.yaml"
BEGIN = datetime(2026, 11, 1, 2, tzinfo=UTC)
SETTLED = timedelta(seconds=1.5)
"""Longer than the `settle` of every connection here, so that no look-up comes before its time."""
FAST = {"per_minute": 1000000, "per_second": 100000, "at_once": 16}
TABLES = ("仓库", "物料", "单位")


class Simulators:
    """The vendors' process and its director."""

    def __init__(self, seed: int = 1, options: Mapping[str, object] | None = None) -> None:
        told = {**_QUICK, **(options or {})}.items()
        sets = [
            f"--set={name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in told
        ]
        command = [sys.executable, "-m", "engine.simulate", "--seed", str(seed), "--for", "900", *sets]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.told: dict[str, Any] = json.loads(self._process.stdout.readline())
        self.allow = frozenset(
            (host, int(port)) for host, port in (pair.split(":") for pair in self.told["allow"])
        )

    def direct(self, what: str, **given: object) -> Any:
        """One of the director's calls."""
        data = json.dumps(given, default=str).encode() if what != "report" else None
        url = f"{self.told['admin']}/{what}" + ("?full=1" if what == "report" else "")
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as reply:  # noqa: S310
            return json.loads(reply.read(), parse_float=Decimal)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()


_QUICK = {"wdt.per_minute": 100000, "wdt.finish_hours": 100000, "yonbip.shows_after": 0}


PAIR = {"wdt-main": ("wdt", "qimen"), "bip-main": ("yonbip", "private")}
"""Connections by code: connector, and which of its simulator's accounts."""


@dataclass
class World:
    """One installation and its vendors. `parallel` and `on_change` are put into the scheme's text.

    `lines` are its connections, `tables` those of `flows/demo` that it has.
    """

    home: Path
    database: str | None = None
    seed: int = 1
    options: Mapping[str, object] = field(default_factory=dict)
    parallel: int = 4
    settle: str = "1s"
    keys: str | None = None
    text: str = ""
    lines: Mapping[str, tuple[str, str]] = field(default_factory=lambda: PAIR)
    tables: tuple[str, ...] = TABLES

    def __post_init__(self) -> None:
        self.simulators = Simulators(self.seed, self.options)
        self.text = self.text or SCHEME.read_text(encoding="utf-8") + f"parallel: {self.parallel}\n"
        self.settings = Settings.read(self.environ(), self.simulators.allow)
        self.in_services(self._furnish)

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.simulators.close()

    def environ(self) -> dict[str, str]:
        return {"DUIJIE_HOME": str(self.home), **({"DUIJIE_DB": self.database} if self.database else {})}

    def in_services(self, work: Callable[[Services], Any], clock: Clock | None = None) -> Any:
        """Open the installation, do something in it, close it."""

        async def doing() -> Any:
            services = Services.open(self.settings, clock)
            try:
                result = work(services)
                return await result if asyncio.iscoroutine(result) else result
            finally:
                await services.close()

        return asyncio.run(doing())

    def _furnish(self, services: Services) -> None:
        for name, (connector, way) in self.lines.items():
            self._connect(services, name, connector, way)
        for table in self.tables:
            pairs = [Pair(left, right) for left, right in lookup(table).items()]
            services.store.write(lambda c, t=table, p=pairs: lookups.replace(c, t, p, services.clock.now()))
        self.publish(services, self.text)

    def _connect(self, services: Services, name: str, connector: str, account_of: str) -> None:
        way = self.simulators.told["simulators"][connector]["connections"][account_of]
        channel = services.registry.connector(connector).channels[way["channel"]]  # type: ignore[union-attr]
        secret = {setting.name for setting in channel.settings if setting.secret}
        settings = {key: value for key, value in way["settings"].items() if key not in secret}
        secrets = {key: value for key, value in way["settings"].items() if key in secret}
        options: dict[str, Any] = {
            "limits": FAST,
            "settle": self.settle,
            "base": way["base"],
            "busy_wait": "1s",
        }
        if self.keys:
            options["keys"] = self.keys
        account = Account(name, connector, way["channel"], name, settings, (), options)
        services.store.write(
            lambda c: connections.save(c, services.store.vault, account, secrets, services.clock.now())
        )

    def publish(self, services: Services, text: str) -> None:
        code = text.split("scheme:", 1)[1].split()[0]
        services.store.write(lambda c: schemes.publish(c, code, code, text, "", "test", services.clock.now()))

    def orders(self, count: int) -> list[dict[str, Any]]:
        """Put `count` orders the scheme takes (and 5 % it skips) into the source; gives them all."""
        made = orders(count, self.seed, BEGIN, BEGIN + timedelta(days=10))
        self.give(made)
        return made

    def give(self, made: list[dict[str, Any]], **more: object) -> None:
        """Put these orders into the source; `late` ones appear while pages are read."""
        self.simulators.direct("wdt/orders", orders=made, **more)

    def run(self, asked: RunAsked | None = None, by: str = "test") -> Counts:
        """One run to its close, in this process."""
        return self.in_services(lambda services: serve_run(services, asked, by))  # type: ignore[no-any-return]

    def ask(self) -> int:
        """Ask for a run that workers of other processes take up; gives its id."""
        return self.in_services(_begin)  # type: ignore[no-any-return]

    def closed(self, ident: int) -> Counts:
        """The counts of a run, once other processes have closed it."""

        async def waiting(services: Services) -> Counts:
            store, clock = services.store, services.clock
            end = clock.monotonic() + 60
            while not _closed(services, ident):
                assert clock.monotonic() < end, "the run is still open after a minute"
                await clock.sleep(0.05)
            return store.read(lambda c: runs.count(c, ident))

        return self.in_services(waiting)  # type: ignore[no-any-return]

    def start(self, crash: str = "", breaks: str = "") -> subprocess.Popen[bytes]:
        """One run in a process of its own that may be killed."""
        env = {**os.environ, **self.environ(), "DUIJIE_CRASH_AT": crash, "DUIJIE_TEST": breaks}
        env["ALLOW"] = ",".join(f"{host}:{port}" for host, port in self.simulators.allow)
        return subprocess.Popen([sys.executable, "-m", "tests.run.drive"], cwd=ROOT, env=env)

    def differences(self, made: list[dict[str, Any]]) -> Differences:
        """What the target holds, against what the plain script expects of these orders."""
        return compare(made, self.simulators.direct("report")["yonbip"])


async def serve_run(services: Services, asked: RunAsked | None = None, by: str = "test") -> Counts:
    """Begin a run and work until it is closed."""
    store = services.store
    store.write(lambda c: _hurry(c, services.clock.now() + SETTLED))
    run_id = _begin(services, asked, by)
    worker = services.worker()
    await worker.serve(until=lambda: _closed(services, run_id))
    return store.read(lambda c: runs.count(c, run_id))


def _hurry(connection: Connection, soon: datetime) -> None:
    """What waits for minutes after some bad calls is due now: a test counts runs, not hours."""
    connection.execute(update(document).where(document.c.due_at > soon).values(due_at=soon))


def _begin(services: Services, asked: RunAsked | None = None, by: str = "test") -> int:
    store, now = services.store, services.clock.now()
    published = store.read(schemes.every)[0]
    return store.write(lambda c: runs.begin(c, published.id, published.version, by, now, asked))


def _closed(services: Services, run_id: int) -> bool:
    row = services.store.read(lambda c: runs.get(c, run_id))
    return row is not None and row.state == "closed"


@dataclass(frozen=True)
class Differences:
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]
    blind: int
    written: int

    @property
    def none(self) -> bool:
        return not (self.lost or self.doubled or self.wrong or self.blind)


def compare(made: list[dict[str, Any]], report: dict[str, Any]) -> Differences:
    wanted = {order["order_no"]: expected(order) for order in made}
    wanted = {number: document for number, document in wanted.items() if document is not None}
    found: dict[str, list[Any]] = {}
    for one in report["written"]:
        document = {key: value for key, value in one["document"].items() if key != "resubmitCheckKey"}
        found.setdefault(document["code"], []).append(document)
    return Differences(
        lost=tuple(sorted(wanted.keys() - found.keys())),
        doubled=tuple(sorted(number for number, documents in found.items() if len(documents) > 1)),
        wrong=tuple(
            sorted(n for n, documents in found.items() if any(d != wanted.get(n) for d in documents))
        ),
        blind=report["blind_resends"],
        written=len(report["written"]),
    )
