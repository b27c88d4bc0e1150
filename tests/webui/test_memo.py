"""Expensive counts are remembered for a moment, cheap ones are not, and nobody waits for another's counting."""

from __future__ import annotations

import pytest

from tests.build import Stopped
from webui.memo import Memo


def taking(clock: Stopped, seconds: float, value: int) -> int:
    from datetime import timedelta

    clock.at += timedelta(seconds=seconds)
    return value


def test_what_costs_nothing_is_counted_every_time() -> None:
    memo = Memo(Stopped())
    assert [memo.of("a", lambda n=n: n) for n in (1, 2)] == [1, 2]  # type: ignore[misc]  # a default binds n


def test_what_cost_a_third_of_a_second_is_kept_some_seconds() -> None:
    clock = Stopped()
    memo = Memo(clock)
    assert memo.of("a", lambda: taking(clock, 0.3, 1)) == 1
    taking(clock, 5, 0)
    assert memo.of("a", lambda: 2) == 1
    assert memo.of("b", lambda: 3) == 3
    taking(clock, 2, 0)
    assert memo.of("a", lambda: 2) == 2


def test_while_one_counts_the_others_show_what_was_counted_last() -> None:
    clock = Stopped()
    memo = Memo(clock)
    memo.of("a", lambda: 1)
    seen: list[int] = []

    def counting() -> int:
        seen.append(memo.of("a", lambda: 3))
        return 2

    assert memo.of("a", counting) == 2
    assert seen == [1]


def test_a_count_that_fails_is_tried_again() -> None:
    memo = Memo(Stopped())
    memo.of("a", lambda: 1)
    with pytest.raises(ZeroDivisionError):
        memo.of("a", lambda: 1 // 0)
    assert memo.of("a", lambda: 4) == 4
