"""Which schemes' texts leave: those of schemes that only create. The others may need them again, and then have them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.prune import daily, pieces
from engine.store.prune import Pruned, is_pruned
from engine.store.tables import attempt, document, record
from tests.run.office import ORDERS, POOL, Office, order
from tests.run.test_change import UPDATES

AUDITED = ORDERS + "after: [audit]\n"
KEPT = "scheme: kept\nsource: {connection: office, operation: office.orders.list}\n"


def pruned(office: Office, days: int = 30) -> Pruned:
    before = office.clock.now() - timedelta(days=days)
    total = Pruned()
    for piece in pieces(office.store, office.worker.flows, before):
        total += piece
    return total


def left(office: Office) -> tuple[int, int, int]:
    """How many documents and records still have their texts, and how many calls there are."""

    def work(read: Any) -> tuple[int, int, int]:
        documents = [text for text in read.scalars(select(document.c.body)) if text and not is_pruned(text)]
        records = [text for text in read.scalars(select(record.c.body)) if not is_pruned(text)]
        return len(documents), len(records), read.scalar(select(func.count()).select_from(attempt))

    return office.store.read(work)


def test_texts_of_a_scheme_that_only_creates_leave_and_nothing_is_written_again(tmp_path: Path) -> None:
    with Office(tmp_path, ORDERS) as office:
        office.give("orders", order(1), order(2))
        office.run()
        office.clock.at += timedelta(days=40)
        assert pruned(office).documents == 2
        assert left(office) == (0, 0, 0)
        office.run()
        office.give("orders", order(2, "20.00"))
        office.run()
        assert office.deeds == ["save N-1", "save N-2"]
        assert [(row.state, row.flagged) for row in office.documents().values()] == [
            ("done", True),
            ("done", False),
        ]


@pytest.mark.parametrize(
    ("text", "noun"), [(AUDITED, "orders"), (UPDATES, "orders"), (POOL, "jobs"), (KEPT, "orders")]
)
def test_texts_of_a_scheme_that_may_need_them_again_stay_and_only_calls_leave(
    tmp_path: Path, text: str, noun: str
) -> None:
    with Office(tmp_path, text) as office:
        office.give(noun, order(1), order(2))
        office.run()
        office.later(minutes=5)
        documents, records, calls = left(office)
        assert records == 2
        assert calls > 0
        office.clock.at += timedelta(days=40)
        assert pruned(office) == Pruned(attempts=calls)
        assert left(office) == (documents, records, 0)


def test_an_order_that_changes_long_after_its_calls_left_is_updated_with_the_targets_id(
    tmp_path: Path,
) -> None:
    with Office(tmp_path, UPDATES) as office:
        office.give("orders", order(1))
        office.run()
        office.clock.at += timedelta(days=40)
        pruned(office)
        office.give("orders", order(1, "20.00"))
        office.run()
        assert office.deeds == ["save N-1", "update N-1"]


def test_once_a_day_old_texts_leave_until_the_process_is_told_to_stop(tmp_path: Path) -> None:
    with Office(tmp_path, ORDERS) as office:
        office.give("orders", order(1))
        office.run()
        stopping, seen = asyncio.Event(), list[tuple[datetime, int]]()

        def asleep() -> None:
            seen.append((office.clock.now(), left(office)[0]))
            if len(seen) == 4:
                stopping.set()

        office.clock.asleep = asleep
        keep, flows = timedelta(days=2, hours=12), office.worker.flows
        office.loop.run(daily(office.store, flows, office.clock, keep, "node", stopping))
        assert [texts for _, texts in seen] == [1, 1, 1, 0]
        gaps = {later - earlier for (earlier, _), (later, _) in pairwise(seen)}
        assert gaps == {timedelta(days=1)}


def test_what_was_half_done_when_the_process_stopped_is_done_the_next_time(tmp_path: Path) -> None:
    with Office(tmp_path, ORDERS) as office:
        office.give("orders", *(order(ident) for ident in range(1, 6)))
        office.run()
        office.clock.at += timedelta(days=40)
        walk = pieces(office.store, office.worker.flows, office.clock.now() - timedelta(days=30))
        first = next(walk)
        walk.close()
        assert (first.documents, first + pruned(office)) == (5, Pruned(5, 5, first.attempts + 1))
