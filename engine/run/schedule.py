"""The clock that says "due": APScheduler with a memory store, filled from the published schemes.

It does nothing but put a run into the database. A slot is the planned time, the same text on every
node: local wall time and zone for clock schedules, so that the hour a clock is set back runs once;
the UTC instant for `every`. A lease in the database lets one node at a time tell the time; the
unique slot makes a second one harmless.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from engine.clock import Clock
from engine.document.cron import Cron, read_cron
from engine.document.scheme import read_scheme
from engine.model.scheme import Schedule, Scheme
from engine.store import leader, runs, schemes
from engine.store.schemes import Published
from engine.store.store import Store

log = logging.getLogger("duijie.schedule")

REREAD = timedelta(seconds=10)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LAG = timedelta(minutes=2)
PATIENCE = timedelta(minutes=5)


class _Tick(BaseExecutor):  # type: ignore[misc]  # APScheduler has no types
    """Hands on the planned times; nothing is run here."""

    def __init__(self, due: Callable[[str, datetime], None]) -> None:
        super().__init__()
        self._due = due

    def _do_submit_job(self, job: Job, run_times: Sequence[datetime]) -> None:
        try:
            self._due(job.id, run_times[-1])
        finally:
            self._run_job_success(job.id, [])


class Clockwork:
    """Schedules of all published schemes, re-read every ten seconds; `ring` is told when a run was put."""

    def __init__(self, store: Store, clock: Clock, holder: str, ring: Callable[[], None]) -> None:
        self._store, self._clock, self._holder, self._ring = store, clock, holder, ring
        self._shown: dict[str, tuple[int, Schedule]] = {}
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": _Tick(self._due)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 300},
        )

    def start(self) -> None:
        self._beat()
        self.reread()
        self._scheduler.add_job(
            self._idle, IntervalTrigger(seconds=REREAD.seconds, timezone=UTC), id="reread"
        )
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    def _idle(self) -> None:
        """The job that re-reads: its planned time is what counts, see `_due`."""

    def _due(self, ident: str, planned: datetime) -> None:
        if ident == "reread":
            self._beat()
            self.reread()
            return
        version, schedule = self._shown[ident]
        scheme_id, name = ident.split(":", 1)
        now = self._clock.now()
        if not self._store.write(lambda connection: leader.lead(connection, "schedule", self._holder, now)):
            return
        slot = slot_of(schedule, planned)
        put = self._store.write(lambda c: runs.begin_slot(c, int(scheme_id), version, name, slot, now))
        if put is not None:
            self._ring()

    def _beat(self) -> None:
        """Say that a clock is alive: a stuck one falls silent, and whoever watches sees it."""
        now = self._clock.now()
        self._store.write(lambda connection: leader.lead(connection, leader.ALIVE, self._holder, now))

    def reread(self) -> None:
        """Add, change and remove what publishing, pausing and rolling back changed."""
        wanted = {}
        for published in self._store.read(schemes.every):
            for schedule in _schedules(published):
                wanted[f"{published.id}:{schedule.name}"] = (published.version, schedule)
        for ident in self._shown.keys() - wanted.keys():
            self._scheduler.remove_job(ident)
        for ident, shown in wanted.items():
            if self._shown.get(ident) != shown:
                self._scheduler.add_job(self._idle, trigger(shown[1]), id=ident, replace_existing=True)
        self._shown = wanted

    def next_runs(self) -> dict[str, datetime]:
        """Next planned time by "scheme id:schedule name"."""
        jobs: list[Any] = self._scheduler.get_jobs()
        return {job.id: job.next_run_time for job in jobs if job.id != "reread"}


def _schedules(published: Published) -> tuple[Schedule, ...]:
    if not published.enabled:
        return ()
    scheme, _ = read_scheme(published.text)
    if scheme is None:
        log.error("published scheme cannot be read", extra={"scheme": published.code})
        return ()
    return tuple(one for one in scheme.schedule if one.after is None)


def trigger(schedule: Schedule) -> BaseTrigger:
    """APScheduler's trigger for a schedule. `every` counts from one fixed instant, so all nodes agree."""
    zone = ZoneInfo(schedule.zone)
    if schedule.every is not None:
        return IntervalTrigger(seconds=int(schedule.every.total_seconds()), start_date=EPOCH, timezone=UTC)
    if schedule.cron is not None:
        return _cron_trigger(schedule.cron, zone)
    days = ",".join(schedule.days) or "*"
    times = (text.split(":") for text in schedule.at)
    return OrTrigger(
        [CronTrigger(hour=int(h), minute=int(m), day_of_week=days, timezone=zone) for h, m in times]
    )


def allowance(scheme: Scheme) -> timedelta:
    """How far behind its source a scheme may be before it is late: twice its shortest span and a little.

    Endless where it runs by clock or by hand.
    """
    spans = [one.every for one in scheme.schedule if one.every]
    return 2 * min(spans) + (scheme.source.lag or LAG) + PATIENCE if spans else timedelta(days=36500)


def coming(schedules: Iterable[Schedule], now: datetime) -> datetime | None:
    """The next planned time after `now` of any of them; None where none runs by the clock."""
    timed = (trigger(one) for one in schedules if one.after is None)
    found = (one.get_next_fire_time(None, now) for one in timed)
    return min((moment for moment in found if moment is not None), default=None)


def _cron_trigger(text: str, zone: ZoneInfo) -> BaseTrigger:
    """By our own reading of the text: APScheduler numbers weekdays from Monday, cron from Sunday."""
    cron = read_cron(text)
    if not isinstance(cron, Cron):
        raise ValueError(cron)
    each = {"minute": _listed(cron.minutes), "hour": _listed(cron.hours), "month": _listed(cron.months)}
    day, weekday = _listed(cron.days), _listed(cron.weekdays)
    if not cron.days_or_weekdays:
        return CronTrigger(**each, day=day, day_of_week=weekday, timezone=zone)
    either = (
        CronTrigger(**each, day=day, timezone=zone),
        CronTrigger(**each, day_of_week=weekday, timezone=zone),
    )
    return OrTrigger(list(either))


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))


def slot_of(schedule: Schedule, planned: datetime) -> str:
    """The planned time as the text that is unique."""
    if schedule.every is not None:
        return planned.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{planned.astimezone(ZoneInfo(schedule.zone)):%Y-%m-%d %H:%M} {schedule.zone}"
