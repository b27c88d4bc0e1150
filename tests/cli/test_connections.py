"""connection add, list, test: secrets stay out of sight, and every problem is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.clock import Clock
from engine.settings import Settings
from engine.store import connections
from engine.store.store import Store
from tests.cli.build import Duijie

WDT = ("--connector", "wdt", "--channel", "qimen", "--set", "sid=s", "--set", "app_key=k")


def opened(code: str) -> dict[str, str]:
    store = Store.open(Settings.read(), Clock())
    try:
        return store.read(lambda read: connections.opened(read, store.vault, code))
    finally:
        store.close()


def test_a_secret_comes_from_a_file_or_the_environment(
    duijie: Duijie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    assert (
        duijie("connection", "add", "shop-a", *WDT, "--secret-file", f"app_secret={tmp_path / 'secret'}").code
        == 0
    )
    assert opened("shop-a") == {"app_secret": "from-file"}
    monkeypatch.setenv("SHOP_SECRET", "from-env")
    assert duijie("connection", "add", "shop-a", "--secret-env", "app_secret=SHOP_SECRET").code == 0
    assert opened("shop-a") == {"app_secret": "from-env"}


def test_a_secret_on_the_command_line_is_refused_and_not_repeated(duijie: Duijie, home: Path) -> None:
    said = duijie("connection", "add", "shop", *WDT, "--set", "app_secret=do-not-tell")
    assert said.code == 2
    assert "--secret-file" in said.err
    assert "do-not-tell" not in said.err + said.out
    said = duijie("connection", "add", "shop", *WDT, "--app_secret=do-not-tell")
    assert said.code == 2
    assert "do-not-tell" not in said.err + said.out


def test_a_secret_is_asked_for_where_somebody_sits_there(
    duijie: Duijie, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return "typed"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("engine.cli.form.getpass", typed)
    assert duijie("connection", "add", "shop", *WDT).code == 0
    assert opened("shop") == {"app_secret": "typed"}
    assert len(asked) == 1


def test_every_problem_of_a_connection_is_told_at_once(duijie: Duijie) -> None:
    wrong = (
        "--set",
        "sidd=1",
        "--limit",
        "per_hour=3",
        "--private",
        "10.1.2.3/16",
        "--settle",
        "3x",
        "--base",
        "ftp://x",
    )
    more = ("--keys", "maybe", "--host", "a b", "--secret-env", "app_secret=NOT_THERE_AT_ALL")
    said = duijie(
        "connection", "add", "Shop", "--connector", "wdt", "--channel", "qimen", *wrong, *more, "--json"
    )
    codes = [problem["code"] for problem in said.json["problems"]]
    assert said.code == 2
    assert codes.count("missing_setting") == 2
    assert {
        "code",
        "no_setting",
        "limit",
        "network",
        "duration",
        "address",
        "keys",
        "host",
        "no_variable",
    } <= set(codes)
    assert duijie("connection", "list", "--json").json == {"connections": []}


def test_connector_and_channel_are_offered(duijie: Duijie) -> None:
    assert "wdt" in duijie("connection", "add", "shop", "--connector", "wtd").err
    assert "classic" in duijie("connection", "add", "shop", "--connector", "wdt").err
    assert "yonbip" in duijie("connection", "add", "shop").err


def test_a_change_keeps_what_it_does_not_name(duijie: Duijie, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept-secret")
    first = (
        *WDT,
        "--secret-file",
        f"app_secret={tmp_path / 'secret'}",
        "--limit",
        "per_minute=30",
        "--settle",
        "30s",
    )
    assert duijie("connection", "add", "shop", *first).code == 0
    change = (
        "--set",
        "sid=other",
        "--base",
        "https://erp.example.com/api",
        "--limit",
        "at_once=2",
        "--keys",
        "honoured",
    )
    assert duijie("connection", "add", "shop", *change).code == 0
    (account,) = duijie("connection", "list", "--json").json["connections"]
    assert account["settings"] == {"sid": "other", "app_key": "k"}
    assert account["secrets"] == ["app_secret"]
    assert account["options"] == {
        "limits": {"per_minute": 30, "at_once": 2},
        "settle": "30s",
        "base": "https://erp.example.com/api",
        "keys": "honoured",
    }
    assert opened("shop") == {"app_secret": "kept-secret"}
    assert "kept-secret" not in duijie("connection", "list").out
    assert duijie("connection", "add", "shop", "--connector", "yonbip").code == 2
