"""What 旺店通's simulator shows and takes besides stock-out orders: windows, pools, pushes, and their refusals."""

from __future__ import annotations

from typing import Any

import pytest

from engine.connect import Fault
from engine.exact import encode
from engine.model.values import Json, Record
from tests.connectors.drive import NOW
from tests.connectors.furnish import POOL, document
from tests.connectors.test_round_trips import REGISTRY, Line


def refused(line: Line, name: str, **ask: Json) -> str:
    """The words with which a query is turned down."""
    plan = line.plan(REGISTRY.operations[name])
    with pytest.raises(Fault) as raised:
        plan.judge.page(line.said(plan.query(ask)))
    assert raised.value.kind == "refused"
    return str(raised.value.says)


def pushed(line: Line, name: str, **changes: Json) -> Any:
    """What became of the sample document with some fields changed; a null leaves its field out."""
    whole = {**document(name), **changes}
    body = encode({field: value for field, value in whole.items() if value is not None})
    plan = line.plan(REGISTRY.operations[name])
    try:
        return plan.one_saved(body)(line.said(plan.save([body])))
    except Fault as fault:
        return fault


HOURS: Record = {"start_time": "2026-11-20 08:00:00", "end_time": "2026-11-20 09:00:01"}
MONTHS: Record = {"start_time": "2026-10-01 00:00:00", "end_time": "2026-11-01 00:00:00"}


def test_orders_are_asked_for_by_the_hour_and_other_documents_by_thirty_days() -> None:
    line = Line("wdt", "qimen")
    assert "2180" in refused(line, "wdt.trade.query", **HOURS)
    assert "2180" in refused(line, "wdt.refund.query", **MONTHS)
    assert "2900" in refused(line, "wdt.stock.query", page_no=0)


def test_an_outer_number_needs_no_window() -> None:
    line = Line("wdt", "classic")
    made = pushed(line, "wdt.stockin.order.push")
    plan = line.plan(REGISTRY.operations["wdt.stockin.order.query"])
    (row,) = plan.judge.page(
        line.said(plan.query({"outer_no": document("wdt.stockin.order.push")["outer_no"]}))
    ).rows
    assert row["stockin_no"] == made.id


def test_a_pool_wants_its_shop_and_a_limit_it_can_bear() -> None:
    line = Line("wdt", "qimen")
    pool = "wdt.logistics.sync.query"
    assert "2900" in refused(line, pool, limit=100)
    assert "2310" in refused(line, pool, shop_no="S99", limit=100)
    assert "2220" in refused(line, pool, shop_no="S01", limit=101)


def test_an_acknowledgement_of_what_is_not_there_is_an_error_in_a_yes() -> None:
    fault = pushed(Line("wdt", "qimen"), "wdt.logistics.sync.ack", rec_id=99)
    assert fault.kind == "unknown"
    assert "记录不存在" in str(fault.says)


def test_stock_that_changed_since_it_was_read_stays_in_the_pool() -> None:
    line = Line("wdt", "qimen")
    pool = REGISTRY.operations["wdt.api.goods.stock.change.query"]
    row: Record = {"rec_id": 560001, "spec_no": "SKU-1001", "sync_stock": "97.0000", "stock_change_count": 4}
    line.shop.tell("rows", {"of": pool.operation, "rows": [row]}, NOW)
    assert pushed(line, "wdt.api.goods.stock.change.ack").id == "560001"
    plan = line.plan(pool)
    (left,) = plan.judge.page(line.said(plan.query(POOL))).rows
    assert left["stock_change_count"] == 4
    shelf: Any = line.shop.tell("shelf", {"of": pool.operation}, NOW)
    assert (len(shelf["waiting"]), shelf["acknowledged"]) == (1, [])


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("wdt.stockin.order.push", {"warehouse_no": "WH-XX"}, "2830"),
        ("wdt.stockin.order.push", {"outer_no": None}, "2900"),
        ("wdt.stockin.order.push", {"detail_list": [{"spec_no": "SKU-1", "stockin_num": 1}]}, "2830"),
        ("wdt.stockin.order.push", {"detail_list": [{"spec_no": "SKU-1001", "stockin_num": "x"}]}, "2830"),
        ("wdt.stockin.purchase.push", {"purchase_no": "CG0"}, "2830"),
        ("wdt.stockin.refund.push", {"refund_no": "TK0"}, "2830"),
        ("wdt.stockout.transfer.push", {"src_order_no": "TF0"}, "2830"),
        ("wdt.purchase.order.push", {"provider_no": "GYS0"}, "2830"),
        ("wdt.trade.push", {"shop_no": "S99"}, "2310"),
        ("wdt.goods.push", {"spec_list": []}, "2900"),
    ],
)
def test_a_document_that_is_wrong_is_refused_and_leaves_nothing(
    name: str, changes: dict[str, Json], code: str
) -> None:
    line = Line("wdt", "classic")
    fault = pushed(line, name, **changes)
    assert (fault.kind, fault.code) == ("refused", code)
    assert line.shop.written() == []


def test_counted_stock_is_the_stock() -> None:
    line = Line("wdt", "qimen")
    pushed(line, "wdt.stock.sync.by.pd")
    rows: Any = line.shop.tell("shelf", {"of": "wdt.stock.query"}, NOW)
    assert [
        row["stock_num"] for row in rows if (row["warehouse_no"], row["spec_no"]) == ("WH-HZ01", "SKU-1001")
    ] == ["96"]


def test_goods_pushed_again_are_changed_and_keep_their_id() -> None:
    line = Line("wdt", "qimen")
    pushed(line, "wdt.goods.push")
    before: Any = line.shop.tell("shelf", {"of": "wdt.goods.query"}, NOW)
    pushed(line, "wdt.goods.push", goods_name="棉麻围裙 长款")
    after: Any = line.shop.tell("shelf", {"of": "wdt.goods.query"}, NOW)
    assert len(after) == len(before)
    assert (after[-1]["goods_id"], after[-1]["goods_name"]) == (before[-1]["goods_id"], "棉麻围裙 长款")
    assert len(line.shop.written()) == 1
