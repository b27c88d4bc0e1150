"""The mapping editor by plain forms: a source field placed on a target field is one edit of the draft's text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.store import drafts, lookups
from engine.store.lookups import Pair
from tests.webui import build

TEXT = build.FLOW.read_text(encoding="utf-8")
MAP = f"/drafts/{build.CODE}/map"
EMPTY = TEXT[: TEXT.index("map:\n")] + "map: {}\n" + TEXT[TEXT.index("on_change:") :]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[build.Shop]:
    made = build.full(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def wei(shop: build.Shop) -> build.Browser:
    made = shop.visitor(shop.person("li.wei", "implementer"))
    made.post(f"/schemes/{build.CODE}/draft")
    return made


def draft(shop: build.Shop) -> drafts.Draft:
    found = shop.store.read(lambda c: drafts.get(c, build.CODE))
    assert found is not None
    return found


def typed(shop: build.Shop, text: str) -> None:
    saved = drafts.Save(build.CODE, text, "", draft(shop).revision, "li.wei", shop.clock.now())
    shop.store.write(lambda c: drafts.save(c, saved))


def do(shop: build.Shop, who: build.Browser, deed: str, to: str, source: str = "", **more: Any) -> Any:
    form = {"deed": deed, "to": to.split("."), "revision": str(draft(shop).revision), **more}
    return who.post(MAP, {**form, "source": source.split(".")} if source else form)


def test_the_page_shows_both_sides_and_what_a_real_record_becomes(
    shop: build.Shop, wei: build.Browser
) -> None:
    page = wei.get(MAP).get_data(as_text=True)
    for told in ("CK2026112000060", "出库单号", "单据编号", "2026-11-20", "lookup(仓库)", "1/20"):
        assert told in page
    assert build.MOBILE not in page
    assert build.RECEIVER not in page
    assert "CK2026112000059" in wei.get(f"{MAP}?record=2").get_data(as_text=True)


def test_a_field_is_placed_where_it_stands(shop: build.Shop, wei: build.Browser) -> None:
    reply = do(shop, wei, "place", "department", "warehouse_no")
    assert reply.status_code == 303
    assert reply.headers["Location"].startswith(f"{MAP}?at=department")
    assert "  department: warehouse_no\n" in draft(shop).text
    do(shop, wei, "place", "othOutRecords.batchno", "details_list.batch_no")
    assert "      batchno: batch_no\n" in draft(shop).text, "seen from the row it stands in"
    do(shop, wei, "place", "othOutRecords.batchno", "order_no")
    assert "      batchno: ^.order_no\n" in draft(shop).text, "seen from one level further in"


def test_what_is_placed_anew_keeps_its_pipes_and_a_day_gets_the_pipe_for_it(
    shop: build.Shop, wei: build.Browser
) -> None:
    do(shop, wei, "place", "warehouse", "logistics_no")
    assert "  warehouse: logistics_no | lookup(仓库)\n" in draft(shop).text
    do(shop, wei, "clear", "vouchdate")
    assert "vouchdate" not in draft(shop).text
    do(shop, wei, "place", "vouchdate", "consign_time")
    assert "vouchdate: consign_time | date\n" in draft(shop).text


def test_a_field_of_other_rows_is_a_question_first(shop: build.Shop, wei: build.Browser) -> None:
    asked = do(shop, wei, "place", "department", "details_list.spec_no")
    page = asked.get_data(as_text=True)
    assert asked.status_code == 200
    assert 'id="ask"' in page
    assert draft(shop).text == TEXT, "a question changes nothing"
    for choice, cell in (
        ("first", "  department: details_list[0].spec_no\n"),
        ("join", '  department: =JOIN(EACH(details_list, spec_no), "、")\n'),
        ("sum", "  department: =SUMBY(details_list, spec_no)\n"),
    ):
        do(shop, wei, "place", "department", "details_list.spec_no", choice=choice)
        assert cell in draft(shop).text


def test_deeper_rows_become_the_rows_of_the_list(shop: build.Shop, wei: build.Browser) -> None:
    page = do(shop, wei, "place", "othOutRecords.batchno", "details_list.position_list.batch_no")
    assert 'value="rows"' in page.get_data(as_text=True)
    do(shop, wei, "place", "othOutRecords.batchno", "details_list.position_list.batch_no", choice="rows")
    text = draft(shop).text
    assert "    each: [details_list, position_list]\n" in text
    assert "      batchno: batch_no\n" in text


def test_from_nothing_a_list_gets_its_rows_with_its_first_field(shop: build.Shop, wei: build.Browser) -> None:
    typed(shop, EMPTY)
    do(shop, wei, "place", "code", "order_no")
    do(shop, wei, "place", "othOutRecords.product", "details_list.spec_no")
    do(shop, wei, "place", "headItem.define1", "src_order_no")
    begin = draft(shop).text.index("map:")
    assert draft(shop).text[begin : draft(shop).text.index("on_change")] == (
        "map:\n  code: order_no\n  othOutRecords:\n    each: details_list\n    map:\n      product: spec_no\n"
        "  headItem:\n    map:\n      define1: src_order_no\n"
    )


def test_what_has_no_place_is_refused_in_words(shop: build.Shop, wei: build.Browser) -> None:
    typed(shop, EMPTY)
    for to, source in (
        ("code", "details_list"),
        ("othOutRecords", "order_no"),
        ("othOutRecords.product", "order_no"),
        ("nowhere", "order_no"),
        ("code", "nowhere"),
    ):
        reply = do(shop, wei, "place", to, source)
        assert reply.status_code == 422, (to, source)
        assert "banner--fault" in reply.get_data(as_text=True)
    assert draft(shop).text == EMPTY


def test_edits_are_taken_back_and_done_again_from_every_page(shop: build.Shop, wei: build.Browser) -> None:
    do(shop, wei, "place", "department", "warehouse_no")
    placed = draft(shop).text
    do(shop, wei, "ignore", "store")
    do(shop, wei, "back", "store")
    assert draft(shop).text == placed
    form = {"revision": str(draft(shop).revision), "step": "back"}
    assert wei.post(f"/drafts/{build.CODE}/edits?page=fields", form).headers["Location"].endswith("/fields")
    assert draft(shop).text == TEXT
    wei.post(f"/drafts/{build.CODE}/edits", {"revision": str(draft(shop).revision), "step": "again"})
    assert draft(shop).text == placed
    log = wei.get(f"/drafts/{build.CODE}/edits").get_data(as_text=True)
    assert "放源字段" in log
    assert "已撤销" in log


def test_who_was_overtaken_changes_nothing(shop: build.Shop, wei: build.Browser) -> None:
    reply = wei.post(MAP, {"deed": "ignore", "to": ["store"], "revision": "7"})
    assert reply.status_code == 409
    assert draft(shop).text == TEXT


def test_one_wrong_cell_does_not_silence_the_others(shop: build.Shop, wei: build.Browser) -> None:
    do(shop, wei, "fill", "department", how="formula", content="CONCAT(")
    page = wei.get(MAP).get_data(as_text=True)
    assert "node--wrong" in page
    assert "PD000001" in page, "the rows still show what they become"


def test_the_script_gets_the_changed_part_alone(shop: build.Shop, wei: build.Browser) -> None:
    form = {"deed": "ignore", "to": ["store"], "revision": "1"}
    part = wei.post(MAP, form, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert part.strip().startswith('<div id="work"')
    assert "<html" not in part


def test_the_next_record_that_fails_is_found(shop: build.Shop, wei: build.Browser) -> None:
    shop.store.write(lambda c: lookups.replace(c, "单位", [Pair("条", "TIAO")], shop.clock.now()))
    wei.post(MAP, {"deed": "fill", "to": ["department"], "how": "formula", "revision": "1",
                   "content": 'CHECK(order_no <> "CK2026112000055", "不是这一张", 1)'})  # fmt: skip
    page = wei.get(f"{MAP}?find=wrong&record=1").get_data(as_text=True)
    assert "样例 CK2026112000055" in page
    assert "不是这一张" in page
