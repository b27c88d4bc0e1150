"""京东's signature as three SDKs compute it, by the simulator; by our recipe in ../test_recipes.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.errors import Fault
from engine.model.values import Call
from tests.connectors.drive import CONNECTORS, auth_of, module, signed

SECRET = "SECRET0001"
AT = datetime(2024, 1, 1, 19, 4, 5, tzinfo=UTC)
STOCK = {
    "app_key": "AK0001",
    "v": "2.0",
    "method": "jingdong.eclp.stock.queryStock",
    "timestamp": "2024-01-02 03:04:05",
    "format": "json",
    "360buy_param_json": "{}",
}
ORDER = {
    "app_key": "AK0001",
    "v": "2.0",
    "method": "jingdong.eclp.order.queryOrder",
    "timestamp": "2024-01-02 03:04:05.000+0800",
    "access_token": "tok-1",
    "360buy_param_json": '{"eclpSoNo":"ESL00000000001"}',
}
VECTORS = [  # two PHP SDKs and the vendor's Python SDK 1.1.1 give the same
    pytest.param(STOCK, "708F9BCF1F53D1E83D038A0BC547FC8B", id="no token"),
    pytest.param(ORDER, "33F894B49F8C71EE98A574B63E31F593", id="milliseconds and zone"),
]


@pytest.mark.parametrize(("params", "sign"), VECTORS)
def test_the_simulator_verifies_as_the_sdks_sign(params: dict[str, str], sign: str) -> None:
    own: Any = module(CONNECTORS / "jd_eclp" / "simulator.py")
    assert own.jos_sign(params, SECRET) == sign
    assert own.jos_sign({**params, "v": "3.0"}, SECRET) != sign


def test_a_connection_without_its_token_says_so_and_sends_nothing() -> None:
    settings = {"app_key": "AK0001", "app_secret": SECRET}
    with pytest.raises(Fault, match="access_token") as raised:
        signed(auth_of("jd_eclp", "default"), Call("POST", "https://vendor.test", form={}), settings, AT)
    assert (raised.value.kind, raised.value.sent) == ("login", False)


def test_the_token_is_signed_too_and_chinese_is_signed_as_utf_8() -> None:
    own: Any = module(CONNECTORS / "jd_eclp" / "simulator.py")
    form = {"method": "x", "360buy_param_json": '{"consigneeName":"收件人甲"}'}
    settings = {"app_key": "AK0001", "app_secret": SECRET, "access_token": "tok-1"}
    sent = signed(auth_of("jd_eclp", "default"), Call("POST", "https://vendor.test", form=form), settings, AT)
    told = dict(sent.form or {})
    assert told["access_token"] == "tok-1"
    assert told["sign"] == own.jos_sign(told, SECRET)
