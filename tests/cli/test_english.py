"""The command line in English: every sentence, with the same places."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from tests.cli.build import ROOT, Duijie

FILES = [
    *sorted((ROOT / "engine" / "cli").glob("*.py")),
    ROOT / "engine" / "demo.py",
    ROOT / "engine" / "store" / "store.py",
]


def sentences() -> Iterator[str]:
    """The template of every Say; each is a literal, so that it can be found."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Say":
                yield ast.literal_eval(node.args[0])


def test_every_sentence_has_its_english_with_the_same_places() -> None:
    with (ROOT / "engine" / "locale" / "en.po").open("rb") as file:
        english = {str(entry.id): str(entry.string) for entry in read_po(file)}
    places = re.compile(r"\{\w+\}")
    wrong = [
        one
        for one in sentences()
        if sorted(places.findall(one)) != sorted(places.findall(english.get(one, "-{no}")))
    ]
    assert wrong == []


def test_the_help_is_english_where_the_person_is(duijie: Duijie, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUIJIE_LANG", "en")
    said = duijie("connection", "add", "--help")
    assert said.out.startswith("Usage: duijie connection add")
    assert not re.search("[\u4e00-\u9fff]", said.out)
    assert "--limit needs a value." in duijie("run", "x", "--limit").err
