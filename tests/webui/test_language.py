"""Both languages are whole: every sentence of pages and views has its English, with the same places."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

from engine.settings import SHIPPED
from tests.webui import build
from webui import language

TEMPLATES = sorted((SHIPPED / "templates").rglob("*.html"))
VIEWS = sorted((SHIPPED / "webui").glob("*.py"))
HAN = re.compile("[\u3400-\u9fff]")
CALLED = {"_", "translate", "mark"}


def in_template(path: Path) -> Iterator[str | None]:
    """Every sentence handed to `_`; None where it is not written out."""
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            first = call.args[0]
            yield first.value if isinstance(first, nodes.Const) else None


def in_view(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLED:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def sentences() -> set[str]:
    told = {text for path in TEMPLATES for text in in_template(path) if text}
    return told | {text for path in VIEWS for text in in_view(path)}


def test_every_sentence_of_the_pages_has_its_english() -> None:
    english = language.catalogue(language.OWN)
    assert sorted(sentences() - english.keys()) == []


def test_the_catalogue_holds_nothing_that_no_page_says() -> None:
    assert sorted(language.catalogue(language.OWN).keys() - sentences()) == []


def test_english_keeps_the_places_and_no_chinese() -> None:
    wrong = [
        (chinese, english)
        for chinese, english in language.catalogue(language.OWN).items()
        if places(chinese) != places(english) or (HAN.search(english) and chinese != "中文")
    ]
    assert wrong == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SHIPPED / "templates").as_posix())
def test_a_template_writes_its_sentences_out_and_no_chinese_beside_them(path: Path) -> None:
    assert None not in list(in_template(path))
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    plain = [data.data.strip() for data in tree.find_all(nodes.TemplateData) if HAN.search(data.data)]
    assert plain == []


def test_an_english_page_says_in_chinese_only_what_is_data(tmp_path: Path) -> None:
    shop = build.empty(tmp_path)
    client = shop.client("en")
    for path in ("/", "/runs", "/lookups", "/connections", "/nothing"):
        text = client.get(path).get_data(as_text=True)
        rest = [line for line in text.splitlines() if HAN.search(line) and "中文" not in line]
        assert rest == [], path


def test_the_switch_keeps_the_language_and_the_theme_and_comes_back(tmp_path: Path) -> None:
    client = build.empty(tmp_path).client()
    switched = client.get("/look?language=en&back=/runs?before=3")
    assert (switched.status_code, switched.headers["Location"]) == (303, "/runs?before=3")
    assert 'lang="en"' in client.get("/").get_data(as_text=True)
    client.get("/look?theme=dark&back=/")
    assert 'data-theme="dark"' in client.get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1", " /a", "/\t/evil.example", "", "evil", "/ evil", "///evil",
    ],
)  # fmt: skip
def test_the_switch_leads_nowhere_else(tmp_path: Path, back: str) -> None:
    switched = build.empty(tmp_path).client().get("/look", query_string={"language": "en", "back": back})
    assert switched.headers["Location"] == "/"


def test_the_switch_takes_no_other_words(tmp_path: Path) -> None:
    assert "Set-Cookie" not in build.empty(tmp_path).client().get("/look?language=fr&theme=pink").headers
