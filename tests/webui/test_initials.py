"""First letters of Chinese titles, and what they find in the catalogue."""

from __future__ import annotations

import pytest

from engine.model.catalog import Field
from tests.webui import build
from tests.webui.test_pages import said, text
from webui.connectors import found
from webui.initials import MOST, initials


@pytest.mark.parametrize(
    ("title", "typed"),
    [("出库单", "ckd"), ("仓库编码", "ckbm"), ("商家编码", "sjbm"), ("行号", "hh"),
     ("调拨单", "dbd"), ("调整单", "tzd"), ("重量", "zl"), ("平台昵称", "ptnc"), ("ERP单号", "erpdh"),
     ("收件人 手机", "sjrsj"), ("率", "l")],
)  # fmt: skip
def test_a_title_is_found_by_its_letters(title: str, typed: str) -> None:
    assert typed in initials(title).split()


def test_what_is_not_chinese_has_none_and_no_title_has_too_many() -> None:
    assert initials("order_no") == ""
    assert len(initials("调重长会参系" * 10).split()) == MOST


def test_every_character_of_our_catalogues_has_a_letter() -> None:
    def titles(fields: tuple[Field, ...]) -> set[str]:
        told = {field.title for field in fields}
        return told.union(*(titles(field.fields) for field in fields))

    found_ = set()
    for one in build.REGISTRY.operations.values():
        found_ |= {one.title} | titles(one.ask) | titles(one.fields) | titles(one.give)
    chinese = {char for title in found_ for char in title if "\u4e00" <= char <= "\u9fff"}
    assert sorted(char for char in chinese if not initials(char)) == []


def test_operations_and_fields_are_found_in_three_ways() -> None:
    save = build.REGISTRY.operation(build.SAVE)
    assert save is not None
    for word in ("qtck", "othout", "其他出库", "OthOutRecord"):
        assert found(save, word) is not None, word
    hit = found(save, "batchno")
    assert hit is not None
    assert next(path for path, _ in hit.fields) == "othOutRecords.batchno"
    assert found(save, "zzzzzz") is None


def test_the_catalogue_page_shows_what_was_found_and_says_when_nothing_was(shop: build.Shop) -> None:
    page = text(shop, "/connectors?q=ckbm")
    assert "warehouse_no" in said(page)
    assert "没有找到“zzzz”" in said(text(shop, "/connectors?q=zzzz"))
    assert said(text(shop, "/connectors")).count("othoutrecord.single.save") == 1
