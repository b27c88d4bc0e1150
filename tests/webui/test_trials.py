"""A trial from the pages: the real connection is read, the documents shown, nothing kept; then one is written."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.cli.pairs import read_pairs
from engine.services import Services
from engine.settings import SHIPPED
from engine.shows import SHOWS
from engine.store import lookups, overview, runs, schemes
from engine.store.overview import Wanted
from engine.vendors import Vendors, put_up, register
from tests.webui import build
from tests.webui.beside import engine

TRIAL = f"/schemes/{build.CODE}/trial"


@dataclass
class Real:
    """A shop whose connections lead to simulators, with an engine beside it."""

    shop: build.Shop
    services: Services
    loop: asyncio.AbstractEventLoop
    vendors: Vendors
    orders: list[dict[str, Any]]

    def kept(self) -> int:
        return len(self.shop.store.read(lambda c: overview.listed(c, self.shop.scheme, Wanted(), None, 99)))

    def written(self) -> list[Any]:
        return list(self.vendors.direct("report?full=1")["yonbip"]["written"])

    def work_off(self) -> None:
        """What the worker beside us would do: the jobs that are due, until nothing is."""
        worker = self.services.worker()
        asyncio.run_coroutine_threadsafe(
            worker.serve(until=lambda: not self.shop.store.read(lambda c: runs.at_work(c, self.shop.scheme))),
            self.loop,
        ).result(60)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    shop = build.empty(tmp_path)
    shop.scheme = build.publish(shop, build.CODE, "旺店通出库单 → BIP", build.FLOW.read_text("utf-8"))
    with (
        put_up(only="wdt,yonbip", options=["yonbip.shows_after=0"]) as vendors,
        engine(shop, tmp_path, vendors.allow) as services,
    ):
        services_loop = shop.house.extensions["duijie"].calls.loop
        vendors.direct("wdt/settings", {"per_minute": 6000})
        for account, secrets in vendors.accounts(build.REGISTRY):
            quick = {**account.options, "limits": {"per_minute": 6000, "at_once": 4}}
            register(shop.store, replace(account, options=quick), secrets, shop.clock.now())
        show = SHOWS[build.CODE]
        now = services.clock.now()
        made = list(show.made(30, 7, now - timedelta(days=2), now - timedelta(hours=1)))
        vendors.direct("wdt/orders", {"orders": made})
        for table in show.tables:
            pairs = read_pairs((SHIPPED / "flows" / "demo" / f"{table}.csv").read_bytes())[0]
            shop.store.write(lambda c, t=table, p=pairs: lookups.replace(c, t, p, now))  # type: ignore[misc]
        yield Real(shop, services, services_loop, vendors, made)
    shop.store.close()


def visible(real: Real) -> dict[str, Any]:
    """An order that the source shows by now and the scheme lets through."""
    return next(one for one in real.orders if str(one["order_type"]) == "7")


def test_a_trial_shows_what_would_be_written_and_writes_nothing(real: Real) -> None:
    chen = real.shop.visitor(real.shop.person("chen", "business"))
    assert 'name="number"' in chen.get(TRIAL).get_data(as_text=True)
    page = chen.post(TRIAL).get_data(as_text=True)
    assert "什么都没有写" in page
    assert "可以写" in page
    assert page.count("真的写这一张") >= 1
    for order in real.orders:
        assert str(order.get("receiver_mobile") or "never") not in page
    assert real.kept() == 0
    assert real.written() == []


def test_a_number_finds_its_record_and_one_document_is_written_once_it_is_confirmed(real: Real) -> None:
    chen = real.shop.visitor(real.shop.person("chen", "business"))
    number = visible(real)["order_no"]
    page = chen.post(TRIAL, {"number": number}).get_data(as_text=True)
    assert "读到 1 条" in page
    form = {
        name: re.search(f'name="{name}" value="([^"]*)"><(?:input|button)', page)
        for name in ("since", "until")
    }
    asked = {"number": number, **{name: found[1] for name, found in form.items() if found}}
    sure = chen.post(f"{TRIAL}/document", asked)
    assert f"写 {number}" in sure.get_data(as_text=True)
    assert real.written() == [], "asking writes nothing"
    reply = chen.post(f"{TRIAL}/document", {**asked, "sure": "on"})
    assert reply.status_code == 303
    real.work_off()
    assert real.kept() == 1
    assert [one["document"]["code"] for one in real.written()] == [number]
    assert real.shop.store.read(lambda c: schemes.cursors(c)) == {}, "the cursor stays where it was"
    chen.post(f"{TRIAL}/document", {**asked, "sure": "on"})
    real.work_off()
    assert len(real.written()) == 1, "what was written is not written again"


def test_what_stands_in_the_way_is_told_beside_its_field(real: Real) -> None:
    real.shop.store.write(lambda c: lookups.replace(c, "单位", [], real.services.clock.now()))
    wei = real.shop.visitor(real.shop.person("li.wei", "implementer"))
    page = wei.post(TRIAL, {"number": visible(real)["order_no"]}).get_data(as_text=True)
    assert "对照表 单位 里没有" in page or "othOutRecords" in page
    assert "真的写这一张" not in page
    wei.post(f"/schemes/{build.CODE}/draft")
    typed = build.FLOW.read_text("utf-8").replace("goods_unit | lookup(单位)", '{value: "TIAO"}')
    wei.post(f"/drafts/{build.CODE}", {"text": typed, "revision": "1"})
    page = wei.post(TRIAL, {"number": visible(real)["order_no"], "text": "draft"}).get_data(as_text=True)
    assert "可以写" in page, "a draft is tried before it is published"
    assert "真的写这一张" not in page, "and writes nothing"


def test_a_wrong_span_and_a_number_nobody_has_are_told(real: Real) -> None:
    chen = real.shop.visitor(real.shop.person("chen", "business"))
    assert chen.post(TRIAL, {"since": "2026-11-20T10:00"}).status_code == 422
    assert "这段时间里没有这样的数据" in chen.post(TRIAL, {"number": "NOBODY-1"}).get_data(as_text=True)
    assert chen.post(f"{TRIAL}/document", {"sure": "on"}).status_code == 422
    reader = real.shop.visitor(real.shop.person("zhao", "reader"))
    assert reader.post(TRIAL).status_code == 403
