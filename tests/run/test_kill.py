"""kill -9 at seeded instants of every phase: nothing is lost, nothing is doubled.

The target ignores idempotency keys here, so that only journal and look-up stand between a killed
process and a second document. Two tests switch a promise off and must find the damage.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.world import World

ORDERS = 72
KILLS = 10
OPTIONS = {"yonbip.keys": "ignored", "yonbip.shows_after": 0.3, "wdt.page_cap": 30}
PHASES = {
    "read": ("read.asked", "read.replied", "read.kept"),
    "journal committed": ("journal.committed",),
    "request sent": ("request.sent",),
    "reply received": ("reply.received",),
    "settle": ("settle.before", "settle.committed"),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, options=OPTIONS) as made:
        made.simulators.direct("yonbip/latency", seconds=0.004)
        yield made


def killed(world: World, point: str, nth: int, breaks: str = "") -> bool:
    """Whether a run in a process of its own was killed when it passed `point` the nth time."""
    return world.start(f"{point}:{nth}", breaks).wait(120) == -signal.SIGKILL


def drain(world: World) -> None:
    """Runs that nobody kills, until the last found nothing more to do."""
    assert world.start().wait(120) == 0
    assert world.start().wait(120) == 0


@pytest.mark.parametrize("phase", PHASES)
def test_kill_9_in_any_phase_loses_nothing_and_doubles_nothing(world: World, phase: str) -> None:
    dice = random.Random(phase)
    made = world.orders(ORDERS)
    points = [PHASES[phase][kill % len(PHASES[phase])] for kill in range(KILLS)]
    # Deep enough that each kill comes at other documents: what is sent five times is left to a person.
    least, most = (1, 3) if phase == "read" else (5, 7)
    kills = sum(killed(world, point, dice.randint(least, most)) for point in points)
    drain(world)
    found = world.differences(made)
    assert found.none, found
    assert kills >= 8, f"only {kills} of {KILLS} kills struck"


@pytest.mark.parametrize(
    "point", ["plan.made", "plan.kept", "cursor.moved", "journal.before", "run.closed", "job.finished"]
)
def test_kill_9_between_the_phases_loses_nothing_and_doubles_nothing(world: World, point: str) -> None:
    made = world.orders(ORDERS // 4)
    assert killed(world, point, 1)
    drain(world)
    assert world.differences(made).none


def test_without_the_journal_the_same_kills_double_documents(world: World) -> None:
    made = world.orders(ORDERS)
    kills = [killed(world, "reply.received", nth, "no_journal") for nth in (5, 6, 7)]
    assert any(kills)
    drain(world)
    assert world.differences(made).doubled


def test_with_the_cursor_moved_before_the_page_is_kept_the_same_kills_lose_documents(world: World) -> None:
    made = world.orders(ORDERS)
    assert killed(world, "read.asked", 3, "early_cursor")
    drain(world)
    assert world.differences(made).lost
