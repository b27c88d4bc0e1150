"""The mapping editor in a real Chromium: by mouse, by keys, on a phone; and every line ends at its row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.store import drafts
from engine.store.drafts import Draft
from tests.webui import build
from tests.webui.test_browser import Seen
from webui.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

TEXT = build.FLOW.read_text(encoding="utf-8")
EMPTY = TEXT[: TEXT.index("map:\n")] + "map: {}\n" + TEXT[TEXT.index("on_change:") :]

# Told from the rows as they lie in the window, and from nothing the page computes itself.
ENDS = """() => {
  const shown = (node) => {
    const all = [...node.parentElement.children], level = (one) => Number(one.getAttribute("aria-level"));
    let depth = level(node) + 1;
    for (let at = all.indexOf(node); at >= 0; at -= 1) {
      if (level(all[at]) >= depth) continue;
      depth = level(all[at]);
      if (!all[at].hidden) return all[at];
    }
    return null;
  };
  const gutter = document.querySelector(".gutter").getBoundingClientRect();
  const end = (node) => {
    const row = node.getBoundingClientRect(), box = node.parentElement.getBoundingClientRect();
    const middle = row.top + row.height / 2, off = middle < box.top ? -1 : middle > box.bottom ? 1 : 0;
    return { at: Math.min(Math.max(middle, box.top), box.bottom) - gutter.top, off };
  };
  const sources = new Map([...document.querySelectorAll(".node--source")].map((one) => [one.dataset.names, one]));
  const wanted = [];
  for (const target of document.querySelectorAll(".node--target")) {
    for (const read of JSON.parse(target.dataset.reads)) {
      const source = sources.get(JSON.stringify(read));
      if (!source) throw new Error(`no source row for ${read}`);
      const one = shown(source), other = shown(target);
      if (!one || !other) continue;
      const y = end(one), z = end(other);
      if (!(y.off && y.off === z.off)) wanted.push([y.at, z.at]);
    }
  }
  const drawn = [...document.querySelectorAll(".gutter .line")].flatMap((line) =>
    (line.getAttribute("d") ?? "").split("M").slice(1).map((one) => {
      const told = one.split(/[ C]+/).map(Number);
      return [told[1], told.at(-1)];
    }));
  return [wanted, drawn];
}"""


REST = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[build.Shop, str]]:
    made = build.full(tmp_path)
    with serving(made.house, 0) as address:
        yield made, address
    made.store.close()


def opened(
    shop: tuple[build.Shop, str], chromium: Browser, text: str = TEXT, size: tuple[int, int] = (1280, 800)
) -> tuple[Page, Seen]:
    """The editor of a draft with this text, in a window of its own, as li.wei sees it."""
    made, address = shop
    who = made.person("li.wei", "implementer")
    begun = Draft(build.CODE, "", "", text, 1, 1, "li.wei", made.clock.now())
    made.store.write(lambda c: drafts.begin(c, begun))
    visitor = made.visitor(who)
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_cookies([{"name": "session", "value": cookie.value, "url": address}])
    page = context.new_page()
    seen = Seen(page)
    page.goto(f"{address}/drafts/{build.CODE}/map")
    page.locator("#mapper[data-awake]").wait_for()
    return page, seen


def kept(shop: tuple[build.Shop, str]) -> str:
    found = shop[0].store.read(lambda c: drafts.get(c, build.CODE))
    assert found is not None
    return found.text


def source(page: Page, path: str) -> Locator:
    return page.locator(f".node--source[title^='{path}']").first


def target(page: Page, path: str) -> Locator:
    return page.locator(f"[id='to-{path}']")


def drag(page: Page, what: Locator, to: Locator) -> None:
    what.scroll_into_view_if_needed()
    to.scroll_into_view_if_needed()
    one, other = what.bounding_box(), to.bounding_box()
    assert one is not None
    assert other is not None
    revision = page.locator("#work").get_attribute("data-revision")
    page.mouse.move(one["x"] + 50, one["y"] + 12)
    page.mouse.down()
    page.mouse.move(one["x"] + 120, one["y"] + 20, steps=3)
    page.mouse.move(other["x"] + 60, other["y"] + 14, steps=4)
    page.mouse.up()
    page.locator(f"#work:not([data-revision='{revision}'])").or_(page.locator("#ask")).first.wait_for()


def mapped(text: str) -> str:
    return text[text.index("map:") : text.index("on_change:")]


def test_a_mapping_is_made_by_mouse(shop: tuple[build.Shop, str], chromium: Browser) -> None:
    page, seen = opened(shop, chromium, EMPTY)
    drag(page, source(page, "order_no"), target(page, "code"))
    drag(page, source(page, "consign_time"), target(page, "vouchdate"))
    drag(page, source(page, "details_list.spec_no"), target(page, "othOutRecords.product"))
    drag(page, source(page, "details_list.goods_count"), target(page, "othOutRecords.qty"))
    source(page, "warehouse_no").click()
    target(page, "warehouse").click()
    target(page, "warehouse").locator(".chip--from").wait_for()
    target(page, "org").click()
    page.get_by_label("org 怎么填", exact=True).select_option("value")
    page.get_by_label("org 取什么", exact=True).fill("001")
    page.get_by_role("button", name="保存").click()
    target(page, "org").locator(".chip--value").wait_for()
    assert mapped(kept(shop)) == (
        "map:\n  code: order_no\n  vouchdate: consign_time | date\n  othOutRecords:\n    each: details_list\n"
        "    map:\n      product: spec_no\n      qty: goods_count\n  warehouse: warehouse_no\n"
        "  org: {value: '001'}\n"
    )
    assert "2026-11-20" in target(page, "vouchdate").inner_text(), "the result stands in the row"
    source(page, "details_list.goods_count").scroll_into_view_if_needed()
    target(page, "othOutRecords.qty").scroll_into_view_if_needed()
    page.evaluate(REST)
    wanted, drawn = page.evaluate(ENDS)
    assert sorted(wanted) == sorted(drawn)
    assert len(drawn) >= 3, "also between fields of rows there are lines"
    for _ in range(6):
        revision = page.locator("#work").get_attribute("data-revision")
        page.get_by_role("button", name="撤销").click()
        page.locator(f"#work:not([data-revision='{revision}'])").wait_for()
        page.wait_for_function("() => !document.querySelector('#work').dataset.busy")
    page.locator("[data-deed=back]:disabled").wait_for()
    assert kept(shop) == EMPTY
    assert seen.complaints == []
    assert len(seen.origins) == 1


def test_a_mapping_is_made_by_keys_alone(shop: tuple[build.Shop, str], chromium: Browser) -> None:
    page, seen = opened(shop, chromium, EMPTY)
    page.keyboard.press("/")
    page.keyboard.type("order_no")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("已选 出库单号").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    target(page, "code").locator(".chip--from").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("=")
    page.locator("#fill input[name=content]:focus").wait_for()
    page.keyboard.type("001")
    page.keyboard.press("Enter")
    target(page, "org").locator(".chip--value").wait_for()
    page.locator("[id='to-org']:focus").wait_for()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("i")
    target(page, "id").locator(".chip--ignore").wait_for()
    assert mapped(kept(shop)) == "map:\n  code: order_no\n  org: {value: '001'}\n  id: {ignore: true}\n"
    page.keyboard.press("ControlOrMeta+z")
    target(page, "id").locator(".cell__hint").wait_for()
    page.keyboard.press("ControlOrMeta+y")
    target(page, "id").locator(".chip--ignore").wait_for()
    page.keyboard.press("?")
    page.get_by_role("heading", name="按键").wait_for()
    page.keyboard.press("Escape")
    assert seen.complaints == []


def test_a_field_of_other_rows_asks_what_is_meant(shop: tuple[build.Shop, str], chromium: Browser) -> None:
    page, seen = opened(shop, chromium)
    drag(page, source(page, "details_list.spec_no"), target(page, "department"))
    page.get_by_role("button", name="取第一行").click()
    target(page, "department").locator(".chip--from").wait_for()
    assert "  department: details_list[0].spec_no\n" in kept(shop)
    assert seen.complaints == []


def test_on_a_phone_two_taps_place_a_field(shop: tuple[build.Shop, str], chromium: Browser) -> None:
    page, seen = opened(shop, chromium, size=(390, 844))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    source(page, "warehouse_no").click()
    target(page, "department").click()
    target(page, "department").locator(".chip--from").wait_for()
    assert "  department: warehouse_no\n" in kept(shop)
    assert seen.complaints == []


def test_without_scripts_a_field_is_filled_by_its_form(
    shop: tuple[build.Shop, str], chromium: Browser
) -> None:
    page, _ = opened(shop, chromium)
    cookies = page.context.cookies()
    plain = chromium.new_context(java_script_enabled=False)
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    still = plain.new_page()
    still.goto(page.url)
    target(still, "department").click()
    still.get_by_label("department 取什么").fill("warehouse_no")
    still.get_by_role("button", name="保存").click()
    assert "  department: warehouse_no\n" in kept(shop)
    still.get_by_role("button", name="撤销").click()
    assert kept(shop) == TEXT


@pytest.mark.parametrize("seed", [7, 8])
def test_after_whatever_is_done_every_line_ends_at_its_row(
    shop: tuple[build.Shop, str], chromium: Browser, seed: int
) -> None:
    page, seen = opened(shop, chromium)
    dice, checked = random.Random(seed), 0
    for turn in range(100):
        done = act(page, dice)
        page.evaluate(REST)
        wanted, drawn = page.evaluate(ENDS)
        assert len(wanted) == len(drawn), f"seed {seed}, turn {turn}: {done}"
        for one, other in zip(sorted(wanted), sorted(drawn), strict=True):
            off = max(abs(one[0] - other[0]), abs(one[1] - other[1]))
            assert off <= 2, f"seed {seed}, turn {turn}, {done}: {one} is drawn at {other}"
        checked += 2 * len(wanted)
    assert checked > 300, "a walk without lines shows nothing"
    assert seen.complaints == []


def act(page: Page, dice: random.Random) -> str:
    """Something a person does: fold, find, filter, scroll, another size of the window, a field placed."""
    deed = dice.choice(("fold", "fold", "find", "kind", "scroll", "scroll", "size", "place", "pick"))
    how: dict[str, Any] = {"n": dice.randrange(1000), "y": dice.randrange(2000)}
    if deed == "size":
        page.set_viewport_size({"width": dice.randrange(900, 1500), "height": dice.randrange(600, 1000)})
    elif deed == "place":
        revision = page.locator("#work").get_attribute("data-revision")
        fields = page.locator(".node--source:not(.node--holds):not([hidden])")
        places = page.locator(".node--target.node--open:not([hidden])")
        if fields.count() and places.count():
            fields.nth(how["n"] % fields.count()).click()
            places.nth(how["y"] % places.count()).click()
            fresh = page.locator(f"#work:not([data-revision='{revision}'])")
            fresh.or_(page.locator("#ask")).or_(page.locator(".mapper__told .banner")).first.wait_for()
    else:
        page.evaluate(ACTS, {"deed": deed, **how})
    return f"{deed} {how}"


ACTS = """({deed, n, y}) => {
  const all = (one) => [...document.querySelectorAll(one)], some = (found) => found[n % found.length];
  if (deed === "fold") some(all(".node--holds:not([hidden]) > .node__fold"))?.click();
  if (deed === "kind") all(".kind")[[0, 0, 0, 1, 2, 3][n % 6]].click();
  if (deed === "pick") some(all(".node--source:not([hidden])"))?.focus();
  if (deed === "scroll") some(all(".pane__rows")).scrollTop = y;
  if (deed === "find") {
    const find = some(all(".pane__find"));
    find.value = ["", "", "", "单", "no", ""][y % 6];
    find.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""


def test_a_field_is_found_by_the_first_letters_of_its_title(shop: tuple[build.Shop, str], chromium: Browser) -> None:
    page, seen = opened(shop, chromium)
    page.get_by_label("在来源里找").fill("ckbh")
    page.wait_for_function("[...document.querySelectorAll('.node--source')].some((node) => node.hidden)")
    shown = page.locator(".node--source:visible").all_inner_texts()
    assert any("warehouse_no" in text for text in shown)
    assert not any("consign_time" in text for text in shown)
    assert seen.complaints == []
    page.context.close()
