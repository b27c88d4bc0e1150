"""The ten expressions that real schemes hold, against values computed by hand as MySQL computes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.qeasy.build import computed, param

# 2026-11-19 16:00:00 in China is 1795075200.
SINCE = "2026-11-19 16:00:00"


def test_1_a_day_before_the_last_time_in_milliseconds() -> None:
    assert param("({{LAST_SYNC_TIME}}-(3600 * 24))* 1000", SINCE) == "1794988800000"


def test_2_the_last_time_in_milliseconds() -> None:
    assert param("{{LAST_SYNC_TIME}}*1000", SINCE) == "1795075200000"


@pytest.mark.parametrize("stamp", [1795075200000, "1795075200999", Decimal("1795075200500")])
def test_3_milliseconds_are_a_date_and_time_cut_to_seconds(stamp: Any) -> None:
    told = computed("FROM_UNIXTIME( ( {{inOutDate}} / 1000 ) ,'%Y-%m-%d %T' )", {"inOutDate": stamp})
    assert told == "2026-11-19 16:00:00"


@pytest.mark.parametrize(("sold", "returned"), [("3", -3), ("-2.50", Decimal("2.50")), (0, 0)])
def test_4_what_was_sold_less_than_nothing_comes_back(sold: Any, returned: Any) -> None:
    assert (
        computed("{{goodsDetail.sellCount}}*-1", {"goodsDetail": [{"sellCount": sold}]}, "goodsDetail")
        == returned
    )


@pytest.mark.parametrize(
    ("fee", "count", "price"),
    [("99.90", "3", "33.3"), ("100.00", 3, "33.333333"), ("20.00", 3, "6.666667"), ("-10.00", "4", "-2.5"),
     ("99.90", "0", None), ("0.00", "0.0000", None), ("0", "5", "0")],
)  # fmt: skip
def test_5_a_price_is_null_where_nothing_was_sold(fee: str, count: Any, price: str | None) -> None:
    line = {"shareFavourableAfterFee": fee, "sellCount": count}
    text = "{{goodsDetail.shareFavourableAfterFee}}/{{goodsDetail.sellCount}}"
    assert computed(text, {"goodsDetail": [line]}, "goodsDetail") == (
        None if price is None else Decimal(price)
    )


@pytest.mark.parametrize(
    ("count", "price"), [("4", "27.625"), ("3", "36.833333"), ("0", None), ("0.00", None)]
)
def test_6_postage_is_in_the_price_and_the_names_stand_bare(count: str, price: str | None) -> None:
    record = {"details_list": [{"total_amount": "100.00", "share_post": "10.50", "goods_count": count}]}
    text = "(details_list.total_amount+details_list.share_post)/details_list.goods_count"
    assert computed(text, record, "details_list") == (None if price is None else Decimal(price))


@pytest.mark.parametrize(("price", "gift"), [("0", 1), ("0.00", 1), (0, 1), ("12.5", 0)])
def test_7_what_costs_nothing_is_a_gift(price: Any, gift: int) -> None:
    text = "case {{goodsDocDetailList.estPrice}} when 0 then true else false end"
    assert computed(text, {"goodsDocDetailList": [{"estPrice": price}]}, "goodsDocDetailList") == gift


@pytest.mark.parametrize(("name", "organisation"), [("某某支付宝", 104), ("某某微信", 103), ("", 103)])
def test_8_an_account_belongs_to_an_organisation(name: str, organisation: int) -> None:
    text = "CASE '{{settleAccountName}}' when '某某支付宝' then 104 else 103 end"
    assert computed(text, {"settleAccountName": name}) == organisation


def test_9_ten_minutes_before_the_last_time() -> None:
    assert param("FROM_UNIXTIME({{LAST_SYNC_TIME}}-600, '%Y-%m-%d %H:%i:%s')", SINCE) == "2026-11-19 15:50:00"


@pytest.mark.parametrize(
    ("tax", "percent"), [("0.13", "13"), ("0.0600", "6"), (Decimal("0.09"), "9"), ("0", "0")]
)
def test_10_a_share_is_a_percentage(tax: Any, percent: str) -> None:
    assert computed(
        "{{details_list.tax}} * 100", {"details_list": [{"tax": tax}]}, "details_list"
    ) == Decimal(percent)
