"""The line itself: help, complaints, languages, the log, and errors nobody foresaw."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from engine.cli import main
from engine.cli.log import logging_to
from engine.cli.show import width
from engine.errors import Wrong
from engine.exact import decode
from engine.settings import Settings
from tests.cli.build import Duijie

COMMANDS = """
    run check test publish rollback records retry settle resend connection connector call lookup import
    worker simulate demo
""".split()


def test_the_help_names_every_command_in_chinese(duijie: Duijie) -> None:
    said = duijie("--help")
    assert said.code == 0
    assert said.out.startswith("用法：")
    for name in COMMANDS:
        assert f"\n    {name}" in said.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps(duijie: Duijie, name: str) -> None:
    said = duijie(name, "--help")
    assert (said.code, said.err) == (0, "")
    assert "usage" not in said.out


def test_what_is_no_command_is_wrong_input(duijie: Duijie) -> None:
    said = duijie("launch")
    assert said.code == 2
    assert "launch" in said.err
    assert duijie().code == 2


def test_pairs_to_allow_are_all_checked(duijie: Duijie) -> None:
    said = duijie("run", "x", "--allow", "nothing", "--allow", "a:99999", "--json")
    assert said.code == 2
    assert len(said.json["problems"]) == 2


def test_an_error_nobody_foresaw_has_a_number_and_its_story_in_the_log(
    duijie: Duijie, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr("engine.cli.lookups.lookups.tables", break_down)
    said = duijie("lookup", "list")
    assert said.code == 70
    assert "Traceback" not in said.err
    (line,) = (home / "logs" / "duijie.log").read_text("utf-8").splitlines()
    told = decode(line)
    assert isinstance(told, dict)
    assert "ZeroDivisionError" in str(told["error"])
    assert str(told["number"]) in said.err


def test_a_database_that_is_none_is_told_in_a_sentence(duijie: Duijie, home: Path) -> None:
    (home / "duijie.db").write_bytes(b"this is no database, it is a letter to my mother" * 100)
    said = duijie("lookup", "list")
    assert said.code == 2
    assert "数据库" in said.err


def test_a_database_address_that_is_none_is_told_without_its_password(
    duijie: Duijie, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("mysql://u:hidden@db.example/x", "nonsense", "postgresql://u:hidden@127.0.0.1:9/x"):
        monkeypatch.setenv("DUIJIE_DB", url)
        said = duijie("lookup", "list")
        assert said.code == 2, url
        assert "数据库" in said.err
        assert "hidden" not in said.err


def test_a_quiet_command_leaves_no_log(duijie: Duijie, home: Path) -> None:
    assert duijie("lookup", "list").code == 0
    assert not (home / "logs").exists()


def test_a_secret_never_reaches_the_log(tmp_path: Path) -> None:
    log = logging.getLogger("duijie.test")
    with logging_to(tmp_path) as hide:
        hide(["very-secret-value"])
        try:
            raise ValueError("very-secret-value in an error")
        except ValueError as error:
            log.error(
                "very-secret-value", exc_info=error, extra={"url": "https://x/?token=very-secret-value"}
            )
    text = (tmp_path / "logs" / "duijie.log").read_text("utf-8")
    assert "very-secret-value" not in text
    assert "ValueError" in text


def test_chinese_is_counted_double_in_tables() -> None:
    assert (width("仓库"), width("WH01"), width("，")) == (4, 4, 2)


def test_settings_come_from_the_environment(home: Path) -> None:
    assert Settings.read().home == home
    assert main(["check"]) == 2
    with pytest.raises(Wrong):
        from engine.cli.serve import port_of

        port_of("eighty")
