"""`duijie person …` and `duijie audit`: for administrators who are locked out."""

from __future__ import annotations

from pathlib import Path

from engine.clock import Clock
from engine.settings import Settings
from engine.store import people
from engine.store.store import Store
from tests.cli.build import Duijie


def accept(path: str) -> None:
    """Set a password by the link, as the page does."""
    clock = Clock()
    store = Store.open(Settings.read(), clock)
    secret = path.rpartition("/")[2]
    store.write(lambda c: people.accept(c, secret, "", "", "杯子 lantern 七号 orbit", clock.now()))
    store.close()


def test_a_person_is_added_listed_changed_and_invited_again(duijie: Duijie, home: Path) -> None:
    assert "duijie up" in duijie("person", "list").out
    made = duijie("person", "add", "li.wei", "--title", "李伟", "--role", "admin", "--json").json
    assert made["person"] == {"name": "li.wei", "title": "李伟", "role": "admin", "groups": None, "enabled": True}
    assert "还没设密码" in duijie("person", "list").out
    accept(made["path"])
    assert "能登录" in duijie("person", "list").out
    duijie("person", "add", "wang.fang", "--role", "business", "--group", "华东")
    changed = duijie("person", "set", "wang.fang", "--role", "reader", "--group", "华南", "--group", "华东", "--json")
    assert changed.json["person"]["groups"] == ["华东", "华南"]
    assert duijie("person", "set", "wang.fang", "--disable", "--json").json["person"]["enabled"] is False
    assert duijie("person", "set", "wang.fang", "--group", "all", "--json").json["person"]["groups"] is None
    assert duijie("person", "set", "li.wei", "--disable").code == 2
    assert duijie("person", "invite", "li.wei").out.count("/invitation/") == 1


def test_who_is_not_there_is_told_with_those_who_are(duijie: Duijie, home: Path) -> None:
    duijie("person", "add", "li.wei")
    said = duijie("person", "invite", "li.wie")
    assert said.code == 2
    assert "li.wei" in said.err
    assert duijie("person", "add", "li.wei").code == 2
    assert duijie("person", "add", "no good").code == 2


def test_the_audit_tells_what_was_done_here_and_that_it_holds(duijie: Duijie, home: Path) -> None:
    duijie("person", "add", "li.wei", "--role", "admin")
    said = duijie("audit", "--json")
    assert said.code == 0
    assert said.json["broken"] is None
    assert [(line["who"], line["deed"], line["what"]) for line in said.json["lines"]] == [
        ("cli", "person.add", "li.wei")
    ]
    assert "没有被改过" in duijie("audit").err
