"""What may happen between one look and the next: changes, other nodes, a person's decision."""

from __future__ import annotations

from engine.store import send
from engine.store.send import Mark
from tests.build import NOW, Desk


def test_bytes_that_were_replaced_since_they_were_found_due_do_not_go_out(desk: Desk) -> None:
    desk.read({"id": 1, "qty": 1}, {"id": 2})
    desk.plan()
    found = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    desk.read({"id": 1, "qty": 2})
    desk.plan()
    lease = desk.push_lease()
    marks = [Mark(lease, one, NOW) for one in found]
    assert desk.store.write(lambda c: send.mark(c, marks)) == [False, True]
    again = desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 10))
    assert [(one.key, '"qty":2' in one.body, one.sends) for one in again] == [("1", True, 0)]
