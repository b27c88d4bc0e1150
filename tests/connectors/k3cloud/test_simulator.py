"""The 金蝶云星空 simulator keeps to what we know of the vendor, on both channels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from engine.errors import Fault
from engine.exact import decode, encode
from engine.model.values import Json, Record
from engine.simulate.frame import Heard
from tests.connectors.drive import NOW, fresh
from tests.connectors.furnish import furnish
from tests.connectors.k3cloud.shelf import WINDOW, model
from tests.connectors.test_round_trips import REGISTRY, Line

SAVE, BATCH = "k3cloud.SAL_OUTSTOCK.Save", "k3cloud.SAL_OUTSTOCK.BatchSave"
QUERY = "k3cloud.SAL_OUTSTOCK.Query"

both = pytest.mark.parametrize("channel", ["signed", "session"])


def empty(channel: str = "signed", **options: Json) -> Line:
    return Line("k3cloud", channel, fresh("k3cloud", **options))


def save(line: Line, *documents: Record, operation: str = SAVE) -> list[Any]:
    """What became of each: the id, or the fault's kind."""
    plan = line.plan(REGISTRY.operations[operation])
    bodies = [encode(one) for one in documents]
    try:
        told = plan.saved(bodies)(line.said(plan.save(bodies)))
    except Fault as fault:
        return [fault.kind]
    return [one.kind if isinstance(one, Fault) else one.id for one in told]


def rows(line: Line, name: str = QUERY, **asked: Json) -> list[Record]:
    plan = line.plan(REGISTRY.operations[name])
    given = {**WINDOW, **asked}
    return plan.judge.page(line.said(plan.query(given)), columns=plan.columns(given)).rows


@both
def test_a_bill_is_sent_under_its_form_and_found_by_our_number(channel: str) -> None:
    line = empty(channel)
    (ident,) = save(line, model("A-1"))
    call = line.plan(REGISTRY.operations[SAVE]).save([encode(model("A-2"))])
    sent = cast(dict[str, Any], decode(call.body or b""))
    assert sent["formid"] == "SAL_OUTSTOCK"
    assert sent["data"]["Model"] == model("A-2")
    (row,) = rows(line, FBillNo="A-1")
    assert str(row["FID"]) == ident
    assert row["FCustomerID"] == {"FNumber": "KH001", "FName": "旗舰店散客"}
    assert row["FDocumentStatus"] == "A"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"FCustomerID": {"FNumber": "nobody"}}, "refused"),
        ({"FEntity": []}, "refused"),
        ({"FDate": ""}, "refused"),
        ({"FEntity": [{"FMaterialID": {"FNumber": "10.0001"}, "FRealQty": 0}]}, "refused"),
        ({"FBillNo": "TAKEN"}, "unknown"),
    ],
)
def test_what_is_surely_wrong_is_refused_and_a_number_that_is_taken_is_looked_up(
    change: Record, kind: str
) -> None:
    line = empty()
    save(line, model("TAKEN"))
    assert save(line, {**model("A-2"), **change}) == [kind]
    assert len(line.shop.written()) == 1


def test_some_of_a_batch_are_saved_and_each_is_told_by_its_place() -> None:
    line = empty()
    wrong = {**model("B-2"), "FCustomerID": {"FNumber": "nobody"}}
    save(line, model("B-3"))
    told = save(line, model("B-1"), wrong, model("B-3"), model("B-4"), operation=BATCH)
    assert [one if one in ("refused", "unknown") else "saved" for one in told] == [
        "saved", "refused", "unknown", "saved",
    ]  # fmt: skip
    assert [one["number"] for one in line.shop.written()] == ["B-3", "B-1", "B-4"]


def test_a_batch_that_was_turned_down_whole_says_so_for_all() -> None:
    line = empty("session", session_life=0)
    with pytest.raises(Fault) as raised:
        plan = line.plan(REGISTRY.operations[BATCH])
        bodies = [encode(model("B-1")), encode(model("B-2"))]
        plan.saved(bodies)(line.said(plan.save(bodies)))
    assert raised.value.kind == "login"


def test_a_bill_is_made_submitted_and_audited_in_this_order_only() -> None:
    line = empty()
    (ident,) = save(line, model("C-1"))
    audit, submit = "k3cloud.SAL_OUTSTOCK.Audit", "k3cloud.SAL_OUTSTOCK.Submit"
    assert save(line, {"Ids": ident}, operation=audit) == ["unknown"]
    assert save(line, {"Ids": ident}, operation=submit) == [ident]
    assert save(line, {"Ids": ident}, operation=audit) == [ident]
    assert save(line, {"Ids": ident}, operation=audit) == ["unknown"]
    assert rows(line, FID=ident)[0]["FDocumentStatus"] == "C"


def test_an_account_with_numbers_of_its_own_keeps_none_of_ours() -> None:
    line = empty(own_numbers=True)
    plan = line.plan(REGISTRY.operations[SAVE])
    body = encode(model("OURS-1"))
    assert plan.one_saved(body)(line.said(plan.save([body]))).number == "XSCKD000001"
    assert rows(line, FBillNo="OURS-1") == []


def test_a_query_reads_on_after_the_last_key_and_a_quote_in_a_number_stays_a_quote() -> None:
    line = empty()
    for number in ("D-1", "D-2'x", "D-3"):
        save(line, model(number))
    plan = line.plan(REGISTRY.operations[QUERY])
    first = plan.judge.page(line.said(plan.query({**WINDOW, "Limit": 2})))
    assert [row["FBillNo"] for row in first.rows] == ["D-1", "D-2'x"]
    assert [row["FBillNo"] for row in rows(line, after=first.next)] == ["D-3"]
    assert [row["FBillNo"] for row in rows(line, FBillNo="D-2'x")] == ["D-2'x"]
    assert rows(line, FBillNo="D-9' or FBillNo<>'") == []


def test_what_a_scheme_asks_for_stands_beside_the_engines_own_conditions() -> None:
    line = Line("k3cloud", "signed", furnish(fresh("k3cloud")))
    found = rows(line, filter="FDocumentStatus='C'")
    assert [row["FBillNo"] for row in found] == ["XSCKD-3"]
    assert rows(line, filter="FDocumentStatus='C'", modified_to="2026-01-02 00:00:00") == []
    with pytest.raises(Fault, match="不存在"):
        rows(line, filter="FNoSuch='C'")


def test_any_form_is_read_by_the_fields_that_are_asked_for() -> None:
    line = empty()
    line.shop.tell(
        "rows", {"of": "STK_InStock", "rows": [{"FID": 7, "FBillNo": "RK1", "FModifyDate": "2026-11-20T09:00:00"}]}, NOW
    )  # fmt: skip
    found = rows(line, "k3cloud.ExecuteBillQuery", FormId="STK_InStock", FieldKeys="FID, FBillNo")
    assert found == [{"FID": 7, "FBillNo": "RK1"}]


def test_a_session_that_ran_out_is_told_and_nothing_was_done() -> None:
    shop = fresh("k3cloud", session_life=60)
    line = Line("k3cloud", "session", shop)
    save(line, model("E-1"))
    heard = line.plan(REGISTRY.operations[SAVE]).save([encode(model("E-2"))])
    late = NOW + timedelta(hours=2)
    answer = shop.hear(of_session(shop, heard), late)
    assert b'"MsgCode":1' in answer.body
    assert len(shop.written()) == 1


def of_session(shop: Any, call: Any) -> Any:
    (session,) = shop._sessions
    return Heard.of(call.with_headers({"kdservice-sessionid": session}))
