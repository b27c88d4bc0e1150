"""旺店通's simulator: what it refuses, what it shows when, and that our auth gets through its door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from engine.model.values import Call
from engine.simulate.frame import Simulator
from flows.demo.orders import orders
from tests.connectors.drive import NOW, auth_of, fresh, said, settings_of, signed

SINCE, UNTIL = NOW - timedelta(days=10), NOW - timedelta(hours=1)
BEIJING = timedelta(hours=8)

by_channel = pytest.mark.parametrize("channel", ["qimen", "classic"])


def shop_with(count: int = 250, **options: Any) -> Simulator:
    shop = fresh("wdt", **options)
    shop.tell("orders", {"orders": [*orders(count, 5, SINCE, UNTIL)]}, NOW)
    return shop


def told(shop: Simulator, channel: str = "qimen", *, now: datetime = NOW, **params: Any) -> dict[str, Any]:
    """What the shop answers to a signed query, without the envelope."""
    base, settings = settings_of(shop, channel)
    form = {"start_time": stamp(SINCE), "end_time": stamp(UNTIL), "page_size": "100", **params}
    if channel == "qimen":
        form = {
            "method": "wdt.stockout.order.query",
            "v": "2.0",
            "format": "json",
            "sign_method": "md5",
            **form,
        }
    call = Call("POST", base if channel == "qimen" else f"{base}/stockout_order_query.php", form=form)
    data = cast(
        dict[str, Any], said(shop, signed(auth_of("wdt", channel), call, settings, now), now).reply().data
    )
    return cast(dict[str, Any], data.get("response", data))


def stamp(at: datetime) -> str:
    return (at.astimezone(UTC) + BEIJING).strftime("%Y-%m-%d %H:%M:%S")


@by_channel
def test_our_signature_opens_the_door_and_the_total_stands_on_page_0_alone(channel: str) -> None:
    shop = shop_with()
    pages = [told(shop, channel, page_no=str(number)) for number in range(3)]
    assert [page.get("total_count") for page in pages] == [262, None, None]
    rows = [row for page in pages for row in page["stockout_list"]]
    assert len({row["order_no"] for row in rows}) == 262
    assert [row["consign_time"] for row in rows] == sorted(row["consign_time"] for row in rows)


def test_the_channels_tell_the_same_order_as_numbers_and_as_texts() -> None:
    shop = shop_with()
    qimen, classic = (told(shop, channel)["stockout_list"][0] for channel in ("qimen", "classic"))
    assert isinstance(qimen["stockout_id"], int)
    assert isinstance(classic["stockout_id"], str)
    assert str(qimen["status"]) == classic["status"]
    assert qimen["details_list"][0]["goods_count"] == classic["details_list"][0]["goods_count"]


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"start_time": stamp(UNTIL - timedelta(days=30, seconds=1))}, 2180, "30天"),
        ({"start_time": ""}, 2900, "不能为空"),
        ({"end_time": "2026-11-20T10:00"}, 2160, "格式"),
        ({"end_time": stamp(SINCE - timedelta(seconds=1))}, 2105, "大于"),
        ({"page_size": "101"}, 2220, "1~100"),
        ({"page_no": "first"}, 2830, "page_no"),
        ({"warehouse_no": "WH-XX"}, 2830, "仓库编号WH-XX不存在"),
        ({"order_type": "77"}, 2830, "order_type"),
        ({"status": "96"}, 2830, "status"),
    ],
)
@by_channel
def test_what_it_cannot_do_is_refused_in_chinese(
    channel: str, params: dict[str, str], code: int, words: str
) -> None:
    no = told(shop_with(5), channel, **params)
    assert (no["errorcode"] if channel == "qimen" else no["code"]) == code
    assert words in (no["sub_message"] if channel == "qimen" else no["message"])


@pytest.mark.parametrize(
    ("channel", "minutes", "fine"),
    [("qimen", 9, True), ("qimen", 11, False), ("classic", 4, True), ("classic", 6, False)],
)
def test_a_clock_that_is_wrong_is_not_let_in(channel: str, minutes: int, fine: bool) -> None:
    shop = shop_with(5)
    base, settings = settings_of(shop, channel)
    form = {"start_time": stamp(SINCE), "end_time": stamp(UNTIL), "method": "wdt.stockout.order.query"}
    call = Call("POST", base if channel == "qimen" else f"{base}/stockout_order_query.php", form=form)
    sent = signed(auth_of("wdt", channel), call, settings, NOW)
    answer = said(shop, sent, NOW + timedelta(minutes=minutes))
    assert (b"stockout_list" in answer.body) == fine


@by_channel
def test_a_wrong_secret_and_an_unknown_seller_are_not_let_in(channel: str) -> None:
    shop = shop_with(5)
    base, settings = settings_of(shop, channel)
    secret = "app_secret" if channel == "qimen" else "appsecret"
    for wrong in ({secret: "another"}, {"sid": "nobody"}):
        form = {"start_time": stamp(SINCE), "end_time": stamp(UNTIL), "method": "wdt.stockout.order.query"}
        call = Call("POST", base if channel == "qimen" else f"{base}/stockout_order_query.php", form=form)
        answer = said(shop, signed(auth_of("wdt", channel), call, {**settings, **wrong}))
        assert b"stockout_list" not in answer.body


def test_the_window_is_closed_at_both_ends() -> None:
    shop = shop_with(5)
    times = [row["consign_time"] for row in told(shop)["stockout_list"]]
    assert told(shop, start_time=times[0], end_time=times[0])["total_count"] == 1


def test_below_95_the_window_filters_by_the_time_of_change() -> None:
    shop = shop_with(5)
    order = told(shop)["stockout_list"][0]
    shop.tell("change", {"order_no": order["order_no"], "fields": {"status": 55}}, NOW)
    late = {"start_time": stamp(NOW - timedelta(minutes=1)), "end_time": stamp(NOW)}
    assert told(shop, **late)["total_count"] == 0
    assert told(shop, **late, status="55")["stockout_list"][0]["order_no"] == order["order_no"]


def test_an_order_not_consigned_is_seen_only_by_status() -> None:
    shop = fresh("wdt")
    order = {**orders(1, 1, SINCE, UNTIL)[0], "status": 50, "consign_time": "0000-00-00 00:00:00"}
    shop.tell("orders", {"orders": [{**order, "modified": stamp(SINCE)}]}, NOW)
    assert told(shop)["total_count"] == 0
    assert told(shop, status="50")["total_count"] == 1


def test_a_consigned_order_is_finished_some_hours_later_and_its_consign_time_stays() -> None:
    shop = shop_with(40)
    early = told(shop, now=SINCE)["stockout_list"]
    seen = {row["order_no"]: row for row in early if row["status"] == 95}
    after = {row["order_no"]: row for row in told(shop, now=NOW + timedelta(hours=12))["stockout_list"]}
    assert seen
    for number, row in seen.items():
        assert after[number] == {**row, "status": 110}


def test_the_seller_may_call_sixty_times_a_minute() -> None:
    shop = shop_with(5)
    answers = [told(shop, now=NOW + timedelta(milliseconds=100 * number)) for number in range(61)]
    assert [answer["flag"] for answer in answers] == ["success"] * 60 + ["failure"]
    assert answers[-1]["errorcode"] == 1012
    assert told(shop, now=NOW + timedelta(seconds=60))["flag"] == "success"


def test_while_a_walk_is_on_its_way_orders_appear_and_change() -> None:
    shop = shop_with(250, drift=1.0)
    shop.tell(
        "orders",
        {"late": True, "orders": [{**o, "stockout_id": n} for n, o in enumerate(orders(5, 9, SINCE, UNTIL))]},
        NOW,
    )
    first = told(shop)["total_count"]
    told(shop, page_no="2")
    told(shop, page_no="1")
    assert told(shop)["total_count"] == first + 2


def test_one_order_by_its_number_needs_no_window() -> None:
    shop = shop_with(5)
    number = told(shop)["stockout_list"][0]["order_no"]
    rows = told(shop, start_time="", end_time="", stockout_no=number)["stockout_list"]
    assert [row["order_no"] for row in rows] == [number]


def test_a_tenant_with_pages_of_thirty_says_2220_to_a_hundred() -> None:
    shop = shop_with(40, page_cap=30)
    assert told(shop)["errorcode"] == 2220
    assert len(told(shop, page_size="30")["stockout_list"]) == 30


def test_nothing_found_is_a_total_of_0_and_no_list() -> None:
    shop = fresh("wdt")
    assert "stockout_list" not in told(shop)
    assert told(shop, "classic")["stockout_list"] is None


@pytest.mark.parametrize("options", [{"pages": 3}, {"per_minute": "60"}, {"drift": True}])
def test_an_option_it_does_not_have_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="模拟器没有设置"):
        fresh("wdt", **options)
