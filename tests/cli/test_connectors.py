"""connector list, show, sign: what the folders say, and a signature that a vendor's own tool would make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.build import Duijie

QIMEN = {"sid": "demo2", "app_key": "12345678", "app_secret": "qmsecret-made-up-0001"}
ASKED = {
    "operation": "wdt.stockout.order.query",
    "params": {"start_time": "2025-11-30 00:00:00", "end_time": "2025-11-30 23:59:59", "status": "95"},
}
PAGE = {"page_no": "0", "page_size": "30"}


def signed(duijie: Duijie, folder: Path, name: str, settings: Any, call: Any, *more: str) -> Any:
    (folder / "settings.json").write_text(json.dumps(settings), "utf-8")
    (folder / "call.json").write_text(json.dumps(call), "utf-8")
    files = ("--settings", folder / "settings.json", "--call", folder / "call.json")
    said = duijie("connector", "sign", name, *files, *more)
    assert said.code == 0, said.err
    return said.json


def test_connectors_and_their_operations_are_listed(duijie: Duijie) -> None:
    told = {one["connector"]: one for one in duijie("connector", "list", "--json").json["connectors"]}
    assert {"wdt", "yonbip"} <= {*told}
    assert told["wdt"]["channels"] == ["qimen", "classic"]
    assert "wdt.stockout.order.query" in {one["operation"] for one in told["wdt"]["operations"]}
    assert "wdt.stockout.order.query" in duijie("connector", "list", "wdt").out
    wrong = duijie("connector", "list", "wtd")
    assert wrong.code == 2
    assert "wdt" in wrong.err


def test_an_operation_is_shown_with_its_fields_and_what_is_guessed(duijie: Duijie) -> None:
    told = duijie("connector", "show", "othoutrecord.single.save")
    assert told.code == 0
    assert "resubmitCheckKey" in told.out
    assert "推测" in told.out
    by_alias = duijie("connector", "show", "stockout_order_query.php", "--json").json
    assert by_alias["operation"] == "wdt.stockout.order.query"
    assert by_alias["window"]["since"] == "start_time"
    wrong = duijie("connector", "show", "wdt.stockout.order.qery")
    assert wrong.code == 2
    assert "wdt.stockout.order.query" in wrong.err


def test_a_signature_is_the_one_other_clients_make(duijie: Duijie, tmp_path: Path) -> None:
    call = {**ASKED, "params": {**ASKED["params"], **PAGE}}
    more = ("--channel", "qimen", "--now", "2025-12-01T10:00:00+08:00", "--reveal")
    told = signed(duijie, tmp_path, "wdt", QIMEN, call, *more)
    assert told["signature"] == {"name": "sign", "value": "D522F61A7F676BD4C9386B2F69410E99"}
    text = told["text"]
    assert hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper() == told["signature"]["value"]
    assert text.startswith(QIMEN["app_secret"])
    assert told["request"]["form"]["sign"] == told["signature"]["value"]


def test_without_reveal_neither_secret_nor_signature_is_shown(duijie: Duijie, tmp_path: Path) -> None:
    more = ("--channel", "qimen", "--now", "2025-12-01T10:00:00+08:00")
    told = signed(duijie, tmp_path, "wdt", QIMEN, ASKED, *more)
    whole = json.dumps(told)
    assert QIMEN["app_secret"] not in whole
    assert told["text"].startswith("***")
    assert "start_time2025-11-30 00:00:00" in told["text"]
    assert len(told["signature"]["value"]) == len("XXXX***")
    assert told["request"]["form"]["sign"] == told["signature"]["value"]


def test_where_a_token_is_fetched_first_its_call_is_signed_and_then_the_one_itself(
    duijie: Duijie, tmp_path: Path
) -> None:
    settings = {
        "app_key": "key-0001",
        "app_secret": "0123456789abcdef",
        "gateway_url": "https://gateway.example.com/iuap-api-gateway",
        "token_url": "https://gateway.example.com/iuap-api-auth",
    }
    call = {"operation": "othoutrecord.single.save", "document": {"code": "C1", "qty": 30}}
    first = signed(duijie, tmp_path, "yonbip", settings, call, "--reveal")
    assert first["first"] is True
    proof = hmac.new(b"0123456789abcdef", first["text"].encode(), hashlib.sha256).digest()
    assert first["signature"] == {"name": "signature", "value": base64.b64encode(proof).decode()}
    then = signed(duijie, tmp_path, "yonbip", {**settings, "access_token": "tok-1234567"}, call, "--reveal")
    assert then["first"] is False
    assert then["text"] is None
    assert then["request"]["query"] == {"access_token": "tok-1234567"}
    assert then["request"]["body"] == {"data": {"code": "C1", "qty": 30}}
    hidden = signed(duijie, tmp_path, "yonbip", {**settings, "access_token": "tok-1234567"}, call)
    assert "tok-1234567" not in json.dumps(hidden)


def test_a_call_may_be_written_out(duijie: Duijie, tmp_path: Path) -> None:
    call = {"url": "https://api.wangdian.cn/openapi2/shop.php", "form": {"page_no": 0}}
    told = signed(
        duijie, tmp_path, "wdt", {"sid": "s", "appkey": "k", "appsecret": "x"}, call, "--channel", "classic"
    )
    assert told["request"]["form"]["page_no"] == "0"
    assert told["text"].startswith("06-appkey:0001-k;07-page_no:0001-0;03-sid:0001-s")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--now", "yesterday", "--channel", "qimen"), "--now"),
        ((), "--channel"),
        (("--channel", "classic"), "缺少设置"),
    ],
)
def test_what_is_wrong_is_told(duijie: Duijie, tmp_path: Path, more: tuple[str, ...], words: str) -> None:
    (tmp_path / "settings.json").write_text(json.dumps(QIMEN), "utf-8")
    (tmp_path / "call.json").write_text(json.dumps(ASKED), "utf-8")
    files = ("--settings", tmp_path / "settings.json", "--call", tmp_path / "call.json")
    said = duijie("connector", "sign", "wdt", *files, *more)
    assert said.code == 2
    assert words in said.err
