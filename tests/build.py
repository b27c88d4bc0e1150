"""Small builders for what many tests need: a clock that is a value, a store on each database, rows, plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from engine.clock import Clock
from engine.exact import canonical
from engine.model.ledger import Lease, PageKept, PlanKept, Planned, Row, Unplanned
from engine.settings import Settings
from engine.store import plan as plans, queue, runs, schemes
from engine.store.keep import keep
from engine.store.store import Store

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@dataclass
class Stopped(Clock):
    """A clock that stands still until it is moved; sleeping moves it."""

    at: datetime = NOW
    chance: float = 0.5
    codes: int = 0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def jitter(self) -> float:
        return self.chance

    def code(self) -> str:
        self.codes += 1
        return f"{self.codes:032x}"


def settings(home: Path, database: str | None = None) -> Settings:
    env = {"DUIJIE_HOME": str(home), **({"DUIJIE_DB": database} if database else {})}
    return Settings.read(env)


@dataclass
class Desk:
    """A store with one published scheme, and the moves the loops make, each in one line."""

    store: Store
    clock: Stopped = field(default_factory=Stopped)
    code: str = "orders"
    on_change: str = "flag"
    key_at: str | None = "resubmitCheckKey"

    def __post_init__(self) -> None:
        self.store.write(
            lambda c: schemes.publish(c, self.code, "Orders", "scheme: orders", "", "t", self.clock.now())
        )
        found = self.store.read(lambda c: schemes.published(c, self.code))
        assert found is not None
        self.scheme_id = found.id
        self.run_id = self.begin_run()

    def begin_run(self) -> int:
        """A run that reads; its pull job is taken at once, as a worker would."""
        now = self.clock.now()
        run_id = self.store.write(lambda c: runs.begin(c, self.scheme_id, 1, "test", now))
        lease = self.claim()
        self.store.write(lambda c: queue.finish(c, [(lease, None, "")]))
        return run_id

    def claim(self, holder: str = "desk") -> Lease:
        lease = self.store.write(lambda c: queue.claim(c, self.clock.now(), holder))
        assert lease is not None
        return lease

    def push_lease(self) -> Lease:
        self.store.write(
            lambda c: queue.put(c, [queue.Asked("push", self.scheme_id, self.clock.now(), self.run_id)])
        )
        return self.claim()

    def read(
        self, *bodies: dict[str, object], cursor: datetime | None = None, run_id: int | None = None
    ) -> None:
        """A page arrives: each body is a record whose `id` is its key."""
        rows = tuple(row(body) for body in bodies)
        page = PageKept(self.scheme_id, run_id or self.run_id, self.clock.now(), rows, cursor)
        self.store.write(lambda c: keep(c, [page]))

    def unplanned(self) -> list[Unplanned]:
        return self.store.read(lambda c: plans.unplanned(c, self.scheme_id, 0, 1000))

    def plan(self, *made: Planned, lease: Lease | None = None) -> None:
        """Keep these plans; without any, every unplanned record becomes a document with the record as its body."""
        batch = made or tuple(
            Planned(one, one.key, "waiting", "new", body=one.body, sent_number=one.number)
            for one in self.unplanned()
        )
        kept = self.planned(*batch, lease=lease)
        self.store.write(lambda c: plans.plan(c, [kept]))

    def planned(self, *made: Planned, lease: Lease | None = None, revision: int | None = None) -> PlanKept:
        """These plans as one batch, not yet kept."""
        return PlanKept(
            self.store.installation,
            self.scheme_id,
            self.code,
            1,
            self.on_change,
            self.key_at,
            self.clock.now(),
            made,
            lease,
            revision,
        )


def row(body: dict[str, object]) -> Row:
    import hashlib

    text = canonical(body)  # type: ignore[arg-type]  # tests write plain dicts
    return Row(
        str(body["id"]), str(body.get("no", body["id"])), hashlib.sha256(text).hexdigest(), text.decode()
    )


def count(connection: Connection, rows: Sequence[object]) -> int:
    return len(rows)
