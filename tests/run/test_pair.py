"""The pair's own chains, over a bad network and under kill -9: saved and audited once each; a pool is
emptied by what became documents, and nothing is acknowledged before.
"""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import pytest

from engine.store import documents, schemes
from tests.run.test_story import ALL, BAD_READS, BAD_WRITES
from tests.run.world import SCHEME, World

AUDITED = SCHEME.read_text(encoding="utf-8") + "after: [audit]\nparallel: 4\n"
POOL = """\
scheme: wdt-sync-to-bip-othout
title: 物流同步 → 其他出库
source:
  connection: wdt-main
  operation: wdt.logistics.sync.query
  params: {shop_no: S01}
target: {connection: bip-main, operation: othoutrecord.single.save}
map:
  code: tid
  vouchdate: consign_time | date
  org: {value: "001"}
  accountOrg: {value: "001"}
  bustype: {value: A10001}
  warehouse: {value: CK01}
  memo: logistics_no
  _status: {value: Insert}
  othOutRecords:
    each: .
    map:
      product: {value: PD000001}
      qty: {value: 1}
      stockUnitId: {value: GE}
      _status: {value: Insert}
after: [audit]
parallel: 4
"""
WAITING = 24
# Points, and how deep: follow-ups are made in batches, of which there are few.
PHASES = {
    "saved": (("reply.received", "settle.before", "settle.committed"), (3, 9)),
    "followed": (("follow.made", "follow.kept"), (1, 1)),
    "marked": (("journal.committed", "request.sent"), (3, 9)),
}


def rough(world: World, on: bool) -> None:
    """Both vendors on a bad network, or on a good one again."""
    for vendor, rates in (("wdt", BAD_READS), ("yonbip", BAD_WRITES)):
        world.simulators.direct(f"{vendor}/faults", seed=world.seed, rates=rates if on else {}, slow=0.02)


def states(world: World) -> dict[str, int]:
    return world.in_services(  # type: ignore[no-any-return]
        lambda services: services.store.read(lambda c: documents.tally(c, schemes.every(c)[0].id))
    )


def written(world: World) -> list[dict[str, Any]]:
    return list(world.simulators.direct("report")["yonbip"]["written"])


def test_every_order_is_saved_and_audited_once_over_a_bad_network(tmp_path: Path) -> None:
    with World(tmp_path, text=AUDITED) as world:
        made = world.orders(40)
        rough(world, on=True)
        world.run()
        rough(world, on=False)
        again = world.run(ALL)
        assert world.differences(made).none
        assert {one["status"] for one in written(world)} == {1}
        assert again.add_up()
        assert set(states(world)) == {"done", "skipped"}
        assert states(world)["done"] == 2 * len(written(world)), "each save has its audit"


@pytest.mark.kill
@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_run_acknowledges_nothing_that_is_not_done(tmp_path: Path, phase: str) -> None:
    dice = random.Random(phase)
    with World(tmp_path, text=POOL) as world:
        rows = [
            {
                "rec_id": str(9_000_000_000_000_000_000 + number), "shop_no": "S01", "tid": f"T{number:05}",
                "consign_time": "2026-11-20 10:00:00", "logistics_no": f"SF{number:08}",
            }
            for number in range(WAITING)
        ]  # fmt: skip
        world.simulators.direct("wdt/rows", of="wdt.logistics.sync.query", rows=rows)
        kills, (points, depth) = 0, PHASES[phase]
        for point in points * 2:
            kills += world.start(f"{point}:{dice.randint(*depth)}").wait(120) == -signal.SIGKILL
            told = world.simulators.direct("wdt/shelf", of="wdt.logistics.sync.query")
            there = {one["code"] for one in written(world)}
            gone = {row["tid"] for row in rows} - {row["tid"] for row in told["waiting"]}
            assert gone <= there, "acknowledged, and no document"
        for _ in range(2):
            assert world.start().wait(120) == 0
        told = world.simulators.direct("wdt/shelf", of="wdt.logistics.sync.query")
        codes = [one["code"] for one in written(world)]
        assert told["waiting"] == []
        assert sorted(codes) == sorted(row["tid"] for row in rows), "each once"
        assert {one["status"] for one in written(world)} == {1}
        assert kills >= 2, f"only {kills} kills struck"
