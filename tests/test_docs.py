"""What the documents say is so: schemes, commands, links, reasons."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STARTER = ROOT / "flows" / "wdt-stockout-to-bip-othout.yaml"
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
WHY = sorted((ROOT / "docs" / "why").glob("[0-9]*.md"))
NOT_OURS = {"node_modules", "build", "dist"}
PAGES = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not any(part.startswith(".") or part in NOT_OURS for part in path.relative_to(ROOT).parts)
]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str = "") -> list[str]:
    """The fenced blocks of a page that are marked with this language."""
    fences = re.findall(r"^```([a-z]*)\n(.*?)^```$", read(path), re.MULTILINE | re.DOTALL)
    return [block for marked, block in fences if marked == language]


def commands(path: Path) -> list[str]:
    """What a page tells people to type, without what stands for their own names and files."""
    pattern = r"^(?:python3 dj\.py|duijie) ((?:[a-z]+ ?)+)\b(?!/)"
    typed = re.findall(pattern, "\n".join(blocks(path)), re.MULTILINE)
    return sorted({command.strip() for command in typed})


def links(path: Path) -> list[str]:
    """Where a page points inside the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", read(path))
    return [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_the_scheme_of_the_readme_is_the_one_in_flows(path: Path) -> None:
    assert blocks(path, "yaml") == [read(STARTER)]


def test_a_scheme_told_elsewhere_under_its_name_is_the_same_text() -> None:
    told = {read(STARTER)}
    head = read(STARTER).splitlines()[0]
    for path in PAGES:
        told |= {block for block in blocks(path, "yaml") if block.startswith(f"{head}\n")}
    assert len(told) == 1


def test_both_readmes_tell_the_same() -> None:
    english, chinese = READMES
    assert blocks(english) == blocks(chinese)
    assert links(english)[1:] == links(chinese)[1:]  # the first leads to the other
    assert read(english).count("\n## ") == read(chinese).count("\n## ")


# One process asks them all, as starting the program costs more than asking.
ASK = """
import contextlib, io, sys
from webui.cli import main
for command in sys.argv[1:]:
    sys.argv = ["duijie", *command.split(), "--help"]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            code = main()
    except SystemExit as end:
        code = end.code
    if code:
        print(command)
"""


def test_the_commands_of_the_readme_exist() -> None:
    """dj.py's own are told in its first lines; all others belong to `duijie` and know --help."""
    own = set(re.findall(r"^    python3 dj\.py ([a-z]+)", read(ROOT / "dj.py"), re.MULTILINE)) - {"demo"}
    others = [command for command in commands(READMES[0]) if command not in own]
    assert {"demo", "check", "run"} <= set(others)
    asked = [sys.executable, "-c", ASK, *others]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (said.returncode, said.stdout) == (0, ""), said.stderr


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_inside_resolves(path: Path) -> None:
    assert not [link for link in links(path) if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", WHY, ids=lambda path: path.stem)
def test_a_page_of_reasons_has_its_date_what_and_instead(path: Path) -> None:
    for mark in (r"^# \d+\. ", r"^Date: 20\d\d-\d\d-\d\d$", r"^What: ", r"^Instead of: "):
        assert re.search(mark, read(path), re.MULTILINE), f"{path.name} has no line like {mark}"
    assert path.name in links(path.parent / "README.md")


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    wanted = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[\[<>=]", dependency)[0] for group in wanted for dependency in group} - {"duijie"}
    told = set(re.findall(r"^\| ([a-z0-9-]+) \|", "\n".join(map(read, WHY)), re.MULTILINE))
    assert not names - told, f"no reason in docs/why for {names - told}"


def test_no_page_keeps_both_sides_of_a_conflict() -> None:
    left = [path.name for path in PAGES if "\n<<<<<<< " in read(path)]
    assert left == []
