"""People, invitations, sessions, tokens: who gets in, for how long, and who does not."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from engine.errors import Wrong
from engine.model.people import RIGHTS, ROLES, Person
from engine.store import logins, passwords, people
from engine.store.store import Store
from tests.build import NOW

GOOD = "杯子 lantern 七号 orbit"
HOUR = timedelta(hours=1)


def admin(store: Store, name: str = "li.wei") -> Person:
    store.write(lambda c: people.invite(c, "first", None, NOW))
    return store.write(lambda c: people.accept(c, "first", name, "李伟", GOOD, NOW))


def person(store: Store, name: str, role: str = "business", groups: tuple[str, ...] | None = None) -> Person:
    return store.write(lambda c: people.add(c, name, "", role, groups, NOW))


def entered(store: Store, who: Person, secret: str) -> None:
    store.write(lambda c: logins.enter(c, who, secret, "127.0.0.1", "test", NOW))


def inside(store: Store, secret: str, after: timedelta = timedelta(0)) -> bool:
    return store.read(lambda c: logins.found(c, secret, NOW + after)) is not None


def test_the_first_invitation_makes_one_administrator_and_then_never_again(store: Store) -> None:
    assert store.read(people.admins) == 0
    made = admin(store)
    assert (made.role, made.groups, made.ready) == ("admin", None, True)
    with pytest.raises(Wrong):
        store.write(lambda c: people.accept(c, "first", "eve", "", GOOD, NOW))
    store.write(lambda c: people.invite(c, "second", None, NOW))
    with pytest.raises(Wrong):
        store.write(lambda c: people.accept(c, "second", "eve", "", GOOD, NOW))
    assert [one.name for one in store.read(people.every)] == ["li.wei"]


def test_an_invitation_ends_and_a_newer_one_voids_the_older(store: Store) -> None:
    store.write(lambda c: people.invite(c, "old", None, NOW))
    assert store.read(lambda c: people.invited(c, "old", NOW + people.SETUP)) == (False, None)
    store.write(lambda c: people.invite(c, "new", None, NOW))
    assert store.read(lambda c: people.invited(c, "old", NOW))[0] is False
    assert store.read(lambda c: people.invited(c, "new", NOW))[0] is True


def test_secrets_and_passwords_are_not_in_the_database(store: Store) -> None:
    from sqlalchemy import select

    from engine.store.tables import invitation, login, meta

    entered(store, admin(store), "the-cookie")
    store.write(lambda c: people.invite(c, "the-link", None, NOW))
    rows = store.read(
        lambda c: [str(row) for table in meta.sorted_tables for row in c.execute(select(table)).all()]
    )
    assert not [row for row in rows if "the-cookie" in row or "the-link" in row or GOOD in row]
    assert (
        store.read(lambda c: len(c.execute(select(login)).all() + c.execute(select(invitation)).all())) == 2
    )


@pytest.mark.parametrize(
    "password",
    [
        "short", "x" * 129, "aaaaaaaaaaaa", "abcabcabcabcabc", "123456789012", "qwertyuiop12", "password1234",
        "Passw0rd2026!", "admin1234567", "li.wei202611", "1qaz2wsx3edc", "qwertyasdfgh", "好好好好好好好好好好好好",
        "changeme2026", "zhangsan1234",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_no_password(password: str) -> None:
    name = "zhangsan" if password.startswith("zhang") else "li.wei"
    assert passwords.problems(password, name)


@pytest.mark.parametrize(
    "password", [GOOD, "correct horse battery", "七月的风吹过旧仓库的门口", "Tr0ub4dor&3xyz"]
)
def test_a_sentence_is_a_password(password: str) -> None:
    assert passwords.problems(password, "li.wei") == []
    assert passwords.fits(passwords.hashed(password), password)
    assert not passwords.fits(passwords.hashed(password), password + "x")
    assert not passwords.fits("", password)


def test_a_session_ends_when_idle_when_old_and_with_its_person(store: Store) -> None:
    who = admin(store)
    entered(store, who, "s")
    assert inside(store, "s")
    assert not inside(store, "S")
    assert inside(store, "s", logins.IDLE - timedelta(seconds=1))
    assert not inside(store, "s", logins.IDLE)
    ident = store.read(lambda c: logins.of(c, who.id, NOW))[0].id
    store.write(lambda c: logins.touch(c, ident, NOW + logins.WHOLE - timedelta(minutes=1)))
    assert inside(store, "s", logins.WHOLE - timedelta(seconds=1))
    assert not inside(store, "s", logins.WHOLE)


def test_a_change_of_rights_and_a_new_password_end_every_session(store: Store) -> None:
    admin(store)
    who = person(store, "wang.fang")
    entered(store, who, "s")
    store.write(lambda c: people.change(c, who.id, "王芳", "business", None, True))
    assert inside(store, "s"), "a new title ends nothing"
    store.write(lambda c: people.change(c, who.id, "王芳", "reader", None, True))
    assert not inside(store, "s")
    store.write(lambda c: people.invite(c, "link", who.id, NOW))
    store.write(lambda c: people.accept(c, "link", "ignored", "", GOOD, NOW))
    entered(store, who, "s")
    with pytest.raises(Wrong):
        store.write(lambda c: people.set_password(c, who.id, "not it", GOOD + "!"))
    store.write(lambda c: people.set_password(c, who.id, GOOD, GOOD + "!"))
    assert not inside(store, "s")


def test_who_is_disabled_is_out_at_once_and_has_no_tokens_left(store: Store) -> None:
    admin(store)
    who = person(store, "wang.fang")
    entered(store, who, "s")
    store.write(lambda c: logins.grant(c, who.id, "定时", "tok", 30, NOW))
    assert store.read(lambda c: logins.granted(c, "tok", NOW)) is not None
    assert store.read(lambda c: logins.granted(c, "tok", NOW + timedelta(days=30))) is None
    store.write(lambda c: people.change(c, who.id, "", "business", None, False))
    assert not inside(store, "s")
    assert store.read(lambda c: logins.tokens(c, who.id)) == []


def test_the_last_administrator_stays_one(store: Store) -> None:
    who = admin(store)
    for role, enabled in (("reader", True), ("admin", False)):
        with pytest.raises(Wrong, match="最后一位"):
            store.write(lambda c, r=role, e=enabled: people.change(c, who.id, "", r, None, e))
    other = person(store, "zhao.min", "admin")
    with pytest.raises(Wrong, match="最后一位"):  # who has no password yet cannot log in
        store.write(lambda c: people.change(c, who.id, "", "reader", None, True))
    store.write(lambda c: people.invite(c, "link", other.id, NOW))
    store.write(lambda c: people.accept(c, "link", "", "", GOOD, NOW))
    assert store.write(lambda c: people.change(c, who.id, "", "reader", None, True)).role == "reader"


def test_a_name_is_taken_once_however_it_is_written(store: Store) -> None:
    person(store, "Wang.Fang")
    for name in ("wang.fang", " WANG.FANG "):
        with pytest.raises(Wrong, match="已经有"):
            person(store, name)
    for name in ("", "x", "有汉字", "a b", "-a", "a" * 65, "a\nb"):
        with pytest.raises(Wrong):
            person(store, name)
    with pytest.raises(Wrong):
        person(store, "ok.name", "owner")


def test_wrong_tries_slow_a_name_down_whether_it_exists_or_not(store: Store) -> None:
    admin(store)
    for name in ("li.wei", "nobody"):
        waits = []
        for turn in range(9):
            at = NOW + turn * HOUR / 4
            assert store.write(lambda c, n=name, t=at: logins.tries(c, n, "10.0.0.1", t)) is None
            store.write(lambda c, n=name, t=at: logins.failed(c, n, t))
            waits.append(store.write(lambda c, n=name, t=at: logins.tries(c, n, "10.0.0.2", t)))
        told = [wait.total_seconds() if wait else 0 for wait in waits]
        assert told == [0, 0, 0, 0, 1, 2, 4, 8, 16]
    for _ in range(30):
        store.write(lambda c: logins.failed(c, "li.wei", NOW + HOUR * 3))
    wait = store.write(lambda c: logins.tries(c, "li.wei", "10.0.0.3", NOW + HOUR * 3))
    assert wait == logins.LONGEST


def test_an_address_has_twenty_tries_a_minute(store: Store) -> None:
    told = [store.write(lambda c, n=n: logins.tries(c, f"name{n}", "10.0.0.9", NOW)) for n in range(25)]
    assert [wait is None for wait in told] == [True] * 20 + [False] * 5
    assert store.write(lambda c: logins.tries(c, "name1", "10.0.0.8", NOW)) is None
    assert store.write(lambda c: logins.tries(c, "name1", "10.0.0.9", NOW + logins.MINUTE)) is None


def test_a_person_sees_the_schemes_of_their_groups_and_an_administrator_all() -> None:
    def of(role: str, groups: tuple[str, ...] | None) -> Person:
        return Person(1, "a", "", role, groups, True)  # type: ignore[arg-type]  # a Literal

    assert of("business", ("华东",)).sees("华东")
    assert not of("business", ("华东",)).sees("")
    assert not of("implementer", ()).sees("华东")
    assert of("reader", None).sees("华东")
    assert of("admin", ()).sees("华东")


def test_every_role_has_all_rights_of_the_one_below_it() -> None:
    for above, below in pairwise(ROLES):
        assert RIGHTS[above] > RIGHTS[below]
    assert RIGHTS["reader"] == {"see"}
