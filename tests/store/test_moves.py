"""Whatever happens in whatever order, a document moves only as the table of moves says."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from engine.errors import LeaseLost
from engine.model.ledger import MOVES, STATES, Outcome, Planned
from engine.store import documents, queue, schemes, send
from engine.store.send import Mark, Settled
from tests.build import Desk

OUTCOMES = (
    Outcome("done", target_id="1"),
    Outcome("refused", reason="no"),
    Outcome("unknown"),
    Outcome("waiting", "again"),
)


class Walk:
    """One seeded life of a few records: every step is followed by a look at all states."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.dice = desk, random.Random(seed)
        self.before: dict[str, str] = {}
        self.moves = self.held = 0

    def step(self) -> None:
        often = (self.change, self.change, self.plan, self.send)
        self.dice.choice((*often, self.crash, self.answer, self.retry, self.decide))()
        self.look()

    def write(self, work: Callable[[Connection], Any]) -> Any:
        """One transaction, and a look at every state after it."""
        result = self.desk.store.write(work)
        self.look()
        return result

    def look(self) -> None:
        rows = self.desk.store.read(lambda c: documents.found(c, self.desk.scheme_id))
        after = {row.key: row.state for row in rows}
        for key, state in after.items():
            was = self.before.get(key)
            assert was is None or was == state or state in MOVES[was], f"{key}: {was} -> {state}"  # type: ignore[index]
            self.moves += was is not None and was != state
        self.before = after
        self.count(rows)

    def count(self, rows: list[Any]) -> None:
        """What the database counts along is what there is."""
        held = sum(row.state == "waiting" and row.why == "held" and row.due_at is None for row in rows)
        states = dict.fromkeys(STATES, 0) | Counter(row.state for row in rows)
        ident = self.desk.scheme_id
        counted = self.desk.store.read(lambda c: schemes.counted(c, [ident]))[ident]
        assert counted == schemes.Counted(states, held)
        self.held += held

    def change(self) -> None:
        self.desk.read({"id": self.dice.randrange(40), "qty": self.dice.randrange(3)})

    def plan(self) -> None:
        makes = []
        for one in self.desk.unplanned():
            state, why = self.dice.choice(
                (("waiting", "new"), ("waiting", "held"), ("skipped", ""), ("refused", ""))
            )
            makes.append(Planned(one, one.key, state, why, body=one.body if why == "new" else ""))  # type: ignore[arg-type]
        if makes:
            self.desk.plan(*makes)

    def send(self) -> None:
        lease = self.desk.push_lease()
        self.write(lambda c: send.recover(c, [(lease, self.desk.clock.now())]))
        due = self.desk.store.read(lambda c: send.due(c, self.desk.scheme_id, self.desk.clock.now(), 0, 9))
        marks = [Mark(lease, one, self.desk.clock.now()) for one in due]
        if marks:
            self.write(lambda c: send.mark(c, marks))
        for one in due:
            if self.dice.random() < 0.8:
                settled = Settled(lease, one.id, self.desk.clock.now(), self.dice.choice(OUTCOMES), None)
                self.write(lambda c, s=settled: send.settle(c, [s]))  # type: ignore[misc]
        self.write(lambda c: queue.finish(c, [(lease, None, "")]))

    def crash(self) -> None:
        """A worker dies with a mark set; a late word of it changes nothing."""
        lease = self.desk.push_lease()
        due = self.desk.store.read(lambda c: send.due(c, self.desk.scheme_id, self.desk.clock.now(), 0, 9))
        if due:
            self.write(lambda c: send.mark(c, [Mark(lease, due[0], self.desk.clock.now())]))
        self.desk.clock.at += timedelta(minutes=1)
        after = self.desk.claim("another")
        self.write(lambda c: send.recover(c, [(after, self.desk.clock.now())]))
        if due:
            with pytest.raises(LeaseLost):
                late = Settled(lease, due[0].id, self.desk.clock.now(), OUTCOMES[0], None)
                self.write(lambda c: send.settle(c, [late]))
        self.write(lambda c: queue.finish(c, [(after, None, "")]))

    def answer(self) -> None:
        """A look-up answers for whatever is unknown."""
        lease = self.desk.push_lease()
        unknown = self.desk.store.read(lambda c: documents.found(c, self.desk.scheme_id, "unknown"))
        for row in unknown:
            outcome = self.dice.choice((OUTCOMES[0], OUTCOMES[2], OUTCOMES[3]))
            self.write(
                lambda c, r=row, o=outcome: send.settle(
                    c, [Settled(lease, r.id, self.desk.clock.now(), o, None)]
                )  # type: ignore[misc]
            )
        self.write(lambda c: queue.finish(c, [(lease, None, "")]))

    def retry(self) -> None:
        states = [self.dice.choice(("refused", "unknown", "waiting"))]
        self.write(lambda c: documents.again(c, self.desk.scheme_id, None, states, self.desk.clock.now()))

    def decide(self) -> None:
        key, state = str(self.dice.randrange(40)), self.dice.choice(("done", "cancelled", "skipped"))
        self.write(
            lambda c: documents.decide(
                c, self.desk.scheme_id, key, state, "by hand", None, self.desk.clock.now()
            )  # type: ignore[arg-type]
        )


@pytest.mark.parametrize("seed", range(3))
def test_no_document_ever_moves_outside_the_table(desk: Desk, seed: int) -> None:
    walk = Walk(desk, seed)
    for _ in range(90):
        walk.step()
    assert walk.moves > 9 and walk.held > 9, "a walk that hardly moves shows nothing"
