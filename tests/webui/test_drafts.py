"""Schemes on the pages: drafts, checking, publishing, comparing, going back, running, pausing, copying, groups."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.people import Person
from engine.store import audit, drafts, queue, runs, schemes
from tests.webui import build

TEXT = build.FLOW.read_text(encoding="utf-8")
DRAFT = f"/drafts/{build.CODE}"
SCHEME = f"/schemes/{build.CODE}"


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
    return shop.visitor(shop.person("li.wei", "implementer"))


def said(reply: object) -> str:
    html = reply.get_data(as_text=True)  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def begun(wei: build.Browser) -> None:
    assert wei.post(f"{SCHEME}/draft").headers["Location"] == DRAFT


def version(shop: build.Shop, code: str = build.CODE) -> int:
    found = shop.store.read(lambda c: schemes.published(c, code))
    return found.version if found else 0


def deeds(shop: build.Shop) -> list[str]:
    return [line.deed for line in shop.store.read(lambda c: audit.listed(c))]


def test_a_draft_is_edited_saved_and_published_with_a_note(shop: build.Shop, wei: build.Browser) -> None:
    begun(wei)
    assert "可以发布" in said(wei.get(DRAFT))
    edited = TEXT.replace("every: 10m", "every: 20m")
    assert edited != TEXT
    typed = edited.replace("\n", "\r\n")
    assert wei.post(DRAFT, {"text": typed, "revision": "1"}).status_code == 303
    words = said(wei.get(DRAFT))
    assert "何时 schedule 每 10 分钟 每 20 分钟" in words
    assert version(shop) == 1, "a draft runs nothing"
    assert wei.post(f"{DRAFT}/publication", {"note": "改成二十分钟", "revision": "2"}).status_code == 303
    found = shop.store.read(lambda c: schemes.published(c, build.CODE))
    assert found is not None
    assert (found.version, found.text) == (2, edited)
    assert shop.store.read(drafts.every) == []
    told = shop.store.read(lambda c: schemes.versions(c, found.id))[0]
    assert (told.note, told.published_by) == ("改成二十分钟", "li.wei")
    assert deeds(shop) == ["scheme.publish", "draft.begin"]


def test_what_is_wrong_is_told_by_line_and_not_published(shop: build.Shop, wei: build.Browser) -> None:
    begun(wei)
    wrong = TEXT.replace("operation: wdt.stockout.order.query", "operation: wdt.stockout.order.qery")
    line = wrong[: wrong.index("qery")].count("\n") + 1
    checked = wei.post(f"{DRAFT}/check", {"text": wrong}, headers={"HX-Request": "true"})
    html = checked.get_data(as_text=True)
    assert html.lstrip().startswith("<section")
    assert f'data-line="{line}"' in html
    assert "没有接口“wdt.stockout.order.qery”" in said(checked)
    assert shop.store.read(lambda c: drafts.get(c, build.CODE)).text == TEXT, "checking keeps nothing"  # type: ignore[union-attr]
    wei.post(DRAFT, {"text": wrong, "revision": "1"})
    refused = wei.post(f"{DRAFT}/publication", {"note": "", "revision": "2"})
    assert refused.status_code == 422
    assert "没有接口" in said(refused)
    assert version(shop) == 1


def test_whoever_saves_second_is_told_and_loses_nothing(shop: build.Shop, wei: build.Browser) -> None:
    begun(wei)
    assert wei.post(DRAFT, {"text": TEXT + "# one\n", "revision": "1"}).status_code == 303
    late = wei.post(DRAFT, {"text": TEXT + "# two\n", "revision": "1"})
    assert late.status_code == 409
    assert "没有覆盖" in said(late)
    assert "# two" in late.get_data(as_text=True)
    assert shop.store.read(lambda c: drafts.get(c, build.CODE)).text.endswith("# one\n")  # type: ignore[union-attr]
    assert wei.post(f"{DRAFT}/publication", {"revision": "1"}).status_code == 409


def test_a_draft_that_names_another_scheme_is_not_published(shop: build.Shop, wei: build.Browser) -> None:
    begun(wei)
    wei.post(DRAFT, {"text": TEXT.replace(f"scheme: {build.CODE}", "scheme: another"), "revision": "1"})
    refused = wei.post(f"{DRAFT}/publication", {"revision": "2"})
    assert refused.status_code == 422
    assert f"文本里的 scheme: 不是 {build.CODE}" in said(refused)
    assert version(shop, "another") == 0


def test_a_scheme_is_copied_and_its_twin_published_only_when_meant(shop: build.Shop, wei: build.Browser) -> None:
    made = wei.post(f"{SCHEME}/clone", {"code": "copy-one", "title": "另一份"})
    assert made.headers["Location"] == "/drafts/copy-one"
    text = shop.store.read(lambda c: drafts.get(c, "copy-one")).text  # type: ignore[union-attr]
    assert text.startswith("scheme: copy-one\ntitle: 另一份\n")
    assert text.splitlines()[2:] == TEXT.splitlines()[2:]
    twin = wei.post("/drafts/copy-one/publication", {"revision": "1"})
    assert twin.status_code == 422
    assert 'name="new"' in twin.get_data(as_text=True)
    assert wei.post("/drafts/copy-one/publication", {"revision": "1", "new": "on"}).status_code == 303
    assert version(shop, "copy-one") == 1
    assert wei.post(f"{SCHEME}/clone", {"code": "copy-one"}).status_code == 422
    assert wei.post(f"{SCHEME}/clone", {"code": "../x"}).status_code == 422


def test_a_new_scheme_comes_from_a_starter_a_file_or_a_text(shop: build.Shop, wei: build.Browser) -> None:
    assert build.CODE in wei.get("/drafts/new").get_data(as_text=True)
    form = {"code": "from-starter", "title": "样例", "starter": build.CODE}
    assert wei.post("/drafts/new", form).headers["Location"] == "/drafts/from-starter"
    file = (io.BytesIO(b"\xef\xbb\xbfscheme: from-file\nx: 1\n"), "a.yaml")
    imported = wei.post("/drafts/new", {"file": file}, content_type="multipart/form-data")
    assert imported.headers["Location"] == "/drafts/from-file"
    assert shop.store.read(lambda c: drafts.get(c, "from-file")).text == "scheme: from-file\nx: 1\n"  # type: ignore[union-attr]
    assert wei.post("/drafts/new", {"code": "from-text", "text": "a: 1"}).headers["Location"] == "/drafts/from-text"
    for wrong in ({"code": "UPPER", "text": "x"}, {"code": "fine"}, {"code": build.CODE, "text": "x"}, {}):
        assert wei.post("/drafts/new", wrong).status_code == 422
    assert "from-text" in said(wei.get("/schemes"))
    assert wei.post("/drafts/from-text/removal").headers["Location"] == "/schemes"
    assert wei.get("/drafts/from-text").status_code == 404


def test_versions_are_compared_in_business_words_exported_and_brought_back(
    shop: build.Shop, wei: build.Browser
) -> None:
    edited = TEXT.replace("warehouse: warehouse_no | lookup(仓库)", "warehouse: warehouse_no").replace("10m", "1h", 1)
    shop.store.write(lambda c: schemes.publish(c, build.CODE, "t", edited, "第二版", "li.wei", shop.clock.now()))
    words = said(wei.get(f"{SCHEME}/versions/2/against/1"))
    assert "仓库 map.warehouse warehouse_no | lookup(仓库) warehouse_no" in words
    assert wei.get(f"{SCHEME}/versions/2/against/9").status_code == 404
    file = wei.get(f"{SCHEME}/versions/1/text")
    assert (file.data.decode(), file.headers["Content-Disposition"]) == (
        TEXT, f"attachment; filename={build.CODE}.v1.yaml",
    )  # fmt: skip
    assert wei.post(f"{SCHEME}/versions/1/publication").status_code == 303
    found = shop.store.read(lambda c: schemes.published(c, build.CODE))
    assert found is not None
    assert (found.version, found.text) == (3, TEXT)
    assert deeds(shop) == ["scheme.rollback"]


def test_a_scheme_runs_now_once_and_over_a_span(shop: build.Shop, wei: build.Browser) -> None:
    first = wei.post(f"{SCHEME}/runs")
    ident = int(first.headers["Location"].rpartition("/")[2])
    run = shop.store.read(lambda c: runs.get(c, ident))
    assert run is not None
    assert (run.asked_by, run.state) == ("li.wei", "reading")
    again = wei.post(f"{SCHEME}/runs")
    assert again.status_code == 409
    assert "在等着开始" in said(again)
    lease = shop.store.write(lambda c: queue.claim(c, shop.clock.now(), "test"))
    assert lease is not None
    span = {"since": "2026-11-01T00:00", "until": "2026-11-02T00:00"}
    asked = int(wei.post(f"{SCHEME}/runs", span).headers["Location"].rpartition("/")[2])
    said_of = shop.store.read(lambda c: runs.asked_of(c, asked)).span
    assert said_of is not None
    assert said_of.since.isoformat() == "2026-10-31T16:00:00+00:00"
    for wrong in ({"since": "2026-11-02T00:00"}, {"since": "x", "until": "y"}, {**span, "until": "2027-01-01T00:00"}):
        assert wei.post(f"{SCHEME}/runs", wrong).status_code == 422


def test_a_paused_scheme_says_so_and_runs_again_when_resumed(shop: build.Shop, wei: build.Browser) -> None:
    wei.post(f"{SCHEME}/pause")
    assert "已暂停" in said(wei.get(SCHEME))
    assert "已暂停 1" in said(wei.get("/schemes"))
    wei.post(f"{SCHEME}/resumption")
    assert shop.store.read(lambda c: schemes.published(c, build.CODE)).enabled is True  # type: ignore[union-attr]
    assert deeds(shop) == ["scheme.resume", "scheme.pause"]


def test_the_list_is_filtered_by_word_group_and_standing(shop: build.Shop, wei: build.Browser) -> None:
    build.quiet(shop)
    admin = shop.visitor(shop.person("zhao", "admin"))
    assert admin.post("/schemes/jd-inbound/group", {"team": "华东"}).status_code == 303
    assert said(wei.get("/schemes")).count("第 1 版") == 3
    assert "京东" not in said(wei.get("/schemes?q=门店"))
    assert said(wei.get("/schemes?team=华东")).count("第 1 版") == 1
    assert said(wei.get("/schemes?state=fault")).count("第 1 版") == 1
    assert "没有这样的方案" in said(wei.get("/schemes?q=none"))


def test_a_draft_of_another_group_is_not_there(shop: build.Shop) -> None:
    shop.store.write(lambda c: schemes.assign(c, build.CODE, "华东"))
    inside: Person = shop.person("in.side", "implementer", ("华东",))
    outside: Person = shop.person("out.side", "implementer", ("华南",))
    begun(shop.visitor(inside))
    other = shop.visitor(outside)
    assert other.get(DRAFT).status_code == 404
    own = (DRAFT, f"{DRAFT}/check", f"{DRAFT}/publication", f"{DRAFT}/removal")
    for path in (*own, f"{SCHEME}/draft", f"{SCHEME}/runs"):
        assert other.post(path, {"text": "x", "revision": "1"}).status_code == 404
    assert other.post("/drafts/new", {"code": "mine", "text": "x", "team": "华东"}).status_code == 422
    assert other.post("/drafts/new", {"code": build.CODE, "text": "x", "team": "华南"}).status_code == 422
    assert build.CODE not in said(other.get("/schemes"))
