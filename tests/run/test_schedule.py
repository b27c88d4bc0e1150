"""When a scheme is due: the planned times, the text that makes each unique, and clocks on several nodes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select, update

from engine.clock import Clock
from engine.model.scheme import Schedule
from engine.run.schedule import Clockwork, slot_of, trigger
from engine.store import schemes
from engine.store.store import Store
from engine.store.tables import job, run, scheme
from tests.build import Desk
from tests.store.conftest import desk, store  # noqa: F401  # both databases, as the ledger's tests

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"


def times(schedule: Schedule, since: str, until: str) -> list[datetime]:
    """All planned times between two moments, written without zone in the schedule's own."""
    zone = ZoneInfo(schedule.zone)
    now, end = (datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC) for text in (since, until))
    told, found, before = trigger(schedule), [], None
    while (before := told.get_next_fire_time(before, now)) is not None and before.astimezone(UTC) < end:
        now = before
        found.append(before.astimezone(zone))
    return found


def told(schedule: Schedule, since: str, until: str) -> list[str]:
    return [f"{moment:%a %d. %H:%M}" for moment in times(schedule, since, until)]


def test_every_counts_from_one_instant_so_that_all_nodes_agree() -> None:
    schedule = Schedule(every=timedelta(minutes=10))
    first = times(schedule, "2026-11-23 10:03:07", "2026-11-23 10:31")
    assert [f"{moment:%H:%M:%S}" for moment in first] == ["10:10:00", "10:20:00", "10:30:00"]
    assert times(schedule, "2026-11-23 10:09:59", "2026-11-23 10:31") == first


def test_fixed_times_come_on_their_days() -> None:
    schedule = Schedule(at=("02:30", "14:00"), days=("mon", "thu"))
    assert told(schedule, "2026-11-23 00:00", "2026-11-27 00:00") == [
        "Mon 23. 02:30",
        "Mon 23. 14:00",
        "Thu 26. 02:30",
        "Thu 26. 14:00",
    ]


@pytest.mark.parametrize(
    ("cron", "days"),
    [
        ("0 8 * * 0", ["Sun 29. 08:00"]),
        ("0 8 * * 7", ["Sun 29. 08:00"]),
        ("0 8 * * 1-2", ["Mon 23. 08:00", "Tue 24. 08:00"]),
        ("0 8 25 * 1", ["Mon 23. 08:00", "Wed 25. 08:00"]),
        ("*/30 8 28 11 *", ["Sat 28. 08:00", "Sat 28. 08:30"]),
    ],
)
def test_a_cron_line_counts_weekdays_from_sunday_and_joins_two_kinds_of_day(
    cron: str, days: list[str]
) -> None:
    assert told(Schedule(cron=cron), "2026-11-23 00:00", "2026-11-30 00:00") == days


def test_in_the_hour_that_a_clock_is_set_back_a_wall_time_is_one_slot() -> None:
    """01:30 comes twice on 1 November in New York; the second time the slot is taken."""
    schedule = Schedule(cron="30 * * * *", zone=NEW_YORK)
    planned = times(schedule, "2026-11-01 00:00", "2026-11-01 03:00")
    slots = [slot_of(schedule, moment) for moment in planned]
    assert sorted(set(slots)) == [f"2026-11-01 0{hour}:30 {NEW_YORK}" for hour in (0, 1, 2)]


def test_every_goes_on_through_the_hour_that_comes_twice() -> None:
    schedule = Schedule(every=timedelta(minutes=30), zone=NEW_YORK)
    planned = times(schedule, "2026-11-01 00:59", "2026-11-01 02:01")
    slots = [slot_of(schedule, moment) for moment in planned]
    assert slots == [
        f"2026-11-01T{at}:00Z" for at in ("05:00", "05:30", "06:00", "06:30", "07:00")
    ], "UTC: 01:00 and 01:30 twice, then 02:00"


def test_a_time_that_a_day_does_not_have_comes_once_all_the_same_or_not_at_all() -> None:
    """02:30 does not exist on 8 March in New York; the days around it are as ever."""
    schedule = Schedule(at=("02:30",), zone=NEW_YORK)
    planned = times(schedule, "2026-03-07 00:00", "2026-03-10 00:00")
    days = [moment.day for moment in planned]
    assert days.count(7) == days.count(9) == 1
    assert days.count(8) <= 1
    assert len({slot_of(schedule, moment) for moment in planned}) == len(planned)


SCHEME = (Path(__file__).parents[2] / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text(encoding="utf-8")


def publish(desk: Desk, schedule: str) -> None:  # noqa: F811
    text = SCHEME.replace("schedule:\n  every: 10m\n", f"schedule: {schedule}\n")
    assert schedule in text
    now = desk.clock.now()
    desk.store.write(lambda c: schemes.publish(c, desk.code, "Orders", text, "", "t", now))


def finish_waiting(store: Store) -> None:  # noqa: F811
    """What a worker would take up."""
    store.write(lambda c: c.execute(delete(job)))


def slots(store: Store) -> list[str]:  # noqa: F811
    with store.database.read() as connection:
        return list(connection.scalars(select(run.c.slot).where(run.c.slot.is_not(None)).order_by(run.c.id)))


def test_two_clocks_tell_each_slot_once(store: Store, desk: Desk) -> None:  # noqa: F811
    """Both nodes tell the time at once; what the first run left waiting is taken up between the slots."""
    publish(desk, "{every: 1s}")
    enough = threading.Event()

    def ring() -> None:
        finish_waiting(store)
        if len(slots(store)) >= 3:
            enough.set()

    nodes = [Clockwork(store, Clock(), f"node-{number}", ring) for number in range(2)]
    for node in nodes:
        node.start()
    try:
        assert enough.wait(60)
    finally:
        for node in nodes:
            node.stop()
    assert len(slots(store)) == len(set(slots(store))) >= 3


def test_a_paused_scheme_is_not_due_and_a_new_version_has_its_own_times(store: Store, desk: Desk) -> None:  # noqa: F811
    publish(desk, "{every: 1h}")
    clockwork = Clockwork(store, Clock(), "node", lambda: None)
    clockwork.start()
    try:
        (hourly,) = clockwork.next_runs().values()
        assert (hourly.minute, hourly.second) == (0, 0)
        publish(desk, "{at: ['00:07']}")
        clockwork.reread()
        (daily,) = clockwork.next_runs().values()
        assert daily.astimezone(ZoneInfo(SHANGHAI)).strftime("%H:%M") == "00:07"
        store.write(lambda c: c.execute(update(scheme).values(enabled=False)))
        clockwork.reread()
        assert clockwork.next_runs() == {}
    finally:
        clockwork.stop()
