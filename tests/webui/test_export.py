"""Documents as an Excel file: what the list shows, every digit of it, and nothing that Excel would run."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from engine.store import audit
from engine.store.tables import document
from tests.webui import build
from webui import export

FILE = f"/schemes/{build.CODE}/documents/file"


def rows(shop: build.Shop, language: str = "zh", **form: str) -> list[list[Any]]:
    """The sheet as Excel would read it, its headings first."""
    reply = shop.visitor(shop.person(f"chen{shop.clock.codes}", "business"), language).post(FILE, form)
    assert reply.status_code == 200, reply.status_code
    assert (
        reply.headers["Content-Disposition"].endswith('.xlsx"')
        or ".xlsx" in reply.headers["Content-Disposition"]
    )
    return CalamineWorkbook.from_filelike(io.BytesIO(reply.data)).get_sheet_by_index(0).to_python()


def stored(shop: build.Shop, **where: Any) -> list[Any]:
    chosen = select(document).where(document.c.scheme_id == shop.scheme)
    for name, value in where.items():
        chosen = chosen.where(document.c[name] == value)
    return list(shop.store.read(lambda c: c.execute(chosen.order_by(document.c.id.desc())).all()))


def test_the_file_holds_what_the_list_shows(shop: build.Shop) -> None:
    every = stored(shop)
    head, *found = rows(shop)
    assert head[:4] == ["单号", "主键", "状态", "目标单号"]
    assert [row[1] for row in found] == [one.key for one in every]
    refused = rows(shop, state="refused")[1:]
    assert [row[1] for row in refused] == [one.key for one in stored(shop, state="refused")]
    assert {row[2] for row in refused} == {"被拒绝"}
    assert rows(shop, "en", state="refused")[1][2] == "Refused"
    assert len(rows(shop, state="refused", about="用友BIP：仓库不能为空")) == 3


def test_numbers_keep_every_digit_and_nothing_is_a_formula(shop: build.Shop) -> None:
    one = stored(shop, state="done")[0]
    odd = {
        "number": '=HYPERLINK("http://example.com")',
        "target_id": "2480013579246801001",
        "target_number": "010",
    }
    shop.store.write(lambda c: c.execute(update(document).where(document.c.id == one.id).values(**odd)))
    found = next(row for row in rows(shop, state="done")[1:] if row[1] == one.key)
    assert (found[0], found[3], found[4]) == (odd["number"], "010", "2480013579246801001")


def test_more_than_a_chunk_is_read_to_its_end_and_not_beyond_the_most(
    shop: build.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [one.key for one in stored(shop)]
    monkeypatch.setattr(export, "CHUNK", 7)
    assert [row[1] for row in rows(shop)[1:]] == every
    monkeypatch.setattr(export, "MOST", 21)
    assert [row[1] for row in rows(shop)[1:]] == every[:21]


def test_an_export_stands_in_the_audit_and_another_group_has_none(shop: build.Shop) -> None:
    rows(shop, state="refused")
    line = shop.store.read(lambda c: audit.listed(c, None, 1))[0]
    assert (line.deed, line.what, line.detail) == ("documents.export", build.CODE, "refused 3")
    other = shop.visitor(shop.person("other", "business", ("别的组",)))
    assert other.post(FILE).status_code == 404


def test_a_second_export_of_a_person_waits_for_the_first(shop: build.Shop, tmp_path: Path) -> None:
    chen = shop.visitor(shop.person("chen", "business"))
    with export._alone("chen"):
        assert chen.post(FILE).status_code == 429
    assert chen.post(FILE).status_code == 200
