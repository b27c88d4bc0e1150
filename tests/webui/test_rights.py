"""Who may do what, generated over every route: each role, nobody, a token, and schemes of another group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from engine.model.people import RIGHTS, ROLES, Person, Right
from engine.store import drafts, logins, overview, schemes
from engine.store.drafts import Draft
from tests.webui import build
from webui import rights
from webui.rights import OPEN, OWN, ROUTES

OURS = "华东"
THEIRS = "华南"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[build.Shop]:
    made = build.full(tmp_path_factory.mktemp("rights"))
    made.store.write(lambda c: drafts.begin(c, Draft(build.CODE, "", OURS, "x", 1, 1, "li.wei", made.clock.now())))
    for code, team in ((build.CODE, OURS), ("jd-inbound", THEIRS)):
        made.store.write(lambda c, code=code, team=team: schemes.assign(c, code, team))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def staff(shop: build.Shop) -> dict[str, Person]:
    """One of each role who sees everything, and one of each who sees only the other group."""
    own = {role: shop.person(f"own.{role}", role) for role in ROLES}
    return own | {f"other {role}": shop.person(f"other.{role}", role, (THEIRS,)) for role in ROLES}


def address(shop: build.Shop, rule: Any) -> str:
    """The route's address for things that exist, so that a refusal is no mere 404."""
    known: dict[str, Any] = {
        "code": "物料" if rule.endpoint.startswith("lookups.") else build.CODE,
        "number": 1,
        "other": 1,
        "deed": "skip",
        "name": build.QUERY,
        "secret": "x" * 64,
        "filename": "app.css",
        "ident": {
            "runs.show": shop.run,
            "documents": shop.documents["done"],
            "attempts.show": shop.store.read(lambda c: overview.log(c, shop.run, 3))[0].id,
        }.get(rule.endpoint, shop.documents["done"] if rule.endpoint.startswith(("documents.", "deeds.")) else 999_999),
    }
    with shop.house.test_request_context():
        values = {name: known[name] for name in rule.arguments}
        return str(shop.house.url_map.bind("localhost").build(rule.endpoint, values))


def routes(app: Flask) -> list[tuple[Any, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def asked(browser: build.Browser, path: str, method: str) -> int:
    reply = browser.get(path) if method == "GET" else browser.post(path)
    reply.close()
    return int(reply.status_code)


def scoped(rule: Any) -> bool:
    """Whether the address names something of one scheme."""
    nouns = ("schemes", "runs", "documents", "attempts", "drafts", "deeds")
    return rule.endpoint.split(".")[0] in nouns and bool(rule.arguments)


def test_every_role_is_answered_by_every_route_as_the_table_says(
    shop: build.Shop, staff: dict[str, Person]
) -> None:
    wrong = []
    for rule, method in routes(shop.house):
        right, path = ROUTES[rule.endpoint], address(shop, rule)
        if rule.endpoint in ("logins.end", "logins.begin"):
            continue  # each has tests of its own: the one ends the session, the other counts tries
        for who, person in staff.items():
            status = asked(shop.visitor(person), path, method)
            entitled = right in (OPEN, OWN) or right in RIGHTS[person.role]
            foreign = who.startswith("other") and person.role != "admin" and scoped(rule)
            expected = status == 403 if not entitled else status == 404 if foreign else status not in (403, 401)
            if not expected:
                wrong.append((rule.endpoint, method, who, status))
    assert wrong == []


def test_nobody_is_led_to_the_login_and_no_form_of_theirs_is_taken(shop: build.Shop) -> None:
    wrong = []
    for rule, method in routes(shop.house):
        right, path = ROUTES[rule.endpoint], address(shop, rule)
        status = asked(shop.visitor(None), path, method)
        good = status != 401 if right == OPEN else status == (303 if method == "GET" else 401)
        if not good:
            wrong.append((rule.endpoint, method, status))
    assert wrong == []
    for path in ("/nothing", "/schemes/none", "/admin"):
        reply = shop.visitor(None).get(path)
        assert (reply.status_code, reply.headers["Location"].split("?")[0]) == (303, "/login")
    part = shop.visitor(None).get("/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, "/login")


def test_a_token_may_what_its_person_may(shop: build.Shop, staff: dict[str, Person]) -> None:
    def status(path: str, secret: str) -> int:
        return int(shop.visitor(None).get(path, headers={"Authorization": f"Bearer {secret}"}).status_code)

    for role, right in (("reader", 403), ("admin", 200)):
        who, secret = staff[role], f"dj_{role}"
        shop.store.write(lambda c, w=who, s=secret: logins.grant(c, w.id, "t", s, 30, shop.clock.now()))
        assert (status("/", secret), status("/people", secret)) == (200, right)
    assert status("/", "dj_nobody") == 401
    assert status("/", "") == 401


def test_what_belongs_to_another_group_looks_like_what_never_was(shop: build.Shop, staff: dict[str, Person]) -> None:
    browser = shop.visitor(staff["other business"])
    never = browser.get("/schemes/never-was")
    foreign = browser.get(f"/schemes/{build.CODE}")
    assert (never.status_code, never.data.replace(b"never-was", b"")) == (
        foreign.status_code, foreign.data.replace(build.CODE.encode(), b""),
    )  # fmt: skip
    for path in ("/", "/runs", "/lookups"):
        html = browser.get(path).get_data(as_text=True)
        assert build.CODE not in html, path
        assert "旺店通出库单" not in html, path
    assert "京东入库单" in browser.get("/").get_data(as_text=True)
    assert build.CODE in shop.visitor(staff["business"]).get("/").get_data(as_text=True)


def test_a_menu_offers_what_may_be_done(shop: build.Shop, staff: dict[str, Person]) -> None:
    for role, offered in (("reader", (False, False)), ("implementer", (True, False)), ("admin", (True, True))):
        html = shop.visitor(staff[role]).get("/").get_data(as_text=True)
        assert ('href="/connections"' in html, 'href="/people"' in html) == offered


def test_a_route_without_a_right_stops_the_start(shop: build.Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(rights.ROUTES, "runs.show")
    with pytest.raises(RuntimeError, match=r"runs\.show"):
        rights.complete(shop.house)
    monkeypatch.setitem(rights.ROUTES, "runs.show", "see")
    monkeypatch.setitem(rights.ROUTES, "gone.show", "see")
    with pytest.raises(RuntimeError, match=r"gone\.show"):
        rights.complete(shop.house)


def test_the_table_names_rights_there_are() -> None:
    known: set[Right] = set().union(*RIGHTS.values())
    assert set(ROUTES.values()) <= {*known, OPEN, OWN}


def test_no_other_page_of_the_demo_is_open_than_those_that_only_show(tmp_path: Path) -> None:
    shop = build.empty(tmp_path)
    for path in ("/people", "/audit"):
        assert shop.client().get(path).status_code == 403
    assert shop.client().post("/login", data={"name": "a"}).status_code == 405
