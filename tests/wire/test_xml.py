"""Vendors who speak XML: what is sent, how a reply is judged, and what is kept of both."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Fault
from engine.model.catalog import Envelope, Operation, Test as Look
from engine.model.values import Reply
from engine.wire.calls import Plan
from engine.wire.redact import Redactor
from engine.wire.tokens import MemoryTokens, Ring
from tests.cost import seconds
from tests.wire.build import APP_SECRET, LIST, SAVE, connector

ANSWER = Envelope(
    form="xml",
    root="response",
    ok=(Look(at="flag", **{"is": ("success",)}),),
    code=("code",),
    message=("message",),
)


def plan(operation: Operation, **how: Any) -> Plan:
    call = {"default": operation.call["default"].model_copy(update={"body": "xml", "wrap": "request", **how})}
    made = operation.model_copy(update={"call": call})
    ring = Ring(MemoryTokens(), "toy")
    return Plan(connector(envelope=ANSWER), "default", made, "https://x.test", [APP_SECRET], ring, None)


def said(body: str, status: int = 200) -> Reply:
    return Reply(status, {}, body.encode())


def test_a_document_is_sent_as_xml_and_again_as_the_same_bytes() -> None:
    stored = '{"code":"CK<1>","lines":[{"sku":"中","qty":1.50},{"sku":"b","qty":2}],"gone":null}'.encode()
    call = plan(SAVE).save([stored])
    assert call.body is not None
    assert call.body.decode() == (
        '<?xml version="1.0" encoding="utf-8"?><request><code>CK&lt;1&gt;</code>'
        "<lines><sku>中</sku><qty>1.50</qty></lines><lines><sku>b</sku><qty>2</qty></lines></request>"
    )
    assert call.headers["Content-Type"].startswith("text/xml")
    assert plan(SAVE).save([stored]).body == call.body


def test_what_xml_cannot_carry_is_not_sent() -> None:
    with pytest.raises(Fault) as caught:
        plan(SAVE).save([b'{"a b":"1"}'])
    assert (caught.value.kind, caught.value.sent) == ("refused", False)


def test_rows_are_a_list_however_many_there_are() -> None:
    judge = plan(
        LIST.model_copy(
            update={"rows": "orders.order", "pages": LIST.pages.model_copy(update={"total": None})}
        )
    ).judge
    one, two = "<order><id>1</id></order>", "<order><id>1</id></order><order><id>2</id></order>"
    for rows, count in (("", 0), (one, 1), (two, 2)):
        page = judge.page(said(f"<response><flag>success</flag><orders>{rows}</orders></response>"))
        assert len(page.rows) == count


def test_a_reply_is_judged_as_any_other() -> None:
    judge = plan(SAVE).judge
    good = "<response><flag>success</flag><data><id>7</id><code>A</code></data></response>"
    assert (judge.saved(said(good)).id, judge.saved(said(good)).number) == ("7", "A")
    bad = "<response><flag>failure</flag><code>310008</code><message>不能为空</message></response>"
    with pytest.raises(Fault) as refused:
        judge.saved(said(bad))
    assert refused.value.kind == "refused"
    for nonsense in ("", "<html>", "<!DOCTYPE a [<!ENTITY b 'x'>]><response>&b;</response>", good[:-3]):
        with pytest.raises(Fault) as unknown:
            judge.saved(said(nonsense))
        assert unknown.value.kind == "unknown"


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "<request><receiver><mobile>13800138000</mobile></receiver></request>",
        '<request><n:mobile kind="x">13800138000</n:mobile></request>',
        "<request><mobile><![CDATA[13800138000]]></mobile></request>",
        '<request mobile="13800138000"/>',
        "<request><app_secret>13800138000</app_secret></request>",
        "<request><mobile>13800138000",
    ],
)
def test_persons_and_secrets_are_masked_in_xml(text: str, quick: bool) -> None:
    shown = Redactor([]).text(text, quick=quick)
    assert "13800138000" not in shown
    assert shown.startswith("<request")


def test_no_xml_makes_the_redactor_slow() -> None:
    for odd in (
        "<" * 8000,
        "<a" * 4000,
        "<" + "a" * 8000,
        "<sign " * 1300,
        "<mobile><![CDATA[" * 450,
        " a=" * 2600,
    ):
        assert seconds(lambda text=f"<{odd}</": Redactor([]).text(text), limit=1) < 1  # type: ignore[misc]  # bound
