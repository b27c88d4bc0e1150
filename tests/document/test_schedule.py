"""Schedules in their three forms, and cron texts read by rule."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.document.cron import Cron, read_cron
from engine.document.reader import read
from engine.document.schedule import Schedules
from engine.document.shape import Reading
from engine.model.scheme import Schedule
from engine.model.values import Problem
from engine.say import Say


def schedules(text: str) -> tuple[object, list[Problem]]:
    root, problems = read(text)
    assert root is not None
    assert problems == []
    reading = Reading()
    return Schedules().read(root, "schedule", reading), reading.problems


def test_the_three_forms_and_the_list() -> None:
    assert schedules("{every: 10m}") == ((Schedule(every=timedelta(minutes=10)),), [])
    at = '{at: ["02:30"], days: [mon, tue], zone: Asia/Shanghai}'
    assert schedules(at) == ((Schedule(at=("02:30",), days=("mon", "tue"), zone="Asia/Shanghai"),), [])
    cron = '{cron: "*/10 8-22 * * *", zone: Europe/Berlin}'
    assert schedules(cron) == ((Schedule(cron="*/10 8-22 * * *", zone="Europe/Berlin"),), [])
    made, problems = schedules('- {name: day, every: 10m}\n- {name: night, at: ["02:30"]}\n')
    assert problems == []
    assert isinstance(made, tuple)
    assert [one.name for one in made] == ["day", "night"]


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("{every: 10}", "form", "schedule.every"),
        ("{every: 0m}", "form", "schedule.every"),
        ("{every: 10m, zone: Asia/Shanghai}", "schedule", "schedule.zone"),
        ("{every: 10m, days: [mon]}", "schedule", "schedule.days"),
        ("{every: 10m, cron: '* * * * *'}", "schedule", "schedule"),
        ("{zone: Asia/Shanghai}", "schedule", "schedule"),
        ('{at: ["2:30"]}', "form", "schedule.at[0]"),
        ('{at: ["24:00"]}', "form", "schedule.at[0]"),
        ("{at: 02:30}", "form", "schedule.at"),
        ('{at: ["02:30"], zone: Asia/Peking}', "form", "schedule.zone"),
        ('{at: ["02:30"], zone: Asia}', "form", "schedule.zone"),
        ('{at: ["02:30"], zone: ../etc}', "form", "schedule.zone"),
        ("{cron: '* * * *'}", "form", "schedule.cron"),
        ("- {name: a, every: 1m}\n- {name: a, every: 2m}", "twice", "schedule[1].name"),
        ("- {name: a, every: 1m}\n- {every: 2m}", "missing", "schedule[1].name"),
        ("10m", "form", "schedule"),
        ("{evry: 10m, every: 1m}", "unknown_key", "schedule.evry"),
    ],
)
def test_a_wrong_schedule_is_one_problem_at_its_place(text: str, code: str, path: str) -> None:
    _, problems = schedules(text)
    assert [(problem.code, problem.path) for problem in problems] == [(code, path)]


def numbers(*ranges: range) -> frozenset[int]:
    return frozenset(number for one in ranges for number in one)


def test_cron_fields_mean_lists_ranges_steps_and_names() -> None:
    every = (numbers(range(24)), numbers(range(1, 32)), numbers(range(1, 13)), numbers(range(7)))
    assert read_cron("*/10 * * * *") == Cron(numbers(range(0, 60, 10)), *every)
    found = read_cron("5,7-9 8-22/2 1 JAN-mar mon,5,0,7")
    assert isinstance(found, Cron)
    assert found.minutes == {5, 7, 8, 9}
    assert found.hours == numbers(range(8, 23, 2))
    assert found.months == {1, 2, 3}
    # Monday is 0 here; the text's 0 and 7 are both Sunday.
    assert found.weekdays == {0, 4, 6}
    assert found.days_or_weekdays


@pytest.mark.parametrize(
    "text",
    [
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "* * * * moon",
        "a * * * *",
        "5-1 * * * *",
        "*/0 * * * *",
        ", * * * *",
        "* * * *",
    ],
)
def test_a_cron_text_that_never_was_one_is_told(text: str) -> None:
    assert isinstance(read_cron(text), Say)
