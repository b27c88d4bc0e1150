"""奇门's signature over address and body as four implementations compute it, by our auth and by the simulator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from engine.model.values import Call
from tests.connectors.drive import CONNECTORS, auth_of, module, signed

SECRET = "wmssecret-made-up-01"
PARAMS = {
    "method": "taobao.qimen.deliveryorder.confirm",
    "timestamp": "2025-12-01 10:00:00",
    "format": "xml",
    "app_key": "23000001",
    "v": "2.0",
    "sign_method": "md5",
    "customerId": "c1513000000001",
}
BODY = (
    b'<?xml version="1.0" encoding="utf-8"?><request><deliveryOrder><deliveryOrderCode>TB20251201001'
    b"</deliveryOrderCode><deliveryOrderId>WMS-77</deliveryOrderId><warehouseCode>WH01</warehouseCode>"
    b"<orderType>JYCK</orderType><status>DELIVERED</status><outBizCode>MSG-0001</outBizCode><confirmType>0"
    b"</confirmType></deliveryOrder><packages><package><logisticsCode>SF</logisticsCode><expressCode>SF100000001"
    b"</expressCode><items><item><itemCode>SKU-1</itemCode><quantity>2</quantity></item></items></package>"
    b"</packages></request>"
)
SIGN = "569F0DE09EFF43A47B1143F8BCB624AE"  # two PHP, one Go and one Java implementation give the same
AT = datetime(2025, 12, 1, 2, 0, 0, tzinfo=UTC)


def sent(body: bytes = BODY, **query: str) -> dict[str, str]:
    """The query of a call as our auth signs it."""
    fixed = {name: PARAMS[name] for name in ("method", "format", "v", "sign_method")}
    settings = {"app_key": "23000001", "app_secret": SECRET, "customer_id": "c1513000000001"}
    call = Call("POST", "http://vendor.test", {**fixed, **query}, body=body)
    signing = signed(auth_of("qimen_wms", "default"), call, settings, AT)
    assert signing.body == body, "not a byte is changed"
    return dict(signing.query)


def test_our_auth_signs_as_the_implementations_do() -> None:
    assert sent() == {**PARAMS, "sign": SIGN}


def test_the_simulator_verifies_by_its_own_code() -> None:
    own: Any = module(CONNECTORS / "qimen_wms" / "simulator.py")
    assert own.body_sign(PARAMS, BODY, SECRET) == SIGN
    assert own.body_sign(PARAMS, BODY + b" ", SECRET) != SIGN
    assert own.body_sign({**PARAMS, "customerId": "other"}, BODY, SECRET) != SIGN


def test_an_empty_parameter_is_neither_signed_nor_sent() -> None:
    assert sent(session="") == {**PARAMS, "sign": SIGN}


def test_chinese_is_signed_as_utf_8() -> None:
    own: Any = module(CONNECTORS / "qimen_wms" / "simulator.py")
    body = "<request><remark>加急😀</remark></request>".encode()
    told = sent(body)
    assert told["sign"] == own.body_sign(told, body, SECRET)
