"""Whoever was overtaken writes nothing more: no mark, no page, no plan, whatever ids the database gives again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import LeaseLost
from engine.model.ledger import Lease, PageKept, Planned
from engine.store import queue, runs, send
from engine.store.keep import keep
from engine.store.runs import ReadDone
from engine.store.send import Mark
from tests.build import NOW, Desk, row


def overtaken(desk: Desk) -> Lease:
    """A lease whose job another worker took over, finished, and which was then put and claimed anew."""
    lost = desk.push_lease()
    desk.clock.at += timedelta(minutes=1)
    other = desk.claim("another")
    desk.store.write(lambda c: queue.finish(c, [(other, None, "")]))
    again = desk.push_lease()
    assert (again.job_id, again.token) != (lost.job_id, lost.token), "a lease is never given twice"
    return lost


def test_a_lease_is_never_given_twice_even_where_jobs_come_and_go(desk: Desk) -> None:
    desk.read({"id": 1})
    desk.plan()
    lost = overtaken(desk)
    due = desk.store.read(lambda c: send.due(c, desk.scheme_id, desk.clock.now(), 0, 10))
    with pytest.raises(LeaseLost):
        desk.store.write(lambda c: send.mark(c, [Mark(lost, due[0], NOW)]))


def test_a_page_read_before_the_take_over_overwrites_nothing_read_after_it(desk: Desk) -> None:
    lost = overtaken(desk)
    desk.read({"id": 1, "qty": 2})
    stale = PageKept(desk.scheme_id, desk.run_id, NOW, (row({"id": 1, "qty": 1}),), lease=lost)
    with pytest.raises(LeaseLost):
        desk.store.write(lambda c: keep(c, [stale]))
    assert '"qty":2' in desk.unplanned()[0].body


def test_a_plan_made_before_the_take_over_replaces_no_later_one(desk: Desk) -> None:
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    lost = overtaken(desk)
    desk.plan(Planned(one, "1", "waiting", "new", body='{"made":"after"}'))
    with pytest.raises(LeaseLost):
        desk.plan(Planned(one, "1", "waiting", "new", body='{"made":"before"}'), lease=lost)
    due = desk.store.read(lambda c: send.due(c, desk.scheme_id, desk.clock.now(), 0, 10))
    assert "after" in due[0].body


def test_an_overtaken_pull_does_not_say_that_all_was_read(desk: Desk) -> None:
    lost = overtaken(desk)
    with pytest.raises(LeaseLost):
        desk.store.write(lambda c: runs.reads_done(c, [ReadDone(replace(lost, run_id=desk.run_id), NOW)]))
    read = desk.store.read(lambda c: runs.get(c, desk.run_id))
    assert read is not None
    assert read.state == "reading"
