"""What people do to documents on the pages: one, a whole cause, never more than counted; search; personal data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from engine.store import audit, deeds, documents, overview, runs, schemes
from engine.store.overview import Wanted
from tests.webui import build

SCHEME = f"/schemes/{build.CODE}"


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


def state(shop: build.Shop, ident: int) -> Any:
    return shop.store.read(lambda c: overview.document_of(c, ident))


def tally(shop: build.Shop) -> dict[str, int]:
    return shop.store.read(lambda c: documents.tally(c, shop.scheme))


def last(shop: build.Shop) -> Any:
    return shop.store.read(lambda c: audit.listed(c))[0]


def test_a_refused_document_is_retried_skipped_or_cancelled_with_a_reason(
    shop: build.Shop, fang: build.Browser
) -> None:
    ident = shop.documents["refused"]
    before = shop.store.read(lambda c: documents.unplanned_count(c, shop.scheme))
    assert "重试" in said(fang.get(f"/documents/{ident}"))
    assert fang.post(f"/documents/{ident}/retry").status_code == 303
    assert shop.store.read(lambda c: documents.unplanned_count(c, shop.scheme)) == before + 1
    newest = shop.store.read(lambda c: runs.latest(c, shop.scheme, 1))[0]
    assert (newest.asked_by, newest.state) == ("wang.fang", "writing")
    assert fang.post(f"/documents/{ident}/skip", {"reason": " "}).status_code == 422
    assert fang.post(f"/documents/{ident}/skip", {"reason": "样品单"}).status_code == 303
    assert (state(shop, ident).state, state(shop, ident).reason) == ("skipped", "样品单")
    assert (last(shop).who, last(shop).deed, last(shop).detail) == ("wang.fang", "documents.skip", "样品单")
    late = fang.post(f"/documents/{ident}/retry")
    assert late.status_code == 409
    assert "已经变了" in said(late)


def test_an_unknown_document_is_asked_for_or_settled_with_the_targets_number(
    shop: build.Shop, fang: build.Browser
) -> None:
    ident = shop.documents["unknown"]
    assert fang.post(f"/documents/{ident}/ask").status_code == 303
    assert state(shop, ident).due_at == shop.clock.now()
    path = f"/documents/{ident}/decision"
    assert fang.post(path, {"number": "", "reason": "查过"}).status_code == 422
    assert fang.post(path, {"number": "QTCK-9", "reason": ""}).status_code == 422
    assert fang.post(path, {"number": "QTCK-9", "reason": "在 BIP 里查到"}).status_code == 303
    row = state(shop, ident)
    assert (row.state, row.target_number, row.reason) == ("done", "QTCK-9", "在 BIP 里查到")
    assert fang.post(path, {"number": "QTCK-9", "reason": "again"}).status_code == 409


@pytest.mark.parametrize("kind", ["done", "skipped"])
@pytest.mark.parametrize("deed", ["retry", "ask", "hurry", "skip", "cancel"])
def test_what_is_settled_stays_so(shop: build.Shop, fang: build.Browser, kind: str, deed: str) -> None:
    ident = shop.documents[kind]
    before = state(shop, ident)
    assert fang.post(f"/documents/{ident}/{deed}", {"reason": "x"}).status_code == 409
    assert state(shop, ident) == before
    assert "怎么处理" not in said(fang.get(f"/documents/{ident}"))


def test_a_whole_cause_is_counted_first_and_nothing_else_is_touched(shop: build.Shop, fang: build.Browser) -> None:
    about = "用友BIP：仓库不能为空"
    path = f"{SCHEME}/deeds/skip?state=refused&about={quote(about)}"
    asked = fang.get(path)
    assert "2 张单据" in said(asked)
    newest = re.search(r'name="newest" value="(\d+)"', asked.get_data(as_text=True))
    assert newest
    before = tally(shop)
    form = {"state": "refused", "about": about, "newest": newest[1]}
    assert fang.post(f"{SCHEME}/deeds/skip", form).status_code == 422
    assert tally(shop) == before
    assert fang.post(f"{SCHEME}/deeds/skip", {**form, "reason": "都不要"}).status_code == 303
    after = tally(shop)
    assert (after["refused"], after["skipped"]) == (before["refused"] - 2, before["skipped"] + 2)
    assert last(shop).detail == f"2 {about} 都不要"
    assert "没有这样的单据了" in said(fang.get(path))


def test_what_came_after_the_count_is_left_alone(shop: build.Shop, fang: build.Browser) -> None:
    idents = shop.store.read(lambda c: overview.idents(c, shop.scheme, Wanted(state="refused"), 100))
    form = {"state": "refused", "newest": str(idents[1]), "reason": "x"}
    fang.post(f"{SCHEME}/deeds/cancel", form)
    assert state(shop, idents[0]).state == "refused"
    assert state(shop, idents[1]).state == "cancelled"


def test_a_heap_is_retried_in_one_run(shop: build.Shop, fang: build.Browser) -> None:
    idents = shop.store.read(lambda c: overview.idents(c, shop.scheme, Wanted(state="refused"), 100))
    reply = fang.post(f"{SCHEME}/deeds/retry", {"state": "refused", "newest": str(idents[0])})
    run = int(reply.headers["Location"].rpartition("/")[2])
    assert shop.store.read(lambda c: runs.get(c, run)).asked_by == "wang.fang"  # type: ignore[union-attr]
    assert shop.store.read(lambda c: documents.unplanned_count(c, shop.scheme)) >= len(idents)


@pytest.mark.parametrize("query", ["state=done", "state=", "", "state=unknown", "state=nonsense"])
def test_a_deed_fits_the_state_it_is_asked_for(shop: build.Shop, fang: build.Browser, query: str) -> None:
    assert fang.get(f"{SCHEME}/deeds/retry?{query}").status_code == 400
    assert fang.get(f"{SCHEME}/deeds/explode?state=refused").status_code == 404


def test_a_list_offers_what_may_be_done_to_those_who_may(shop: build.Shop, fang: build.Browser) -> None:
    path = f"{SCHEME}/documents?state=refused"
    assert "全部重试" in said(fang.get(path))
    reader = shop.visitor(shop.person("eve", "reader"))
    assert "全部重试" not in said(reader.get(path))
    assert "怎么处理" not in said(reader.get(f"/documents/{shop.documents['refused']}"))
    assert reader.post(f"/documents/{shop.documents['refused']}/skip", {"reason": "x"}).status_code == 403
    assert "全部重试" not in said(shop.client().get(path))


def test_any_number_is_found_in_every_scheme(shop: build.Shop, fang: build.Browser) -> None:
    done = state(shop, shop.documents["done"])
    for word in (done.number, done.key, done.target_number):
        found = fang.get("/search", query_string={"q": word})
        assert found.headers["Location"] == f"/documents/{done.id}", word
    assert "没有找到" in said(fang.get("/search?q=CK-none"))
    assert fang.get("/search").status_code == 200
    shop.store.write(lambda c: schemes.assign(c, build.CODE, "华东"))
    other = shop.visitor(shop.person("other", "business", ("华南",)))
    assert "没有找到" in said(other.get("/search", query_string={"q": done.number}))


def test_a_number_is_looked_up_by_index(shop: build.Shop) -> None:
    from sqlalchemy import event, text

    told: list[str] = []

    def look(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        told.append(statement)

    engine = shop.store.database.engine
    event.listen(engine, "before_cursor_execute", look)
    shop.store.read(lambda c: deeds.sought(c, "CK1", None, [1, 2], 50))
    event.remove(engine, "before_cursor_execute", look)
    selects = [one for one in told if one.startswith("SELECT")]
    assert len(selects) == 3
    for one in selects:
        plain = re.sub(r"IN \([^)]*\)", "IN (1, 2)", one).replace("?", "'1'")
        plan = shop.store.read(lambda c, plain=plain: str(c.execute(text(f"EXPLAIN QUERY PLAN {plain}")).all()))
        assert "SEARCH document USING" in plan
        assert "SCAN" not in plan


def test_personal_data_is_shown_to_those_with_the_right_and_each_look_is_told(shop: build.Shop) -> None:
    ident = shop.documents["done"]
    wei = shop.visitor(shop.person("li.wei", "implementer"))
    assert build.MOBILE not in wei.get(f"/documents/{ident}").get_data(as_text=True)
    shown = wei.post(f"/documents/{ident}/unmasking").get_data(as_text=True)
    assert build.MOBILE in shown
    assert build.RECEIVER in shown
    assert build.SECRET not in shown
    assert (last(shop).who, last(shop).deed) == ("li.wei", "documents.unmask")
    fang = shop.visitor(shop.person("wang.fang", "business"))
    assert fang.post(f"/documents/{ident}/unmasking").status_code == 403
    assert "显示个人信息" not in said(fang.get(f"/documents/{ident}"))
