"""Retention: whatever happened before, nothing unsettled loses a byte, and nothing pruned is written again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings as how, strategies as st
from sqlalchemy import func, select, update

from engine.model.exchange import Exchange
from engine.model.ledger import Outcome, Planned
from engine.store import documents, prune, runs, send
from engine.store.prune import Pruned, is_pruned, same
from engine.store.store import Store
from engine.store.tables import attempt, document, record
from tests.build import Desk, Stopped, settings

DAY = timedelta(days=1)


def pruned(desk: Desk, days: int, *, bodies: bool = True, most: int = 3, dry: bool = False) -> Pruned:
    """All pieces of both kinds, each a transaction of its own."""
    before, total = desk.clock.now() - days * DAY, Pruned()
    after: Any = None
    while True:
        piece = desk.store.write(
            lambda c, at=after: prune.documents(  # type: ignore[misc]
                c, desk.scheme_id, before, at, bodies=bodies, dry=dry, most=most
            )
        )
        total, after = total + piece.pruned, piece.after
        if after is None:
            break
    while True:
        piece = desk.store.write(lambda c, at=after: prune.calls(c, before, at, dry=dry, most=most))  # type: ignore[misc]
        total, after = total + piece.pruned, piece.after
        if after is None:
            return total


def exchange(at: datetime) -> Exchange:
    return Exchange("c", "save", "o", at, 1, "POST", "u", 200, "done", None, "", "request", "reply")


def deliver(desk: Desk, outcome: str) -> None:
    """Send all that is due; every document comes to the same."""
    lease, now = desk.push_lease(), desk.clock.now()
    due = desk.store.read(lambda c: send.due(c, desk.scheme_id, now, 0, 1000))
    marks = [send.Mark(lease, one, now) for one in due]
    desk.store.write(lambda c: send.mark(c, marks))
    if outcome != "sending":
        made = Outcome(outcome, target_id="T", target_number="N") if outcome == "done" else Outcome(outcome)  # type: ignore[arg-type]
        settled = [send.Settled(lease, one.id, now, made, exchange(now)) for one in due]
        desk.store.write(lambda c: send.settle(c, settled))
    desk.store.write(lambda c: c.execute(_finish(lease)))


def _finish(lease: Any) -> Any:
    from sqlalchemy import delete

    from engine.store.tables import job

    return delete(job).where(job.c.id == lease.job_id)


def ledger(desk: Desk) -> list[Any]:
    """Everything of every document but its body: what keeps it from being written twice, and what people see."""
    columns = [column for column in document.c if column.name != "body"]
    return list(desk.store.read(lambda c: c.execute(select(*columns).order_by(document.c.id)).all()))


def texts(desk: Desk) -> dict[int, tuple[Any, ...]]:
    """Of every document its state, its mark, its body, the bodies of its records, and how many calls it has."""
    calls = select(func.count()).select_from(attempt).where(attempt.c.document_id == document.c.id)
    columns = (document.c.id, document.c.state, document.c.flagged, document.c.body, calls.scalar_subquery())
    rows = desk.store.read(lambda c: c.execute(select(*columns)).all())
    behind = {
        row[0]: tuple(
            one.body for one in desk.store.read(lambda c, ident=row[0]: documents.sources(c, ident))
        )  # type: ignore[misc]
        for row in rows
    }
    return {row[0]: (*row[1:], behind[row[0]]) for row in rows}


def plan_all(desk: Desk, skips: int) -> None:
    """Each unplanned record becomes a document; those whose key leaves `skips` are skipped or refused."""
    made = []
    for one in desk.unplanned():
        rest = int(one.key) % 5
        if rest == skips:
            made.append(Planned(one, one.key, "skipped", "", reason="filter"))
        elif rest == skips + 1:
            made.append(Planned(one, one.key, "refused", "", reason="problem"))
        else:
            made.append(Planned(one, one.key, "waiting", "new", body=one.body, sent_number=one.number))
    desk.plan(*made) if made else None


# -- the property ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store to copy: migrating one for every example would take all the time."""
    home = tmp_path_factory.mktemp("blank")
    Store.open(settings(home), Stopped()).close()
    return home


@contextmanager
def copied(blank: Path) -> Iterator[Desk]:
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(blank, home)
        store = Store.open(settings(home), Stopped())
        try:
            yield Desk(store)
        finally:
            store.close()


KEYS = st.lists(st.integers(0, 11), min_size=1, max_size=6, unique=True)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("read"), KEYS, st.integers(0, 2)),
        st.tuples(st.just("plan"), st.integers(0, 3)),
        st.tuples(
            st.just("deliver"), st.sampled_from(("done", "done", "refused", "unknown", "waiting", "sending"))
        ),
        st.tuples(st.just("days"), st.integers(1, 120)),
        st.tuples(st.just("prune"), st.integers(1, 60)),
    ),
    min_size=4,
    max_size=14,
)


def move(desk: Desk, what: Any, seen: dict[int, int]) -> None:
    match what:
        case ("read", keys, version):
            seen.update(dict.fromkeys(keys, version))
            desk.read(*({"id": key, "version": version} for key in keys))
        case ("plan", skips):
            plan_all(desk, skips)
        case ("deliver", outcome):
            deliver(desk, outcome)
        case ("days", count):
            desk.clock.at += count * DAY
        case ("prune", days):
            check(desk, days)


def check(desk: Desk, days: int) -> None:
    before, known = texts(desk), ledger(desk)
    unplanned = desk.unplanned()
    pruned(desk, days)
    assert ledger(desk) == known
    assert desk.unplanned() == unplanned
    for ident, was in before.items():
        state, flagged, *_ = was
        if state in ("waiting", "sending", "unknown", "refused") or flagged:
            assert texts(desk)[ident] == was


@how(max_examples=40)
@given(moves=MOVES)
def test_whatever_happened_nothing_unsettled_is_touched_and_nothing_pruned_goes_out_again(
    blank: Path, moves: list[Any]
) -> None:
    with copied(blank) as desk:
        seen: dict[int, int] = {}
        for what in moves:
            move(desk, what, seen)
        desk.clock.at += 400 * DAY
        check(desk, 1)
        planned = {one.id for one in desk.unplanned()}
        desk.read(*({"id": key, "version": version} for key, version in seen.items()))
        assert {one.id for one in desk.unplanned()} == planned
        done = {row.key: row for row in ledger(desk) if row.state == "done"}
        desk.read(*({"id": key, "version": 9} for key in seen))
        plan_all(desk, 7)
        after = {row.key: row for row in ledger(desk)}
        for key, row in done.items():
            now = after[key]
            assert (now.state, now.generation, now.stored_key, now.flagged) == (
                "done",
                row.generation,
                row.stored_key,
                True,
            )


# -- both databases --------------------------------------------------------------------------------


def delivered(desk: Desk, count: int = 8) -> None:
    desk.read(*({"id": number} for number in range(count)))
    desk.plan()
    deliver(desk, "done")


def test_old_texts_leave_and_what_was_sent_is_remembered_by_its_digest(desk: Desk) -> None:
    delivered(desk)
    sent = {ident: one[2] for ident, one in texts(desk).items()}
    desk.clock.at += 10 * DAY
    assert pruned(desk, 11) == Pruned()
    assert pruned(desk, 9, dry=True) == Pruned(8, 8, 8)
    assert pruned(desk, 9) == Pruned(8, 8, 8)
    assert pruned(desk, 9) == Pruned()
    for ident, (_, _, body, calls, behind) in texts(desk).items():
        assert is_pruned(body)
        assert same(sent[ident], body)
        assert not same(sent[ident] + " ", body)
        assert (calls, behind) == (0, (prune.GONE,))


def test_without_bodies_only_the_calls_leave(desk: Desk) -> None:
    delivered(desk, 4)
    before = texts(desk)
    desk.clock.at += 10 * DAY
    assert pruned(desk, 9, bodies=False) == Pruned(attempts=4)
    assert {ident: one[:3] for ident, one in texts(desk).items()} == {
        ident: one[:3] for ident, one in before.items()
    }


def test_of_what_is_made_of_several_records_only_the_calls_leave(desk: Desk) -> None:
    delivered(desk, 4)
    before = texts(desk)
    grouped = update(document).where(document.c.key.in_(("0", "1"))).values(family="group")
    desk.store.write(lambda c: c.execute(grouped))
    desk.clock.at += 10 * DAY
    assert pruned(desk, 9) == Pruned(2, 2, 4)
    whole = {one.key for one in ledger(desk) if not is_pruned(texts(desk)[one.id][2])}
    assert whole == {"0", "1"}
    assert all(texts(desk)[one.id][4] == before[one.id][4] for one in ledger(desk) if one.key in whole)


def test_a_record_that_would_be_written_as_it_was_is_not_flagged_and_another_is(desk: Desk) -> None:
    delivered(desk, 2)
    bodies = {one.key: one.body for one in _records(desk)}
    desk.clock.at += 10 * DAY
    pruned(desk, 9)
    desk.read({"id": 0, "stamp": "new"}, {"id": 1, "stamp": "new"})
    first, second = desk.unplanned()
    desk.plan(
        Planned(first, first.key, "waiting", "new", body=bodies[first.key], sent_number=first.number),
        Planned(second, second.key, "waiting", "new", body=second.body, sent_number=second.number),
    )
    assert [(row.key, row.state, row.flagged) for row in ledger(desk)] == [
        ("0", "done", False),
        ("1", "done", True),
    ]


def _records(desk: Desk) -> list[Any]:
    return list(desk.store.read(lambda c: c.execute(select(record.c.key, record.c.body)).all()))


def test_what_shares_a_record_with_something_open_stays(desk: Desk) -> None:
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    half = Planned(one, "1#a", "skipped", "", reason="filter")
    desk.plan(half, Planned(one, "1#b", "waiting", "new", body="{}"))
    deliver(desk, "unknown")
    desk.clock.at += 100 * DAY
    assert pruned(desk, 1) == Pruned()


def test_what_was_settled_lately_holds_what_shares_its_record(desk: Desk) -> None:
    desk.read({"id": 1})
    (one,) = desk.unplanned()
    desk.plan(Planned(one, "1#a", "skipped", ""), Planned(one, "1#b", "waiting", "new", body="{}"))
    desk.clock.at += 100 * DAY
    deliver(desk, "done")
    assert pruned(desk, 30) == Pruned()
    desk.clock.at += 31 * DAY
    assert pruned(desk, 30) == Pruned(1, 1, 1)


def test_a_pruned_skipped_record_is_not_mapped_by_a_retry(desk: Desk) -> None:
    desk.read({"id": 1}, {"id": 2})
    desk.plan(*(Planned(one, one.key, "skipped", "") for one in desk.unplanned()))
    desk.clock.at += 10 * DAY
    desk.read({"id": 2, "new": True})
    (fresh,) = desk.unplanned()
    desk.plan(Planned(fresh, fresh.key, "skipped", ""))
    assert pruned(desk, 9).records == 1
    now = desk.clock.now()
    assert desk.store.write(lambda c: documents.again(c, desk.scheme_id, None, ("skipped",), now)) == 1
    assert [one.key for one in desk.unplanned()] == ["2"]


def test_calls_of_open_runs_and_young_ones_stay(desk: Desk) -> None:
    heard = [send.Heard(desk.scheme_id, desk.run_id, exchange(desk.clock.now())) for _ in range(7)]
    desk.store.write(lambda c: send.hear(c, [*heard, send.Heard(None, None, exchange(desk.clock.now()))]))
    desk.clock.at += 10 * DAY
    assert pruned(desk, 9) == Pruned(attempts=1)
    desk.store.write(lambda c: runs.read_done(c, desk.run_id))
    desk.store.write(lambda c: runs.close(c, desk.scheme_id, desk.clock.now()))
    assert pruned(desk, 11) == Pruned()
    assert pruned(desk, 9) == Pruned(attempts=7)


def test_a_piece_takes_no_more_than_it_may_and_the_next_goes_on_behind_it(desk: Desk) -> None:
    delivered(desk, 7)
    desk.clock.at += 10 * DAY
    before = desk.clock.now() - 9 * DAY
    first = desk.store.write(lambda c: prune.documents(c, desk.scheme_id, before, None, bodies=True, most=5))
    assert first.pruned == Pruned(5, 5, 5)
    second = desk.store.write(
        lambda c: prune.documents(c, desk.scheme_id, before, first.after, bodies=True, most=5)
    )
    assert (second.pruned, second.after) == (Pruned(2, 2, 2), None)


def test_a_document_whose_record_changed_and_is_not_mapped_yet_stays_whole(desk: Desk) -> None:
    delivered(desk, 2)
    desk.clock.at += 10 * DAY
    desk.read({"id": 1, "new": True})
    assert pruned(desk, 9) == Pruned(1, 1, 1)
    assert [is_pruned(body) for _, (_, _, body, _, _) in sorted(texts(desk).items())] == [True, False]
