"""Signatures computed by public client code, reproduced by our auth and, apart from it, by the simulators.

Where implementations disagree (`ours`), ours refuses the call or leaves the empty parameter out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from engine.errors import Fault
from engine.model.values import Call, Reply
from tests.connectors.drive import CONNECTORS, ROOT, auth_of, module, signed

VECTORS = json.loads((ROOT / "tests/connectors/vectors.json").read_text(encoding="utf-8"))["vectors"]
OURS = {
    "classic": ({"sid": "sid", "appkey": "appkey"}, "appsecret"),
    "qimen": ({"sid": "sid", "app_key": "app_key", "target_app_key": "target_app_key"}, "app_secret"),
    "default": ({"appKey": "app_key"}, "app_secret"),
}

by_vector = pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])


@by_vector
def test_our_auth_signs_as_public_clients_do_or_refuses(vector: dict[str, Any]) -> None:
    if vector.get("ours") == "refused":
        with pytest.raises(Fault) as raised:
            sign(vector)
        assert (raised.value.kind, raised.value.sent) == ("refused", False)
    else:
        assert sign(vector) == vector.get("dropped", vector["expected"])


@by_vector
def test_the_simulator_verifies_by_its_own_code(vector: dict[str, Any]) -> None:
    assert simulated(vector, vector["params"]) == vector["expected"]
    if "dropped" in vector:
        kept = {name: value for name, value in vector["params"].items() if value}
        assert simulated(vector, kept) == vector["dropped"]


def test_the_token_signature_is_encoded_once_by_whoever_sends_it() -> None:
    vector = next(vector for vector in VECTORS if vector["channel"] == "default")
    assert quote(sign(vector), safe="") == vector["sent"]


@pytest.mark.parametrize("channel", ["qimen", "classic"])
@pytest.mark.parametrize("value", ["加急😀", "@1001"])
def test_an_emoji_and_a_leading_at_are_refused_with_the_parameter_named(channel: str, value: str) -> None:
    with pytest.raises(Fault, match="remark") as raised:
        sign(vector_of(channel, remark=value))
    assert (raised.value.kind, raised.value.sent) == ("refused", False)


@pytest.mark.parametrize("channel", ["qimen", "classic"])
def test_an_empty_parameter_is_neither_signed_nor_sent(channel: str) -> None:
    vector = vector_of(channel, remark="")
    assert sign(vector) == sign(vector_of(channel))
    assert "remark" not in (call_of(vector).form or {})


def vector_of(channel: str, **more: str) -> dict[str, Any]:
    names, _ = OURS[channel]
    stamp = "2026-11-20 10:00:00" if channel == "qimen" else "1795140000"
    params = {**dict.fromkeys(names, "one"), "timestamp": stamp, "page_no": "0", **more}
    return {"connector": "wdt", "channel": channel, "secret": "x", "params": params}


def sign(vector: dict[str, Any]) -> str:
    call = call_of(vector)
    return call.query["signature"] if vector["channel"] == "default" else (call.form or {})["sign"]


def call_of(vector: dict[str, Any]) -> Call:
    """The call our auth makes of a vector's parameters; for a token, the call that fetches it."""
    names, secret = OURS[vector["channel"]]
    params = dict(vector["params"])
    now = moment(params.pop("timestamp"))
    settings = {ours: params.pop(theirs) for theirs, ours in names.items()} | {secret: vector["secret"]}
    auth = auth_of(vector["connector"], vector["channel"])
    if vector["channel"] != "default":
        return signed(auth, Call("POST", "http://vendor.test/x", form=params), settings, now)
    sent: list[Call] = []
    settings |= {"gateway_url": "http://vendor.test/g", "token_url": "http://vendor.test/t"}
    signed(auth, Call("POST", "/x"), settings, now, answer=lambda call: token(sent, call))
    return sent[0]


def token(sent: list[Call], call: Call) -> Reply:
    sent.append(call)
    return Reply(200, {}, b"", {"code": "00000", "data": {"access_token": "t", "expire": 7200}})


def moment(stamp: str) -> datetime:
    """Seconds, milliseconds or Beijing time as the instant they mean."""
    if not stamp.isdecimal():
        return datetime.fromisoformat(stamp + "+08:00")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(stamp.ljust(13, "0")))


def simulated(vector: dict[str, Any], params: Mapping[str, str]) -> str:
    own: Any = module(CONNECTORS / vector["connector"] / "simulator.py")
    rule = {"classic": "classic_sign", "qimen": "qimen_sign", "default": "token_signature"}
    return str(getattr(own, rule[vector["channel"]])(params, vector["secret"]))
