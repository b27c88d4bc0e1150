"""Nothing secret or personal in what is kept or shown of a call."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, strategies as st

from engine.wire.redact import CUT, Redactor, mask

SECRET = 'p@ss/"word"+<&>密=钥'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        html.escape(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(b"user:" + SECRET.encode()).decode(),
        base64.urlsafe_b64encode(b"a:" + SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_found_in_every_form_it_travels_in(form: str):
    shown = Redactor([SECRET]).text(f"before {form} after")
    assert form not in shown
    assert "***" in shown


@given(secret=st.text(min_size=6, max_size=40), before=st.text(max_size=5), after=st.text(max_size=5))
def test_no_secret_of_any_letters_is_left_in_a_document(secret: str, before: str, after: str):
    redactor = Redactor([secret])
    body = json.dumps({"memo": before + secret + after}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    written = json.dumps(secret, ensure_ascii=False)[1:-1]
    assert written not in redactor.text(body.decode("utf-8", "replace"), quick=True).replace("***", "\0")


def test_a_secret_at_the_cut_leaves_no_half():
    shown = Redactor(["0123456789abcdef"]).text("x" * (CUT - 8) + "0123456789abcdef" + "y" * 100)
    assert len(shown) <= CUT
    assert "0123" not in shown


def test_very_short_values_are_not_taken_for_secrets():
    assert Redactor(["1", ""]).text("says 1") == "says 1"


DOCUMENT = {
    "app_secret": "aaaa",
    "access_token": "bbbb",
    "sign": "cccc",
    "sign_method": "md5",
    "receiver_name": "欧阳娜娜",
    "receiver_mobile": "13800138000",
    "mobile": 13800138000,
    "receiver_address": '杭州市文一西路 "969" 号',
    "memo": "13 件",
    "lines": [{"driver_name": "张三", "telno": "0571-88888888"}],
    "goods_name": "纸箱",
    "design": "d",
}


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("gap", [(",", ":"), (", ", ": ")])
def test_members_are_masked_by_name_at_any_depth(quick: bool, gap: tuple[str, str]):
    body = json.dumps(DOCUMENT, ensure_ascii=False, separators=gap).encode()
    shown = json.loads(Redactor([], ["driver_name"]).text(body, quick=quick))
    assert shown == {
        "app_secret": "***",
        "access_token": "***",
        "sign": "***",
        "sign_method": "md5",
        "receiver_name": "欧***",
        "receiver_mobile": "138****8000",
        "mobile": "138****8000",
        "receiver_address": "杭********",
        "memo": "13 件",
        "lines": [{"driver_name": "张*", "telno": "057****8888"}],
        "goods_name": "纸箱",
        "design": "d",
    }


def test_json_inside_a_json_text_is_masked_too():
    inner = json.dumps({"receiver_mobile": "13800138000", "token": "zzzz"})
    shown = Redactor([]).text(json.dumps({"trade_list": inner}), quick=True)
    assert "13800138000" not in shown
    assert "zzzz" not in shown
    assert json.loads(json.loads(shown)["trade_list"]) == {"receiver_mobile": "138****8000", "token": "***"}


def test_a_value_that_is_cut_off_is_masked():
    assert "13800" not in Redactor([]).text('{"mobile":"138001380')


def test_forms_and_urls_are_masked_by_name():
    redactor = Redactor(["topsecret"])
    form = {
        "sid": "shop",
        "sign": "ABC",
        "buyer_nick": "小明",
        "goods_list": '[{"mobile":"13800138000"}]',
        "memo": "topsecret",
    }
    assert (
        redactor.form(form)
        == 'sid=shop&sign=***&buyer_nick=小*&goods_list=[{"mobile":"138****8000"}]&memo=***'
    )
    assert redactor.url("https://erp.example.com/save?v=1", {"access_token": "xyz"}) == (
        "https://erp.example.com/save?v=1&access_token=***"
    )
    assert "topsecret" not in redactor.url(f"https://erp.example.com/?{urlencode({'q': 'topsecret'})}", {})


def test_a_vendors_words_lose_secrets_and_numbers_and_are_cut():
    words = Redactor(["topsecret"]).words(
        "key topsecret, 手机 13800138000, 单号 2026110100001380013800099 " + "长" * 400
    )
    assert "topsecret" not in words
    assert "138****8000" in words
    assert "2026110100001380013800099" in words
    assert len(words) == 300


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("", ""),
        ("张", "张"),
        ("张三", "张*"),
        ("13800138000", "138****8000"),
        ("\\u5f20\\u4e09", "\\u5f20******"),
    ],
)
def test_masks(value: str, masked: str):
    assert mask(value) == masked
