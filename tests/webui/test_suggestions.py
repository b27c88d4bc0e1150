"""Suggestions in the mapping editor: beside a field, taken one by one or all the sure ones at once, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.store import drafts
from engine.store.drafts import Draft
from tests.webui import build
from tests.webui.test_pages import said
from webui.drafts import starting

CODE = "new-scheme"
TEXT = build.FLOW.read_text(encoding="utf-8").replace(build.CODE, CODE)
EMPTY = TEXT[: TEXT.index("map:\n")] + "map: {}\n" + TEXT[TEXT.index("on_change:") :]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[build.Shop]:
    made = build.full(tmp_path)
    yield made
    made.store.close()


def begin(shop: build.Shop, text: str = EMPTY, code: str = CODE) -> build.Browser:
    wei = shop.person("li.wei", "implementer")
    shop.store.write(lambda c: drafts.begin(c, Draft(code, "", "", text, 1, 0, "li.wei", shop.clock.now())))
    return shop.visitor(wei)


def text_of(shop: build.Shop, code: str = CODE) -> str:
    found = shop.store.read(lambda c: drafts.get(c, code))
    assert found is not None
    return found.text


def edit(shop: build.Shop, wei: build.Browser, code: str = CODE, **form: Any) -> Any:
    now = shop.store.read(lambda c: drafts.get(c, code))
    assert now is not None
    return wei.post(f"/drafts/{code}/map", {"revision": str(now.revision), **form})


def test_a_field_shows_its_likely_sources_with_reasons(shop: build.Shop) -> None:
    wei = begin(shop)
    page = said(wei.get(f"/drafts/{CODE}/map?at=warehouse").get_data(as_text=True))
    assert "建议" in page
    assert "warehouse_no" in page.partition("建议")[2]
    assert "别的方案这样填过" in page, "a published scheme of the same pair taught it"
    assert "建议" not in said(wei.get(f"/drafts/{CODE}/map").get_data(as_text=True)).replace(
        "采纳有把握的建议", ""
    )


def test_a_suggestion_is_placed_like_a_field_that_was_dragged(shop: build.Shop) -> None:
    wei = begin(shop)
    assert edit(shop, wei, deed="place", to="warehouse", source="warehouse_no").status_code == 303
    assert "warehouse: warehouse_no" in text_of(shop)


def test_all_sure_ones_are_one_edit_that_is_taken_back_whole(shop: build.Shop) -> None:
    wei = begin(shop)
    assert edit(shop, wei, deed="suggest").status_code == 303
    made = text_of(shop)
    assert made.count("\n") > EMPTY.count("\n") + 2
    assert "warehouse: warehouse_no" in made
    steps = said(wei.get(f"/drafts/{CODE}/edits").get_data(as_text=True))
    assert "采纳建议" in steps
    edit(shop, wei, deed="back")
    assert text_of(shop) == EMPTY


def test_what_is_decided_already_stays_as_it_is(shop: build.Shop) -> None:
    wei = begin(shop, EMPTY.replace("map: {}\n", "map:\n  warehouse: {value: CK09}\n"))
    edit(shop, wei, deed="suggest")
    assert "warehouse: {value: CK09}" in text_of(shop)


def test_where_nothing_is_sure_a_sentence_says_so(shop: build.Shop) -> None:
    wei = begin(shop, TEXT)
    edit(shop, wei, deed="suggest")
    again = edit(shop, wei, deed="suggest")
    assert again.status_code == 422
    assert "没有有把握的建议" in said(again.get_data(as_text=True))


@pytest.mark.parametrize(
    "code", ["wdt-trade-to-qimen-delivery", "wdt-goods-to-jd-goods", "bip-goods-to-wdt-goods"]
)
def test_every_starter_can_be_begun_anew_from_suggestions(shop: build.Shop, code: str) -> None:
    """Its own text is not among what was learnt: the draft bears its name."""
    text = starting(code)
    lines = text.splitlines(keepends=True)
    begun = next(place for place, line in enumerate(lines) if line.startswith("map:"))
    rest = next(
        (place for place in range(begun + 1, len(lines)) if lines[place][0] not in " \n#"), len(lines)
    )
    bare = "".join([*lines[:begun], "map: {}\n", *lines[rest:]])
    wei = begin(shop, bare, code)
    reply = edit(shop, wei, code, deed="suggest")
    assert reply.status_code == 303, said(reply.get_data(as_text=True))
    assert len(text_of(shop, code)) > len(bare)
