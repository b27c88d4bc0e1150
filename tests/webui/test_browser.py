"""The pages in a real Chromium: both widths, light and dark, no complaint in the console, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.store import people, runs
from tests.webui import build
from webui.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SIZES = {"wide": (1280, 800), "narrow": (390, 844)}


class Seen:
    """What a page asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.origins: set[str] = set()
        self.addresses: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._asked(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, address: str) -> None:
        self.addresses.append(address)
        self.origins.add("/".join(address.split("/")[:3]))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[build.Shop, str]]:
    """A shop of its own, served as users are served."""
    shop = build.full(tmp_path)
    with serving(shop.app, 0) as address:
        yield shop, address
    shop.store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[build.Shop, str]]:
    """The same behind its login."""
    shop = build.full(tmp_path)
    with serving(shop.house, 0) as address:
        yield shop, address
    shop.store.close()


@pytest.mark.parametrize("size", SIZES)
def test_from_the_first_link_to_a_published_draft(
    house: tuple[build.Shop, str], chromium: Browser, size: str
) -> None:
    """First start, login, editor, check in place, publish: as a person does it."""
    shop, address = house
    shop.store.write(lambda c: people.invite(c, "k" * 64, None, shop.clock.now()))
    width, height = SIZES[size]
    page = chromium.new_context(viewport={"width": width, "height": height}).new_page()
    seen = Seen(page)
    page.goto(f"{address}/schemes")
    page.get_by_text("还没有管理员").wait_for()
    page.goto(f"{address}/invitation/{'k' * 64}")
    page.get_by_label("登录名").fill("li.wei")
    page.get_by_label("密码").fill(build.GOOD)
    page.get_by_label("再输一次").fill(build.GOOD)
    page.get_by_role("button", name="设好并登录").click()
    page.get_by_role("link", name="方案", exact=True).click()
    page.get_by_role("link", name="旺店通出库单", exact=False).first.click()
    page.get_by_role("button", name="修改").click()
    page.get_by_text("可以发布").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="逐个字段填").click()
    page.get_by_label("batchno 取什么").fill("batch_no")
    page.get_by_role("button", name="保存 othOutRecords.batchno").click()
    page.locator('input[value="batch_no"]').wait_for()
    page.get_by_label("batchno 怎么填").select_option("")
    page.get_by_role("button", name="保存 othOutRecords.batchno").click()
    page.locator('input[value="batch_no"]').wait_for(state="detached")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="旺店通出库单", exact=False).first.click()
    page.get_by_text("可以发布").wait_for()
    page.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.type("titel: x\n")
    page.get_by_text("处要改").wait_for()
    assert page.locator(".cm-lint-marker-error").count() >= 1
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Delete")
    page.get_by_text("可以发布").wait_for()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("\n# 改过\n")
    page.get_by_role("button", name="保存草稿").click()
    page.get_by_text("意思没有变").wait_for()
    page.get_by_label("这一版改了什么").fill("加一行注释")
    page.get_by_role("button", name="发布保存过的草稿").click()
    page.get_by_text("加一行注释").wait_for()
    page.get_by_role("button", name="退出").click()
    page.get_by_role("heading", name="登录").wait_for()
    assert seen.origins == {address}
    assert seen.complaints == []
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_quiet_whole_and_our_own(
    site: tuple[build.Shop, str], chromium: Browser, size: str, theme: str
) -> None:
    shop, address = site
    width, height = SIZES[size]
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]  # a Literal
    page = context.new_page()
    seen = Seen(page)
    for path in build.pages(shop):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate("typeof htmx") == "object"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[.\\d]+/)[0] < 0.5")
    assert dark is (theme == "dark")
    assert seen.origins == {address}
    assert seen.complaints == []
    context.close()


def test_the_live_log_follows_the_run_and_falls_silent_when_it_ends(
    site: tuple[build.Shop, str], chromium: Browser
) -> None:
    shop, address = site
    live = shop.run + 1
    page = chromium.new_context().new_page()
    seen = Seen(page)
    page.goto(f"{address}/runs/{live}")
    assert page.locator(".log__line").count() == 1
    before = page.locator(".log__line").first.element_handle()
    build.page(shop, live, [build.order(n) for n in range(91, 111)])
    page.get_by_text("读到 50 = 新 50").wait_for(timeout=5000)
    assert page.evaluate("line => line.isConnected", before), "a line that was there stays the same line"
    build.plan(shop)
    shop.store.write(lambda c: runs.read_done(c, live))
    shop.store.write(lambda c: runs.close(c, shop.scheme, shop.clock.now()))
    page.get_by_text("已结束").first.wait_for(timeout=5000)
    assert f"{address}/runs/{live}/events" in seen.addresses
    asked = len(seen.addresses)
    page.wait_for_timeout(2500)
    assert len(seen.addresses) == asked
    assert seen.complaints == []
    page.context.close()


def test_without_scripts_everything_is_there(site: tuple[build.Shop, str], chromium: Browser) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site[1]}/schemes/{build.CODE}/documents")
    page.get_by_label("单号或主键").fill("CK2026112000006")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="CK2026112000006").click()
    page.get_by_text("用友BIP：仓库不能为空").first.wait_for()
    page.get_by_role("link", name="EN").click()
    page.get_by_role("heading", name="Source record and document").wait_for()
    page.get_by_role("link", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.context.close()


def test_a_keyboard_reaches_the_content_first(site: tuple[build.Shop, str], chromium: Browser) -> None:
    page = chromium.new_context().new_page()
    page.goto(site[1])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.context.close()
