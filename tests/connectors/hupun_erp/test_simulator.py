"""The 万里牛 simulator keeps to what we know of the vendor: pages, times, articles once, trades pushed again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.connect import decode, encode
from engine.errors import Fault
from engine.model.values import Call, Json, Record
from engine.simulate.frame import Heard
from tests.connectors.drive import CONNECTORS, NOW, auth_of, fresh, module, signed
from tests.connectors.furnish import document, furnish
from tests.connectors.hupun_erp.shelf import HOUR, trade
from tests.connectors.test_round_trips import REGISTRY, Line

AT = datetime(2026, 11, 20, 1, 10, tzinfo=UTC)
TRADES: Record = {**HOUR, "modify_time": "2026-11-20 09:00:00", "page": 1, "limit": 200}


def line(**options: Json) -> Line:
    return Line("hupun_erp", "default", furnish(fresh("hupun_erp", **options)))


def rows(line: Line, name: str, **asked: Json) -> list[Record]:
    plan = line.plan(REGISTRY.operations["hupun." + name])
    return plan.judge.page(line.said(plan.query(asked))).rows


def save(line: Line, name: str, **changes: Json) -> str:
    name = "hupun." + name
    plan, body = line.plan(REGISTRY.operations[name]), encode({**document(name), **changes})
    return plan.one_saved(body)(line.said(plan.save([body]))).id


def numbers(found: list[Record]) -> list[Json]:
    return [row["trade_no"] for row in found]


@pytest.mark.parametrize("value", ["a+b %/=&", "竹纤维~毛巾*", "", "_-."])
def test_the_simulator_verifies_by_its_own_code_what_our_recipe_signs(value: str) -> None:
    own: Any = module(CONNECTORS / "hupun_erp" / "simulator.py")
    settings = {"app_key": "HPAPP", "app_secret": "HPSECRET"}
    call = Call("POST", "http://vendor.test", form={"q": value, "_sign_kind": "md5"})
    form = dict(signed(auth_of("hupun_erp", "default"), call, settings).form or {})
    assert form["_sign"] == own.hupun_sign(form, "HPSECRET")
    assert form["_sign"] != own.hupun_sign({**form, "q": "another"}, "HPSECRET")
    assert "_s" not in form, "a company's own application has no authorisation to tell"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"app_secret": "x"}, "签名错误"), ({"app_key": "x"}, "应用不存在"), ({"company": ""}, "无效的授权码")],
)
def test_a_wrong_account_is_a_login_fault(wrong: dict[str, str], says: str) -> None:
    shop = line()
    shop.settings |= wrong
    with pytest.raises(Fault, match=says) as raised:
        rows(shop, "opentrade.list.trades", **TRADES)
    assert (raised.value.kind, raised.value.sent) == ("login", False)


def test_trades_are_told_by_the_time_they_changed_ends_included_in_pages_without_a_total() -> None:
    shop = line()
    shop.shop.tell("trades", {"trades": [trade(f"A{n}", AT + timedelta(minutes=n)) for n in range(5)]}, NOW)
    found = rows(shop, "opentrade.list.trades", **TRADES)
    assert numbers(found) == ["A0", "XD01", "XD02", "A1", "A2", "A3", "A4"]
    by_page = [
        numbers(rows(shop, "opentrade.list.trades", **{**TRADES, "page": n, "limit": 3})) for n in (1, 2, 3)
    ]
    assert by_page == [["A0", "XD01", "XD02"], ["A1", "A2", "A3"], ["A4"]]
    edge = {**TRADES, "modify_time": "2026-11-20 09:12:00", "end_time": "2026-11-20 09:12:00"}
    assert numbers(rows(shop, "opentrade.list.trades", **edge)) == ["A1"]
    some = {**TRADES, "trade_status": "4,5"}
    assert numbers(rows(shop, "opentrade.list.trades", **some)) == ["XD02"]


def test_trades_older_than_three_months_are_not_told() -> None:
    shop = line()
    old = {**TRADES, "modify_time": "2026-01-01 00:00:00"}
    shop.shop.tell("trades", {"trades": [trade("OLD", AT - timedelta(days=91))]}, NOW)
    assert numbers(rows(shop, "opentrade.list.trades", **old)) == ["XD01", "XD02"]
    shop.shop.tell("settings", {"history_days": 0}, NOW)
    assert numbers(rows(shop, "opentrade.list.trades", **old)) == ["OLD", "XD01", "XD02"]


def test_a_trade_that_is_sent_is_told_again_with_its_courier() -> None:
    shop = line()
    assert shop.shop.tell("ship", {}, NOW + timedelta(minutes=20)) == 1
    later = {**TRADES, "modify_time": "2026-11-20 10:00:00", "end_time": "2026-11-20 10:59:59"}
    (found,) = rows(shop, "opentrade.list.trades", **later)
    assert (found["trade_no"], found["process_status"]) == ("XD02", 8)
    assert found["express_code"]


@pytest.mark.parametrize(
    ("name", "asked", "says"),
    [
        ("opentrade.list.trades", {**TRADES, "limit": 201}, "200"),
        ("opentrade.list.trades", {**TRADES, "modify_time": "昨天"}, "格式不正确"),
        ("goods.spec.query", {"page": 1, "limit": 200}, "不能都为空"),
    ],
)
def test_what_the_gateway_does_not_take_is_refused(name: str, asked: Record, says: str) -> None:
    with pytest.raises(Fault, match=says) as raised:
        rows(line(), name, **asked)
    assert raised.value.kind == "refused"


def test_an_article_is_taken_once_and_its_second_coming_is_no_refusal() -> None:
    shop = line()
    assert save(shop, "goods.add.item") == "SKU-2001"
    with pytest.raises(Fault, match="已存在") as raised:
        save(shop, "goods.add.item")
    assert raised.value.kind == "unknown", "the best sign that it is there"
    assert [one["number"] for one in shop.shop.written() if one["kind"] == "goods"] == [
        "SKU-1001",
        "SKU-2001",
    ]


def test_a_trade_pushed_again_is_updated_and_keeps_its_amounts() -> None:
    shop = line()
    for payment in ("35.00", "1.00"):
        assert save(shop, "b2c.trades.open", payment=payment, status=2) == "T20261120-1"
    (kept,) = [one["document"] for one in shop.shop.written() if one["kind"] == "trade"]
    assert isinstance(kept, dict)
    assert kept["payment"] == "35.00"
    found = rows(shop, "opentrade.list.trades", page=1, limit=200, bill_code="T20261120-1")
    assert [row["tp_tid"] for row in found] == ["T20261120-1"]


def test_a_no_below_a_code_of_0_is_a_no() -> None:
    with pytest.raises(Fault, match="店铺不匹配") as raised:
        save(line(), "b2c.trades.open", shopNick="别家的店")
    assert (raised.value.kind, raised.value.code) == ("refused", "5002")


def test_trades_travel_as_a_list_in_one_json_text() -> None:
    shop = line()
    plan = shop.plan(REGISTRY.operations["hupun.b2c.trades.open"])
    form = plan.save([encode(document("hupun.b2c.trades.open"))]).form or {}
    assert {*form} == {"trades"}
    assert decode(form["trades"].encode()) == [document("hupun.b2c.trades.open")]


def test_too_many_calls_are_not_executed_and_a_failing_system_leaves_it_open() -> None:
    shop = line(per_minute=1)
    assert rows(shop, "base.storage.query", page=1, limit=200)
    with pytest.raises(Fault) as raised:
        rows(shop, "base.storage.query", page=1, limit=200)
    assert (raised.value.kind, raised.value.sent) == ("busy", False)
    shop = line()
    plan = shop.plan(REGISTRY.operations["hupun.goods.add.item"])
    body = encode(document("hupun.goods.add.item"))
    call = signed(auth_of("hupun_erp", "default"), plan.save([body]), shop.settings)
    answer = shop.shop.mishap("system_error_after", Heard.of(call), NOW)
    assert (answer.created, answer.doubtful) == ("SKU-2001", True)
    with pytest.raises(Fault) as raised:
        plan.one_saved(body)(answer.reply())
    assert raised.value.kind == "unknown"
