"""Windows without gaps, and walks over a source that moves while it is read."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from engine.model.catalog import Pages, Span
from engine.model.values import Window
from engine.wire.paging import REREADS, Step, Walk, cut, window_asked

REVERSE = Pages(
    number="p", size="s", sizes=(100, 30), smaller_on=("2220",), total="t", total_on="first", order="reverse"
)
FORWARD = Pages(number="p", start=1, size="s", sizes=(10,), total="t", total_on="every", order="forward")
NO_TOTAL = Pages(number="p", size="s", sizes=(10,))

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


@settings(max_examples=10_000)
@given(begin=st.integers(0, 10**8), longest=st.integers(1, 30 * 86_400), share=st.floats(0, 12))
def test_windows_cover_a_span_to_the_second_without_gap_or_overlap(begin: int, longest: int, share: float):
    since = BEGIN + timedelta(seconds=begin)
    until = since + timedelta(seconds=int(share * longest))
    windows = cut(since, until, timedelta(seconds=longest))
    edges = [window.since for window in windows] + [until]
    assert edges[0] == since
    assert all(window.until == edge for window, edge in zip(windows, edges[1:], strict=True))
    assert all(timedelta(0) < window.until - window.since <= timedelta(seconds=longest) for window in windows)


def test_parts_of_a_second_are_left_for_the_next_window():
    since, until = datetime(2026, 1, 1, 0, 0, 0, 900_000, UTC), datetime(2026, 1, 1, 0, 0, 9, 100_000, UTC)
    (window,) = cut(since, until, timedelta(hours=1))
    assert window == Window(since.replace(microsecond=0), until.replace(microsecond=0))


Move = Callable[[list[int], int], None]


def walk_over(
    pages: Pages, rows: list[int], move: Move = lambda rows, call: None, cap: int = 10_000
) -> tuple[Walk, list[int], list[int]]:
    """Walk a source that moves before each call; gives the walk, all rows kept, and the pages asked for."""
    walk = Walk(pages)
    kept: list[int] = []
    asked: list[int] = []
    step: Step | None = walk.first()
    while step is not None:
        move(rows, len(asked))
        asked.append(step.number)
        start = (step.number - pages.start) * min(step.size, cap)
        page = rows[start : start + min(step.size, cap)]
        kept += page
        tells = pages.total is not None and (pages.total_on == "every" or step.number == pages.start)
        step = walk.after(step, len(page), len(rows) if tells else None)
    return walk, kept, asked


@pytest.mark.parametrize(
    ("count", "asked"), [(0, [0]), (1, [0]), (100, [0]), (101, [0, 1, 0]), (350, [0, 3, 2, 1, 0])]
)
def test_a_quiet_source_is_read_from_the_last_page_to_the_first(count: int, asked: list[int]):
    walk, kept, pages = walk_over(REVERSE, list(range(count)))
    assert pages == asked
    assert (set(kept), walk.total, walk.halve) == (set(range(count)), count, False)


@pytest.mark.parametrize(("count", "asked"), [(0, [1]), (10, [1]), (11, [1, 2]), (25, [1, 2, 3])])
def test_pages_that_all_tell_the_total_are_read_forward_without_asking_the_first_again(
    count: int, asked: list[int]
):
    walk, kept, pages = walk_over(FORWARD, list(range(count)))
    assert pages == asked
    assert (set(kept), walk.halve) == (set(range(count)), False)


@pytest.mark.parametrize(("count", "asked"), [(0, [0]), (9, [0]), (10, [0, 1]), (25, [0, 1, 2])])
def test_a_source_without_total_is_read_to_its_first_short_page(count: int, asked: list[int]):
    walk, kept, pages = walk_over(NO_TOTAL, list(range(count)))
    assert (pages, set(kept), walk.total) == (asked, set(range(count)), None)


def test_an_operation_without_pages_is_asked_once():
    assert walk_over(Pages(style="none"), list(range(50)))[2] == [0]


def test_a_vendor_that_gives_shorter_pages_than_asked_for_hides_nothing():
    walk, kept, pages = walk_over(REVERSE, list(range(120)), cap=50)
    assert pages == [0, 0, 2, 1, 0]
    assert (set(kept), walk.size) == (set(range(120)), 50)


def test_a_total_that_grew_is_read_once_more():
    def grow(rows: list[int], call: int) -> None:
        if call == 3:
            rows.append(1000)

    walk, kept, pages = walk_over(REVERSE, list(range(250)), grow)
    assert pages == [0, 2, 1, 0, 2, 1, 0]
    assert (1000 in kept, walk.halve) == (True, False)


def test_a_total_that_never_rests_is_read_three_times_more_and_then_wants_halves():
    walk, kept, pages = walk_over(REVERSE, list(range(150)), lambda rows, call: rows.append(1000 + call))
    assert pages == [0] + [1, 0] * (1 + REREADS)
    assert walk.halve
    assert set(range(150)) <= set(kept), "and what was read is worth keeping"


def test_a_source_that_empties_meanwhile_ends_the_walk():
    walk, _, pages = walk_over(
        REVERSE, list(range(150)), lambda rows, call: rows.clear() if call == 1 else None
    )
    assert (pages, walk.halve) == ([0, 1, 0], False)


@settings(max_examples=1_000)
@given(seed=st.integers(), count=st.integers(0, 600), churn=st.floats(0, 0.8))
def test_rows_that_leave_and_rows_that_are_appended_hide_no_row_that_stays(
    seed: int, count: int, churn: float
):
    """A row that is changed leaves its place for the end of the window or for a later one; all rows
    that were there when the walk began and stay where they are, are kept, whatever the others do."""
    dice = random.Random(seed)
    rows = list(range(count))
    gone: set[int] = set()

    def move(rows: list[int], call: int) -> None:
        while dice.random() < churn:
            if rows and dice.random() < 0.6:
                row = rows.pop(dice.randrange(len(rows)))
                gone.add(row)
                if dice.random() < 0.5:
                    rows.append(row)
            else:
                rows.append(10_000 + len(rows) + call)

    _, kept, _ = walk_over(REVERSE, rows, move)
    assert set(range(count)) - gone <= set(kept)


@settings(max_examples=500)
@given(seed=st.integers(), count=st.integers(0, 80), pages=st.sampled_from([REVERSE, FORWARD]))
def test_rows_put_in_anywhere_are_kept_or_the_walk_wants_halves(seed: int, count: int, pages: Pages):
    dice = random.Random(seed)
    rows = list(range(count))

    def insert(rows: list[int], call: int) -> None:
        if dice.random() < 0.2:
            rows.insert(dice.randrange(len(rows) + 1), 10_000 + call)

    small = pages.model_copy(update={"sizes": (10,)})
    walk, kept, _ = walk_over(small, rows, insert)
    if not walk.halve:
        assert set(rows) <= set(kept)


def test_a_smaller_page_begins_the_walk_anew():
    walk = Walk(REVERSE)
    assert walk.first() == Step(0, 100)
    assert walk.smaller("1012") is None
    assert walk.smaller("2220") == Step(0, 30)
    assert walk.after(Step(0, 30), 30, 61) == Step(2, 30)
    assert walk.smaller("2220") is None
    assert walk.size == 30


def test_a_walk_begins_with_the_size_an_earlier_one_found():
    assert Walk(REVERSE, size=30).first() == Step(0, 30)


def test_a_pool_is_asked_once_for_the_rest_comes_when_these_are_acknowledged():
    walk = Walk(Pages(style="pool", size="limit", sizes=(100,)))
    step = walk.first()
    assert (step.size, walk.after(step, 100, None)) == (100, None)
    assert not walk.halve


def test_an_offset_counts_rows_and_not_pages():
    walk = Walk(Pages(style="offset", number="skip", size="take", sizes=(10,)))
    asked = [step := walk.first()]
    while step := walk.after(step, 10 if len(asked) < 3 else 4, None):
        asked.append(step)
    assert [one.number for one in asked] == [0, 10, 20]


def test_a_token_leads_from_page_to_page_until_there_is_none_or_it_stands_still():
    pages = Pages(style="token", number="nextToken", next="next", sizes=(10,))
    for ends in (None, "b"):
        walk = Walk(pages)
        first = walk.first()
        second = walk.after(first, 10, None, "a")
        third = walk.after(second, 0, None, "b") if second else None
        assert [step.token for step in (first, second, third) if step] == [None, "a", "b"]
        assert third is not None
        assert walk.after(third, 10, None, ends) is None


def test_a_window_is_told_as_two_parameters_or_as_one_wish_in_a_list():
    span = Span(since="value1", until="value2", longest=timedelta(days=30), zone="Asia/Shanghai")
    since, until = BEGIN, BEGIN + timedelta(hours=1)
    ends = {"value1": "2020-01-01 08:00:00", "value2": "2020-01-01 09:00:00"}
    assert window_asked(span, since, until) == ends
    wish = span.model_copy(update={"within": "simpleVOs", "beside": {"field": "pubts", "op": "between"}})
    assert window_asked(wish, since, until) == {"simpleVOs": [{"field": "pubts", "op": "between", **ends}]}
