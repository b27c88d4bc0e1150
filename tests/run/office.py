"""One scheme on the vendor of tests/run/vendors/office, in this very process, on a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.errors import Fault
from engine.model.ledger import Counts
from engine.model.values import Call, Json, Reply
from engine.registry import Registry
from engine.run.deeds import then_of
from engine.run.flow import Flows
from engine.run.lines import Lines
from engine.run.worker import Worker
from engine.settings import SHIPPED, Settings
from engine.simulate.faults import FaultPlan
from engine.simulate.frame import Heard
from engine.simulate.load import stages
from engine.simulate.stage import Stage
from engine.store import connections, documents, queue, runs, schemes
from engine.store.after import Then
from engine.store.connections import Account
from engine.store.store import Store
from engine.wire.doors.deadline import Stale, never
from engine.wire.hosts import HostRule
from tests.run.stand import Shifted

VENDORS = Path(__file__).parent / "vendors"
POOL = """\
scheme: pool
source: {connection: office, operation: office.jobs.pool, where: state <> 'skip'}
target: {connection: office, operation: office.bill.save}
map: {no: no, amount: amount, job: id}
"""
ORDERS = """\
scheme: bills
source: {connection: office, operation: office.orders.list}
target: {connection: office, operation: office.bill.save}
map: {no: no, amount: amount}
"""


@dataclass
class Hallway:
    """A door that leads to the office beside us. `lost` names paths whose reply never comes back."""

    stage: Stage
    clock: Shifted
    lost: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    meanwhile: Callable[[str], None] = lambda path: None
    inside: int = 0
    most: int = 0

    async def send(self, call: Call, hosts: HostRule, deadline: float, stale: Stale = never) -> Reply:
        heard = Heard.of(call)
        self.calls.append(heard.path)
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0)
        answer = self.stage.hear(heard, self.clock.now()).answer
        self.stage.left()
        self.inside -= 1
        self.meanwhile(heard.path)
        if answer is None or heard.path in self.lost:
            raise Fault("broken", "the connection broke", sent=True)
        return answer.reply()

    async def close(self) -> None:
        """Nothing is held open."""


class Office:
    """The scheme is published as it stands; `run` reads and writes until nothing is due."""

    def __init__(self, home: Path, text: str, database: str | None = None) -> None:
        env = {"DUIJIE_HOME": str(home), **({"DUIJIE_DB": database} if database else {})}
        self.loop, self.clock = asyncio.Runner(), Shifted()
        self.stage = stages([VENDORS], 1, {})["office"]
        self.door = Hallway(self.stage, self.clock)
        self.registry = Registry.read([SHIPPED / "connectors", VENDORS])
        assert not self.registry.problems
        self.store = Store.open(Settings.read(env), self.clock)
        self.lines = Lines(self.store, self.registry, self.door, self.clock)
        options: dict[str, Any] = {"limits": {"per_second": None, "per_minute": None, "at_once": 8}}
        account = Account("office", "office", "default", "office", {"name": "demo"}, (), options)
        self.store.write(lambda c: connections.save(c, self.store.vault, account, {}, self.clock.now()))
        self.restart()
        self.publish(text)

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.close()
        self.store.close()

    def restart(self) -> None:
        self.worker = Worker(self.store, Flows(self.registry), self.lines, self.clock)

    def publish(self, text: str) -> None:
        code = text.split("scheme:", 1)[1].split()[0]
        self.store.write(lambda c: schemes.publish(c, code, code, text, "", "test", self.clock.now()))
        self.scheme = self.store.read(lambda c: schemes.published(c, code)).id  # type: ignore[union-attr]

    def tell(self, deed: str, **given: Json) -> Any:
        return self.stage.simulator.tell(deed, given, self.clock.now())

    def give(self, noun: str, *rows: dict[str, Json]) -> None:
        self.tell(noun, rows=list(rows))

    def refuse(self, words: str) -> None:
        self.tell("settings", refuse=words)

    def faults(self, **rates: float) -> None:
        named = {name.replace("_", ".", 1): rate for name, rate in rates.items()}
        self.stage.plan = FaultPlan(3, named)

    def run(self) -> int:
        run_id = self.store.write(lambda c: runs.begin(c, self.scheme, 1, "test", self.clock.now()))
        self.work_off()
        return run_id

    def work_off(self) -> None:
        while lease := self.store.write(lambda c: queue.claim(c, self.clock.now(), self.worker.holder)):
            self.loop.run(self.worker.work(lease))

    def later(self, **span: float) -> None:
        """Time goes by, and what is due then is done."""
        self.clock.at += timedelta(**span)
        self.store.write(lambda c: queue.hurry(c, "push", self.scheme, self.clock.now()))
        self.work_off()

    def count(self, run_id: int) -> Counts:
        return self.store.read(lambda c: runs.count(c, run_id))

    def then(self) -> Then | None:
        """What follows the create."""
        published = self.store.read(lambda c: schemes.by_id(c, self.scheme))
        assert published is not None
        return then_of(self.worker.flows.of(published), "")

    def documents(self) -> dict[str, Any]:
        """By key; a follow-up's key names the call."""
        return {row.key: row for row in self.store.read(lambda c: documents.found(c, self.scheme))}

    def states(self) -> dict[str, str]:
        return {key: row.state for key, row in self.documents().items()}

    @property
    def deeds(self) -> list[str]:
        deeds: list[str] = self.tell("tell")["deeds"]
        assert self.tell("tell")["wrong"] == []
        return deeds


def order(ident: int, amount: str = "10.00", state: str = "") -> dict[str, Json]:
    return {"id": ident, "no": f"N-{ident}", "amount": amount, "state": state}
