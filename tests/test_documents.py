"""The pages for those who write schemes and connectors and who run Duijie say what is so."""

from __future__ import annotations

import re
import shlex
from contextlib import nullcontext

import pytest

from engine.cli import parser
from engine.document.cases import read_cases, run_cases
from engine.document.check import Checked, check
from engine.mapping import handbook
from engine.mapping.formula.functions import FUNCTIONS
from engine.mapping.pipes import PIPES
from engine.registry import Registry
from engine.settings import SHIPPED

DOCS = SHIPPED / "docs"
REGISTRY = Registry.read([SHIPPED / "connectors"])
STARTER = (SHIPPED / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text("utf-8")


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a page in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)


YAML = blocks("write-a-scheme.md", "yaml")
WHOLE = [text for text in YAML if text.startswith("scheme:")]
CASES = [text for text in YAML if text.startswith("cases:")]
PARTS = [text for text in YAML if text not in WHOLE + CASES]


PAGES = sorted(path.name for path in DOCS.glob("*.md") if path.stem in ("write-a-scheme", "functions"))


@pytest.mark.parametrize("name", PAGES)
def test_every_command_a_page_tells_is_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines to type are whole; a command within a sentence may leave arguments out."""
    known = parser("zh", web=lambda store, registry, clock, port: nullcontext(""))
    for line in re.findall(r"^(?:\w+=\S+ )*duijie (.+)$", "\n".join(blocks(name, "")), re.MULTILINE):
        assert known.parse_args(shlex.split(line)).deed
    for words in re.findall(r"`duijie ([^`]+)`", page(name)):
        with pytest.raises(SystemExit) as ended:
            known.parse_args([*shlex.split(words), "--help"])
        assert ended.value.code == 0, words
    assert capsys.readouterr().err == ""


# -- write-a-scheme.md and functions.md ------------------------------------------------------------


def parts(text: str, indent: str = "") -> dict[str, str]:
    """The blocks of a YAML text by their key at this depth."""
    found = re.findall(rf"^{indent}(\w+):(?:.*\n)(?:{indent} .*\n)*", text, re.MULTILINE)
    whole = re.findall(rf"^{indent}\w+:.*\n(?:{indent} .*\n)*", text, re.MULTILINE)
    return dict(zip(found, whole, strict=True))


def in_starter(part: str) -> str:
    """The starter with this part of a scheme, or these cells of its map, in place of its own."""
    own = parts(STARTER)
    cells = parts(own["map"], "  ")
    for key, text in parts(part).items():
        if key in own:
            own[key] = text
        else:
            cells[key] = re.sub(r"^", "  ", text.rstrip("\n"), flags=re.MULTILINE) + "\n"
    own["map"] = "map:\n" + "".join(cells.values())
    return "".join(own.values())


def told(checked: Checked) -> list[str]:
    """Everything but that connections and tables were not looked for."""
    return [str(problem) for problem in checked.problems if problem.weight != "note"]


def test_the_parts_of_a_scheme_make_it_up_again() -> None:
    assert in_starter("") == STARTER


@pytest.mark.parametrize("text", WHOLE)
def test_every_whole_scheme_of_the_page_is_fine(text: str) -> None:
    assert told(check(text, REGISTRY)) == []


@pytest.mark.parametrize("text", [text for text in PARTS if not text.startswith("# 不行")])
def test_every_part_of_a_scheme_is_fine_in_the_starter(text: str) -> None:
    assert parts(text)
    assert told(check(in_starter(text), REGISTRY)) == []


@pytest.mark.parametrize("text", [text for text in PARTS if text.startswith("# 不行")])
def test_what_the_page_calls_wrong_is_told_in_these_words(text: str) -> None:
    words = text.partition("\n")[0].removeprefix("# 不行：")
    (problem,) = told(check(in_starter(text), REGISTRY))
    assert words in problem


def test_the_cases_of_the_page_hold_for_its_scheme() -> None:
    (scheme,), (text,) = WHOLE, CASES
    cases, problems = read_cases(text)
    mapping = check(scheme, REGISTRY).mapping
    assert problems == []
    assert mapping is not None
    assert [result.differences for result in run_cases(cases, mapping)] == [()] * 3


def test_the_page_of_functions_is_current() -> None:
    """Make it anew by `python -m engine.mapping.handbook > docs/functions.md`."""
    assert page("functions.md") == handbook.page()
    words = {word for line in page("functions.md").splitlines() for word in re.findall(r"[\w]+", line)}
    assert {*FUNCTIONS, *PIPES} <= words
