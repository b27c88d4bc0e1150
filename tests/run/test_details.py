"""Lists whose rows are asked for one by one: a few at once, kept as one record, all of a page or none."""

from __future__ import annotations

from pathlib import Path

from engine.exact import decode
from engine.model.values import Json
from engine.store import documents, runs
from tests.run.office import Office, order

HEADS = """\
scheme: details
source: {connection: office, operation: office.heads.list, detail: true}
target: {connection: office, operation: office.bill.save}
map: {no: no, amount: amount, job: 'lines[0].sku'}
"""


def with_lines(ident: int) -> dict[str, Json]:
    return {**order(ident), "lines": [{"sku": f"S-{ident}", "qty": 1}]}


def test_what_the_list_leaves_out_is_kept_with_its_row(tmp_path: Path) -> None:
    with Office(tmp_path, HEADS) as office:
        office.give("orders", *[with_lines(number) for number in range(1, 31)])
        office.run()
        assert office.door.calls.count("/order") == 30
        assert 1 < office.door.most <= 8
        bills = {bill["no"]: bill["job"] for bill in office.tell("tell")["bills"]}
        assert bills == {f"N-{number}": f"S-{number}" for number in range(1, 31)}
        row = office.documents()["1"]
        (source,) = office.store.read(lambda c: documents.sources(c, row.id))
        body = decode(source.body)
        assert isinstance(body, dict)
        assert (body["no"], body["lines"]) == ("N-1", [{"sku": "S-1", "qty": 1}])


def test_a_changed_detail_is_a_changed_record(tmp_path: Path) -> None:
    with Office(tmp_path, HEADS) as office:
        office.give("orders", with_lines(1), with_lines(2))
        office.run()
        office.give("orders", {**with_lines(1), "lines": [{"sku": "S-1", "qty": 2}]})
        counts = office.count(office.run())
        assert (counts.read, counts.changed, counts.unchanged) == (2, 1, 1)


def test_a_detail_that_fails_is_asked_for_again_and_nothing_of_it_is_kept_by_half(tmp_path: Path) -> None:
    with Office(tmp_path, HEADS) as office:
        office.give("orders", *[with_lines(number) for number in range(1, 6)])
        office.door.lost = {"/order"}
        run = office.run()
        row = office.store.read(lambda c: runs.get(c, run))
        assert row is not None
        assert (row.fault_in, row.read) == ("reading", 0)
        office.door.lost = set()
        assert office.count(office.run()).done == 5


def test_through_a_bad_network_every_detail_arrives(tmp_path: Path) -> None:
    with Office(tmp_path, HEADS) as office:
        office.give("orders", *[with_lines(number) for number in range(1, 41)])
        office.faults(read_reset_after=0.1, read_bad_gateway=0.1)
        office.run()
        assert len(office.deeds) == 40
