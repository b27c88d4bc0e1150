"""Batches: several documents in one call, an outcome for each; acknowledgements, form lists, own ids."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Fault
from engine.exact import canonical, decode, encode
from engine.model.catalog import Operation
from engine.model.values import Json, Reply
from engine.wire.calls import Plan
from engine.wire.envelope import Saved
from engine.wire.tokens import MemoryTokens, Ring
from tests.wire.build import SAVE, connector
from tests.wire.test_talk import run
from tests.wire.vendor import says

BATCH = {
    "most": 3,
    "done": "data.infos",
    "refused": "data.failInfos",
    "field": "code",
    "row": "code",
}


def plan(how: dict[str, Any] | None = None, **operation: Any) -> Plan:
    made = Operation.model_validate(
        {
            "operation": "toy.batch",
            "kind": "save",
            "call": {"default": {"path": "/batch", "wrap": "data"} | (how or {})},
            "result": {"id": "id", "number": "code"},
            "batch": BATCH,
            "source": "a test",
        }
        | operation
    )
    return Plan(connector(), "default", made, "http://vendor.test", (), Ring(MemoryTokens(), "toy"), None)


def bodies(*codes: str) -> list[bytes]:
    return [canonical({"code": code}) for code in codes]


def outcomes(sent: list[bytes], infos: list[Json], fails: list[Json], using: Plan | None = None) -> list[str]:
    """What became of each document: its id, or the kind of its fault."""
    data: Json = {"code": 200, "data": {"infos": infos, "failInfos": fails}}
    read = (using or plan()).saved(sent)(Reply(200, {}, b"", data))
    return [one.kind if isinstance(one, Fault) else one.id for one in read]


def test_documents_travel_as_a_list_also_where_there_is_one():
    assert plan().save(bodies("A")).body == b'{"data":[{"code":"A"}]}'
    assert plan().save(bodies("A", "B")).body == b'{"data":[{"code":"A"},{"code":"B"}]}'


def test_each_row_settles_the_document_whose_number_it_repeats():
    infos: list[Json] = [{"id": 2, "code": "B"}]
    fails: list[Json] = [{"code": "A", "message": "仓库不能为空"}, {"code": "C", "message": "单据重复"}]
    assert outcomes(bodies("A", "B", "C"), infos, fails) == ["refused", "2", "unknown"]


def test_the_one_row_of_one_document_is_its_own_whatever_number_it_got():
    assert outcomes(bodies("A"), [{"id": 9, "code": "QT001"}], []) == ["9"]
    assert outcomes(bodies("A"), [], [{"message": "仓库不能为空"}]) == ["refused"]


def test_a_yes_without_the_id_is_unknown():
    assert outcomes(bodies("A"), [{"code": "A"}], []) == ["unknown"]


def test_refused_rows_without_a_number_are_those_that_are_left():
    fails: list[Json] = [{"message": "仓库不能为空"}, {"message": "数量不能为空"}]
    assert outcomes(bodies("A", "B", "C"), [], fails) == ["unknown"] * 3
    assert outcomes(bodies("A", "B"), [], fails) == ["refused"] * 2
    unsure: list[Json] = [{"message": "仓库不能为空"}, {"message": "系统异常"}]
    assert outcomes(bodies("A", "B"), [], unsure) == ["unknown"] * 2


@pytest.mark.parametrize(
    "infos",
    [
        [],
        [{"id": 1, "code": "A"}, {"id": 2, "code": "A"}],
        [{"id": 1, "code": "X"}, {"id": 2, "code": "Y"}],
        "no list",
    ],
)
def test_what_can_be_read_in_two_ways_is_unknown(infos: Any):
    assert outcomes(bodies("A", "B"), infos, []) == ["unknown"] * 2


def test_documents_of_the_same_number_are_not_told_apart():
    assert outcomes(bodies("A", "A"), [{"id": 1, "code": "A"}], []) == ["unknown"] * 2


def test_a_row_among_both_the_saved_and_the_refused_is_unknown():
    assert outcomes(bodies("A"), [{"id": 1, "code": "A"}], [{"code": "A", "message": "数量不能为空"}]) == [
        "unknown"
    ]


def test_where_only_errors_are_told_all_others_are_done_under_their_own_id():
    batch = {"most": 100, "refused": "data.failInfos", "field": "rec_id", "message": "error"}
    acks = plan(batch=batch, result={"own": "rec_id"})
    sent = [canonical({"rec_id": number, "status": 0}) for number in (7, 8)]
    assert outcomes(sent, [], [], acks) == ["7", "8"]
    assert outcomes(sent, [], [{"rec_id": 8, "error": "数量不能为空"}], acks) == ["7", "refused"]


def test_a_form_carries_the_list_as_json_and_some_fields_beside_it():
    pushing = plan({"body": "form", "wrap": "trade_list", "beside": ("shop_no",)})
    sent = [encode({"shop_no": "S1", "tid": "T1"}), encode({"shop_no": "S1", "tid": "T2"})]
    call = pushing.save(sent)
    assert call.form == {"shop_no": "S1", "trade_list": '[{"tid":"T1"},{"tid":"T2"}]'}
    with pytest.raises(Fault) as raised:
        pushing.save([sent[0], encode({"shop_no": "S2", "tid": "T2"})])
    assert (raised.value.kind, raised.value.sent) == ("refused", False)


def test_a_json_call_carries_fields_beside_the_document_too():
    body = plan({"beside": ("shop_no",)}).save([encode({"shop_no": "S1", "qty": 1})]).body
    assert decode(body or b"") == {"shop_no": "S1", "data": [{"qty": 1}]}


def test_a_vendor_without_ids_gives_the_document_its_own():
    own = plan(batch=None, result={"own": "goods_no"})
    read = own.saved([canonical({"goods_no": "G1"})])
    assert read(Reply(200, {}, b"", {"code": "200"})) == [Saved("G1")]


def test_save_all_sends_once_and_tells_how_many_were_saved():
    operation = SAVE.model_copy(update={"batch": plan().operation.batch, "result": plan().operation.result})
    data: Json = {"code": 200, "data": {"infos": [{"id": 1, "code": "A"}], "failInfos": [{"code": "B"}]}}
    answers, spoken = run(says(data), lambda spoken: spoken.talk.save_all(operation, bodies("A", "B")))
    assert answers[0] == Saved("1", "A")
    assert answers[1].kind == "unknown"
    assert [told.says for told in spoken.heard] == ["1 张已存下，1 张没有。"]
    assert len(spoken.vendor.asked) == 1


def test_save_all_refuses_more_than_one_call_takes():
    with pytest.raises(ValueError, match="1 to 1"):
        run(says({}), lambda spoken: spoken.talk.save_all(SAVE, bodies("A", "B")))


def test_the_one_document_of_a_batch_raises_its_fault_as_any_save_does():
    operation = SAVE.model_copy(update={"batch": plan().operation.batch, "result": plan().operation.result})
    data: Json = {"code": 200, "data": {"infos": [], "failInfos": [{"message": "数量不能为空"}]}}
    fault, spoken = run(says(data), lambda spoken: spoken.talk.save(operation, bodies("A")[0]))
    assert fault.kind == "refused"
    assert [told.verdict for told in spoken.heard] == ["refused"]
