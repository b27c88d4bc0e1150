"""用友BIP's simulator: what it refuses, and its three answers to a repeated key."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from engine.exact import encode
from engine.model.values import Call
from engine.simulate.frame import Answer, Simulator
from tests.connectors.drive import NOW, asks, auth_of, fresh, fresh_tokens, said, settings_of, signed

LATER = NOW + timedelta(seconds=5)


class Tenant:
    """A simulator with somebody who is let in."""

    def __init__(self, **options: Any) -> None:
        self.shop: Simulator = fresh("yonbip", **options)
        self.tokens = fresh_tokens()

    def post(self, path: str, body: Any, now: datetime = NOW) -> Answer:
        _, settings = settings_of(self.shop, "default")
        call = Call("POST", f"/yonbip/scm/othoutrecord/{path}", body=encode(body))
        auth = auth_of("yonbip", "default")
        return said(
            self.shop, signed(auth, call, settings, now, tokens=self.tokens, answer=asks(self.shop, now)), now
        )

    def save(self, **fields: Any) -> dict[str, Any]:
        return heard(self.post("single/save", {"data": document(**fields)}))

    def find(self, code: str, now: datetime = LATER, **ask: Any) -> list[dict[str, Any]]:
        body = {"pageIndex": 1, "pageSize": 10, "isSum": True, "code": code, **ask}
        return cast(list[dict[str, Any]], heard(self.post("list", body, now))["data"]["recordList"])


def heard(answer: Answer) -> dict[str, Any]:
    return cast(dict[str, Any], answer.reply().data)


def document(**fields: Any) -> dict[str, Any]:
    line = {"product": "PD000001", "qty": Decimal("2.5000"), "stockUnitId": "GE", "_status": "Insert"}
    head = {"org": "001", "accountOrg": "001", "bustype": "A10001", "warehouse": "CK01", "_status": "Insert"}
    told = {
        "code": "CK1",
        "resubmitCheckKey": "k1",
        "vouchdate": "2026-11-20",
        **head,
        "othOutRecords": [line],
    }
    return {**told, **fields}


def test_a_good_document_gets_a_nineteen_digit_id_and_keeps_its_number() -> None:
    reply = Tenant().save()
    assert str(reply["code"]) == "200"
    assert len(str(reply["data"]["id"])) == 19
    assert isinstance(reply["data"]["id"], int)
    assert reply["data"]["code"] == "CK1"


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"warehouse": ""}, "999", "仓库不能为空"),
        ({"warehouse": "CK99"}, "310101", "warehouse=CK99"),
        ({"org": "002"}, "310101", "org=002"),
        ({"othOutRecords": []}, "999", "子表不能为空"),
        ({"othOutRecords": [{"product": "PD999999", "qty": 1, "_status": "Insert"}]}, "1002", "PD999999"),
        (
            {"othOutRecords": [{"product": "PD000001", "qty": "1.0", "_status": "Insert"}]},
            "999",
            "必须为数字",
        ),
        ({"othOutRecords": [{"product": "PD000001", "_status": "Insert"}]}, "999", "数量不能为空"),
        (
            {"othOutRecords": [{"product": "PD000001", "qty": 1, "unit": "DOZEN", "_status": "Insert"}]},
            "999",
            "计量单位[DOZEN]",
        ),
        ({"resubmitCheckKey": "k" * 33}, "999", "32位"),
        ({"_status": "Update", "id": "1"}, "1002", "数据不存在"),
    ],
)
def test_a_wrong_document_is_refused_in_chinese_and_not_kept(
    fields: dict[str, Any], code: str, words: str
) -> None:
    tenant = Tenant()
    reply = tenant.save(**fields)
    assert reply["code"] == code
    assert words in reply["message"]
    assert tenant.shop.written() == []


def test_several_problems_come_as_a_list_inside_the_message() -> None:
    message = Tenant().save(warehouse=None, vouchdate="")["message"]
    assert message.startswith('[{"message":"单据日期不能为空"}')


@pytest.mark.parametrize(
    ("keys", "documents", "says"), [("same_id", 1, "200"), ("error", 1, "999"), ("ignored", 2, "200")]
)
def test_a_repeated_key_has_three_answers(keys: str, documents: int, says: str) -> None:
    tenant = Tenant(keys=keys)
    first, second = tenant.save(), tenant.save()
    assert len(tenant.shop.written()) == documents
    assert str(second["code"]) == says
    assert (second["data"] or {}).get("id") == (
        first["data"]["id"] if keys == "same_id" else None
    ) or documents == 2


def test_a_document_is_found_only_after_a_while_and_not_alone() -> None:
    tenant = Tenant(shows_after=2)
    made = tenant.save()["data"]["id"]
    tenant.save(code="CK1-1", resubmitCheckKey="k2")
    assert tenant.find("CK1", NOW + timedelta(seconds=1)) == []
    found = tenant.find("CK1", NOW + timedelta(seconds=2))
    assert [row["code"] for row in found] == ["CK1", "CK1-1"]
    assert found[0]["id"] == str(made)


def test_without_is_sum_a_head_comes_once_for_each_line() -> None:
    tenant = Tenant()
    line = document()["othOutRecords"][0]
    tenant.save(othOutRecords=[line, {**line, "product": "PD000002"}])
    rows = tenant.find("CK1", isSum=False)
    assert [row["othOutRecords_product_cCode"] for row in rows] == ["PD000001", "PD000002"]
    assert len({row["id"] for row in rows}) == 1


def test_a_tenant_with_its_own_numbers_replaces_ours() -> None:
    tenant = Tenant(own_numbers=True)
    number = tenant.save()["data"]["code"]
    assert number != "CK1"
    assert tenant.find("CK1") == []
    assert [row["code"] for row in tenant.find(number)] == [number]


@pytest.mark.parametrize(("ask", "code"), [({"pageIndex": None}, "310008"), ({"pageSize": "ten"}, "310061")])
def test_the_list_wants_its_page_numbers(ask: dict[str, Any], code: str) -> None:
    body = {"pageIndex": 1, "pageSize": 10, **ask}
    assert heard(Tenant().post("list", body))["code"] == code


def test_a_token_ends_after_two_hours_or_when_the_vendor_forgets_it() -> None:
    tenant = Tenant()
    tenant.save()
    old = tenant.tokens.fresh("access_token", NOW)
    path = "http://vendor.test/iuap-api-gateway/yonbip/scm/othoutrecord/list"
    call = Call("POST", path, {"access_token": old or ""}, body=b'{"pageIndex":1,"pageSize":1}')
    assert heard(said(tenant.shop, call, NOW + timedelta(seconds=7199)))["code"] == "200"
    assert heard(said(tenant.shop, call, NOW + timedelta(seconds=7200)))["code"] == "310036"


def test_a_call_a_second_too_many_is_a_429() -> None:
    tenant = Tenant(per_second=2)
    answers = [tenant.post("list", {"pageIndex": 1, "pageSize": 1}) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]


def test_a_path_that_is_not_there_is_310404() -> None:
    assert heard(Tenant().post("batch/save", {}))["code"] == "310404"


def test_the_first_kind_of_repeated_keys_is_the_only_choice_of_words() -> None:
    with pytest.raises(ValueError, match="same_id"):
        Tenant(keys="sometimes")
