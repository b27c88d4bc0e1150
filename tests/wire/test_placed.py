"""Where what is asked with and what is sent go: conditions as text, dotted places, rows that are bare values."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Fault
from engine.exact import decode, encode
from engine.model.catalog import Operation
from engine.model.values import Json, Reply
from engine.wire.calls import Plan
from engine.wire.tokens import MemoryTokens, Ring
from tests.wire.build import connector

ASK = [
    {"name": "from", "to": "data.Filter", "phrase": "Changed>='{}'"},
    {"name": "until", "to": "data.Filter", "phrase": "Changed<'{}'"},
    {"name": "after", "to": "data.Filter", "phrase": "Id>{}"},
    {"name": "own", "to": "data.Filter", "phrase": "({})"},
    {"name": "size", "to": "data.Limit"},
    {"name": "keys", "to": "data.Keys"},
]
QUERY: dict[str, Any] = {
    "operation": "toy.rows",
    "kind": "query",
    "call": {"default": {"path": "/rows", "params": {"data": {"Form": "F1", "Keys": "Id,No"}}}},
    "rows": ".",
    "columns": ["Id", "No"],
    "columns_in": "keys",
    "key": ["Id"],
    "ok": [{"at": "0.0.error", "is": [None]}],
    "ask": ASK,
    "source": "a test",
}
SAVE: dict[str, Any] = {
    "operation": "toy.save",
    "kind": "save",
    "call": {
        "default": {"path": "/save", "wrap": "data.Model", "around": {"form": "F1", "data": {"Check": True}}}
    },
    "result": {"id": "id"},
    "source": "a test",
}


def plan(form: dict[str, Any]) -> Plan:
    made = Operation.model_validate(form)
    return Plan(connector(), "default", made, "https://toy.test", (), Ring(MemoryTokens(), "toy"), None)


def asked(params: dict[str, Json]) -> Any:
    return decode(plan(QUERY).query(params).body or b"")


def page(data: Json, columns: tuple[str, ...] = ()) -> Any:
    return plan(QUERY).judge.page(Reply(200, {}, encode(data), data), columns=columns)


def test_what_is_asked_with_goes_to_its_place_and_leaves_what_stands_there() -> None:
    assert asked({"size": 50}) == {"data": {"Form": "F1", "Keys": "Id,No", "Limit": 50}}


def test_conditions_of_one_place_are_joined_and_those_not_given_are_left_out() -> None:
    told = asked({"from": "2026-01-01", "until": "2026-02-01", "after": None, "own": "A=1 or A=2"})
    assert told["data"]["Filter"] == "Changed>='2026-01-01' and Changed<'2026-02-01' and (A=1 or A=2)"


def test_a_fixed_condition_holds_beside_those_that_are_asked() -> None:
    form = {**QUERY, "call": {"default": {"path": "/rows", "params": {"data": {"Filter": "A=1 or B=1"}}}}}
    call = plan(form).query({"after": "7"})
    assert decode(call.body or b"") == {"data": {"Filter": "(A=1 or B=1) and Id>7"}}


def test_a_quote_in_a_value_does_not_end_its_text() -> None:
    assert asked({"from": "x' or '1'='1"})["data"]["Filter"] == "Changed>='x'' or ''1''=''1'"


def test_rows_of_bare_values_get_the_names_that_were_asked_for() -> None:
    assert page([[1, "A"]]).rows == [{"Id": 1, "No": "A"}]
    columns = plan(QUERY).columns({"keys": "Id, Stock.No ,Stock.Name"})
    assert columns == ("Id", "Stock.No", "Stock.Name")
    assert page([[1, "W1", "one"]], columns).rows == [{"Id": 1, "Stock": {"No": "W1", "Name": "one"}}]


def test_a_name_with_a_dot_beside_its_own_head_loses_neither() -> None:
    assert page([[1, 9, "W1"]], ("Id", "Stock", "Stock.No")).rows == [{"Id": 1, "Stock": 9, "Stock.No": "W1"}]


@pytest.mark.parametrize("data", [[[1, "A", "more"]], [{"error": "no"}], {"Id": 1}, [[{"error": "no"}]]])
def test_rows_that_are_not_as_they_were_asked_for_are_no_rows(data: Json) -> None:
    with pytest.raises(Fault):
        page(data)


def test_the_documents_bytes_stand_whole_within_what_is_around_them() -> None:
    body = b'{"qty":1.50,"no":"A"}'
    sent = plan(SAVE).save([body]).body or b""
    assert body in sent
    assert decode(sent) == {"form": "F1", "data": {"Check": True, "Model": decode(body)}}


def test_rows_of_a_batch_are_known_by_their_place_in_the_call() -> None:
    batch = {"most": 3, "done": "ok", "refused": "no", "field": "no", "index": "at", "message": "says"}
    form = {**SAVE, "batch": batch, "ok": []}
    bodies = [b'{"no":"A"}', b'{"no":"A"}', b'{"no":"B"}']
    data: Json = {"ok": [{"at": 2, "id": 9}, {"at": 0, "id": 7}], "no": [{"at": 1, "says": "whatever"}]}
    told = plan(form).saved(bodies)(Reply(200, {}, encode(data), data))
    assert [getattr(one, "id", None) or getattr(one, "kind", None) for one in told] == ["7", "unknown", "9"]
