"""The 聚水潭 simulator keeps to what we know of the vendor: pages, windows, articles, orders and their sums."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.errors import Fault
from engine.exact import encode
from engine.model.values import Json, Record
from tests.connectors.drive import NOW, fresh
from tests.connectors.furnish import document, furnish
from tests.connectors.jushuitan.shelf import HOUR, out
from tests.connectors.test_round_trips import LATER, REGISTRY, Line


def line(**options: Json) -> Line:
    return Line("jushuitan", "default", furnish(fresh("jushuitan", **options)))


def page(line: Line, name: str, **asked: Json) -> Any:
    plan = line.plan(REGISTRY.operations["jushuitan." + name])
    return plan.judge.page(line.said(plan.query(asked)))


def save(line: Line, name: str, **changes: Json) -> str:
    name = "jushuitan." + name
    plan, body = line.plan(REGISTRY.operations[name]), encode({**document(name), **changes})
    return plan.one_saved(body)(line.said(plan.save([body]))).id


def idents(rows: list[Record]) -> list[Json]:
    return [row["io_id"] for row in rows]


def test_outbound_is_told_by_the_time_it_changed_in_pages_with_a_total() -> None:
    shop = line()
    shop.shop.tell("outs", {"outs": [out(n, NOW - timedelta(minutes=n)) for n in range(10, 17)]}, NOW)
    whole = page(shop, "orders.out.query", **HOUR, page_index=1, page_size=50)
    assert whole.total == len(whole.rows) == 9
    parts = [page(shop, "orders.out.query", **HOUR, page_index=n, page_size=4) for n in (1, 2, 3)]
    assert [one for part in parts for one in idents(part.rows)] == idents(whole.rows)
    assert {part.total for part in parts} == {9}
    some = page(shop, "orders.out.query", **HOUR, page_index=1, page_size=50, status="WaitConfirm")
    assert idents(some.rows) == [900002]
    named = page(shop, "orders.out.query", so_ids=["T1", "T10"], page_index=1, page_size=50)
    assert idents(named.rows) == [900001, 900010]


@pytest.mark.parametrize(
    ("asked", "says", "kind"),
    [
        ({**HOUR, "page_size": 51}, "最大50", "broken"),
        ({**HOUR, "modified_begin": "2026-11-01 00:00:00"}, "7天", "broken"),
        ({"page_index": 1}, "不能为空", "refused"),
    ],
)
def test_what_the_platform_does_not_take_is_told(asked: Record, says: str, kind: str) -> None:
    with pytest.raises(Fault, match=says) as raised:
        page(line(), "orders.query", **asked)
    assert raised.value.kind == kind


def test_an_article_sent_again_is_changed_and_stays_one() -> None:
    shop = line()
    assert save(shop, "itemsku.upload") == "SKU-2001"
    changed: Json = [{"sku_id": "SKU-2001", "i_id": "G2001", "name": "棉麻围裙 新"}]
    assert save(shop, "itemsku.upload", items=changed) == "SKU-2001"
    found = [one for one in shop.shop.written() if one["number"] == "SKU-2001"]
    assert [one["document"]["name"] for one in found] == ["棉麻围裙 新"]  # type: ignore[index, call-overload]


def test_an_order_uploaded_again_keeps_its_number_and_shows_among_the_orders() -> None:
    shop = line()
    first = save(shop, "orders.upload")
    assert save(shop, "orders.upload", remark="改了备注") == first
    (row,) = page(shop, "orders.query", so_ids=["T20261120-1"], page_index=1, page_size=50).rows
    assert (str(row["o_id"]), row["remark"]) == (first, "改了备注")


@pytest.mark.parametrize(
    ("changes", "says", "kind"),
    [
        ({"shop_id": 99}, "不匹配", "refused"),
        ({"receiver_name": ""}, "不能为空", "refused"),
        ({"freight": 5}, "应付金额", "unknown"),
        ({"pay": None}, "支付金额", "unknown"),
    ],
)
def test_an_order_that_does_not_add_up_is_not_taken(changes: dict[str, Json], says: str, kind: str) -> None:
    shop = line()
    with pytest.raises(Fault, match=says) as raised:
        save(shop, "orders.upload", **changes)
    assert raised.value.kind == kind
    assert [one for one in shop.shop.written() if one["kind"] == "order"] == []


def test_a_dead_token_is_told_by_words_and_an_unpaid_order_needs_no_payment() -> None:
    shop = line()
    assert save(shop, "orders.upload", shop_status="WAIT_BUYER_PAY", pay=None)
    shop.shop.tell("expire", {}, LATER)
    with pytest.raises(Fault, match="access_token") as raised:
        page(shop, "shops.query", page_index=1, page_size=50)
    assert (raised.value.kind, raised.value.sent) == ("login", False)


def test_too_many_calls_are_not_executed() -> None:
    shop = line(per_minute=1)
    assert page(shop, "shops.query", page_index=1, page_size=50).rows
    with pytest.raises(Fault) as raised:
        page(shop, "shops.query", page_index=1, page_size=50)
    assert (raised.value.kind, raised.value.sent, raised.value.code) == ("busy", False, "200")


def test_orders_travel_as_a_list_and_articles_under_items() -> None:
    shop = line()
    order = shop.plan(REGISTRY.operations["jushuitan.orders.upload"])
    assert (order.save([b'{"so_id":"1"}']).form or {}) == {"biz": '[{"so_id":"1"}]'}
    article = shop.plan(REGISTRY.operations["jushuitan.itemsku.upload"])
    assert (article.save([b'{"items":[{"sku_id":"1"}]}']).form or {}) == {"biz": '{"items":[{"sku_id":"1"}]}'}
