"""What many ask for at once is made once, and an error is everybody's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from webui import once
from webui.once import Once


def test_of_many_who_ask_one_makes_it_and_all_get_it() -> None:
    begun, made = threading.Barrier(20), []
    held: Once[object] = Once()

    def ask(_: int) -> object:
        begun.wait(10)
        return held.of("key", lambda: made.append(1) or object())

    with ThreadPoolExecutor(20) as pool:
        got = set(pool.map(ask, range(20)))
    assert (len(got), len(made)) == (1, 1)


def test_an_error_is_told_and_not_kept() -> None:
    held: Once[int] = Once()
    with pytest.raises(ZeroDivisionError):
        held.of("key", lambda: 1 // 0)
    assert held.of("key", lambda: 2) == 2


def test_only_the_newest_are_kept() -> None:
    held: Once[int] = Once()
    for number in range(once.KEPT + 1):
        held.of(number, lambda n=number: n)
    assert held.of(once.KEPT, lambda: -1) == once.KEPT
    assert held.of(0, lambda: -1) == -1
