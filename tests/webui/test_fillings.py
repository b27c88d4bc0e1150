"""Filling a mapping field by field: plain forms, every edit lands in the draft's text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store import drafts
from tests.webui import build

TEXT = build.FLOW.read_text(encoding="utf-8")
FIELDS = f"/drafts/{build.CODE}/fields"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[build.Shop]:
    made = build.empty(tmp_path)
    build.accounts(made)
    build.tables(made)
    made.scheme = build.publish(made, build.CODE, "旺店通出库单 → BIP 其他出库单", TEXT)
    yield made
    made.store.close()


@pytest.fixture
def wei(shop: build.Shop) -> build.Browser:
    made = shop.visitor(shop.person("li.wei", "implementer"))
    made.post(f"/schemes/{build.CODE}/draft")
    return made


def text(shop: build.Shop) -> str:
    found = shop.store.read(lambda c: drafts.get(c, build.CODE))
    assert found is not None
    return found.text


def form(to: list[str], how: str, content: str = "", revision: int = 1) -> dict[str, object]:
    return {"to": to, "how": how, "content": content, "revision": str(revision)}


def test_a_field_is_filled_and_cleared_and_the_text_says_so(shop: build.Shop, wei: build.Browser) -> None:
    page = wei.get(FIELDS).get_data(as_text=True)
    assert 'id="othOutRecords.qty"' in page
    assert 'value="goods_count | decimal(4)"' in page
    assert "resubmitCheckKey" not in page, "the engine's own field is nobody's to fill"
    lines = ["othOutRecords", "batchno"]
    reply = wei.post(FIELDS, form(lines, "from", "batch_no"))
    assert reply.status_code == 303
    assert reply.headers["Location"] == f"{FIELDS}#othOutRecords.batchno"
    assert "      batchno: batch_no\n" in text(shop)
    wei.post(FIELDS, form(lines, "", revision=2))
    assert text(shop) == TEXT, "cleared again, the text is what it was"


def test_a_wrong_cell_is_kept_and_shown_beside_its_field(shop: build.Shop, wei: build.Browser) -> None:
    wei.post(FIELDS, form(["code"], "formula", "=CONCAT("))
    assert "  code: '=CONCAT('\n" in text(shop)
    wrong = wei.get(f"{FIELDS}?show=wrong").get_data(as_text=True)
    assert 'id="code"' in wrong
    assert 'id="memo"' not in wrong
    assert "field__wrong" in wrong


def test_nothing_is_overwritten_and_nothing_without_a_place_is_written(
    shop: build.Shop, wei: build.Browser
) -> None:
    assert wei.post(FIELDS, form(["code"], "from", "")).status_code == 422
    assert wei.post(FIELDS, form(["nowhere", "x"], "from", "a")).status_code == 422
    assert wei.post(FIELDS, form(["code"], "from", "src_order_no", revision=7)).status_code == 409
    assert text(shop) == TEXT
