"""Lookups on the pages: the grid, pasting with the difference first, export, missing codes and their release."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import fill
from engine.store import audit, documents, lookups, runs
from engine.store.lookups import Columns, Pair
from tests.cli.excel import xlsx
from tests.webui import build


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[build.Shop]:
    made = build.full(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def fang(shop: build.Shop) -> build.Browser:
    return shop.visitor(shop.person("wang.fang", "business"))


def said(reply: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", reply.get_data(as_text=True)))


def pairs(shop: build.Shop, code: str = "仓库") -> dict[str, str]:
    return {pair.left: pair.right for pair in shop.store.read(lambda c: lookups.pairs(c, code))}


def test_a_grid_changes_adds_and_removes_rows_and_leaves_the_others(shop: build.Shop, fang: build.Browser) -> None:
    form = {
        "left": ["WH-HZ01", "WH-GZ02", " NEW-1 ", ""],
        "right": ["CK99", "", "010", "lost"],
        "title": ["杭州一仓", "广州二仓", "新仓", ""],
    }
    assert fang.post("/lookups/仓库/pairs", form).status_code == 303
    assert pairs(shop) == {"WH-HZ01": "CK99", "NEW-1": "010"}
    assert len(pairs(shop, "物料")) == 240
    line = shop.store.read(lambda c: audit.listed(c))[0]
    assert (line.deed, line.what, line.detail.split()[:3]) == ("lookup.change", "仓库", ["+1", "~1", "-1"])
    assert fang.post("/lookups/仓库/pairs", {"left": ["a"], "right": [], "title": []}).status_code == 400
    fang.post("/lookups/物料/pairs", {"left": ["SKU-1001"], "right": ["X"], "title": [""]})
    assert len(pairs(shop, "物料")) == 240, "rows of other pages stay"


def test_a_missing_code_is_filled_where_it_is_shown_and_its_documents_go_on(
    shop: build.Shop, fang: build.Browser
) -> None:
    words = said(fang.get("/lookups"))
    assert "缺的编码 1" in words
    assert "WH-CD09 仓库 3 张" in words
    before = shop.store.read(lambda c: documents.unplanned_count(c, shop.scheme))
    assert fang.post("/lookups/仓库/pairs", {"left": "WH-CD09", "right": "CK09", "title": "成都"}).status_code == 303
    assert pairs(shop)["WH-CD09"] == "CK09"
    assert shop.store.read(lambda c: documents.unplanned_count(c, shop.scheme)) == before + 3
    assert shop.store.read(lambda c: runs.latest(c, shop.scheme, 1))[0].asked_by == "wang.fang"


def test_a_pasted_table_shows_what_changes_before_it_does(shop: build.Shop, fang: build.Browser) -> None:
    text = "源编码\t目标编码\nWH-HZ01\tCK01\t杭州一仓\nWH-GZ02\tCK77\nWH-NEW\tCK08\n"
    shown = fang.post("/lookups", {"code": "仓库", "text": text})
    assert "1 新增 1 改动 0 删掉 3 导入后的行数" in said(shown)
    assert pairs(shop)["WH-GZ02"] == "CK02"
    assert fang.post("/lookups", {"code": "仓库", "text": text, "sure": "on"}).status_code == 303
    assert pairs(shop) == {"WH-HZ01": "CK01", "WH-GZ02": "CK77", "WH-NEW": "CK08"}
    assert "没有要改的" in said(fang.post("/lookups", {"code": "仓库", "text": text}))


def test_a_file_makes_a_new_table_and_every_problem_is_told(shop: build.Shop, fang: build.Browser) -> None:
    file = (io.BytesIO(b"a,1\nb,2\n"), "x.csv")
    shown = fang.post("/lookups", {"code": "渠道", "file": file}, content_type="multipart/form-data")
    assert "2 新增" in said(shown)
    assert fang.post("/lookups", {"code": "渠道", "text": "a,1\nb,2\n", "sure": "on"}).status_code == 303
    assert pairs(shop, "渠道") == {"a": "1", "b": "2"}
    excel = (io.BytesIO(xlsx([["a", "010"], ["c", 3]])), "x.xlsx")
    shown = fang.post("/lookups", {"code": "渠道", "file": excel}, content_type="multipart/form-data")
    assert "1 新增" in said(shown)
    assert "010" in said(shown)
    lost = (io.BytesIO(xlsx([["a", 10**17]])), "x.xlsx")
    wrong = fang.post("/lookups", {"code": "渠道", "file": lost}, content_type="multipart/form-data")
    assert wrong.status_code == 422
    assert "超过 15 位" in said(wrong)
    wrong = fang.post("/lookups", {"code": "渠道", "text": "a,1\na,2\nb,\nc,1.2E+17\n", "sure": "on"})
    assert wrong.status_code == 422
    assert all(f"第 {line} 行" in said(wrong) for line in (2, 3, 4))
    assert pairs(shop, "渠道") == {"a": "1", "b": "2"}
    for form in ({"code": "", "text": "a,1"}, {"code": "渠道", "text": ""}):
        assert fang.post("/lookups", form).status_code == 422


def test_an_exported_table_runs_nothing_in_a_spreadsheet_and_comes_back_the_same(
    shop: build.Shop, fang: build.Browser
) -> None:
    odd = [Pair("=cmd|' /C calc'!A0", "1", "+1"), Pair("-1", "@SUM(A1)", "x,\"y\"\nz"), Pair("'=a", "010", "")]
    shop.store.write(lambda c: lookups.replace(c, "odd", odd, shop.clock.now()))
    reply = fang.get("/lookups/odd/file")
    text = reply.data.decode("utf-8-sig")
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert not re.search(r'(^|,)"?[=+@-]', text, re.MULTILINE)
    assert "没有要改的" in said(fang.post("/lookups", {"code": "odd", "text": text}))


def test_a_table_of_several_columns_is_shown_and_not_edited_here(shop: build.Shop, fang: build.Browser) -> None:
    columns = Columns(keys=("店铺", "渠道"), gives=("客户",))
    row = [Pair('["a","b"]', "c")]
    shop.store.write(lambda c: lookups.replace(c, "店铺", row, shop.clock.now(), columns))
    html = fang.get("/lookups/店铺").get_data(as_text=True)
    assert 'name="right"' not in html
    assert fang.post("/lookups/店铺/pairs", {"left": "a", "right": "b", "title": ""}).status_code == 404
    assert fang.post("/lookups", {"code": "店铺", "text": "a,b", "sure": "on"}).status_code == 422
    assert fang.get("/lookups/店铺/file").status_code == 404
    assert pairs(shop, "店铺") == {'["a","b"]': "c"}


def test_who_only_reads_gets_no_grid_and_another_group_no_missing_codes(shop: build.Shop) -> None:
    reader = shop.visitor(shop.person("eve", "reader"))
    html = reader.get("/lookups/仓库").get_data(as_text=True)
    assert "<input name=\"right\"" not in html
    assert "WH-CD09" in html
    assert reader.post("/lookups/仓库/pairs", {"left": "a", "right": "b", "title": ""}).status_code == 403
    other = shop.visitor(shop.person("other", "business", ("华南",)))
    assert "WH-CD09" not in other.get("/lookups").get_data(as_text=True)


@pytest.mark.parametrize("cell", ["=1", "+a", "-", "@x", "'=1", "'", "", "plain", "'plain"])
def test_a_guarded_cell_is_read_back_as_it_was(cell: str) -> None:
    from engine.cli.pairs import read_pairs

    read, problems = read_pairs(fill.written([Pair("k", cell or "x", cell)]))
    assert problems == []
    assert fill.plain(read) == [Pair("k", cell or "x", cell)]
