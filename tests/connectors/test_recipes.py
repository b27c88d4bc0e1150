"""Every signature that public clients agree upon, made by a recipe: those of docs/signing.md, which connectors use.

Not here: 金蝶云星空, whose secrets are taken apart first (k3cloud/test_auth.py).
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from engine.document.catalog import read_connector
from engine.document.signing import mistakes
from engine.exact import decode
from engine.model.catalog import Channel
from engine.model.recipe import Recipe
from engine.model.values import Call, Json
from engine.wire.recipe import ByRecipe
from tests.connectors.drive import NOW, ROOT, fresh_tokens, registry, signed

VECTORS = json.loads((ROOT / "tests/connectors/sign_vectors.json").read_text(encoding="utf-8"))["vectors"]
FULL = [vector for vector in VECTORS if "full" in vector]
HEAD = "connector: told\ntitle: 某厂商\nbase: http://vendor.test\nenvelope: {ok: [{at: code}]}\n"
BLOCK = re.compile(r"^### [^\n]*`(\S+)`\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def named(vector: Any) -> str:
    return str(vector["id"])


@cache
def told() -> dict[str, Channel]:
    """The recipes of the page by name."""
    found = {}
    for name, block in BLOCK.findall((ROOT / "docs" / "signing.md").read_text(encoding="utf-8")):
        connector, problems = read_connector(HEAD + block, name)
        assert problems == []
        assert connector is not None
        found[name] = connector.channels["default"]
    return found


def recipe_of(channel: Channel) -> Recipe:
    assert channel.sign is not None
    return channel.sign


def asked(vector: Any) -> Call:
    body = vector["body"].encode() if "body" in vector else None
    return Call("POST", "http://vendor.test/x", vector.get("query", {}), vector.get("form"), body)


def signature(call: Call, recipe: Recipe) -> Json:
    """What stands where the vendor looks for it."""
    if recipe.header is not None:
        return call.headers[recipe.header]
    if recipe.to == "json":
        return members(call)[recipe.at]
    return (call.query if recipe.to == "query" else call.form or {})[recipe.at]


def members(call: Call) -> dict[str, Json]:
    body = decode(call.body or b"{}")
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_a_recipe_signs_as_public_clients_do(vector: Any) -> None:
    channel = told()[vector["recipe"]]
    recipe = recipe_of(channel).model_copy(update={"add": {}, **vector.get("change", {})})
    auth = ByRecipe(recipe, channel, "某厂商")
    sent = signed(auth, asked(vector), {recipe.secret: vector["secret"]})
    assert signature(sent, recipe) == vector["signature"]


@pytest.mark.parametrize("vector", FULL, ids=named)
def test_a_connection_sends_the_very_parameters_that_were_signed(vector: Any) -> None:
    channel, full = told()[vector["recipe"]], vector["full"]
    recipe, now, tokens = recipe_of(channel), datetime.fromisoformat(full["now"]), fresh_tokens()
    for name, value in full.get("tokens", {}).items():
        tokens.keep(name, value, now + timedelta(days=1))
    whole = asked(vector)
    bare = Call("POST", whole.url, without(whole.query, recipe), whole.form, whole.body)
    bare = Call("POST", whole.url, bare.query, bare.form and without(bare.form, recipe), whole.body)
    settings = {**full["settings"], recipe.secret: vector["secret"]}
    sent = signed(ByRecipe(recipe, channel, "某厂商"), bare, settings, now, tokens=tokens)
    assert signature(sent, recipe) == vector["signature"]
    if recipe.header is None:
        assert {**sent.query, **(sent.form or {})} == {
            **whole.query,
            **(whole.form or {}),
            recipe.at: vector["signature"],
        }


def without(params: Any, recipe: Recipe) -> dict[str, str]:
    return {name: value for name, value in params.items() if name not in recipe.add}


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_another_secret_or_value_gives_another_signature(vector: Any) -> None:
    channel = told()[vector["recipe"]]
    recipe = recipe_of(channel).model_copy(update={"add": {}, **vector.get("change", {})})
    auth, call = ByRecipe(recipe, channel, "某厂商"), asked(vector)
    other = Call(call.method, call.url, {**call.query, "another": "7"}, call.form, call.body)
    if recipe.header is not None:
        other = Call(call.method, call.url, call.query, None, b'{"api":"another"}')
    assert signature(signed(auth, call, {recipe.secret: "another"}), recipe) != vector["signature"]
    assert signature(signed(auth, other, {recipe.secret: vector["secret"]}), recipe) != vector["signature"]


@pytest.mark.parametrize("name", sorted(told()))
def test_the_page_tells_what_the_connector_does(name: str) -> None:
    channel = told()[name]
    assert list(mistakes(recipe_of(channel), channel)) == []
    connector, _, way = name.partition(".")
    shipped = registry().connector(connector)
    if shipped is not None and way:
        assert shipped.channels[way].sign == channel.sign
        assert {one.name for one in shipped.channels[way].settings} >= {one.name for one in channel.settings}


def test_every_shipped_recipe_is_on_the_page() -> None:
    shipped = {
        f"{code}.{name}"
        for code, connector in registry().connectors.items()
        for name, channel in connector.channels.items()
        if channel.sign is not None
    }
    assert shipped
    assert shipped <= {*told()}


def test_mabang_signs_the_bytes_that_go_out() -> None:
    """Their order is the sender's: the signature is over them as they are."""
    channel = told()["mabang"]
    call = Call("POST", "http://vendor.test", body=b'{"api":"order-get-order-list-new","data":{"page":1}}')
    sent = signed(ByRecipe(recipe_of(channel), channel, "马帮"), call, {"appkey": "2", "token": "t"})
    assert members(sent) == {
        "api": "order-get-order-list-new",
        "data": {"page": 1},
        "appkey": "2",
        "timestamp": int(NOW.timestamp()),
    }
    assert sent.headers["Content-Type"] == "application/json"
    again = recipe_of(channel).model_copy(update={"add": {}})
    call = Call("POST", "http://vendor.test", body=sent.body)
    same = signed(ByRecipe(again, channel, "马帮"), call, {"token": "t"})
    assert same.headers["Authorization"] == sent.headers["Authorization"]


def test_eccang_puts_the_whole_form_into_json_with_a_text_that_is_never_the_same() -> None:
    channel = told()["eccang"]
    auth = ByRecipe(recipe_of(channel), channel, "易仓")
    settings = {"app_key": "ak", "service_id": "SID", "app_secret": "s"}
    form = {"interface_method": "getOrderList", "biz_content": '{"page":1,"page_size":20}'}
    call = Call("POST", "http://vendor.test", form=form)
    first, later = (signed(auth, call, settings, now) for now in (NOW, NOW + timedelta(microseconds=1)))
    assert first.form is None
    told_ = members(first)
    assert {**form, "app_key": "ak", "service_id": "SID", "sign_type": "MD5"}.items() <= told_.items()
    assert told_["nonce_str"] != members(later)["nonce_str"]
    assert members(signed(auth, call, settings, NOW)) == told_
