"""One word per thing: the words that docs/words.md gives up appear nowhere that people or code read."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
CODE = sorted(path for folder in ("engine", "connectors", "webui") for path in (ROOT / folder).rglob("*.py"))
SHEETS = sorted(path for folder in ("connectors", "flows") for path in (ROOT / folder).rglob("*.yaml"))
PAGES = sorted((ROOT / "templates").rglob("*.html"))
# Below these keys the vendors' and the users' own names stand.
FOREIGN = {"map", "params", "ask", "extra", "values", "settings", "record", "records", "documents", "lookups"}
VAGUE = {"process", "handle", "do", "manage"}
FRAMEWORKS = {"process_bind_param", "process_result_value"}

Hits = Iterator[tuple[int, str, str]]
"""Line, what stands there, the word that should not."""


def not_used() -> tuple[set[str], set[str]]:
    """The English and the Chinese words of the last table of docs/words.md."""
    table = (ROOT / "docs" / "words.md").read_text(encoding="utf-8").partition("## Not used")[2]
    rows = re.findall(r"^\| ([^|]*) \| ([^|]*)\|", table, re.MULTILINE)[1:]
    return {english for english, _ in rows}, {chinese.strip() for _, chinese in rows} - {""}


ENGLISH, CHINESE = not_used()


def words(name: str) -> set[str]:
    """`TaskQueue`, `task_queue` and `/task-queue` are all task and queue."""
    return {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def keys(value: object) -> Iterator[str]:
    """Our own keys of a YAML document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            # Under `fields:` stand fields of ours as a list, or a vendor's names as a mapping.
            if key not in FOREIGN and not (key == "fields" and isinstance(inner, dict)):
                yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def found(where: Path, hits: Hits) -> list[str]:
    place = where.relative_to(ROOT).as_posix()
    return [f"{place}:{line} {text!r}: not {word!r}" for line, text, word in hits]


def in_names(path: Path) -> Hits:
    """Names of classes, functions and the file itself."""
    for word in words(path.stem) & ENGLISH:
        yield 1, path.name, word
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for word in words(node.name) & ENGLISH:
                yield node.lineno, node.name, word
            if (verb := node.name.split("_")[0]) in VAGUE and node.name not in FRAMEWORKS:
                yield node.lineno, node.name, verb


def in_routes(path: Path) -> Hits:
    """Addresses: the text a decorator like `@pages.get("/schemes")` is given."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        for mark in getattr(node, "decorator_list", []):
            if isinstance(mark, ast.Call) and mark.args and isinstance(mark.args[0], ast.Constant):
                address = str(mark.args[0].value)
                if address.startswith("/"):
                    yield from ((mark.lineno, address, word) for word in words(address) & ENGLISH)


def in_sentences(path: Path) -> Hits:
    """What is said to people: the literal text of `Say("…")`."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Say" and node.args:
            text = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
            yield from ((node.lineno, text, word) for word in CHINESE if word in text)


def in_page(path: Path) -> Hits:
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        yield from ((line, text.strip(), word) for word in CHINESE if word in text)


@pytest.mark.parametrize("look", [in_names, in_routes, in_sentences])
def test_code_uses_the_words_of_this_house(look: Callable[[Path], Hits]) -> None:
    wrong = [line for path in CODE for line in found(path, look(path))]
    assert not wrong, "\n".join(["see docs/words.md", *wrong])


def test_pages_use_the_words_of_this_house() -> None:
    wrong = [line for path in PAGES for line in found(path, in_page(path))]
    assert not wrong, "\n".join(["see docs/words.md", *wrong])


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_yaml_keys_use_the_words_of_this_house(path: Path) -> None:
    used = keys(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert not [key for key in used if words(key) & ENGLISH], "see docs/words.md"


def test_a_word_given_up_is_found(tmp_path: Path) -> None:
    (tmp_path / "sync_orders.py").write_text(
        '@pages.post("/task/<code>")\ndef handle_order() -> None:\n    Say("同步订单")\n', encoding="utf-8"
    )
    path = tmp_path / "sync_orders.py"
    hits = {word for look in (in_names, in_routes, in_sentences) for _, _, word in look(path)}
    assert hits == {"sync", "task", "handle", "同步"}
    assert set(keys({"adapter": 1, "map": {"task": 2}})) == {"adapter", "map"}
