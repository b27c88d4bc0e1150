"""The queue: one key waits once, runs once; leases end by time, or with the process that held them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from engine.errors import LeaseLost
from engine.store import leader, queue, runs
from engine.store.queue import Asked
from engine.store.store import Store
from tests.build import NOW, Desk


def test_a_key_waits_only_once_and_the_earlier_time_wins(desk: Desk) -> None:
    later = Asked("push", desk.scheme_id, NOW + timedelta(hours=1))
    assert desk.store.write(lambda c: queue.put(c, [later])) == [True]
    assert desk.store.write(lambda c: queue.put(c, [Asked("push", desk.scheme_id, NOW)])) == [False]
    assert desk.claim().kind == "push"


def test_a_key_that_runs_is_not_claimed_again_until_it_is_finished(desk: Desk) -> None:
    lease = desk.push_lease()
    desk.store.write(lambda c: queue.put(c, [Asked("push", desk.scheme_id, NOW)]))
    assert desk.store.write(lambda c: queue.claim(c, NOW, "other")) is None
    desk.store.write(lambda c: queue.finish(c, [(lease, None, "")]))
    assert desk.store.write(lambda c: queue.claim(c, NOW, "other")) is not None


def test_a_lease_that_ended_is_given_to_another_with_a_greater_token(desk: Desk) -> None:
    lease = desk.push_lease()
    assert desk.store.write(lambda c: queue.claim(c, NOW + timedelta(seconds=29), "other")) is None
    taken = desk.store.write(lambda c: queue.claim(c, NOW + timedelta(seconds=31), "other"))
    assert taken is not None
    assert taken.token > lease.token
    with pytest.raises(LeaseLost):
        desk.store.write(lambda c: queue.extend(c, [(lease, NOW)]))


def test_the_token_grows_even_where_the_key_was_put_again_meanwhile(desk: Desk) -> None:
    lease = desk.push_lease()
    desk.store.write(lambda c: queue.put(c, [Asked("push", desk.scheme_id, NOW)]))
    taken = desk.store.write(lambda c: queue.claim(c, NOW + timedelta(seconds=31), "other"))
    assert taken is not None
    assert taken.token > lease.token


def test_an_extended_lease_is_kept(desk: Desk) -> None:
    lease = desk.push_lease()
    desk.store.write(lambda c: queue.extend(c, [(lease, NOW + timedelta(seconds=20))]))
    assert desk.store.write(lambda c: queue.claim(c, NOW + timedelta(seconds=45), "other")) is None


def test_a_finished_job_may_come_again_later(desk: Desk) -> None:
    lease = desk.push_lease()
    desk.store.write(lambda c: queue.finish(c, [(lease, NOW + timedelta(minutes=5), "busy")]))
    assert desk.store.write(lambda c: queue.claim(c, NOW, "desk")) is None
    again = desk.store.write(lambda c: queue.claim(c, NOW + timedelta(minutes=5), "desk"))
    assert again is not None
    assert (again.attempts, again.token) == (2, 2)


def test_the_lease_of_a_dead_process_of_this_machine_is_free_at_once(desk: Desk) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    name = queue.holder("x").split("|")
    name[2] = dead.stdout.decode().strip()
    desk.store.write(lambda c: queue.put(c, [Asked("push", desk.scheme_id, NOW)]))
    desk.claim("|".join(name))
    assert desk.store.read(queue.claimable) is not None
    assert desk.store.write(lambda c: queue.claim(c, NOW, "other")) is not None


def test_a_holder_elsewhere_or_alive_is_never_taken_for_dead() -> None:
    mine = queue.register(queue.holder("nonce"))
    assert not queue.gone(mine)
    assert not queue.gone("elsewhere|" + mine.split("|", 1)[1])
    assert not queue.gone("desk")
    assert not queue.gone(None)
    assert mine.split("|")[0] == socket.gethostname()
    assert queue.gone(mine.replace("nonce", "an-earlier-life")), (
        f"the same pid {os.getpid()} with another life"
    )


def test_eight_threads_claim_every_job_once(desk: Desk, store: Store) -> None:
    claimed: list[tuple[int, int]] = []

    def work() -> None:
        for _ in range(25):
            lease = store.write(lambda c: queue.claim(c, NOW, threading.current_thread().name))
            if lease is None:
                store.write(lambda c: queue.put(c, [Asked("push", desk.scheme_id, NOW)]))
                continue
            claimed.append((lease.job_id, lease.token))
            store.write(lambda c: queue.finish(c, [(lease, NOW, "")]))  # noqa: B023

    threads = [threading.Thread(target=work, name=f"t{n}") for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) > 0, "a lease is given once"


def test_one_slot_makes_one_run(desk: Desk) -> None:
    def begin() -> int | None:
        return desk.store.write(
            lambda c: runs.begin_slot(c, desk.scheme_id, 1, "default", "2026-11-20 10:00", NOW)
        )

    assert begin() is not None
    lease = desk.claim()
    assert begin() is None, "the slot is taken although its job runs"
    desk.store.write(lambda c: queue.finish(c, [(lease, None, "")]))
    assert begin() is None, "and after it is over"


def test_a_run_whose_turn_comes_while_the_last_one_still_waits_is_merged_into_it(desk: Desk) -> None:
    first = desk.store.write(lambda c: runs.begin_slot(c, desk.scheme_id, 1, "default", "10:00", NOW))
    second = desk.store.write(lambda c: runs.begin_slot(c, desk.scheme_id, 1, "default", "10:10", NOW))
    assert first is not None
    assert second is None


def test_one_node_leads_until_its_lease_ends(store: Store) -> None:
    lead = lambda who, at: store.write(lambda c: leader.lead(c, "schedule", who, at))  # noqa: E731
    assert lead("a", NOW)
    assert not lead("b", NOW)
    assert lead("a", NOW + timedelta(seconds=20))
    assert not lead("b", NOW + timedelta(seconds=40))
    assert lead("b", NOW + timedelta(seconds=51))
