"""Rates that hold in every window, slots that are fair, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings, strategies as st

from engine.model.catalog import Limits
from engine.wire.limits import Bucket, Buckets
from tests.wire.build import Hands


def most_within(stamps: list[float], span: float) -> int:
    return max(sum(1 for other in stamps if 0 <= other - stamp <= span) for stamp in stamps)


@settings(max_examples=200)
@given(seed=st.integers(), per_minute=st.integers(1, 20), at_once=st.integers(1, 5))
def test_a_vendor_never_sees_more_than_the_limit_in_any_minute_however_slow_the_line(
    seed: int, per_minute: int, at_once: int
):
    dice, clock, seen = random.Random(seed), Hands(), list[float]()
    bucket = Bucket(Limits(per_minute=per_minute, at_once=at_once), clock)

    async def call() -> None:
        await bucket.acquire()
        await clock.sleep(dice.random() * 5)  # on its way
        seen.append(clock.monotonic())
        await clock.sleep(dice.random() * 5)
        bucket.release()

    async def go() -> None:
        await asyncio.gather(*(call() for _ in range(3 * per_minute)))

    asyncio.run(go())
    assert most_within(seen, 60) <= per_minute


def test_a_second_has_no_more_calls_than_allowed_and_no_fewer_than_it_could():
    clock, seen = Hands(), list[float]()
    bucket = Bucket(Limits(per_second=5, at_once=50), clock)

    async def call() -> None:
        await bucket.acquire()
        seen.append(clock.monotonic())
        bucket.release()

    async def go() -> None:
        await asyncio.gather(*(call() for _ in range(50)))

    asyncio.run(go())
    assert most_within(seen, 1) <= 5
    assert max(seen) < 9.1


def test_sixty_a_minute_lets_sixty_through_at_once_and_the_next_after_a_minute():
    clock = Hands()
    bucket = Bucket(Limits(per_minute=60, at_once=1), clock)

    async def go() -> list[float]:
        begun = []
        for _ in range(61):
            await bucket.acquire()
            begun.append(clock.monotonic())
            bucket.release()
        return begun

    begun = asyncio.run(go())
    assert begun[59] == 0
    assert 60 < begun[60] < 60.1


def test_no_more_than_at_once_are_under_way():
    bucket, flying, most = Bucket(Limits(at_once=3), Hands()), 0, 0

    async def call() -> None:
        nonlocal flying, most
        await bucket.acquire()
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        flying -= 1
        bucket.release()

    async def go() -> None:
        await asyncio.gather(*(call() for _ in range(20)))

    asyncio.run(go())
    assert most == 3


@pytest.mark.parametrize(
    "limits", [Limits(at_once=1), Limits(at_once=1, per_minute=2), Limits(at_once=4, per_second=1)]
)
def test_first_come_first_served(limits: Limits):
    bucket, order = Bucket(limits, Hands()), list[int]()

    async def call(number: int) -> None:
        await bucket.acquire()
        order.append(number)
        await asyncio.sleep(0)
        bucket.release()

    async def go() -> None:
        await asyncio.gather(*(call(number) for number in range(12)))

    asyncio.run(go())
    assert order == list(range(12))


def test_a_slot_that_was_not_used_counts_for_nothing():
    clock = Hands()
    bucket = Bucket(Limits(per_minute=1, per_second=1, at_once=1), clock)

    async def go() -> float:
        for _ in range(5):
            await bucket.acquire()
            bucket.release(used=False)
        await bucket.acquire()
        return clock.monotonic()

    assert asyncio.run(go()) == 0


def test_who_stops_waiting_takes_no_slot_along():
    bucket = Bucket(Limits(at_once=1, per_minute=60), Hands())

    async def go() -> None:
        await bucket.acquire()
        waiting = [asyncio.create_task(bucket.acquire()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in waiting[:2]:
            task.cancel()
        await asyncio.sleep(0)
        bucket.release()
        await asyncio.wait_for(waiting[2], 5)

    asyncio.run(go())


def test_all_talks_of_a_connection_share_one_bucket_until_its_limits_change():
    buckets = Buckets(Hands())
    limits = Limits(per_minute=60)
    assert buckets.of("a", limits) is buckets.of("a", Limits(per_minute=60))
    assert buckets.of("a", limits) is not buckets.of("b", limits)
    assert buckets.of("a", Limits(per_minute=30)).limits.per_minute == 30
