"""用友BIP's handshake: address, token, and how long either is believed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.errors import Fault
from engine.model.values import Call, Json, Reply
from tests.connectors.drive import NOW, asks, auth_of, fresh, fresh_tokens, settings_of, signed

AUTH = auth_of("yonbip", "default")
SAVE = Call("POST", "/yonbip/scm/othoutrecord/single/save", body=b"{}")


def test_a_public_tenant_asks_for_its_address_then_for_a_token() -> None:
    shop, heard = fresh("yonbip"), list[Call]()
    _, settings = settings_of(shop, "default")
    call = signed(AUTH, SAVE, settings, answer=noting(heard, asks(shop)))
    assert [call.url.rsplit("/", 1)[1] for call in heard] == ["getGatewayAddress", "getAccessToken"]
    assert call.url == "http://vendor.test/iuap-api-gateway/yonbip/scm/othoutrecord/single/save"
    assert call.query["access_token"].startswith("yht+")


def test_a_private_installation_is_not_asked_where_it_is() -> None:
    shop, heard = fresh("yonbip"), list[Call]()
    _, settings = settings_of(shop, "private")
    signed(AUTH, SAVE, settings, answer=noting(heard, asks(shop)))
    assert [call.url.rsplit("/", 1)[1] for call in heard] == ["getAccessToken"]


def test_a_token_is_used_until_five_minutes_before_its_end() -> None:
    shop, heard, tokens = fresh("yonbip"), list[Call](), fresh_tokens()
    _, settings = settings_of(shop, "default")
    for minutes, calls in ((0, 2), (114, 2), (115, 3)):
        now = NOW + timedelta(minutes=minutes)
        signed(AUTH, SAVE, settings, now, tokens=tokens, answer=noting(heard, asks(shop, now)))
        assert len(heard) == calls


def test_a_call_with_a_whole_url_keeps_it() -> None:
    shop = fresh("yonbip")
    _, settings = settings_of(shop, "private")
    whole = Call("POST", "http://proxy.test/gateway/x")
    assert signed(AUTH, whole, settings, answer=asks(shop)).url == whole.url


def test_half_an_address_is_a_login_fault() -> None:
    settings = {"app_key": "k", "app_secret": "s", "gateway_url": "http://vendor.test/g"}
    with pytest.raises(Fault, match="要么都填，要么都不填") as raised:
        signed(AUTH, SAVE, settings)
    assert (raised.value.kind, raised.value.sent) == ("login", False)


@pytest.mark.parametrize(
    ("status", "data", "kind"),
    [
        (429, None, "busy"),
        (502, None, "broken"),
        (200, None, "broken"),
        (200, {"code": "00000", "data": None}, "broken"),
        (200, {"code": "00000", "data": {"access_token": ""}}, "broken"),
        (200, {"code": "1005", "message": "签名不正确"}, "login"),
        (200, {"code": 999, "message": "系统异常"}, "broken"),
    ],
)
def test_whatever_goes_wrong_before_the_call_leaves_it_unsent(status: int, data: Json, kind: str) -> None:
    _, settings = settings_of(fresh("yonbip"), "private")
    with pytest.raises(Fault) as raised:
        signed(AUTH, SAVE, settings, answer=lambda _: Reply(status, {}, b"", data))
    assert (raised.value.kind, raised.value.sent) == (kind, False)


@pytest.mark.parametrize("expire", [None, "soon", 0, 200, True])
def test_a_token_without_a_believable_lifetime_serves_one_call(expire: Json) -> None:
    _, settings = settings_of(fresh("yonbip"), "private")
    data: Json = {"code": "00000", "data": {"access_token": "t", "expire": expire}}
    tokens = fresh_tokens()
    call = signed(AUTH, SAVE, settings, tokens=tokens, answer=lambda _: Reply(200, {}, b"", data))
    assert call.query["access_token"] == "t"
    assert tokens.fresh("access_token", NOW) is None


def noting(heard: list[Call], answer: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    def told(call: Call) -> Reply:
        heard.append(call)
        return answer(call)

    return told
