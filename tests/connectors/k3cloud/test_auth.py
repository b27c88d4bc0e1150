"""金蝶云星空's signatures as the vendor's SDKs compute them, by our auth and, apart from it, by the simulator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.errors import Fault
from engine.exact import decode
from engine.model.values import Call, Json, Reply
from tests.connectors.drive import CONNECTORS, NOW, auth_of, fresh_tokens, module, signed

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
SAVE = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.Save.common.kdsvc"
ACCOUNT = {"acct_id": "65aa0000000000", "user": "demo"}
APP = {"app_id": "300001_0123456789ABCDEFGHIJKLMNOPQRSTUV", "app_secret": "appsecret0000000000000000000000f"}
HEADERS = {  # the vendor's Python SDK 8.2.0 and Java SDK 8.2.0 give the same
    "X-Api-ClientID": "300001",
    "X-Api-Auth-Version": "2.0",
    "x-api-timestamp": "1700000000",
    "x-api-nonce": "1700000000",
    "x-api-signheaders": "x-api-timestamp,x-api-nonce",
    "X-Api-Signature": (
        "MzMwNjdhNzVlZGRkOTY5NDcyYjkyNTMzNThjMTA5MWI0N2ZkMzFjZWQ5ODc2YTUxODcxNTkzYjExN2E3NjkyYw=="
    ),
    "X-Kd-Appkey": "300001_0123456789ABCDEFGHIJKLMNOPQRSTUV",
    "X-Kd-Appdata": "NjVhYTAwMDAwMDAwMDAsZGVtbywyMDUyLDA=",
    "X-Kd-Signature": (
        "ZmJiZjZmZGEyNWNlYjlhYzI4YWIzMzA4NWY4M2M1Mjg5NTdiN2VjZTY3YzQ0OGFiZGJjMmQxMmNkMWM2MDY1MQ=="
    ),
}
LOGIN_SIGN = "a94232cc83835e3ca1a23a0acdb7f0241d09350a3b230cb6d78c73edbba8ae58"  # two public clients agree


def call() -> Call:
    return Call("POST", f"https://vendor.test{SAVE}", body=b"{}")


def simulator_module() -> Any:
    return module(CONNECTORS / "k3cloud" / "simulator.py")


def test_the_headers_are_those_of_the_vendors_own_sdks() -> None:
    sent = signed(auth_of("k3cloud", "signed"), call(), {**ACCOUNT, **APP}, AT)
    assert {**sent.headers} == {"Content-Type": "application/json", **HEADERS}
    assert sent.body == b"{}"


def test_the_simulator_verifies_them_by_its_own_code() -> None:
    fine = simulator_module().headers_signed
    assert fine("POST", SAVE, HEADERS, APP["app_secret"])
    assert not fine("POST", SAVE, HEADERS, "another secret")
    assert not fine("POST", SAVE.replace("Save", "Audit"), HEADERS, APP["app_secret"])
    assert not fine("POST", SAVE, {**HEADERS, "X-Kd-Appdata": "b3RoZXI="}, APP["app_secret"])


def test_a_login_by_signature_is_that_of_public_clients() -> None:
    sent: list[Call] = []
    own = {**ACCOUNT, "app_id": "300001_x", "app_secret": "appsec"}
    asked = signed(auth_of("k3cloud", "session"), call(), own, AT, answer=lambda one: let_in(sent, one))
    (login,) = sent
    assert login.url.endswith("/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.LoginBySign.common.kdsvc")
    parameters: Json = [ACCOUNT["acct_id"], "demo", "300001_x", "1700000000", LOGIN_SIGN, 2052]
    assert decode(login.body or b"") == {"parameters": parameters}
    assert asked.headers["kdservice-sessionid"] == "S1"
    words = [ACCOUNT["acct_id"], "demo", "300001_x", "appsec", "1700000000"]
    assert simulator_module().login_sign(words) == LOGIN_SIGN


def test_without_an_applications_secret_the_password_logs_in() -> None:
    sent: list[Call] = []
    own = {**ACCOUNT, "password": "a word"}
    signed(auth_of("k3cloud", "session"), call(), own, AT, answer=lambda one: let_in(sent, one))
    (login,) = sent
    assert ".ValidateUser." in login.url
    assert decode(login.body or b"") == {
        "acctid": ACCOUNT["acct_id"], "username": "demo", "password": "a word", "lcid": 2052,
    }  # fmt: skip


def test_a_session_is_used_again_until_it_may_have_run_out() -> None:
    tokens, sent = fresh_tokens(), []
    for minutes in (0, 14, 15):
        at = NOW + timedelta(minutes=minutes)
        settings = {**ACCOUNT, "password": "a word"}
        signed(
            auth_of("k3cloud", "session"), call(), settings, at, tokens=tokens,
            answer=lambda one: let_in(sent, one),
        )  # fmt: skip
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, {}, b"", {"LoginResultType": 0, "Message": "用户名或密码错误"}), "login"),
        (Reply(200, {}, b"", {"LoginResultType": 1, "KDSVCSessionId": None}), "login"),
        (Reply(502, {}, b"", None), "broken"),
        (Reply(200, {}, b"", None), "broken"),
        (Reply(429, {}, b"", None), "busy"),
    ],
)
def test_a_login_that_fails_says_whose_move_it_is_and_that_nothing_was_sent(reply: Reply, kind: str) -> None:
    with pytest.raises(Fault) as raised:
        signed(
            auth_of("k3cloud", "session"), call(), {**ACCOUNT, "password": "a word"}, AT,
            answer=lambda _: reply,
        )  # fmt: skip
    assert (raised.value.kind, raised.value.sent) == (kind, False)
    assert "a word" not in str(raised.value.says)


def test_an_id_that_was_not_copied_whole_is_told_as_such() -> None:
    with pytest.raises(Fault, match="应用 ID") as raised:
        signed(auth_of("k3cloud", "signed"), call(), {**ACCOUNT, **APP, "app_id": "300001_不完整"}, AT)
    assert (raised.value.kind, raised.value.sent) == ("login", False)


def let_in(sent: list[Call], asked: Call) -> Reply:
    sent.append(asked)
    return Reply(200, {}, b"", {"LoginResultType": 1, "KDSVCSessionId": f"S{len(sent)}"})
