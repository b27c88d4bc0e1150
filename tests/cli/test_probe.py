"""connection test tells apart what is wrong: address, TLS, clock, key, signature, permission, balance of calls."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.vendors import Vendors
from tests.cli.build import Duijie, Said
from tests.cli.loopback import listening
from tests.wire.papers import self_signed
from tests.wire.vendor import Answer, says

Shop = Callable[[int], list[str]]
ACCOUNT = ("--connector", "wdt", "--channel", "classic", "--set", "sid=s", "--set", "appkey=k")


def tried(duijie: Duijie, base: str, pair: str, monkeypatch: pytest.MonkeyPatch) -> Said:
    """The test of a connection to `base`, as machines see it."""
    monkeypatch.setenv("SECRET", "invented-secret")
    added = duijie("connection", "add", "own", *ACCOUNT, "--base", base, "--secret-env", "appsecret=SECRET")
    assert added.code == 0, added.err
    return duijie("connection", "test", "own", "--allow", pair, "--json")


def against(duijie: Duijie, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> Any:
    with listening(answer) as vendor:
        return tried(duijie, vendor.url, f"127.0.0.1:{vendor.port}", monkeypatch)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_a_closed_port_is_a_matter_of_the_address(duijie: Duijie, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    said = tried(duijie, f"http://127.0.0.1:{port}", f"127.0.0.1:{port}", monkeypatch)
    assert (said.code, said.json["fault"]["part"]) == (3, "address")
    assert "--base" in said.json["fault"]["do"]


def test_an_address_nobody_opened_is_a_matter_of_the_address(
    duijie: Duijie, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tried(duijie, "http://127.0.0.1:9", "127.0.0.1:10", monkeypatch)
    assert (said.code, said.json["fault"]["part"]) == (3, "address")


def test_a_certificate_nobody_vouches_for_is_a_matter_of_tls(
    duijie: Duijie, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with listening(says({"code": 0}), self_signed(tmp_path)) as vendor:
        base = f"https://127.0.0.1:{vendor.port}"
        said = tried(duijie, base, f"127.0.0.1:{vendor.port}", monkeypatch)
    assert (said.code, said.json["fault"]["part"]) == (3, "tls")
    assert "证书" in said.json["fault"]["do"]
    assert vendor.asked == []


def test_tls_spoken_to_a_plain_port_is_a_matter_of_tls(
    duijie: Duijie, simulators: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = str(simulators.told["allow"][0])
    said = tried(duijie, f"https://{pair}", pair, monkeypatch)
    assert (said.code, said.json["fault"]["part"]) == (3, "tls")


@pytest.mark.parametrize(
    ("reply", "part"),
    [
        ({"code": 1007, "message": "卖家账号或接口账号不存在"}, "key"),
        ({"code": 1014, "message": "签名错误"}, "signature"),
        ({"code": 1015, "message": "时间戳超出允许的范围"}, "clock"),
        ({"code": 4100, "message": "没有权限调用该接口"}, "permission"),
        ({"code": 1060, "message": "账户已停用"}, "balance"),
        ({"code": 1061, "message": "今日调用次数已用完"}, "balance"),
    ],
)
def test_the_vendors_own_words_tell_the_part(
    duijie: Duijie, monkeypatch: pytest.MonkeyPatch, reply: dict[str, Any], part: str
) -> None:
    said = against(duijie, says(reply), monkeypatch)
    assert (said.code, said.json["works"], said.json["fault"]["part"]) == (3, False, part)
    assert said.json["fault"]["do"]
    assert "invented-secret" not in said.out + said.err


def test_a_wrong_signature_while_the_clocks_are_far_apart_is_a_matter_of_the_clock(
    duijie: Duijie, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = says({"code": 1014, "message": "签名错误"}, Date="Fri, 20 Nov 2026 02:00:00 GMT")
    said = against(duijie, answer, monkeypatch)
    assert said.json["fault"]["part"] == "clock"
    assert "NTP" in said.json["fault"]["do"]


@pytest.mark.parametrize(("code", "secret"), [("wdt-main", "app_secret"), ("bip-main", "app_secret")])
def test_a_wrong_secret_is_a_matter_of_the_signature(
    duijie: Duijie, shop: Shop, code: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow = shop(1)
    monkeypatch.setenv("WRONG", "not-the-secret")
    assert duijie("connection", "add", code, "--secret-env", f"{secret}=WRONG").code == 0
    said = duijie("connection", "test", code, *allow, "--json")
    assert (said.code, said.json["fault"]["part"]) == (3, "signature")


@pytest.mark.parametrize(
    ("code", "setting"), [("wdt-main", "app_key"), ("wdt-main", "sid"), ("bip-main", "app_key")]
)
def test_a_wrong_account_is_a_matter_of_the_key(duijie: Duijie, shop: Shop, code: str, setting: str) -> None:
    allow = shop(1)
    assert duijie("connection", "add", code, "--set", f"{setting}=nobody").code == 0
    said = duijie("connection", "test", code, *allow, "--json")
    assert (said.code, said.json["fault"]["part"]) == (3, "key")


@pytest.mark.parametrize("code", ["wdt-main", "bip-main"])
@pytest.mark.parametrize("minutes", [11, -11])
def test_a_clock_that_is_eleven_minutes_off_is_told_with_the_figure(
    duijie: Duijie, shop: Shop, simulators: Vendors, code: str, minutes: int
) -> None:
    allow = shop(1)
    simulators.direct("time", {"seconds": minutes * 60})
    said = duijie("connection", "test", code, *allow, "--json")
    assert (said.code, said.json["fault"]["part"]) == (3, "clock")
    assert abs(said.json["clock_ahead"] - minutes * 60) <= 2
    told = duijie("connection", "test", code, *allow)
    assert ("快" if minutes > 0 else "慢") in told.err


def test_a_clock_that_is_a_little_off_is_a_warning(duijie: Duijie, shop: Shop, simulators: Vendors) -> None:
    allow = shop(1)
    simulators.direct("time", {"seconds": 120})
    said = duijie("connection", "test", "wdt-main", *allow)
    assert said.code == 0
    assert "120" in said.err or "119" in said.err or "121" in said.err


def test_an_operation_that_is_not_there_is_offered(duijie: Duijie, shop: Shop) -> None:
    allow = shop(1)
    said = duijie("connection", "test", "wdt-main", *allow, "--operation", "wdt.stockout.order.qery")
    assert said.code == 2
    assert "wdt.stockout.order.query" in said.err
    good = duijie("connection", "test", "wdt-main", *allow, "--operation", "wdt.stockout.order.query")
    assert good.code == 0
