"""Who is told of alerts, in the pages: an address that never comes back, a host that is an administrator's, a test."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.model.alerts import Found, Receiver
from engine.store import alerts, audit, receivers, schemes
from tests.webui import build
from tests.webui.beside import engine
from tests.wire.vendor import Asked, Line, Vendor, http

TOKEN = "canary-77aa01"
NEW = {
    "kind": "dingtalk", "title": "仓储群", "url": f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}",
    "secret": f"SEC{TOKEN}", "team": "", "quiet": "22:00-08:00", "language": "zh", "enabled": "on",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[build.Shop]:
    made = build.full(tmp_path)
    yield made
    made.store.close()


@contextmanager
def serving(answers: list[Any]) -> Iterator[Vendor]:
    """A robot's server in a thread of its own, giving these answers one after another."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def answer(asked: Asked, line: Line) -> None:
        line.write(http(json.dumps(answers.pop(0)).encode()))

    vendor = Vendor(answer)
    asyncio.run_coroutine_threadsafe(vendor.__aenter__(), loop).result(10)
    try:
        yield vendor
    finally:
        asyncio.run_coroutine_threadsafe(vendor.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def every(shop: build.Shop) -> list[Receiver]:
    return shop.store.read(lambda c: receivers.every(c, shop.store.vault))


def opened(shop: build.Shop, ident: int) -> dict[str, str]:
    return shop.store.read(lambda c: receivers.opened(c, shop.store.vault, ident))


def test_a_robot_is_added_and_its_address_and_secret_are_on_no_page_and_in_no_audit(shop: build.Shop) -> None:
    root = shop.visitor(shop.person("root", "admin"))
    assert "钉钉" in root.get("/alerts/receivers/new").get_data(as_text=True)
    reply = root.post("/alerts/receivers", NEW)
    (one,) = every(shop)
    assert reply.headers["Location"] == f"/alerts/receivers/{one.id}"
    assert (one.host, one.quiet, one.signed, one.enabled) == ("oapi.dingtalk.com", "22:00-08:00", True, True)
    assert opened(shop, one.id) == {"url": NEW["url"], "secret": NEW["secret"]}
    for path in ("/alerts", f"/alerts/receivers/{one.id}", "/audit"):
        assert TOKEN not in root.get(path).get_data(as_text=True)
    assert TOKEN not in root.post("/alerts/receivers", {**NEW, "quiet": "soon"}).get_data(as_text=True)
    lines = shop.store.read(lambda c: audit.listed(c, None, 9))
    assert "url=changed secret=changed" in lines[0].detail


def test_what_is_left_empty_stays_and_a_secret_does_not_follow_to_another_host(shop: build.Shop) -> None:
    root = shop.visitor(shop.person("root", "admin"))
    root.post("/alerts/receivers", NEW)
    (one,) = every(shop)
    page = f"/alerts/receivers/{one.id}"
    assert (
        root.post(page, {**NEW, "url": "", "secret": "", "title": "改了名", "enabled": ""}).status_code == 303
    )
    (one,) = every(shop)
    assert (one.title, one.enabled, opened(shop, one.id)["url"]) == ("改了名", False, NEW["url"])
    moved = {**NEW, "url": "https://robots.example.com/x", "secret": ""}
    reply = root.post(page, moved)
    assert reply.status_code == 422
    assert 'id="secret-wrong"' in reply.get_data(as_text=True)
    assert root.post(page, {**moved, "secret": "another"}).status_code == 303


def test_every_wrong_field_is_told_beside_it_and_nothing_is_kept(shop: build.Shop) -> None:
    root = shop.visitor(shop.person("root", "admin"))
    wrong = {
        **NEW,
        "title": "",
        "url": "ftp://x",
        "quiet": "late",
        "team": "nobody's",
        "private": "10.1.2.3/8",
    }
    reply = root.post("/alerts/receivers", wrong)
    page = reply.get_data(as_text=True)
    assert reply.status_code == 422
    for name in ("title", "url", "quiet", "private"):
        assert f'id="{name}-wrong"' in page, name
    assert every(shop) == []


def test_an_address_of_ones_own_is_an_administrators(shop: build.Shop) -> None:
    wei = shop.visitor(shop.person("li.wei", "implementer"))
    for url in ("https://robots.example.com/send", "http://oapi.dingtalk.com/robot/send?access_token=x"):
        reply = wei.post("/alerts/receivers", {**NEW, "url": url})
        assert reply.status_code == 422
        assert 'id="url-wrong"' in reply.get_data(as_text=True)
    assert wei.post("/alerts/receivers", {**NEW, "kind": "webhook"}).status_code == 422
    assert wei.post("/alerts/receivers", {**NEW, "private": "10.0.0.0/8"}).status_code == 303
    assert every(shop)[0].private == (), "an implementer's form has no such field"


def test_people_of_a_group_see_and_make_what_tells_of_their_group_only(shop: build.Shop) -> None:
    root = shop.visitor(shop.person("root", "admin"))
    root.post("/alerts/receivers", NEW)
    shop.store.write(lambda c: schemes.assign(c, build.CODE, "仓储"))
    wei = shop.visitor(shop.person("li.wei", "implementer", ("仓储",)))
    (one,) = every(shop)
    assert "仓储群" not in wei.get("/alerts").get_data(as_text=True)
    assert wei.get(f"/alerts/receivers/{one.id}").status_code == 404
    assert wei.post(f"/alerts/receivers/{one.id}/removal").status_code == 404
    assert wei.post("/alerts/receivers", NEW).status_code == 422, "every scheme is not theirs"
    assert wei.post("/alerts/receivers", {**NEW, "team": "仓储", "title": "我们群"}).status_code == 303
    assert "我们群" in wei.get("/alerts").get_data(as_text=True)


def test_only_those_with_the_right_get_there(shop: build.Shop) -> None:
    chen = shop.visitor(shop.person("chen", "business"))
    assert chen.get("/alerts").status_code == 403
    assert chen.post("/alerts/receivers", NEW).status_code == 403


def test_alerts_are_listed_with_a_way_to_their_documents(shop: build.Shop) -> None:
    found = [
        Found(shop.scheme, "refused", "用友BIP：仓库不能为空", 2, 1),
        Found(shop.scheme, "late", "", 1, 0),
        Found(shop.scheme, "fault", "连不上 erp.example.com，没有发送，稍后会自动再试。", 1, shop.run),
    ]
    shop.store.write(lambda c: alerts.keep(c, found, [], shop.clock.now()))
    for language in ("zh", "en"):
        page = shop.client(language).get("/alerts").get_data(as_text=True)
        assert f"/schemes/{build.CODE}/documents?state=refused" in page
        assert f"/runs/{shop.run}" in page
    assert "cannot be reached" in page
    other = [found[0]]
    for minutes in (4, 6):
        shop.clock.at += alerts.CALM * minutes / 5
        shop.store.write(lambda c: alerts.keep(c, other, [], shop.clock.now()))
    assert shop.client().get("/alerts").get_data(as_text=True).count("还在") == 1


def test_the_test_button_sends_and_says_what_is_wrong(shop: build.Shop, tmp_path: Path) -> None:
    taken: list[Any] = [{"errcode": 310000, "errmsg": "sign not match"}, {"errcode": 0}]
    with serving(taken) as vendor, engine(shop, tmp_path, vendor.pair):
        root = shop.visitor(shop.person("root", "admin"))
        root.post("/alerts/receivers", {**NEW, "url": f"{vendor.url}/robot/send?access_token={TOKEN}"})
        (one,) = every(shop)
        page = root.post(f"/alerts/receivers/{one.id}/trial").get_data(as_text=True)
        assert "sign not match" in page
        assert TOKEN not in page
        assert "发到了" in root.post(f"/alerts/receivers/{one.id}/trial").get_data(as_text=True)
        assert "测试消息" in vendor.asked[1].body.decode()


def test_a_receiver_is_removed_with_what_it_was_told(shop: build.Shop) -> None:
    root = shop.visitor(shop.person("root", "admin"))
    root.post("/alerts/receivers", NEW)
    (one,) = every(shop)
    found = [Found(shop.scheme, "refused", "仓库不能为空", 2, 1)]
    shop.store.write(lambda c: alerts.keep(c, found, [one], shop.clock.now()))
    assert root.post(f"/alerts/receivers/{one.id}/removal").status_code == 303
    assert every(shop) == []
    assert root.get("/alerts").status_code == 200
