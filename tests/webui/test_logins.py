"""Getting in: first start, login, throttling, fixation, cookies, forms from elsewhere, mass assignment."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from engine.model.people import Person
from engine.store import audit, logins, people
from tests.webui import build


@pytest.fixture
def house(tmp_path: Path) -> build.Shop:
    return build.empty(tmp_path)


@pytest.fixture
def admin(house: build.Shop) -> Person:
    house.store.write(lambda c: people.invite(c, "first", None, house.clock.now()))
    return house.store.write(lambda c: people.accept(c, "first", "li.wei", "李伟", build.GOOD, house.clock.now()))


def enter(house: build.Shop, name: str, password: str, back: str = "", **how: object) -> object:
    browser = house.visitor(None)
    return browser.post("/login", {"name": name, "password": password, "back": back}, **how)


def cookie(reply: object) -> str:
    return next((one for one in reply.headers.getlist("Set-Cookie") if "session=" in one), "")  # type: ignore[attr-defined]


def inside(house: build.Shop, secret: str) -> bool:
    client = house.house.test_client()
    client.set_cookie("session", secret)
    return client.get("/").status_code == 200


def test_the_first_start_makes_an_administrator_by_a_link_that_works_once(house: build.Shop) -> None:
    house.store.write(lambda c: people.invite(c, "k" * 64, None, house.clock.now()))
    browser = house.visitor(None)
    assert "还没有管理员" in browser.get("/login").get_data(as_text=True)
    assert "建立第一位管理员" in browser.get(f"/invitation/{'k' * 64}").get_data(as_text=True)
    form = {"name": "li.wei", "title": "李伟", "password": "123456789012", "again": "123456789012"}
    weak = browser.post(f"/invitation/{'k' * 64}", form)
    assert weak.status_code == 422
    assert "太容易猜到" in weak.get_data(as_text=True)
    assert 'value="li.wei"' in weak.get_data(as_text=True)
    assert "123456789012" not in weak.get_data(as_text=True)
    form |= {"password": build.GOOD, "again": build.GOOD}
    done = browser.post(f"/invitation/{'k' * 64}", form)
    assert (done.status_code, done.headers["Location"]) == (303, "/")
    assert browser.get("/people").status_code == 200
    assert browser.get(f"/invitation/{'k' * 64}").status_code == 404
    assert house.visitor(None).get(f"/invitation/{'j' * 64}").status_code == 404
    assert house.store.read(people.admins) == 1


def test_the_setup_link_ends_after_half_an_hour(house: build.Shop) -> None:
    house.store.write(lambda c: people.invite(c, "k", None, house.clock.now()))
    house.clock.at += timedelta(minutes=30)
    assert house.visitor(None).get("/invitation/k").status_code == 404


def test_a_login_leads_back_to_the_page_that_was_asked_for(house: build.Shop, admin: Person) -> None:
    reply = enter(house, " LI.WEI", build.GOOD, "/runs?before=3")
    assert (reply.status_code, reply.headers["Location"]) == (303, "/runs?before=3")  # type: ignore[attr-defined]
    assert house.store.read(lambda c: audit.listed(c))[0].deed == "login"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "x"])
def test_a_login_leads_nowhere_else(house: build.Shop, admin: Person, back: str) -> None:
    assert enter(house, "li.wei", build.GOOD, back).headers["Location"] == "/"  # type: ignore[attr-defined]
    html = house.visitor(None).get("/login", query_string={"back": back}).get_data(as_text=True)
    assert f'value="{back}"' not in html


def test_the_cookie_is_for_pages_of_ours_alone(house: build.Shop, admin: Person) -> None:
    plain = cookie(enter(house, "li.wei", build.GOOD))
    assert re.fullmatch(r"session=[0-9a-f]{64}; HttpOnly; Path=/; SameSite=Lax", plain)
    host = build.PUBLIC.removeprefix("https://")
    over = house.visitor(None).post(
        "/login", {"name": "li.wei", "password": build.GOOD}, base_url=build.PUBLIC, headers={"Origin": build.PUBLIC}
    )
    assert re.fullmatch(r"__Host-session=[0-9a-f]{64}; Secure; HttpOnly; Path=/; SameSite=Lax", cookie(over))
    assert over.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in house.visitor(None).get("/login").headers
    assert house.visitor(None).get("/healthz", base_url=f"https://{host}:444").status_code == 421


def test_a_session_that_a_browser_brings_is_never_taken_over(house: build.Shop, admin: Person) -> None:
    client = house.house.test_client()
    client.set_cookie("session", "f" * 64)
    form = {"name": "li.wei", "password": build.GOOD}
    reply = client.post("/login", data=form, headers={"Origin": "http://localhost"})
    assert "f" * 64 not in cookie(reply)
    assert not inside(house, "f" * 64)
    again = client.post("/login", data=form, headers={"Origin": "http://localhost"})
    assert cookie(again) != cookie(reply)


def test_logging_out_ends_the_session_on_the_server(house: build.Shop, admin: Person) -> None:
    browser = house.visitor(admin)
    secret = browser.client.get_cookie("session")
    assert secret is not None
    assert browser.get("/logout").status_code == 405
    assert inside(house, secret.value)
    assert browser.post("/logout").status_code == 303
    assert not inside(house, secret.value)


def test_wrong_tries_are_told_alike_and_slowed_down(house: build.Shop, admin: Person) -> None:
    house.store.write(lambda c: people.add(c, "new.one", "", "reader", None, house.clock.now()))
    off = house.person("off.one", "reader")
    house.store.write(lambda c: people.change(c, off.id, "", "reader", None, False))
    told = set()
    for name in ("li.wei", "nobody", "new.one", "off.one"):
        reply = enter(house, name, build.GOOD if name != "li.wei" else "wrong wrong wrong")
        assert reply.status_code == 422  # type: ignore[attr-defined]
        told.add(reply.get_data(as_text=True).replace(name, ""))  # type: ignore[attr-defined]
    assert len(told) == 1
    for _ in range(4):
        enter(house, "li.wei", "wrong wrong wrong")
    locked = enter(house, "li.wei", build.GOOD)
    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "1")  # type: ignore[attr-defined]
    house.clock.at += timedelta(seconds=1)
    assert enter(house, "li.wei", build.GOOD).status_code == 303  # type: ignore[attr-defined]
    assert [line.deed for line in house.store.read(lambda c: audit.listed(c))] == ["login", "login.failed"]


def test_an_unknown_name_costs_as_much_as_a_wrong_password(house: build.Shop, admin: Person) -> None:
    from time import process_time

    from engine.store import passwords

    stored = house.store.read(lambda c: logins.password_of(c, "li.wei"))
    passwords.fits("", "warm")

    def cost(hashed: str) -> float:
        begun = process_time()
        for _ in range(5):
            passwords.fits(hashed, "wrong wrong wrong")
        return process_time() - begun

    known, unknown = min(cost(stored) for _ in range(3)), min(cost("") for _ in range(3))
    assert unknown > known / 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, {"Sec-Fetch-Site": "none"}, {},
        {"Origin": "http://localhost.evil.example"}, {"Origin": "http://localhost:81"},
    ],
)  # fmt: skip
def test_a_form_from_elsewhere_is_refused(house: build.Shop, admin: Person, headers: dict[str, str]) -> None:
    browser = house.visitor(admin)
    for path in ("/login", "/logout", "/people", "/account/tokens"):
        form = {"form_key": browser.key, "name": "eve", "role": "admin", "title": "t", "days": "30"}
        assert browser.client.post(path, data=form, headers=headers).status_code == 403, path
    assert [one.name for one in house.store.read(people.every)] == ["li.wei"]


@pytest.mark.parametrize("key", ["", "0" * 64, "é", None])
def test_a_form_without_the_key_of_its_session_is_refused(house: build.Shop, admin: Person, key: str | None) -> None:
    browser, other = house.visitor(admin), house.visitor(admin)
    browser.key = other.key if key is None else key
    assert browser.post("/people", {"name": "eve", "role": "admin"}).status_code == 403
    browser.key = ""
    headers = {"X-Form-Key": other.key}
    assert browser.post("/people", {"name": "eve", "role": "admin"}, headers=headers).status_code == 403


def test_polling_does_not_keep_a_session_awake(house: build.Shop, admin: Person) -> None:
    browser = house.visitor(admin)
    for _ in range(4):
        house.clock.at += timedelta(minutes=9)
        last = browser.get("/", headers={"HX-Request": "true"}).status_code
    assert last == 401
    browser = house.visitor(admin)
    for _ in range(4):
        house.clock.at += timedelta(minutes=9)
        assert browser.get("/").status_code == 200


def test_sixty_requests_a_second_are_enough(house: build.Shop, admin: Person) -> None:
    browser = house.visitor(admin)
    told = [browser.get("/account").status_code for _ in range(65)]
    assert told == [200] * 60 + [429] * 5
    house.clock.at += timedelta(seconds=1)
    assert browser.get("/account").status_code == 200


def test_a_new_password_ends_the_other_sessions_and_keeps_this_browser(house: build.Shop, admin: Person) -> None:
    browser, other = house.visitor(admin), house.visitor(admin)
    new = "另一句 quite long 话"
    wrong = browser.post("/account/password", {"old": "nope", "password": new, "again": new})
    assert "现在的密码不对" in wrong.get_data(as_text=True)
    assert other.get("/").status_code == 200
    assert browser.post("/account/password", {"old": build.GOOD, "password": new, "again": new}).status_code == 303
    assert browser.get("/").status_code == 200
    assert other.get("/").status_code == 303


def test_nobody_ends_the_session_or_the_token_of_another(house: build.Shop, admin: Person) -> None:
    eve = house.person("eve", "reader")
    house.visitor(admin)
    login = house.store.read(lambda c: logins.of(c, admin.id, house.clock.now()))[0]
    house.store.write(lambda c: logins.grant(c, admin.id, "t", "tok", 30, house.clock.now()))
    token = house.store.read(lambda c: logins.tokens(c, admin.id))[0]
    browser = house.visitor(eve)
    for path in (f"/account/logins/{login.id}/end", f"/account/tokens/{token.id}/revocation"):
        assert browser.post(path).status_code == 404
        assert house.visitor(admin).post(path).status_code == 303


def test_a_form_changes_what_it_asks_for_and_nothing_else(house: build.Shop, admin: Person) -> None:
    """Mass assignment: a reader's own forms never touch role, groups or another's password."""
    eve = house.person("eve", "reader", ("华东",))
    browser, new = house.visitor(eve), "另一句 quite long 话"
    more = {"role": "admin", "every": "on", "id": str(admin.id), "person_id": str(admin.id), "enabled": "on"}
    browser.post("/account/password", {"old": build.GOOD, "password": new, "again": new, **more})
    browser.post("/account/tokens", {"title": "t", "days": "30", **more})
    after = house.store.read(lambda c: people.get(c, eve.id))
    assert after is not None
    assert (after.role, after.groups) == ("reader", ("华东",))
    assert house.store.read(lambda c: logins.tokens(c, admin.id)) == []
    assert enter(house, "li.wei", build.GOOD).status_code == 303  # type: ignore[attr-defined]


def test_an_administrator_adds_a_person_who_sets_their_own_password(house: build.Shop, admin: Person) -> None:
    browser = house.visitor(admin)
    made = browser.post("/people", {"name": "wang.fang", "title": "王芳", "role": "business", "every": "on"})
    link = re.search(r"http://localhost(/invitation/[0-9a-f]{64})", made.get_data(as_text=True))
    assert link
    guest = house.visitor(None)
    assert "你好，王芳" in guest.get(link[1]).get_data(as_text=True)
    form = {"password": build.GOOD, "again": build.GOOD, "name": "li.wei", "role": "admin"}
    assert guest.post(link[1], form).status_code == 303
    made_of = house.store.read(lambda c: people.by_name(c, "wang.fang"))
    assert made_of is not None
    assert (made_of.role, made_of.title, made_of.ready) == ("business", "王芳", True)
    told = [line.deed for line in house.store.read(lambda c: audit.listed(c))]
    assert told == ["person.password", "person.add"]
    again = browser.post("/people", {"name": "wang.fang", "title": "<b>", "role": "boss"})
    assert again.status_code == 422
    assert "<b>" not in again.get_data(as_text=True)


def test_a_change_of_rights_logs_the_person_out_and_stands_in_the_audit(house: build.Shop, admin: Person) -> None:
    eve = house.person("eve", "reader", ("华东",))
    theirs, browser = house.visitor(eve), house.visitor(admin)
    form = {"title": "伊芙", "role": "business", "group": ["华东", "华南"], "enabled": "on"}
    assert browser.post(f"/people/{eve.id}", form).status_code == 303
    assert theirs.get("/").status_code == 303
    line = house.store.read(lambda c: audit.listed(c))[0]
    assert (line.who, line.what) == ("li.wei", "eve")
    assert line.detail == "reader [华东] → business [华东,华南]"
    page = browser.get("/audit?q=eve").get_data(as_text=True)
    assert "改人员" in page
    assert "没有被改过" in page
    last = browser.post(f"/people/{admin.id}", {"role": "reader", "enabled": "on"})
    assert "最后一位" in last.get_data(as_text=True)


def test_a_token_is_shown_once_and_kept_as_its_print(house: build.Shop, admin: Person) -> None:
    browser = house.visitor(admin)
    html = browser.post("/account/tokens", {"title": "定时任务", "days": "90"}).get_data(as_text=True)
    found = re.search(r"dj_[0-9a-f]{64}", html)
    assert found
    assert found[0] not in browser.get("/account").get_data(as_text=True)
    reply = house.visitor(None).get("/people", headers={"Authorization": f"Bearer {found[0]}"})
    assert reply.status_code == 200
    assert browser.post("/account/tokens", {"title": "", "days": "90"}).status_code == 422
    assert browser.post("/account/tokens", {"title": "x", "days": "4000"}).status_code == 422
