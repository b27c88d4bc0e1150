"""`duijie doctor`: it tells what is wrong with an installation, and leaves it as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.clock import Clock
from engine.settings import Settings
from engine.store import leader
from engine.store.store import Store
from tests.cli.build import SCHEME, TABLES, Duijie

Shop = Callable[[int], list[str]]


def told(duijie: Duijie, *more: str) -> tuple[int, set[tuple[str, str]]]:
    """The exit code, and part and code of whatever is not as it should be."""
    said = duijie("doctor", "--json", *more)
    assert said.json["fine"] is (said.code == 0)
    assert all(one["says"] for one in said.json["findings"])
    assert all(one["do"] for one in said.json["findings"] if one["weight"] != "good")
    bad = {(one["about"], one["code"]) for one in said.json["findings"] if one["weight"] != "good"}
    return said.code, bad


def in_store(sql: str) -> None:
    store = Store.open(Settings.read(), Clock())
    with store.database.write() as connection:
        connection.execute(text(sql))
    store.close()


def test_a_home_without_a_store_is_told_and_stays_empty(duijie: Duijie, home: Path) -> None:
    assert told(duijie) == (2, {("store", "none")})
    assert list(home.iterdir()) == []
    assert "DUIJIE_HOME" in duijie("doctor").out


@pytest.mark.parametrize("more", [(), ("--deep",)])
def test_after_a_good_run_only_the_missing_clock_is_told_and_with_one_all_is_well(
    duijie: Duijie, shop: Shop, more: tuple[str, ...]
) -> None:
    assert duijie("run", SCHEME, *shop(3)).code == 0
    assert told(duijie, *more) == (1, {("clock", "nobody")})
    store, clock = Store.open(Settings.read(), Clock()), Clock()
    store.write(lambda c: leader.lead(c, leader.ALIVE, "test", clock.now()))
    store.close()
    assert told(duijie, *more) == (0, set())
    assert "没有损坏" in duijie("doctor").out


def test_refused_documents_are_told_with_their_cause_and_the_next_step(
    duijie: Duijie, shop: Shop, home: Path
) -> None:
    allow = shop(4)
    empty = home / "仓库.csv"
    empty.write_text("NONE,NONE\n", "utf-8")
    duijie("lookup", "import", TABLES[0], empty)
    assert duijie("run", SCHEME, *allow).code == 1
    refused = [one for one in duijie("doctor", "--json").json["findings"] if one["code"] == "refused"]
    assert sum(one["count"] for one in refused) == 4
    assert all(one["scheme"] == SCHEME and "仓库" in one["says"] for one in refused)


def test_a_key_file_that_others_can_read_is_told_with_the_command_that_mends_it(
    duijie: Duijie, shop: Shop, home: Path
) -> None:
    shop(0)
    (home / "key").chmod(0o640)
    assert ("key", "open") in told(duijie)[1]
    assert "0640" in duijie("doctor").out
    assert "chmod 600" in duijie("doctor").out


def test_a_missing_key_file_is_told_and_no_other_is_made(duijie: Duijie, shop: Shop, home: Path) -> None:
    shop(0)
    (home / "key").rename(home / "elsewhere")
    code, bad = told(duijie)
    assert (code, ("key", "missing") in bad) == (2, True)
    assert not (home / "key").exists()


def test_another_key_than_the_one_the_secrets_were_sealed_with_is_told(
    duijie: Duijie, shop: Shop, home: Path, tmp_path: Path
) -> None:
    from engine.store.vault import Vault

    shop(0)
    Vault.at(tmp_path / "other")
    (tmp_path / "other").replace(home / "key")
    code, bad = told(duijie)
    assert (code, ("key", "sealed") in bad) == (2, True)


def test_a_file_that_is_no_database_and_one_that_is_damaged_are_told(
    duijie: Duijie, shop: Shop, home: Path
) -> None:
    shop(0)
    file = home / "duijie.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 16384) + whole[-8192:])
    code, bad = told(duijie)
    assert (code, {about for about, _ in bad} >= {"store"}) == (2, True)
    file.write_text("not a database at all, but long enough to look like one " * 20, encoding="utf-8")
    assert told(duijie)[0] == 2


@pytest.mark.parametrize(
    ("version", "code", "says"), [("9999", 2, "newer_database"), ("0006", 1, "older_database")]
)
def test_a_database_of_another_version_is_told_and_not_migrated(
    duijie: Duijie, shop: Shop, version: str, code: int, says: str
) -> None:
    shop(0)
    in_store(f"UPDATE alembic_version SET version_num = '{version}'")
    assert told(duijie) == (code, {("store", says)})
    assert told(duijie) == (code, {("store", says)})
