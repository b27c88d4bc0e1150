"""What keeps others out: host names, methods, headers, and vendors' text that stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes

from engine.exact import encode
from engine.model.ledger import Outcome, PlanKept, Planned
from engine.model.values import Problem
from engine.settings import SHIPPED
from engine.store import lookups, overview, plan as plans, queue, runs, schemes, send
from engine.store.lookups import Pair
from engine.store.overview import Wanted
from tests.webui import build
from webui import guard
from webui.shown import command, visible

TEMPLATES = sorted((SHIPPED / "templates").rglob("*.html"))
STATIC = SHIPPED / "webui" / "static"
PAYLOADS = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</pre></code><svg/onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "<hx-partial hx-target=body><b>x</b></hx-partial>",
    "<a hx-get=//evil.example hx-trigger=load>",
)
ATTACK = "".join(PAYLOADS)
HIDDEN = "a\u202egnp.exe\u200b\x07\ud800"


FOREIGN = "evil.example evil.example:8650 127.0.0.1.evil.example [::1] 127.0.0.2 [ user@127.0.0.1".split()


@pytest.mark.parametrize("host", [*FOREIGN, "", "a b"])
@pytest.mark.parametrize("path", ["/", "/healthz", "/static/app.css", "/nothing"])
def test_another_host_name_is_refused(shop: build.Shop, host: str, path: str) -> None:
    reply = shop.client().get(path, headers={"Host": host})
    assert reply.status_code in (400, 421)
    assert b"<" not in reply.data or b"html" not in reply.data.lower() or reply.status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8650", "localhost", "LOCALHOST:1"])
def test_our_own_names_are_answered(shop: build.Shop, host: str) -> None:
    assert shop.client().get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])
@pytest.mark.parametrize("path", ["/", "/look", "/static/app.css", "/nothing"])
def test_nothing_but_reading_is_allowed(shop: build.Shop, method: str, path: str) -> None:
    reply = shop.client().open(path, method=method, data=b"a=1")
    assert reply.status_code == 405
    assert reply.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/static/app.css", "/look?language=en", "/documents/1"])
def test_every_reply_carries_the_headers(shop: build.Shop, path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        reply = shop.client().open(path, method=method)
        reply.close()
        for name, value in guard.HEADERS.items():
            assert reply.headers[name] == value
        assert "Server" not in reply.headers
    assert "unsafe" not in guard.POLICY


def test_pages_are_not_kept_by_the_browser_but_our_files_are(shop: build.Shop) -> None:
    assert shop.client().get("/").headers["Cache-Control"] == "no-store"
    with shop.client().get("/static/app.css") as file:
        assert "max-age=31536000" in file.headers["Cache-Control"]


def test_looking_at_every_page_changes_nothing(shop: build.Shop) -> None:
    from sqlalchemy import text

    def dump(connection: Any) -> list[Any]:
        named = text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        tables = connection.execute(named).scalars().all()
        return [(name, connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in tables]

    before = shop.store.read(dump)
    client = shop.client()
    for path in [*build.pages(shop), "/look?theme=dark"]:
        client.get(path)
    assert shop.store.read(dump) == before


class Page(HTMLParser):
    """The tags and attributes a browser would make of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def assert_harmless(html: str, path: str) -> None:
    for tag, attributes in Page(html).tags:
        assert tag not in ("img", "iframe", "object", "embed", "hx-partial", "style", "base"), (path, tag)
        assert tag != "script" or (attributes.get("src") or "").startswith("/static/"), path
        for name, value in attributes.items():
            assert not name.startswith("on") and name != "style", (path, tag, name)
            assert not (value or "").lower().startswith(("javascript:", "data:", "//")), (path, tag, name)
            if name.startswith("hx-") and name not in ("hx-ignore", "hx-trigger", "hx-swap"):
                assert (value or "").startswith("/"), (path, tag, name)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> build.Shop:
    """A store in which every text that comes from outside is an attack."""
    shop = build.empty(tmp_path_factory.mktemp("hostile"))
    build.accounts(shop)
    text = build.FLOW.read_text(encoding="utf-8") + f"\nx-note: '{ATTACK.replace(chr(39), chr(39) * 2)}'\n"
    shop.scheme = build.publish(shop, build.CODE, ATTACK, text, note=ATTACK)
    pairs = [Pair(ATTACK, ATTACK, ATTACK)]
    shop.store.write(lambda c: lookups.replace(c, ATTACK, pairs, shop.clock.now()))
    _attacked(shop)
    return shop


def _attacked(shop: build.Shop) -> None:
    run = shop.run = build.begin(shop, ATTACK)
    evil = {ATTACK: ATTACK, "remark": ATTACK + HIDDEN.replace("\ud800", ""), "receiver_name": ATTACK}
    records = [build.order(n, order_no=f"{ATTACK}{n}", **evil) for n in (1, 2)]
    build.page(shop, run, records)
    due = shop.store.read(lambda c: plans.unplanned(c, shop.scheme, 0, 10))
    problem = Problem(ATTACK, "x", ATTACK, ATTACK)
    body = encode({ATTACK: ATTACK, "memo": ATTACK, "othOutRecords": [{ATTACK: [ATTACK]}]}).decode()
    made = (
        Planned(due[0], due[0].key, "waiting", "new", body=body, sent_number=ATTACK),
        Planned(due[1], f"{ATTACK};rm -rf /", "refused", "", reason=ATTACK, problems=(problem,)),
    )
    kept = PlanKept(shop.store.installation, shop.scheme, build.CODE, 1, "flag", ATTACK, shop.clock.now(), made)
    shop.store.write(lambda c: plans.plan(c, [kept]))
    shop.store.write(lambda c: runs.read_done(c, run))
    shop.store.write(lambda c: queue.put(c, [queue.Asked("push", shop.scheme, shop.clock.now(), run)]))
    lease = shop.store.write(lambda c: queue.claim(c, shop.clock.now(), "test"))
    assert lease is not None
    first = shop.store.read(lambda c: send.due(c, shop.scheme, shop.clock.now(), 0, 10))[0]
    shop.store.write(lambda c: send.mark(c, [send.Mark(lease, first, shop.clock.now())]))
    texts: Any = {"code": ATTACK, "request": ATTACK, "reply": f"<html>{ATTACK}"}
    exchange = build.said(ATTACK, "save", ATTACK, ATTACK, shop.clock.now(), **texts)
    outcome = Outcome("unknown", reason=ATTACK, target_number=ATTACK, target_id=ATTACK)
    shop.store.write(lambda c: send.settle(c, [send.Settled(lease, first.id, shop.clock.now(), outcome, exchange)]))
    shop.store.write(lambda c: runs.fail_reading(c, run, ATTACK, ATTACK))
    shop.store.write(lambda c: runs.warn(c, run, ATTACK))
    found = shop.store.read(lambda c: overview.listed(c, shop.scheme, Wanted(), None, 9))
    shop.documents = {row.state: row.id for row in found}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_vendors_text_stays_text_on_every_page(hostile: build.Shop, language: str) -> None:
    from urllib.parse import quote

    attack = quote(ATTACK)
    more = [f"/lookups/{attack}", f"/lookups/{attack}?q={attack}"]
    more += [f"/schemes/{build.CODE}/documents?q={attack}&about={attack}", f"/{attack}", f"/look?back={attack}"]
    for path in [*build.pages(hostile), *more]:
        reply = hostile.client(language).get(path)
        assert reply.status_code in (200, 303, 404), path
        assert_harmless(reply.get_data(as_text=True), path)
    story = hostile.client().get(f"/documents/{hostile.documents['unknown']}").get_data(as_text=True)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in story
    assert "49" not in re.findall(r"memo.{0,900}", story)[0].split("{{")[0][-4:]


def test_signs_that_hide_or_turn_text_are_shown_as_codes(hostile: build.Shop) -> None:
    story = hostile.client().get(f"/documents/{hostile.documents['unknown']}").get_data(as_text=True)
    assert "⟨U+202E⟩gnp.exe⟨U+200B⟩⟨U+0007⟩" in story
    assert "\u202e" not in story
    assert visible(HIDDEN) == "a⟨U+202E⟩gnp.exe⟨U+200B⟩⟨U+0007⟩⟨U+D800⟩"
    assert visible("一行\r\n\t二行") == "一行\r\n\t二行"


def test_a_command_to_type_runs_nothing_else_when_pasted() -> None:
    assert command("duijie", "retry", "a-b", "--key=x; rm -rf ~") == "duijie retry a-b '--key=x; rm -rf ~'"
    assert command("duijie", "lookup", "仓库", "仓库.csv") == "duijie lookup 仓库 仓库.csv"
    assert command("$(id)", "`id`", "a'b") == "'$(id)' '`id`' 'a'\"'\"'b'"


def test_secrets_are_never_shown_and_personal_data_is_masked(shop: build.Shop) -> None:
    for path in build.pages(shop):
        html = shop.client().get(path).get_data(as_text=True)
        for hidden in (build.SECRET, build.MOBILE, build.RECEIVER, "示例路 18 号"):
            assert hidden not in html, path
    assert "138****8000" in shop.client().get(f"/documents/{shop.documents['done']}").get_data(as_text=True)
    assert "已设置" in shop.client().get("/connections").get_data(as_text=True)


def test_a_personal_value_is_masked_wherever_a_mapping_puts_it(tmp_path: Path) -> None:
    shop = build.empty(tmp_path)
    shop.scheme = build.publish(shop, build.CODE, "t", build.FLOW.read_text(encoding="utf-8"))
    shop.run = build.begin(shop, "t")
    build.page(shop, shop.run, [build.order(1)])
    due = shop.store.read(lambda c: plans.unplanned(c, shop.scheme, 0, 10))
    body = encode({"memo": f"收货 {build.RECEIVER} {build.MOBILE}", "code": f"x{build.RECEIVER}"}).decode()
    says = f"收件人 {build.RECEIVER} 太长"
    problem = Problem("map.memo", "x", says)
    made = (Planned(due[0], due[0].key, "refused", "", body=body, reason=says, problems=(problem,)),)
    kept = PlanKept(shop.store.installation, shop.scheme, build.CODE, 1, "flag", None, shop.clock.now(), made)
    shop.store.write(lambda c: plans.plan(c, [kept]))
    html = shop.client().get("/documents/1").get_data(as_text=True)
    assert build.RECEIVER not in html
    assert build.MOBILE not in html
    assert "收货 欧*** 138****8000" in html


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SHIPPED / "templates").as_posix())
def test_a_template_keeps_to_the_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = Environment(autoescape=True).parse(text)
    assert not [one for one in tree.find_all(nodes.Filter) if one.name in ("safe", "tojson", "forceescape")]
    assert not list(tree.find_all(nodes.ScopedEvalContextModifier))
    assert not re.search(r"\sstyle\s*=|\son\w+\s*=|<style|javascript:|https?://", text.replace("hx-on", ""))
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    older = "ext vars params prompt disinherit inherit request history disabled-elt on disable"
    assert not re.search(rf"\bhx-({'|'.join(older.split())})\b|htmx:[a-z]+[A-Z]|js:", text)
    settings = "allowEval defaultSwapStyle historyEnabled selfRequestsOnly includeIndicatorStyles historyCacheSize"
    assert not re.search("|".join(settings.split()), text)


def test_markup_is_made_nowhere_in_the_views() -> None:
    made = re.compile(r"Markup\(|render_template_string|\|\s*safe|markupsafe\.escape")
    views = (SHIPPED / "webui").glob("*.py")
    assert [path.name for path in views if made.search(path.read_text(encoding="utf-8"))] == []


def test_htmx_is_the_file_its_makers_shipped() -> None:
    from hashlib import sha384

    shipped = sha384((STATIC / "htmx-4.0.1.min.js").read_bytes()).hexdigest()
    assert shipped == (STATIC / "htmx-4.0.1.min.js.sha384").read_text(encoding="ascii").split()[0]


def test_the_style_sheet_asks_for_nothing_from_elsewhere() -> None:
    text = (STATIC / "app.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|!important|https?:", text)
    assert text.count("{") == text.count("}")
    assert not re.search(r"^\s*#(?!now)[a-z]", text, re.MULTILINE)


def test_published_versions_of_one_scheme_are_not_shown_for_another(shop: build.Shop) -> None:
    other = shop.store.read(lambda c: schemes.published(c, "shop-returns"))
    assert other is not None
    assert shop.client().get("/schemes/shop-returns/versions/2").status_code == 404
