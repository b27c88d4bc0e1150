"""Yes and no as data: each vendor's own way of saying them, and replies without any sense."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import Fault
from engine.model.catalog import Operation
from engine.wire.envelope import Judge, Page
from engine.wire.path import at, text
from tests.wire.build import LIST, QIMEN, QUERY, SAVE, connector, reply


def qimen(operation: Operation = QUERY) -> Judge:
    return Judge(connector(envelope=QIMEN), "default", operation, str)


def bip(operation: Operation = LIST) -> Judge:
    return Judge(connector(), "default", operation, str)


def broken(judge: Judge, data: Any, **how: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        judge.page(reply(data, **how))
    return caught.value


@pytest.mark.parametrize(
    "said",
    [
        {"flag": "success", "errorcode": 0, "code": ""},
        {"flag": "success", "errorcode": "0"},
        {"errorcode": None},
        {"flag": "success", "code": "0", "errorcode": 0},
        {},
    ],
)
def test_all_the_ways_to_say_yes(said: dict[str, Any]):
    assert qimen().page(reply({"response": {**said, "total_count": 0}})) == Page([], 0)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"flag": "failure", "errorcode": 0, "code": "15", "sub_code": "isv.x"}, "isv.x"),
        ({"flag": "success", "errorcode": 1020}, "1020"),
        ({"flag": "failure"}, None),
        ({"code": "29"}, "29"),
    ],
)
def test_a_no_under_status_200_is_a_no_and_its_code_is_the_one_that_is_no_yes(
    said: dict[str, Any], code: str | None
):
    fault = broken(qimen(), {"response": {**said, "sub_message": "不行"}})
    assert (fault.kind, fault.code) == ("broken", code)
    assert "不行" in fault.says


def test_an_error_of_the_gateway_stands_beside_the_root():
    said = {
        "code": 7,
        "msg": "App Call Limited",
        "sub_msg": "调用频率超限",
        "sub_code": "accesscontrol.limited",
    }
    fault = broken(qimen(), {"error_response": said})
    assert (fault.kind, fault.code) == ("busy", "accesscontrol.limited")
    assert "调用频率超限" in fault.says


@pytest.mark.parametrize(
    ("data", "body", "status", "words"),
    [
        (None, b"", 200, "空的"),
        (None, b"\n <html><body>504</body></html>", 200, "网页"),
        (None, b'{"response":{"stock', 200, "完整"),
        (None, b"<h1>Bad Gateway</h1>", 502, "HTTP 502"),
        ([], b"[]", 200, "完整"),
        ("ok", b'"ok"', 200, "完整"),
        ({}, b"{}", 200, "response"),
        ({"response": None}, b"{}", 200, "response"),
        ({"response": []}, b"{}", 200, "response"),
    ],
)
def test_a_reply_without_sense_is_broken_and_says_how(data: Any, body: bytes, status: int, words: str):
    fault = broken(qimen(), data, status=status, body=body)
    assert fault.kind == "broken"
    assert words in fault.says


@pytest.mark.parametrize(("status", "kind", "alone"), [(200, "busy", True), (502, "unknown", False)])
def test_a_locked_document_waits_alone_and_only_a_sound_reply_says_so(status: int, kind: str, alone: bool):
    with pytest.raises(Fault) as caught:
        bip(SAVE).saved(reply({"code": "999", "message": "库存被占用"}, status))
    fault = caught.value
    assert (fault.kind, fault.alone, fault.sent) == (kind, alone, not alone)
    assert (fault.wait == timedelta(seconds=3)) is alone


@pytest.mark.parametrize("status", [201, 500, 404, 204])
def test_a_yes_counts_only_under_a_good_status(status: int):
    said = reply({"code": "200", "data": {"id": 1}}, status)
    if status < 300:
        saved = bip(SAVE).saved(said)
        assert (saved.id, saved.number) == ("1", None)
    else:
        with pytest.raises(Fault) as caught:
            bip(SAVE).saved(said)
        assert (caught.value.kind, caught.value.code) == ("unknown", str(status))


@pytest.mark.parametrize("listed", [None, []])
def test_a_missing_list_is_no_rows(listed: Any):
    assert qimen().page(reply({"response": {"total_count": 0, "stockout_list": listed}})).rows == []
    assert qimen().page(reply({"response": {}}), first=False).rows == []


@pytest.mark.parametrize("listed", ["", {}, "none", 0, [1, 2], [[]], [{"a": 1}, None]])
def test_a_list_that_is_none_is_broken(listed: Any):
    assert broken(qimen(), {"response": {"total_count": 1, "stockout_list": listed}}).kind == "broken"


@pytest.mark.parametrize(
    "said",
    [
        {"total_count": 3},
        {"total_count": 3, "stockout_list": []},
        {"stockout_list": [{"id": 1}]},
        {"total_count": "many", "stockout_list": [{}]},
    ],
)
def test_a_total_and_rows_that_contradict_each_other_are_a_failed_read(said: dict[str, Any]):
    assert "对不上" in broken(qimen(), {"response": said}).says


def test_a_total_told_only_on_the_first_page_is_believed_only_there():
    said = {"response": {"total_count": 0, "stockout_list": [{"id": 1}]}}
    assert qimen().page(reply(said), first=False) == Page([{"id": 1}], None)


def test_a_total_is_read_as_text_and_as_number():
    for total in (1, "1"):
        assert bip().page(reply({"code": 200, "data": {"recordList": [{}], "recordCount": total}})).total == 1


def test_a_done_without_an_id_is_unknown():
    with pytest.raises(Fault) as caught:
        bip(SAVE).saved(reply({"code": "200", "data": {"code": "CK01"}}))
    assert caught.value.kind == "unknown"


def test_an_id_of_nineteen_digits_stays_exact():
    assert (
        bip(SAVE).saved(reply({"code": "200", "data": {"id": 2134567890123456789}})).id
        == "2134567890123456789"
    )


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (json.dumps([{"message": "a"}, {"message": "b"}]), "a；b"),
        ([{"message": "a"}, "b"], "a；b"),
        ({"message": "a"}, "a"),
        ("[不是列表", "[不是列表"),
        (" 缺少仓库 ", "缺少仓库"),
        (404, "404"),
        (None, "没有说明"),
    ],
)
def test_messages_in_all_their_shapes_are_words(message: Any, words: str):
    assert f"：{words}（" in broken(bip(), {"code": "999", "message": message}).says


def test_paths_walk_objects_and_lists_and_end_softly():
    data: Any = {"errors": [{"message": "x"}], "n": 1}
    assert at("errors.0.message")(data) == "x"
    assert at("errors.7.message")(data) is None
    assert at("n.deeper")(data) is None
    assert at("")(data) is data
    assert (text(True), text(10**30), text(None), text("0")) == ("true", str(10**30), None, "0")


def test_rows_of_bare_values_get_the_names_the_catalogue_tells():
    judge = bip(LIST.model_copy(update={"columns": ("id", "code")}))
    told = {"code": "200", "data": {"recordCount": 2, "recordList": [["7", "A"], ["8", "B"]]}}
    assert judge.page(reply(told)).rows == [{"id": "7", "code": "A"}, {"id": "8", "code": "B"}]
    told["data"]["recordList"][1].append("C")  # type: ignore[index]
    assert broken(judge, told).kind == "broken"
