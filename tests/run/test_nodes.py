"""Several processes on one database: who stands still, who is told to stop, and both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.world import ROOT, World

ORDERS = 60
OPTIONS = {"yonbip.keys": "ignored", "yonbip.shows_after": 0.3}


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    with World(tmp_path, database=url, options=OPTIONS) as made:
        made.simulators.direct("yonbip/latency", seconds=0.02)
        yield made


def worker(world: World, sleep: str = "") -> subprocess.Popen[str]:
    """`duijie worker`, once it says that it works. `sleep`: where it is suspended, and the how-manyth time."""
    allow = [f"--allow={host}:{port}" for host, port in world.simulators.allow]
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "worker", *allow],
        cwd=ROOT, env={**os.environ, **world.environ(), **({"DUIJIE_SLEEP_AT": sleep} if sleep else {})},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert "Ctrl-C" in process.stderr.readline()
    return process


def written(world: World) -> int:
    return len(world.simulators.direct("report")["yonbip"]["written"])


def until_written(world: World, count: int) -> None:
    end = time.monotonic() + 60
    while written(world) < count:
        assert time.monotonic() < end, f"{written(world)} of {count} documents after a minute"


def told(process: subprocess.Popen[str], number: int) -> int:
    process.send_signal(number)
    code = process.wait(60)
    assert process.stderr is not None
    process.stderr.close()
    return code


def until_asleep(process: subprocess.Popen[str], world: World) -> None:
    """Wait until the process has been stopped by the signal it sent itself."""
    end = time.monotonic() + 60
    while os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is None:
        assert time.monotonic() < end, f"it is awake after a minute, with {written(world)} documents written"


def test_two_workers_share_the_work_and_double_nothing(world: World) -> None:
    made = world.orders(ORDERS)
    nodes = [worker(world), worker(world)]
    try:
        asked = world.ask()
        until_written(world, ORDERS)
        counts = world.closed(asked)
    finally:
        codes = [told(node, signal.SIGTERM) for node in nodes]
    assert world.differences(made).none
    assert (counts.done, counts.unknown) == (ORDERS, 0)
    assert codes == [128 + signal.SIGTERM] * 2


def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_the_next(world: World) -> None:
    made = world.orders(ORDERS)
    first = worker(world)
    asked = world.ask()
    until_written(world, 5)
    assert told(first, signal.SIGTERM) == 128 + signal.SIGTERM
    assert written(world) < ORDERS
    second = worker(world)
    try:
        until_written(world, ORDERS)
        counts = world.closed(asked)
    finally:
        told(second, signal.SIGTERM)
    assert world.differences(made).none
    assert (counts.done, counts.unknown) == (ORDERS, 0)


def test_a_worker_that_slept_through_its_lease_writes_nothing_when_it_wakes(world: World) -> None:
    """A machine that is suspended knows nothing of the time it lost. Here with its next document journalled
    and signed and nothing but the write before it: the other worker has looked for it and sent it by then.
    """
    made = world.orders(ORDERS)
    # With one document at a time nothing is being committed then, and SQLite is free for the other worker.
    one = world.text.replace("parallel: 4", "parallel: 1")
    world.in_services(lambda services: world.publish(services, one))
    asleep = worker(world, sleep="request.ready:20")
    asked = world.ask()
    until_asleep(asleep, world)
    before = written(world)
    assert 0 < before < ORDERS
    awake = worker(world)
    try:
        until_written(world, ORDERS)
        counts = world.closed(asked)
        asleep.send_signal(signal.SIGCONT)
        assert told(asleep, signal.SIGTERM) == 128 + signal.SIGTERM
    finally:
        asleep.kill()
        told(awake, signal.SIGTERM)
    assert world.differences(made).none
    assert counts.done == ORDERS
