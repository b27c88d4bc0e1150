"""Connections in the pages: a form of the catalogue's own settings, secrets that never come back, a test that calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.store import audit, connections
from engine.store.connections import Account
from engine.vendors import put_up, register
from tests.webui import build
from tests.webui.beside import engine

SECRET = "invented-9c41e7"
NEW = {
    "connector": "wdt", "channel": "qimen", "code": "wdt-two", "title": "旺店通 二店",
    "set-sid": "shop-2", "set-app_key": "k2", "set-app_secret": SECRET, "set-target_app_key": "t2",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[build.Shop]:
    made = build.empty(tmp_path)
    yield made
    made.store.close()


def kept(shop: build.Shop, code: str) -> Account | None:
    return shop.store.read(lambda c: connections.get(c, shop.store.vault, code))


def secrets(shop: build.Shop, code: str) -> dict[str, str]:
    return shop.store.read(lambda c: connections.opened(c, shop.store.vault, code))


def form() -> dict[str, Any]:
    return {**{name: value for name, value in NEW.items() if name != "code"}, "set-app_secret": ""}


def test_a_connection_is_made_from_the_catalogues_form(shop: build.Shop) -> None:
    wei = shop.visitor(shop.person("li.wei", "implementer"))
    assert "旺店通企业版" in wei.get("/connections/new").get_data(as_text=True)
    page = wei.get("/connections/new?connector=wdt&channel=qimen").get_data(as_text=True)
    for name in ("set-sid", "set-app_key", "set-app_secret", "set-target_app_key", "limit-per_minute"):
        assert f'name="{name}"' in page
    reply = wei.post("/connections/new", {**NEW, "limit-per_minute": "30", "busy_wait": "31s"})
    assert reply.headers["Location"] == "/connections/wdt-two"
    made = kept(shop, "wdt-two")
    assert made is not None
    assert made.settings == {"sid": "shop-2", "app_key": "k2", "target_app_key": "t2"}
    assert made.options == {"limits": {"per_minute": 30}, "busy_wait": "31s"}
    assert secrets(shop, "wdt-two") == {"app_secret": SECRET}


def test_a_secret_is_on_no_page_and_in_no_audit(shop: build.Shop) -> None:
    wei = shop.visitor(shop.person("li.wei", "admin"))
    wei.post("/connections/new", NEW)
    wei.post("/connections/new", {**NEW, "code": "bad code"})
    for path in ("/connections", "/connections/wdt-two", "/audit"):
        assert SECRET not in wei.get(path).get_data(as_text=True)
    lines = shop.store.read(lambda c: audit.listed(c, None, 9))
    assert "app_secret=changed" in lines[0].detail
    assert all(SECRET not in str(tuple(line)) for line in lines)


def test_every_wrong_field_is_told_beside_it_and_nothing_is_kept(shop: build.Shop) -> None:
    wei = shop.visitor(shop.person("li.wei", "admin"))
    reply = wei.post(
        "/connections/new",
        {"connector": "wdt", "channel": "qimen", "code": "NO", "busy_wait": "soon", "limit-at_once": "0",
         "base": "ftp://x", "hosts": "ok.example.com bad/host", "private": "10.1.2.3/8", "repeats": "maybe"},
    )  # fmt: skip
    page = reply.get_data(as_text=True)
    assert reply.status_code == 422
    for name in (
        "code",
        "set-sid",
        "set-app_secret",
        "busy_wait",
        "limit-at_once",
        "base",
        "hosts",
        "private",
        "repeats",
    ):
        assert f'id="{name}-wrong"' in page, name
    assert shop.store.read(lambda c: connections.every(c, shop.store.vault)) == []


def test_a_secret_left_empty_stays_and_a_taken_code_is_refused(shop: build.Shop) -> None:
    wei = shop.visitor(shop.person("li.wei", "implementer"))
    wei.post("/connections/new", NEW)
    assert wei.post("/connections/new", NEW).status_code == 422
    assert wei.post("/connections/wdt-two", {**form(), "title": "改了名"}).status_code == 303
    made = kept(shop, "wdt-two")
    assert made is not None
    assert made.title == "改了名"
    assert secrets(shop, "wdt-two") == {"app_secret": SECRET}


def test_where_calls_go_is_an_administrators_business_and_a_secret_does_not_follow(shop: build.Shop) -> None:
    wei, root = (shop.visitor(shop.person(*who)) for who in (("li.wei", "implementer"), ("root", "admin")))
    wei.post("/connections/new", NEW)
    wei.post("/connections/wdt-two", {**form(), "base": "https://elsewhere.example.com"})
    made = kept(shop, "wdt-two")
    assert made is not None
    assert "base" not in made.options, "an implementer's form has no such field"
    moved = {**form(), "base": "https://elsewhere.example.com"}
    reply = root.post("/connections/wdt-two", moved)
    assert reply.status_code == 422
    assert 'id="set-app_secret-wrong"' in reply.get_data(as_text=True)
    assert root.post("/connections/wdt-two", {**moved, "set-app_secret": "another"}).status_code == 303
    assert secrets(shop, "wdt-two") == {"app_secret": "another"}


def test_only_those_with_the_right_get_there(shop: build.Shop) -> None:
    chen = shop.visitor(shop.person("chen", "business"))
    assert chen.get("/connections/new").status_code == 403
    assert chen.post("/connections/new", NEW).status_code == 403


def test_without_an_engine_nobody_is_called(shop: build.Shop) -> None:
    wei = shop.visitor(shop.person("li.wei", "implementer"))
    wei.post("/connections/new", NEW)
    assert wei.post("/connections/wdt-two/trial").status_code == 503


def test_the_test_button_calls_the_vendor_and_a_changed_secret_counts_at_once(
    shop: build.Shop, tmp_path: Path
) -> None:
    with put_up(only="wdt,yonbip") as vendors, engine(shop, tmp_path, vendors.allow) as services:
        for account, given in vendors.accounts(build.REGISTRY):
            register(shop.store, account, given, shop.clock.now())
        wei = shop.visitor(shop.person("li.wei", "implementer"))
        page = wei.post("/connections/wdt-main/trial").get_data(as_text=True)
        assert "连得通" in page
        good = services.lines.to("wdt-main")
        account = kept(shop, "wdt-main")
        assert account is not None
        typed = {f"set-{name}": value for name, value in account.settings.items()}
        reply = wei.post(
            "/connections/wdt-main", {**typed, "channel": account.channel, "set-app_secret": "wrong"}
        )
        assert reply.status_code == 303
        page = wei.post("/connections/wdt-main/trial").get_data(as_text=True)
        assert "连不通" in page
        assert "签名" in page
        assert services.lines.to("wdt-main") is not good, "the workers sign with the new secret too"
