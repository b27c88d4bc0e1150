"""Every page answers, in both languages, full and empty; what it must say stands in it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from engine.model.values import Problem
from engine.store import overview, prune, schemes
from engine.store.overview import Wanted
from tests.webui import build
from webui import documents as views
from webui.web import Web

LANGUAGES = ("zh", "en")
LISTS = ("/", "/runs", "/lookups", "/connections", "/connectors")


def text(
    shop: build.Shop, path: str, language: str = "zh", status: int = 200, headers: dict[str, str] | None = None
) -> str:
    reply = shop.client(language).get(path, headers=headers)
    assert reply.status_code == status, path
    return reply.get_data(as_text=True)


def said(html: str) -> str:
    """What a reader sees: no tags, blanks as one."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_answers(shop: build.Shop, language: str) -> None:
    for path in build.pages(shop):
        html = text(shop, path, language)
        assert html.startswith("<!doctype html>"), path
        assert html.count("<h1") == 1, path


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", LISTS)
def test_an_empty_store_says_what_to_type_first(bare: build.Shop, language: str, path: str) -> None:
    html = text(bare, path, language)
    assert path == "/connectors" or "duijie " in said(html)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/schemes/none",
        "/schemes/none/documents",
        f"/schemes/{build.CODE}/versions/99",
        "/runs/999999",
        "/documents/999999",
        "/documents/0",
        "/documents/-1",
        "/documents/abc",
        "/attempts/999999",
        "/lookups/none",
        "/connectors/none",
        "/runs/99999999999999999999999999",
    ],
)
def test_what_is_not_here_is_a_page_that_says_so(shop: build.Shop, path: str) -> None:
    assert "没有这一页" in text(shop, path, status=404)


@pytest.mark.parametrize("before", ["99999999999999999999999", "-3", "x", "", "1 OR 1=1"])
def test_a_number_that_is_no_id_asks_for_the_newest(shop: build.Shop, before: str) -> None:
    for path in ("/runs", f"/runs/{shop.run}", f"/schemes/{build.CODE}/documents"):
        assert "回到最前" not in text(shop, f"{path}?before={before}")


def test_a_nul_in_an_address_is_refused(shop: build.Shop) -> None:
    for path in ("/schemes/a%00b", f"/schemes/{build.CODE}/documents?q=%00", "/lookups/%00"):
        assert shop.client().get(path).status_code == 400


def test_home_groups_what_needs_a_person_worst_first(shop: build.Shop) -> None:
    words = said(text(shop, "/"))
    causes = ("密钥被拒绝", "已反查，目标系统暂未查到", "用友BIP：仓库不能为空", "里没有 WH-CD09")
    order = [words.index(word) for word in causes]
    assert order == sorted(order)
    assert re.search(r"3 等对照 对照表 仓库 里没有 WH-CD09", words)


def test_a_calm_home_says_so(tmp_path: Path) -> None:
    shop = build.empty(tmp_path)
    build.publish(shop, build.CODE, "方案", build.FLOW.read_text(encoding="utf-8"))
    assert "没有要处理的单据。" in said(text(shop, "/"))


def test_reasons_that_differ_by_a_number_are_one_cause_and_lead_to_their_documents(shop: build.Shop) -> None:
    about = Wanted(reason="已反查，目标系统暂未查到 …，稍后再查。")
    found = shop.store.read(lambda c: overview.listed(c, shop.scheme, about, None, 10))
    assert [row.state for row in found] == ["unknown"]


def test_a_scheme_shows_its_text_its_mapping_and_its_versions(shop: build.Shop) -> None:
    html = text(shop, f"/schemes/{build.CODE}")
    listing = re.search(r'<pre class="listing".*?</pre>', html, re.DOTALL)
    assert listing
    lines = listing[0].count('<span class="listing__line">')
    assert lines == len(build.FLOW.read_text(encoding="utf-8").splitlines())
    words = said(html)
    assert "warehouse * 仓库 warehouse_no | lookup(仓库) 仓库编号" in words
    assert "其他出库单子表 逐行 details_list 当 goods_count > 0 货品明细" in words
    assert "第 1 版 生效中 首次上线" in words


def test_the_painted_text_is_the_text(shop: build.Shop) -> None:
    from webui.paint import paint

    odd = "\n- a: 'it''s # no comment' # one\n\t: : \n\"k\": {x: 1, y: [true]}\n"
    text = build.FLOW.read_text(encoding="utf-8") + odd
    assert "\n".join("".join(piece.text for piece in line) for line in paint(text)) == text.rstrip("\n")


def test_a_run_adds_up_in_a_sentence_and_a_bar(shop: build.Shop) -> None:
    words = said(text(shop, f"/runs/{shop.run}"))
    assert "读到 60 = 新 60 + 变更 0 + 未变 0" in words
    settled = re.search(r"新与变更 60 = (已完成 \d+ \+ 已跳过 .* \+ 已取消 \d+)", words)
    assert settled
    assert sum(int(number) for number in re.findall(r"\d+", settled[1])) == 60


def test_only_a_live_run_is_polled(shop: build.Shop) -> None:
    live, ended = text(shop, f"/runs/{shop.run + 1}"), text(shop, f"/runs/{shop.run}")
    assert 'hx-trigger="more throttle:1s, every 5s"' in live
    assert "读到 / 120" in said(live)
    assert "<noscript><meta" in live
    assert "hx-trigger" not in ended
    assert "<noscript>" not in ended


def test_htmx_gets_the_named_block_and_a_restored_page_the_whole(shop: build.Shop) -> None:
    path = f"/runs/{shop.run + 1}"
    part = shop.client().get(path, headers={"HX-Request": "true"})
    assert part.get_data(as_text=True).lstrip().startswith('<div id="now"')
    assert "HX-Request" in part.headers["Vary"]
    restored = text(shop, path, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert restored.startswith("<!doctype html>")


@pytest.mark.parametrize("path", ["/", f"/schemes/{build.CODE}", f"/schemes/{build.CODE}/documents"])
def test_every_page_that_names_a_block_can_give_it_alone(shop: build.Shop, path: str) -> None:
    whole = text(shop, path)
    part = text(shop, path, headers={"HX-Request": "true"})
    assert part.strip() in whole


def test_documents_are_found_by_state_key_and_number(shop: build.Shop) -> None:
    address = f"/schemes/{build.CODE}/documents"
    assert "CK2026112000006" in said(text(shop, f"{address}?state=refused"))
    assert "CK2026112000001" not in said(text(shop, f"{address}?state=refused"))
    for word in ("CK2026112000015", "4410015"):
        html = text(shop, f"{address}?q={word}")
        assert html.count('<th scope="row">') == 1
        assert "CK2026112000015" in said(html)
    assert "没有找到“CK”" in said(text(shop, f"{address}?q=CK"))
    assert 'scope="row"' in text(shop, f"{address}?state=nonsense")


def test_pages_of_documents_follow_each_other_without_a_gap(shop: build.Shop) -> None:
    seen: list[int] = []
    path: str | None = f"/schemes/{build.CODE}/documents"
    while path:
        html = text(shop, path)
        seen += [int(ident) for ident in re.findall(r'<th scope="row"><a href="/documents/(\d+)"', html)]
        older = re.search(r'href="([^"]*)" rel="next"', html)
        path = unescape(older[1]) if older else None
    assert len(seen) == 60
    assert seen == sorted(seen, reverse=True)
    assert len(seen) > views.PAGE


def test_a_document_tells_its_whole_story(shop: build.Shop) -> None:
    html = text(shop, f"/documents/{shop.documents['done']}")
    words = said(html)
    assert "warehouse CK01 仓库 warehouse_no | lookup(仓库)" in words
    assert "status 95 已发货 状态" in words
    assert "resubmitCheckKey" in words
    assert "操作成功" in words
    wrong = said(text(shop, f"/documents/{_first(shop, '“三条”不是数字。')}"))
    assert "map.othOutRecords[2].qty “三条”不是数字。 请在源系统改正数量，再运行一次。" in wrong
    assert f"duijie retry {build.CODE} --key=" in wrong


def _first(shop: build.Shop, reason: str) -> int:
    return int(shop.store.read(lambda c: overview.listed(c, shop.scheme, Wanted(reason=reason), None, 1))[0].id)


def test_lookups_are_paged_and_searched(shop: build.Shop) -> None:
    first = text(shop, "/lookups/物料")
    assert first.count('<th scope="row">') == 100
    rest = re.search(r'href="([^"]*)" rel="next"', first)
    assert rest
    assert "SKU-1101" in text(shop, unescape(rest[1]))
    assert text(shop, "/lookups/物料?q=SKU-1240").count('<th scope="row">') == 1
    assert "没有找到“100%”" in said(text(shop, "/lookups/物料?q=100%25"))


def test_the_catalogue_shows_types_marks_and_nested_fields(shop: build.Shop) -> None:
    words = said(text(shop, f"/connectors/{build.SAVE}"))
    assert "product * ? 物料 文本" in words
    assert "resubmitCheckKey" in words
    alias = shop.client().get("/connectors/stockout_order_query.php")
    assert (alias.status_code, alias.headers["Location"]) == (301, f"/connectors/{build.QUERY}")


def test_a_text_nobody_can_read_any_more_is_still_shown(tmp_path: Path) -> None:
    shop = build.empty(tmp_path)
    build.publish(shop, "odd", "", "scheme: odd\nshape: from the future\n")
    assert "shape : from the future" in said(text(shop, "/schemes/odd"))
    assert text(shop, "/connections")


def test_a_fault_of_ours_has_a_number_and_the_log_has_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: object) -> object:
        raise RuntimeError("canary in the traceback")

    shop = build.empty(tmp_path)
    monkeypatch.setattr(schemes, "every", fails)
    html = text(shop, "/", status=500)
    ident = re.search(r'class="ident">(\w{8})<', html)
    assert ident
    assert "canary" not in html
    assert "Traceback" not in html
    assert "canary in the traceback" in caplog.text
    assert caplog.records[-1].__dict__["error_id"] == ident[1]


def test_a_problem_with_the_surroundings_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.errors import Wrong

    def fails(_: object) -> object:
        raise Wrong([Problem("DUIJIE_KEY_FILE", "key_file", "密钥文件换过。", "从备份恢复它。")])

    shop = build.empty(tmp_path)
    monkeypatch.setattr(Web, "read", lambda _self, _work: fails(None))
    assert "密钥文件换过。 从备份恢复它。" in said(text(shop, "/lookups", status=500))


def test_health_is_one_word(shop: build.Shop) -> None:
    assert text(shop, "/healthz") == "ok\n"


def test_a_document_whose_texts_have_left_says_so_and_shows_the_rest(tmp_path: Path) -> None:
    old = build.full(tmp_path)
    try:
        old.clock.at += timedelta(days=100)
        before = old.clock.now() - timedelta(days=90)
        old.store.write(lambda c: prune.documents(c, old.scheme, before, None, bodies=True))
        for path in build.pages(old):
            assert old.client().get(path).status_code == 200, path
        page = text(old, f"/documents/{old.documents['done']}")
        assert "已清理" in page
        assert "PD000001" not in page
        assert "已清理" not in text(old, f"/documents/{old.documents['refused']}")
    finally:
        old.store.close()
