"""A desk whose scheme has a shape: records in, groups planned by the engine's own planner, documents sent by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.document.scheme import read_scheme
from engine.exact import decode
from engine.mapping.compile import compile_mapping
from engine.model.catalog import Field, Idempotency, LookUp, Operation
from engine.model.ledger import Counts, Outcome
from engine.run.answers import Answers, Library
from engine.run.flow import Flow
from engine.run.lines import Lines
from engine.run.planner import plan_next
from engine.store import documents, lookups, queue, runs, schemes, send
from engine.store.lookups import Pair, Tables
from engine.store.send import Mark, Settled
from engine.store.tables import document, document_record, record
from tests.build import Desk

SAVE = Operation(
    operation="target.save",
    kind="save",
    call={},
    fields=(
        Field(name="code"),
        Field(name="store"),
        Field(name="rows", type="list", fields=(Field(name="sku"), Field(name="qty", type="decimal"))),
    ),
    idempotency=Idempotency(at="key"),
    lookup=LookUp(operation="target.list", by="code"),
    source="test",
)
QUERY = Operation(operation="source.query", kind="query", call={}, key=("id",), source="test")

GROUP = """
shape:
  - group: {by: {shop: shop, day: day}}
map:
  code: =CONCAT(shop, day)
  store: shop | lookup(店铺, miss=hold)
  rows: {each: [records, lines], group: {by: {sku: sku}, sum: {qty: n}}, map: {sku: sku, qty: qty}}
"""
SPLIT = """
shape:
  - split: lines
    by: {wh: wh}
map:
  code: =CONCAT(id, "-", wh)
  rows: {each: lines, map: {sku: sku, qty: n}}
"""
NO_LINES: Lines = None  # type: ignore[assignment]  # nothing here asks a vendor
DONE = Outcome("done", target_id="1", target_number="A")


def order(
    ident: int, shop: str, *lines: tuple[str, int], day: str = "2026-11-18", **more: Any
) -> dict[str, Any]:
    """Each line is (sku, quantity); "sku@warehouse" puts it into a warehouse."""
    rows = [{"sku": s.split("@")[0], "wh": s.partition("@")[2] or "W", "n": n} for s, n in lines]
    return {"id": ident, "shop": shop, "day": day, "lines": rows, **more}


@dataclass
class Gathering:
    """One scheme with a shape on a store."""

    desk: Desk
    shape: str = GROUP
    on_change: str = "flag"
    tables: dict[str, dict[str, str]] = field(default_factory=lambda: {"店铺": {"S": "s", "T": "t"}})
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def __post_init__(self) -> None:
        head = "scheme: orders\nsource: {connection: a, operation: source.query}\n"
        text = f"{head}target: {{connection: b, operation: target.save}}\non_change: {self.on_change}\n{self.shape}"
        scheme, told = read_scheme(text)
        assert scheme is not None, told
        mapping, problems = compile_mapping(scheme, None, SAVE, None)
        assert mapping is not None, problems
        published = self.desk.store.read(lambda c: schemes.published(c, "orders"))
        assert published is not None
        self.flow = Flow(published, scheme, mapping, lambda _: {}, QUERY, SAVE, None)
        for code, pairs in self.tables.items():
            self.pairs(code, pairs)

    def pairs(self, code: str, pairs: dict[str, str]) -> None:
        made = [Pair(left, right) for left, right in pairs.items()]

        def change(connection: Any) -> None:
            lookups.replace(connection, code, made, self.desk.clock.now())
            lookups.release(connection)

        self.desk.store.write(change)

    def read(self, *orders: dict[str, Any], cursor: datetime | None = None, ends: bool = True) -> None:
        """A run reads these; `ends`: it has read all it should."""
        self.run_id = self.desk.begin_run()
        self.desk.read(*orders, run_id=self.run_id, cursor=cursor)
        if ends:
            self.end()

    def end(self) -> None:
        self.desk.store.write(lambda c: runs.read_done(c, self.desk.run_id))
        self.desk.store.write(lambda c: runs.read_done(c, self.run_id))

    def plan(self) -> None:
        """Plan until nothing is left to plan and no group is complete."""
        lease, after = self.desk.push_lease(), 0
        while True:
            store = self.desk.store
            revision = store.read(lookups.revision)
            pairs = store.read(lambda c: lookups.load(c, self.flow.mapping.tables))
            answers = Answers(self.flow, store, NO_LINES, self.desk.clock, Library())
            going = plan_next(
                self.flow, store, lease, Tables(revision, pairs), answers, self.desk.clock.now(), after
            )
            after, fresh = self.runner.run(going)
            if not after and not fresh:
                break
        self.desk.store.write(lambda c: queue.finish(c, [(lease, None, "")]))

    def send(self, outcome: Outcome = DONE, **by_key: Outcome) -> list[str]:
        """Everything that is due goes out; gives the keys in order."""
        lease, now, store = self.desk.push_lease(), self.desk.clock.now(), self.desk.store
        due = store.read(lambda c: send.due(c, self.desk.scheme_id, now, 0, 100))
        assert all(one.body for one in due), "nothing without bytes may leave"
        marked = store.write(lambda c: send.mark(c, [Mark(lease, one, now) for one in due])) if due else []
        assert all(marked)
        settled = [Settled(lease, one.id, now, by_key.get(one.key, outcome), None) for one in due]
        if settled:
            store.write(lambda c: send.settle(c, settled))
        store.write(lambda c: queue.finish(c, [(lease, None, "")]))
        return [one.key for one in due]

    def go(self, *orders: dict[str, Any]) -> list[str]:
        """Read, plan, send."""
        self.read(*orders)
        self.plan()
        return self.send()

    def documents(self) -> dict[str, Any]:
        rows = self.desk.store.read(
            lambda c: c.execute(
                select(document).where(document.c.scheme_id == self.desk.scheme_id).order_by("id")
            ).all()
        )
        return {row.key: row for row in rows}

    def states(self) -> dict[str, str]:
        return {
            key: row.why if row.why in ("held", "gathering") else row.state
            for key, row in self.documents().items()
        }

    def rows(self, key: str) -> dict[str, int]:
        """What a document's bytes hold: quantity by sku."""
        body: Any = decode(self.documents()[key].body)
        return {row["sku"]: int(row["qty"]) for row in body.get("rows", [])}

    def behind(self, key: str) -> list[int]:
        """The records a document carries."""
        return self.desk.store.read(
            lambda c: [
                int(found)
                for found in c.scalars(
                    select(record.c.key)
                    .join(document_record, document_record.c.record_id == record.c.id)
                    .join(document, document.c.id == document_record.c.document_id)
                    .where(document.c.key == key)
                    .order_by(record.c.id)
                )
            ]
        )

    def written(self) -> dict[str, int]:
        """All that was ever written to the target, by sku."""
        total: dict[str, int] = {}
        for key, row in self.documents().items():
            if row.state == "done":
                for sku, count in self.rows(key).items():
                    total[sku] = total.get(sku, 0) + count
        return total

    def retry(self, key: str | None = None, *states: str) -> int:
        return self.desk.store.write(
            lambda c: documents.again(
                c, self.desk.scheme_id, key, states or ("refused",), self.desk.clock.now()
            )
        )

    def decide(self, key: str, state: Any) -> bool:
        now = self.desk.clock.now()
        return self.desk.store.write(
            lambda c: documents.decide(c, self.desk.scheme_id, key, state, "reason", None, now)
        )

    def counts(self) -> Counts:
        return self.desk.store.read(lambda c: runs.count(c, self.run_id))

    def close(self) -> None:
        self.runner.close()
