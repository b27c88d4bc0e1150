"""What a signing recipe does with blanks, encodings, tokens and odd values; what is wrong with one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.document.signing import mistakes
from engine.errors import Fault
from engine.model.catalog import Channel, Envelope, Setting
from engine.model.recipe import Part, Recipe
from engine.model.values import Call, Reply
from engine.wire.auth import Settings, Signing, Tokens
from engine.wire.recipe import ByRecipe, InTurn
from tests.connectors.drive import fresh_tokens, signed

NOW = datetime(2026, 11, 20, 2, 0, 0, 7, tzinfo=UTC)
HELD = {"key": "k", "secret": "s"}


def recipe(**more: Any) -> Recipe:
    return Recipe(**{"text": "{secret}{pairs}{secret}", "secret": "secret", "digest": "md5", **more})


def channel(*settings: Setting) -> Channel:
    own = (Setting(name="key", required=True), Setting(name="secret", required=True, secret=True))
    return Channel(settings=(*own, *settings), tokens=("access",), envelope=Envelope(ok=()))


def by(made: Recipe, *settings: Setting) -> ByRecipe:
    return ByRecipe(made, channel(*settings), "某厂商")


def form(**params: str) -> Call:
    return Call("POST", "http://vendor.test", form=params)


@pytest.mark.parametrize(
    ("blank", "sent", "text"),
    [("drop", {"b"}, "sb1s"), ("sign", {"a", "b"}, "sab1s"), ("skip", {"a", "b"}, "sb1s")],
)
def test_a_parameter_without_a_value_is_dropped_signed_or_only_sent(
    blank: str, sent: set[str], text: str
) -> None:
    call = signed(by(recipe(blank=blank)), form(a="", b="1"), HELD)
    assert {*(call.form or {})} == {*sent, "sign"}
    assert call.proof == text


def test_an_old_signature_is_replaced_and_what_is_unsigned_is_only_sent() -> None:
    call = signed(by(recipe(unsigned=["kind"])), form(sign="old", kind="x", b="1"), HELD)
    assert call.proof == "sb1s"
    assert (call.form or {})["kind"] == "x"
    assert (call.form or {})["sign"] != "old"


def test_names_and_values_are_encoded_as_java_encodes_a_form() -> None:
    made = recipe(pair="{name}={value}", join="&", escape="url", text="{pairs}{secret}")
    call = signed(by(made), form(q="a b*~_-.中/", p="1"), HELD)
    assert call.proof == "p=1&q=a+b*%7E_-.%E4%B8%AD%2Fs"
    assert (call.form or {})["q"] == "a b*~_-.中/", "encoding for the wire is the door's"


def test_lengths_are_counted_in_signs_and_filled_up() -> None:
    made = recipe(pair="{name.length:02}-{name}:{value.length:04}-{value}", join=";")
    assert signed(by(made), form(备注="加急发货", a="1"), HELD).proof == "s01-a:0001-1;02-备注:0004-加急发货s"
    bare = recipe(pair="{name.length}{value.length}", join=" ")
    assert signed(by(bare), form(ab="123"), HELD).proof == "s23s"


def test_parts_are_settings_tokens_times_and_values() -> None:
    add = {
        "a": Part(setting="key"),
        "b": Part(setting="extra"),
        "c": Part(token="access"),
        "d": Part(time="seconds"),
        "e": Part(time="milliseconds"),
        "f": Part(time="%Y%m%d%H%M%S"),
        "g": Part(time="%H", zone="UTC"),
        "h": Part(value="json"),
    }
    tokens = fresh_tokens()
    tokens.keep("access", "t", NOW + timedelta(hours=1))
    auth = by(recipe(add=add, to="query"), Setting(name="extra"))
    call = signed(auth, Call("GET", "http://vendor.test"), HELD, NOW, tokens=tokens)
    told = {**call.query}
    told.pop("sign")
    assert told == {
        "a": "k", "c": "t", "d": "1795140000", "e": "1795140000000", "f": "20261120100000", "g": "02", "h": "json"
    }  # fmt: skip
    assert call.form is None


def test_a_setting_that_is_needed_and_missing_is_named_and_nothing_is_sent() -> None:
    auth = by(recipe(add={"a": Part(setting="key")}))
    for held, name in (({"secret": "s"}, "key"), ({"key": "k"}, "secret")):
        with pytest.raises(Fault, match=f"某厂商 连接缺少设置 {name}") as raised:
            signed(auth, form(), held)
        assert (raised.value.kind, raised.value.sent) == ("login", False)


def test_what_clients_sign_differently_is_refused_alone_where_the_recipe_says_so() -> None:
    for value in ("加急😀", "@1001"):
        with pytest.raises(Fault, match="remark") as raised:
            signed(by(recipe(refuse=("emoji", "leading_at"))), form(remark=value), HELD)
        assert (raised.value.kind, raised.value.sent, raised.value.alone) == ("refused", False, True)
        assert signed(by(recipe()), form(remark=value), HELD).form
    assert signed(by(recipe(refuse=("emoji", "leading_at"))), form(remark="加急 a@b"), HELD).form


def test_a_body_that_is_no_object_cannot_take_members() -> None:
    call = Call("POST", "http://vendor.test", body=b"[1]")
    with pytest.raises(Fault) as raised:
        signed(by(recipe(to="json")), call, HELD)
    assert (raised.value.kind, raised.value.sent, raised.value.alone) == ("refused", False, True)


class Asking:
    """A handshake that fetches a token where there is none."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        if tokens.fresh("access", now) is None:
            reply = yield Call("GET", "http://vendor.test/token")
            tokens.keep("access", reply.body.decode(), now + timedelta(hours=1))
        return call


def test_a_handshake_fetches_what_the_recipe_signs_with_and_asks_once() -> None:
    auth = InTurn(Asking(), by(recipe(add={"access_token": Part(token="access")})))
    tokens, asked = fresh_tokens(), []

    def answer(call: Call) -> Reply:
        asked.append(call.url)
        return Reply(200, {}, b"fetched")

    calls = [signed(auth, form(a="1"), HELD, NOW, tokens=tokens, answer=answer) for _ in range(2)]
    assert [call.proof for call in calls] == ["sa1access_tokenfetcheds"] * 2
    assert asked == ["http://vendor.test/token"]


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"secret": "secrt"}, "secret", "unknown_setting"),
        ({"secret": "key"}, "secret", "open_secret"),
        ({"text": "{pairs}"}, "text", "no_secret"),
        ({"text": "{secret}{pair}"}, "text", "unknown_place"),
        ({"text": "{secret}{pairs"}, "text", "form"),
        ({"text": "{secret}{pairs!r}"}, "text", "unknown_place"),
        ({"pair": "{name}{}"}, "pair", "unknown_place"),
        ({"pair": "{name:02}"}, "pair", "unknown_place"),
        ({"pair": "{name.length:02x}"}, "pair", "unknown_place"),
        ({"pair": "{name.__class__}"}, "pair", "unknown_place"),
        ({"add": {"a": Part()}}, "add.a", "source"),
        ({"add": {"a": Part(setting="key", value="x")}}, "add.a", "source"),
        ({"add": {"a": Part(setting="kez")}}, "add.a.setting", "unknown_setting"),
        ({"add": {"a": Part(token="acces")}}, "add.a.token", "unknown_token"),
        ({"add": {"a": Part(time="second")}}, "add.a.time", "time"),
        ({"add": {"a": Part(time="seconds", zone="Asia/Shangai")}}, "add.a.zone", "zone"),
        ({"to": "json", "text": "{secret}{body}"}, "text", "body_in_itself"),
    ],
)
def test_a_mistake_in_a_recipe_is_told_with_its_place(change: dict[str, Any], place: str, code: str) -> None:
    found = [(where, word) for where, word, _, _ in mistakes(recipe(**change), channel())]
    assert found == [(place, code)]


def test_every_mistake_is_told_at_once() -> None:
    found = mistakes(recipe(secret="x", text="{pair}", add={"a": Part()}), channel())
    assert [code for _, code, _, _ in found] == ["unknown_setting", "no_secret", "unknown_place", "source"]
