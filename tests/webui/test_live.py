"""Following a run: the line tells of what was committed, ends with the run, and gives its place back."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.store import runs, schemes
from tests.webui import build
from webui import live
from webui.live import CHANGED, ENDED, SILENT, Live
from webui.server import serving


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[build.Shop]:
    made = build.full(tmp_path)
    yield made
    made.store.close()


@contextmanager
def followed(address: str, ident: int) -> Iterator[http.client.HTTPResponse]:
    line = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
    line.request("GET", f"/runs/{ident}/events")
    reply = line.getresponse()
    try:
        yield reply
    finally:
        reply.close()
        line.close()


def told(reply: http.client.HTTPResponse) -> str:
    """The next event's name; "" for a breath."""
    name = ""
    while line := reply.readline().strip():
        name = line.removeprefix(b"event: ").decode() if line.startswith(b"event:") else name
    return name


def end(shop: build.Shop, run: int) -> None:
    build.plan(shop)
    shop.store.write(lambda c: runs.read_done(c, run))
    shop.store.write(lambda c: runs.close(c, shop.scheme, shop.clock.now()))


def test_what_is_committed_is_told_and_so_is_the_end(shop: build.Shop) -> None:
    run = shop.run + 1
    with serving(shop.app, 0) as address, followed(address, run) as reply:
        assert reply.getheader("Content-Type", "").startswith("text/event-stream")
        assert told(reply) == "", "how soon to come again"
        assert told(reply) == "more", "as it stands"
        build.page(shop, run, [build.order(n) for n in range(91, 95)])
        assert told(reply) == "more"
        end(shop, run)
        while (name := told(reply)) == "more":
            pass
        assert name == "ended"
        assert reply.read() == b""


def test_a_run_that_is_over_has_nothing_more_to_tell(shop: build.Shop) -> None:
    lives = Live(shop.store)
    assert lives.join(shop.run)
    assert list(lives.line(shop.run))[1:] == [CHANGED, ENDED]
    lives.leave(shop.run)


def test_many_follow_one_run_and_one_more_than_there_is_room_asks_by_the_clock(
    shop: build.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 3)
    lives = Live(shop.store)
    assert [lives.join(shop.run + 1) for _ in range(4)] == [True, True, True, False]
    shop.app.extensions["duijie-live"] = lives
    assert shop.app.test_client().get(f"/runs/{shop.run + 1}/events").status_code == 503
    lives.leave(shop.run + 1)
    reply = shop.app.test_client().get(f"/runs/{shop.run + 1}/events")
    assert reply.status_code == 200
    assert not lives.join(shop.run + 1)
    reply.close()
    assert lives.join(shop.run + 1), "a reader that goes before the first word leaves its place too"
    lives.close()


def test_a_silent_line_breathes_and_is_opened_anew_after_a_while(
    shop: build.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BREATH", 0.05)
    monkeypatch.setattr(live, "BREATHS", 8)
    lives = Live(shop.store)
    assert lives.join(shop.run + 1)
    heard = list(lives.line(shop.run + 1))[1:]
    lives.leave(shop.run + 1)
    assert len(heard) == 8
    assert heard.count(CHANGED) == 1
    assert set(heard) == {CHANGED, SILENT}


def test_lines_end_with_the_server(shop: build.Shop) -> None:
    with serving(shop.app, 0) as address:
        line = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
        line.request("GET", f"/runs/{shop.run + 1}/events")
        reply = line.getresponse()
        assert told(reply) == ""
    line.close()
    assert not shop.app.extensions["duijie-live"].join(shop.run)


def test_a_run_of_another_group_is_not_there(shop: build.Shop) -> None:
    shop.store.write(lambda c: schemes.assign(c, build.CODE, "华东"))
    other = shop.visitor(shop.person("other", "reader", ("华南",)))
    assert other.get(f"/runs/{shop.run}/events").status_code == 404


def test_a_followed_part_is_made_once_for_all_and_holds_nothing_of_a_session(shop: build.Shop) -> None:
    path, part = f"/runs/{shop.run + 1}", {"HX-Request": "true"}
    wei, chen, eve = (
        shop.visitor(shop.person(name, role), language)
        for name, role, language in (("li.wei", "admin", "zh"), ("chen", "admin", "zh"), ("eve", "admin", "en"))
    )
    first = wei.get(path, headers=part).get_data(as_text=True)
    assert chen.get(path, headers=part).get_data(as_text=True) == first
    assert wei.key not in first
    assert "form_key" not in first
    assert eve.get(path, headers=part).get_data(as_text=True) != first
    build.page(shop, shop.run + 1, [build.order(n) for n in range(91, 95)])
    assert wei.get(path, headers=part).get_data(as_text=True) != first
