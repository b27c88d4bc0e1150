"""Base-data schemes: records kept and nothing written; and which scheme runs before which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.model.ledger import KEPT, Counts, RunAsked
from engine.model.values import Window
from engine.store import documents, runs, schemes
from tests.run.stand import Stand
from tests.run.world import BEGIN

ORDERS = """\
scheme: wdt-orders
title: 出库单存底
source:
  connection: wdt-main
  operation: wdt.stockout.order.query
  begin: 2026-11-01
  where: order_type = '7'
"""


@pytest.fixture(params=["sqlite", "postgres"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    with Stand(tmp_path, url) as opened:
        opened.publish(ORDERS)
        yield opened


def scheme_id(stand: Stand, code: str) -> int:
    found = stand.store.read(lambda c: schemes.published(c, code))
    assert found is not None
    return found.id


def begin(stand: Stand, code: str) -> int:
    """A run that reads everything there is."""
    ident, now = scheme_id(stand, code), stand.clock.now()
    asked = RunAsked(Window(BEGIN, now))
    return stand.store.write(lambda c: runs.begin(c, ident, 1, "test", now, asked))


def count(stand: Stand, run_id: int) -> Counts:
    return stand.store.read(lambda c: runs.count(c, run_id))


def states(stand: Stand, code: str) -> dict[str, int]:
    return stand.store.read(lambda c: documents.tally(c, scheme_id(stand, code)))


def latest(stand: Stand, code: str) -> list[Any]:
    return stand.store.read(lambda c: runs.latest(c, scheme_id(stand, code)))


def until_idle(stand: Stand, over: Callable[[], bool]) -> None:
    """Every job, also those that look again in a moment."""
    for _ in range(40):
        stand.work_off()
        if over():
            return
        stand.loop.run(stand.clock.sleep(1))
    raise AssertionError("it goes on for ever")


def test_its_records_are_kept_and_done_and_no_vendor_hears_of_them(stand: Stand) -> None:
    orders = stand.orders(3)
    stand.give({**orders[0], "stockout_id": 77, "order_no": "X1", "order_type": 1})
    first = begin(stand, "wdt-orders")
    stand.work_off()
    counts = count(stand, first)
    assert counts.add_up()
    assert (counts.read, counts.new, counts.done, counts.skipped, counts.documents) == (4, 4, 3, 1, 4)
    assert stand.run(first).state == "closed"
    assert stand.door.count("save") == 0
    stand.loop.run(stand.clock.sleep(1))
    again = begin(stand, "wdt-orders")
    stand.work_off()
    assert count(stand, again) == Counts(read=4, unchanged=4)


def test_a_kept_record_that_changes_stays_done_and_one_that_no_longer_fits_is_skipped(stand: Stand) -> None:
    one, other = stand.orders(2)
    begin(stand, "wdt-orders")
    stand.work_off()
    for order, change in ((one, {"remark": "改过"}), (other, {"order_type": 1})):
        stand.stages["wdt"].simulator.tell(
            "change", {"order_no": order["order_no"], "fields": change}, stand.clock.now()
        )
    changed = begin(stand, "wdt-orders")
    stand.work_off()
    counts = count(stand, changed)
    assert counts.add_up()
    assert (counts.changed, counts.done, counts.skipped) == (2, 1, 1)
    rows = stand.store.read(lambda c: documents.found(c, scheme_id(stand, "wdt-orders")))
    assert [(row.state, row.flagged) for row in rows] == [("skipped", False), ("done", False)]
    assert {row.state for row in rows} <= KEPT


def test_a_run_waits_while_a_scheme_it_needs_is_at_work(stand: Stand) -> None:
    stand.publish(stand.text.replace("source:", "needs: [wdt-orders]\nsource:", 1))
    stand.scheme = scheme_id(stand, "wdt-stockout-to-bip-othout")
    stand.orders(2)
    kept = begin(stand, "wdt-orders")
    written = stand.begin()
    until_idle(stand, lambda: stand.run(written).state == "closed")
    kinds = [purpose for purpose, _ in stand.door.calls if purpose in ("read", "save")]
    assert stand.run(kept).ended_at < stand.run(written).ended_at
    assert kinds[0] == "read"
    assert count(stand, written).done == 2
    assert [run.id for run in latest(stand, "wdt-orders")] == [kept]


def test_a_scheme_that_never_ran_is_run_for_whoever_needs_it(stand: Stand) -> None:
    stand.publish(stand.text.replace("source:", "needs: [wdt-orders]\nsource:", 1))
    stand.scheme = scheme_id(stand, "wdt-stockout-to-bip-othout")
    stand.orders(1)
    written = stand.begin()
    until_idle(stand, lambda: stand.run(written).state == "closed")
    (kept,) = latest(stand, "wdt-orders")
    assert (kept.state, kept.read) == ("closed", 1)
    assert kept.ended_at <= stand.run(written).ended_at
    assert states(stand, "wdt-stockout-to-bip-othout") == {"done": 1}
    again = stand.begin()
    until_idle(stand, lambda: stand.run(again).state == "closed")
    assert len(latest(stand, "wdt-orders")) == 1


def test_a_scheme_runs_each_time_another_has_read(stand: Stand) -> None:
    stand.publish(stand.text.replace("  every: 10m", "  after: wdt-orders", 1))
    stand.scheme = scheme_id(stand, "wdt-stockout-to-bip-othout")
    stand.orders(2)
    for number in (1, 2):
        begin(stand, "wdt-orders")
        until_idle(stand, lambda: len(latest(stand, "wdt-stockout-to-bip-othout")) == number)  # noqa: B023
        until_idle(
            stand,
            lambda: {run.state for run in latest(stand, "wdt-stockout-to-bip-othout")} == {"closed"},
        )
    runs_of = latest(stand, "wdt-stockout-to-bip-othout")
    assert [run.read for run in runs_of] == [0, 2]  # newest first; the second window holds nothing new
    assert states(stand, "wdt-stockout-to-bip-othout") == {"done": 2}
