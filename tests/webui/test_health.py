"""/healthz and /readyz: who watches the process learns whether it lives and works, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from engine.store import leader
from engine.store.condition import away
from engine.store.store import Store
from tests.build import NOW, Stopped, settings
from tests.conftest import SERVER
from tests.webui import build
from webui.health import Readiness


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[build.Shop]:
    made = build.empty(tmp_path)
    yield made
    made.store.close()


def ready(shop: build.Shop, **how: object) -> tuple[int, str]:
    """Status and text of /readyz for somebody who is nobody; the last answer has grown old."""
    shop.clock.at += timedelta(seconds=2)
    reply = shop.visitor(None).get("/readyz", **how)
    return reply.status_code, reply.get_data(as_text=True)


def file_of(shop: build.Shop) -> Path:
    assert shop.store.database.file is not None
    return shop.store.database.file


def test_both_are_answered_without_login_and_say_no_more_than_a_word(shop: build.Shop) -> None:
    alive = shop.visitor(None).get("/healthz")
    assert (alive.status_code, alive.data, alive.headers.get("Set-Cookie")) == (200, b"ok\n", None)
    assert ready(shop) == (200, "ready\n")
    assert shop.client().get("/readyz").data == b"ready\n"


def test_where_the_store_is_gone_the_process_is_alive_and_not_ready(shop: build.Shop) -> None:
    file_of(shop).rename(file_of(shop).with_name("gone"))
    known = {"headers": {"Authorization": "Bearer nobody"}}
    assert ready(shop, **known) == (503, "503: store unreachable\n")
    assert shop.visitor(None).get("/healthz", **known).status_code == 200
    file_of(shop).with_name("gone").rename(file_of(shop))
    assert ready(shop) == (200, "ready\n")


def test_a_schedule_that_fell_silent_is_told_within_a_minute(shop: build.Shop) -> None:
    shop.store.write(lambda c: leader.lead(c, leader.ALIVE, "a", shop.clock.now()))
    shop.clock.at += timedelta(seconds=30)
    assert ready(shop)[0] == 200
    shop.clock.at += timedelta(seconds=30)
    assert ready(shop) == (503, "503: schedule stopped\n")


def test_a_store_of_another_version_and_a_full_disk_are_not_ready(shop: build.Shop) -> None:
    assert away(shop.store.database, NOW, least=10**18) == "disk"
    with shop.store.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert ready(shop) == (503, "503: store of another version\n")


def test_however_often_it_is_asked_the_store_is_asked_once_a_second(shop: build.Shop) -> None:
    assert ready(shop)[0] == 200
    file_of(shop).rename(file_of(shop).with_name("gone"))
    assert shop.visitor(None).get("/readyz").status_code == 200
    assert ready(shop)[0] == 503


def test_while_a_question_waits_for_the_store_others_are_told_soon(shop: build.Shop) -> None:
    readiness = Readiness(shop.store.database, shop.clock)
    assert readiness.lacks() == ""
    with readiness._asking:
        shop.clock.at += timedelta(seconds=4)
        assert readiness.lacks() == ""
        shop.clock.at += timedelta(seconds=2)
        assert readiness.lacks() == "slow"
    assert readiness.lacks() == ""


def test_other_names_and_other_methods_are_refused_here_too(shop: build.Shop) -> None:
    for path in ("/healthz", "/readyz"):
        assert shop.client().get(path, headers={"Host": "evil.example"}).status_code == 421
        assert shop.visitor(None).post(path).status_code in (401, 405)


def test_a_server_that_lets_nobody_in_is_away_and_comes_back(postgres: str, tmp_path: Path) -> None:
    import psycopg

    name = urlsplit(postgres).path[1:]
    store = Store.open(settings(tmp_path, postgres), Stopped())
    try:
        assert away(store.database, NOW) == ""
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            assert away(store.database, NOW) == "store"
            server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
        assert away(store.database, NOW) == ""
    finally:
        store.close()
