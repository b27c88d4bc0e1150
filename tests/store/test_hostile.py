"""What vendors may send: signs a database does not take, pages of any size."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.model.exchange import Exchange
from engine.model.ledger import Outcome, Planned
from engine.store import documents, keep, runs, send
from engine.store.send import Mark, Settled
from engine.store.tables import attempt
from tests.build import NOW, Desk

NUL = "a\0b"


def test_a_sign_that_postgresql_does_not_take_costs_nothing_but_itself(desk: Desk) -> None:
    desk.read({"id": 1, "no": NUL, "note": NUL})
    (one,) = desk.unplanned()
    desk.plan(Planned(one, "1", "waiting", "new", body=one.body, sent_number=NUL))
    lease = desk.push_lease()
    (due,) = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    assert "\\u0000" in due.body, "the bytes stay as they are"
    desk.store.write(lambda c: send.mark(c, [Mark(lease, due, NOW)]))
    heard = Exchange("bip", "save", "op", NOW, 1, "POST", NUL, 200, "unknown", NUL, NUL, NUL, NUL)
    outcome = Outcome("unknown", target_id=NUL, target_number=NUL, reason=NUL)
    desk.store.write(lambda c: send.settle(c, [Settled(lease, due.id, NOW, outcome, heard)]))
    (row,) = desk.store.read(lambda c: documents.found(c, desk.scheme_id))
    assert (row.state, row.reason) == ("unknown", "a␀b")
    assert desk.store.read(lambda c: c.scalar(select(attempt.c.reply))) == "a␀b"
    desk.store.write(lambda c: runs.fail_reading(c, desk.run_id, "broken", NUL))
    desk.store.write(lambda c: runs.warn(c, desk.run_id, NUL))


def test_a_page_of_any_size_is_kept_piece_by_piece(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation without pages gives all it has at once; a statement takes only so many values."""
    monkeypatch.setattr(keep, "PIECE", 10)
    bodies = [{"id": number} for number in range(45)]
    desk.read(*bodies, cursor=NOW)
    later = desk.begin_run()
    desk.read(*bodies, {"id": 7, "changed": True}, {"id": 50}, run_id=later, cursor=NOW + timedelta(days=1))
    told = desk.store.read(lambda c: runs.count(c, later))
    assert (told.read, told.new, told.changed, told.unchanged) == (46, 1, 1, 44)
    assert desk.store.read(lambda c: keep.cursor_of(c, desk.scheme_id)) == NOW + timedelta(days=1)
