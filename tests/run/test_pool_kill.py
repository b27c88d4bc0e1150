"""kill -9 while a pool is emptied: nothing is acknowledged before it is done, nothing is written twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.clock import Clock
from engine.settings import SHIPPED, Settings
from engine.store import connections, documents, schemes
from engine.store.connections import Account
from engine.store.store import Store
from engine.vendors import Vendors, put_up
from tests.run.office import POOL, VENDORS, order

JOBS, KILLS = 18, 4
SHIP = "after: [audit, {name: ship, operation: office.jobs.ship, map: {id: id, bill: _target.number}}]\n"
PHASES = {
    "journal": ("journal.committed", "request.sent"),
    "reply": ("reply.received", "settle.before"),
    "settled": ("settle.committed",),
    "follow": ("follow.made", "follow.kept"),
    "plan": ("plan.made", "plan.kept", "read.kept"),
}


@dataclass
class Shop:
    """An office in a process of its own, and a home whose runs may be killed."""

    home: Path
    vendors: Vendors

    def environ(self) -> dict[str, str]:
        return {"DUIJIE_HOME": str(self.home), "DUIJIE_CONNECTORS": str(VENDORS)}

    def furnish(self) -> None:
        store, clock = Store.open(Settings.read(self.environ()), Clock()), Clock()
        base = str(self.vendors.told["simulators"]["office"]["base"])
        options: dict[str, Any] = {"base": base, "limits": {"at_once": 4}, "settle": "1s"}
        account = Account("office", "office", "default", "office", {"name": "demo"}, (), options)
        text = POOL + SHIP + "parallel: 4\n"
        store.write(lambda c: connections.save(c, store.vault, account, {}, clock.now()))
        store.write(lambda c: schemes.publish(c, "pool", "pool", text, "", "test", clock.now()))
        store.close()

    def start(self, crash: str = "") -> int:
        """One run; gives the exit code."""
        env = {**os.environ, **self.environ(), "DUIJIE_CRASH_AT": crash, "DUIJIE_TEST": ""}
        env["ALLOW"] = ",".join(f"{host}:{port}" for host, port in self.vendors.allow)
        return subprocess.Popen([sys.executable, "-m", "tests.run.drive"], cwd=SHIPPED, env=env).wait(120)

    def told(self) -> Any:
        return self.vendors.direct("office/tell", {})

    def states(self) -> dict[str, int]:
        store = Store.open(Settings.read(self.environ()), Clock())
        try:
            return store.read(lambda c: documents.tally(c, schemes.every(c)[0].id))
        finally:
            store.close()


def drained(shop: Shop) -> Any:
    """What stands at the office once nothing waits any more: what is to be tried later may need some runs."""
    for _ in range(20):
        assert shop.start() == 0
        if set(shop.states()) <= {"done", "skipped"}:
            assert shop.start() == 0
            break
    return shop.told()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with put_up(only="office", folders=[VENDORS]) as vendors:
        made = Shop(tmp_path, vendors)
        made.furnish()
        vendors.direct("office/latency", {"seconds": 0})
        yield made


@pytest.mark.kill
@pytest.mark.parametrize("phase", PHASES)
def test_under_kill_9_nothing_is_acknowledged_that_is_not_done(shop: Shop, phase: str) -> None:
    dice = random.Random(phase)
    shop.vendors.direct(
        "office/jobs", {"rows": [order(n, state="skip" if n == 5 else "") for n in range(1, JOBS + 1)]}
    )
    kills = 0
    for kill in range(KILLS):
        point = PHASES[phase][kill % len(PHASES[phase])]
        nth = 1 if phase in ("plan", "follow") else dice.randint(3, 9)
        kills += shop.start(f"{point}:{nth}") == -signal.SIGKILL
        assert shop.told()["wrong"] == []
    told = drained(shop)
    assert told["wrong"] == []
    assert [job.get("ended") for job in told["jobs"]] == ["done"] * JOBS
    assert len({bill["no"] for bill in told["bills"]}) == len(told["bills"]) == JOBS - 1
    assert {bill["state"] for bill in told["bills"]} == {"audit"}
    assert all(job.get("bill") == job["no"] for job in told["jobs"] if job["no"] != "N-5")
    assert set(shop.states()) == {"done", "skipped"}
    assert kills >= 2, f"only {kills} of {KILLS} kills struck"


@pytest.mark.kill
def test_through_a_bad_network_every_job_is_done_once_and_acknowledged_or_shown_to_a_person(shop: Shop) -> None:
    shop.vendors.direct("office/jobs", {"rows": [order(n) for n in range(1, JOBS + 1)]})
    rates: dict[str, Any] = {"reset_after": 0.15, "reset_before": 0.1, "bad_gateway_after": 0.1}
    shop.vendors.direct("office/faults", {"seed": 5, "rates": rates})
    for _ in range(3):
        assert shop.start() == 0
    shop.vendors.direct("office/faults", {"seed": 5, "rates": {}})
    told = drained(shop)
    assert told["wrong"] == []
    # A call without look-up whose reply was lost is a person's to decide: its job waits, seen as unknown.
    left = [job["no"] for job in told["jobs"] if job.get("ended") != "done"]
    assert len(left) == shop.states().get("unknown", 0), f"{left} wait, states {shop.states()}"
    assert len(left) <= 2, f"{left} wait, states {shop.states()}"
    assert len({bill["no"] for bill in told["bills"]}) == len(told["bills"]), "none is doubled"
