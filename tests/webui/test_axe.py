"""Every page as axe-core sees it: nothing serious that keeps out who cannot see well, or has no mouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.model.alerts import Found
from engine.store import alerts, drafts
from engine.store.drafts import Draft
from tests.webui import build
from webui.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
LOOKS = {"wide": ((1280, 800), "light", "zh"), "narrow": ((390, 844), "dark", "en")}

# The text inside takes the focus and scrolls by keys; axe does not count what is editable as focusable.
SEEN_OTHERWISE = {("scrollable-region-focusable", ".cm-scroller")}

MORE = (
    f"/drafts/{build.CODE}",
    f"/drafts/{build.CODE}/map",
    f"/drafts/{build.CODE}/fields",
    f"/drafts/{build.CODE}/edits",
    "/drafts/new",
    f"/schemes/{build.CODE}/trial",
    "/people",
    "/people/1",
    "/account",
    "/audit",
    "/connections/new",
    "/connections/new?connector=wdt",
    "/connections/wdt-main",
    "/login",
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[build.Shop, str, str]]:
    """A shop behind its login with a draft and an alert, its address, and an administrator's session."""
    shop = build.full(tmp_path)
    text = build.FLOW.read_text(encoding="utf-8")
    begun = Draft(build.CODE, "", "", text, 1, 1, "li.wei", shop.clock.now())
    shop.store.write(lambda c: drafts.begin(c, begun))
    found = [Found(shop.scheme, "refused", "用友BIP：仓库不能为空", 2, 1)]
    shop.store.write(lambda c: alerts.keep(c, found, [], shop.clock.now()))
    session = shop.visitor(shop.person("li.wei", "admin")).client.get_cookie("session")
    assert session is not None
    with serving(shop.house, 0) as address:
        yield shop, address, session.value
    shop.store.close()


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_has_a_serious_finding(
    house: tuple[build.Shop, str, str], chromium: Browser, look: str
) -> None:
    shop, address, session = house
    (width, height), theme, language = LOOKS[look]
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]  # a Literal
    context.add_cookies([{"name": "session", "value": session, "url": address}])
    context.add_cookies([{"name": "language", "value": language, "url": address}])
    page = context.new_page()
    serious: list[tuple[str, str, Any]] = []
    for path in (*build.pages(shop), *MORE):
        shop.clock.at += timedelta(seconds=2)  # nobody is faster than the limit for one session
        reply = page.goto(address + path)
        assert reply is not None
        assert reply.status == 200, path
        page.evaluate(f"{AXE};0")
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        serious += [
            (path, one["id"], node["target"])
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
            if (one["id"], str(node["target"][0][-1] if isinstance(node["target"][0], list) else ""))
            not in SEEN_OTHERWISE
        ]
    context.close()
    assert serious == []
