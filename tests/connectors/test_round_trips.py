"""Every operation on every channel, once to the simulator and back: signed, asked, judged; saved, found again."""

from __future__ import annotations

from typing import cast

import pytest

from engine.connect import Fault
from engine.exact import encode
from engine.model.catalog import Operation
from engine.model.values import Call, Reply
from engine.simulate.frame import Simulator
from engine.wire.calls import Plan
from engine.wire.envelope import Saved
from engine.wire.path import at, text
from engine.wire.tokens import MemoryTokens, Ring
from tests.connectors.drive import NOW, asks, auth_of, fresh, registry, settings_of, signed
from tests.connectors.furnish import ask_of, document, furnish

REGISTRY = registry()
CASES = [
    pytest.param(operation, channel, id=f"{operation.operation}-{channel}")
    for operation in sorted(REGISTRY.operations.values(), key=lambda one: one.operation)
    for channel in REGISTRY.connectors[operation.connector].channels
]
QUERIES = [case for case in CASES if cast(Operation, case.values[0]).kind == "query"]
SAVES = [case for case in CASES if cast(Operation, case.values[0]).kind == "save"]
FOUND = [case for case in SAVES if cast(Operation, case.values[0]).lookup is not None]
DETAILED = [case for case in QUERIES if cast(Operation, case.values[0]).detail is not None]
STRICT = [  # of the others the answer to a repeat is not known: its variants are in yonbip/test_simulator.py
    case
    for case in SAVES
    if cast(Operation, case.values[0]).connector == "wdt" or cast(Operation, case.values[0]).repeatable
]
LATER = NOW.replace(hour=2, minute=30)


class Line:
    """A furnished simulator, reached as a connection would reach it, without a network."""

    def __init__(self, connector: str, channel: str, shop: Simulator | None = None) -> None:
        self.shop = shop or furnish(fresh(connector))
        self.base, self.settings = settings_of(self.shop, channel)
        self._connector, self._channel = REGISTRY.connectors[connector], channel
        self._ring = Ring(MemoryTokens(), "trip")

    def plan(self, operation: Operation) -> Plan:
        return Plan(self._connector, self._channel, operation, self.base, (), self._ring, None)

    def said(self, call: Call) -> Reply:
        auth = auth_of(self._connector.connector, self._channel)
        answer = asks(self.shop, LATER)
        return answer(signed(auth, call, self.settings, LATER, tokens=self._ring, answer=answer))

    def saved(self, operation: Operation) -> Saved:
        body = encode(document(operation.operation))
        plan = self.plan(operation)
        return plan.one_saved(body)(self.said(plan.save([body])))


@pytest.mark.parametrize(("operation", "channel"), QUERIES)
def test_every_query_is_asked_and_its_rows_are_read(operation: Operation, channel: str) -> None:
    line = Line(operation.connector, channel)
    plan = line.plan(operation)
    asked = ask_of(operation.operation, line.shop)
    page = plan.judge.page(line.said(plan.query(asked)), columns=plan.columns(asked))
    assert page.rows
    assert all(text(row.get(name)) for row in page.rows for name in operation.key)
    assert operation.pages.total is None or page.total == len(page.rows)


@pytest.mark.parametrize(("operation", "channel"), SAVES)
def test_every_save_is_sent_and_its_id_is_read(operation: Operation, channel: str) -> None:
    line = Line(operation.connector, channel)
    saved = line.saved(operation)
    assert saved.id
    assert saved.number is None or saved.number in document(operation.operation).values()


@pytest.mark.parametrize(("operation", "channel"), FOUND)
def test_every_save_that_can_be_looked_up_is_found_by_our_number_under_its_id(
    operation: Operation, channel: str
) -> None:
    look = operation.lookup
    assert look is not None
    line, number = Line(operation.connector, channel), document(operation.operation)[look.number_field]
    listing = line.plan(REGISTRY.operations[look.operation])
    call = listing.query({**look.ask, look.by: number})
    if look.where:
        assert not _hits(operation, line, listing, call, number)
    saved = line.saved(operation)
    assert _hits(operation, line, listing, call, number) == [saved.id]


@pytest.mark.parametrize(("operation", "channel"), STRICT)
def test_a_save_again_is_the_same_or_no_yes_at_all(operation: Operation, channel: str) -> None:
    """Where a save is `repeatable` sending it again changes nothing; else nobody is told that it was refused."""
    line = Line(operation.connector, channel)
    saved = line.saved(operation)
    if operation.repeatable:
        assert line.saved(operation).id == saved.id
        return
    with pytest.raises(Fault) as raised:
        line.saved(operation)
    assert raised.value.kind == "unknown"


@pytest.mark.parametrize(("operation", "channel"), DETAILED)
def test_a_list_row_leads_to_its_detail(operation: Operation, channel: str) -> None:
    assert operation.detail is not None
    line = Line(operation.connector, channel)
    plan, whole = line.plan(operation), line.plan(REGISTRY.operations[operation.detail.operation])
    (row,) = plan.judge.page(line.said(plan.query(ask_of(operation.operation, line.shop)))).rows
    asked = {name: at(path)(row) for name, path in operation.detail.ask.items()}
    (more,) = whole.judge.page(line.said(whole.query(asked))).rows
    assert [text(more[name]) for name in operation.key] == [text(row[name]) for name in operation.key]
    assert any(isinstance(value, list) and value for value in more.values())


@pytest.mark.parametrize("channel", ["qimen", "classic"])
@pytest.mark.parametrize("name", ["wdt.logistics.sync.query", "wdt.api.goods.stock.change.query"])
def test_a_pool_gives_its_rows_again_until_they_are_acknowledged(name: str, channel: str) -> None:
    line, pool = Line("wdt", channel), REGISTRY.operations[name]
    assert pool.acknowledge is not None
    ack, plan = REGISTRY.operations[pool.acknowledge.operation], line.plan(pool)
    for _ in range(2):
        (row,) = plan.judge.page(line.said(plan.query(ask_of(name, line.shop)))).rows
    told = {field: at(path)(row) for field, path in pool.acknowledge.fields.items()} | pool.acknowledge.done
    body = encode(told)
    acking = line.plan(ack)
    assert acking.one_saved(body)(line.said(acking.save([body]))).id == text(row["rec_id"])
    assert plan.judge.page(line.said(plan.query(ask_of(name, line.shop)))).rows == []


def _hits(operation: Operation, line: Line, listing: Plan, call: Call, number: object) -> list[str]:
    look = operation.lookup
    assert look is not None
    found, ident = at(look.number or look.by), at(look.id)
    rows = listing.judge.page(line.said(call)).rows
    if look.where:
        rows = [row for row in rows if all(text(at(one.at)(row)) in (one.is_ or ()) for one in look.where)]
    return [text(ident(row)) or "" for row in rows if text(found(row)) == number]
