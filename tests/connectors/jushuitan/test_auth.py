"""聚水潭's handshake: a token for the asking, refreshed before its end, asked for anew where that is turned down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import Fault
from engine.model.values import Call, Json, Reply
from tests.connectors.drive import (
    CONNECTORS,
    NOW,
    asks,
    auth_of,
    fresh,
    fresh_tokens,
    module,
    settings_of,
    signed,
)

AUTH = auth_of("jushuitan", "default")
QUERY = Call("POST", "http://vendor.test/open/shops/query", form={"biz": "{}"})
MONTH = timedelta(days=30)


def noting(heard: list[str], answer: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    def said(call: Call) -> Reply:
        heard.append(call.url)
        return answer(call)

    return said


def test_the_first_call_asks_for_a_token_and_is_signed_with_it() -> None:
    shop, heard = fresh("jushuitan"), list[str]()
    own: Any = module(CONNECTORS / "jushuitan" / "simulator.py")
    _, settings = settings_of(shop, "default")
    call = signed(AUTH, QUERY, settings, answer=noting(heard, asks(shop)))
    assert heard == ["http://vendor.test/openWeb/auth/getInitToken"]
    form = dict(call.form or {})
    assert form["sign"] == own.jst_sign(form, settings["app_secret"])
    assert form["access_token"]
    assert asks(shop)(call).data["code"] == 0  # type: ignore[index, call-overload]


def test_a_token_is_used_until_a_day_before_its_end_and_then_refreshed() -> None:
    shop, tokens, heard = fresh("jushuitan"), fresh_tokens(), list[str]()
    _, settings = settings_of(shop, "default")
    used = []
    for now in (NOW, NOW + MONTH - timedelta(days=1, seconds=1), NOW + MONTH - timedelta(days=1)):
        call = signed(AUTH, QUERY, settings, now, tokens=tokens, answer=noting(heard, asks(shop, now)))
        used.append((call.form or {})["access_token"])
        assert asks(shop, now)(call).data["code"] == 0  # type: ignore[index, call-overload]
    assert [url.rpartition("/")[2] for url in heard] == ["getInitToken", "refreshToken"]
    assert len({*used}) == 1, "a refreshed token keeps its value"


def test_where_a_refresh_is_turned_down_a_token_is_asked_for_anew() -> None:
    shop, tokens, heard = fresh("jushuitan"), fresh_tokens(), list[str]()
    _, settings = settings_of(shop, "default")
    signed(AUTH, QUERY, settings, tokens=tokens, answer=asks(shop))
    shop.tell("expire", {}, NOW)
    later = NOW + MONTH
    call = signed(AUTH, QUERY, settings, later, tokens=tokens, answer=noting(heard, asks(shop, later)))
    assert [url.rpartition("/")[2] for url in heard] == ["refreshToken", "getInitToken"]
    assert asks(shop, later)(call).data["code"] == 0  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (200, {"code": 10, "msg": "验证失败！无效签名"}, "login"),
        (200, {"code": 0, "data": {}}, "login"),
        (200, {"code": 199, "msg": "调用频次超过限制"}, "busy"),
        (429, {}, "busy"),
        (502, None, "broken"),
        (200, None, "broken"),
    ],
)
def test_what_else_the_token_service_says_is_a_fault_and_our_call_was_not_sent(
    status: int, said: Json, kind: str
) -> None:
    _, settings = settings_of(fresh("jushuitan"), "default")
    with pytest.raises(Fault) as raised:
        signed(AUTH, QUERY, settings, answer=lambda call: Reply(status, {}, b"", said))
    assert (raised.value.kind, raised.value.sent) == (kind, False)


def test_a_missing_setting_is_named() -> None:
    for settings, name in (({"app_key": "k"}, "app_secret"), ({"app_secret": "s"}, "app_key")):
        with pytest.raises(Fault, match=f"缺少设置 {name}"):
            signed(AUTH, QUERY, settings)


def test_the_code_for_a_token_has_six_signs_and_differs_from_one_asking_to_the_next() -> None:
    codes = set()
    for second in range(3):
        heard: list[Call] = []
        shop, now = fresh("jushuitan"), NOW + timedelta(seconds=second)
        _, settings = settings_of(shop, "default")

        def answer(call: Call, shop: Any = shop, heard: list[Call] = heard, now: Any = now) -> Reply:
            heard.append(call)
            return asks(shop, now)(call)

        signed(AUTH, QUERY, settings, now, answer=answer)
        codes.add((heard[0].form or {})["code"])
    assert {len(code) for code in codes} == {6}
    assert len(codes) == 3
