"""The command line in English: its help, its problems, and what it tells of runs and documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.build import SCHEME, Duijie

CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
COMMANDS = [
    (), ("run",), ("check",), ("test",), ("publish",), ("rollback",), ("records",), ("retry",), ("settle",),
    ("resend",), ("call",), ("connector",), ("connector", "list"), ("connector", "show"), ("connector", "sign"),
    ("connection",), ("connection", "add"), ("connection", "list"), ("connection", "test"),
    ("lookup",), ("lookup", "import"), ("lookup", "list"), ("worker",), ("simulate",), ("demo",),
    ("person",), ("person", "add"), ("person", "list"), ("person", "set"), ("person", "invite"), ("audit",),
    ("doctor",),
]  # fmt: skip
WRONG = """\
scheme: wrong
titel: wrong
source:
  connection: wdt-main
  operation: wdt.stockout.order.query
  where: status >= "95"
target:
  connection: bip-main
  operation: othoutrecord.single.save
map:
  code: order_nr
  memo: "=LEFT()"
  vouchdate: consign_time | dat
  warehouse: warehouse_no | lookup
"""


@pytest.fixture(autouse=True)
def english(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUIJIE_LANG", "en")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_english(command: tuple[str, ...], duijie: Duijie) -> None:
    said = duijie(*command, "--help")
    assert said.out.startswith(" ".join(("Usage: duijie", *command)))
    assert not CHINESE.search(said.out)


def test_a_wrong_option_is_told_in_english(duijie: Duijie) -> None:
    assert "--limit needs a value." in duijie("run", "x", "--limit").err


def test_problems_of_a_scheme_are_english_but_for_titles_of_fields(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG, encoding="utf-8")
    said = duijie("check", file)
    assert said.code == 2
    assert "Unknown key “titel”. Did you mean “title”?" in said.out
    assert "begin is missing" in said.out
    assert "Usage: LEFT(text, [count])" in said.out
    told = re.sub("「[^」]*」|Similar: [^.;]*", "", said.out)
    assert not CHINESE.search(told)


def test_a_refused_document_is_told_in_english_but_for_its_data(
    duijie: Duijie, shop: Callable[[int], list[str]], home: Path
) -> None:
    allow = shop(1)
    table = home / "none.csv"
    table.write_text("NONE,NONE\n", "utf-8")
    assert duijie("lookup", "import", "仓库", table).code == 0
    said = duijie("run", SCHEME, *allow)
    assert said.code == 1
    assert "refused 1," in said.out
    assert not CHINESE.search(said.out + said.err)
    listed = duijie("records", SCHEME, "--state", "refused")
    (refused,) = duijie("records", SCHEME, "--state", "refused", "--json").json["documents"]
    for told in (listed, duijie("records", SCHEME, "--key", refused["key"])):
        assert "Lookup “仓库” has no " in told.out
        assert not CHINESE.search(re.sub("「[^」]*」|“仓库”", "", told.out))
    said = duijie("settle", SCHEME, "--key", refused["key"], "--cancel", "--reason", "a sample")
    assert said.out.endswith(": cancelled.\n")
    said = duijie("settle", SCHEME, "--key", refused["key"], "--done", "X", "--reason", "a sample")
    assert "is “cancelled” now and cannot be settled as “done”" in said.err
    assert not CHINESE.search(said.err)
