"""`dj.py` starts a checkout: old Pythons can read it, a second start is quiet, mistakes are told plainly."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OLD = [found for minor in ("2.7", "3.6", "3.8", "3.10") if (found := shutil.which(f"python{minor}"))]
# What Python 2.7 cannot read, as far as a newer Python's tree shows it.
TOO_NEW = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.YieldFrom, ast.Match, ast.AsyncWith)

Said = subprocess.CompletedProcess[str]


def fresh(root: Path) -> Path:
    """A checkout that needs no packages."""
    (root / "requirements").mkdir(parents=True)
    (root / "webui").mkdir()
    for lock in ("run", "dev"):
        (root / "requirements" / f"{lock}.txt").write_text("")
    (root / "webui" / "cli.py").write_text("import sys\ndef main():\n    print(sys.argv[1:])\n    return 3\n")
    shutil.copy(ROOT / "dj.py", root)
    return root


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A checkout after its first start, at a path as people have them, and what that start said."""
    root = fresh(tmp_path_factory.mktemp("dj") / "我的 checkout")
    return root, dj(root, "check", "甲 乙.yaml")


@pytest.fixture
def checkout(first: tuple[Path, Said], tmp_path: Path) -> Path:
    """A copy of that checkout: a start elsewhere must not mind."""
    return Path(shutil.copytree(first[0], tmp_path / "搬家 了", symlinks=True))


def dj(root: Path, *args: str, lang: str = "zh_CN.UTF-8") -> Said:
    """Run dj.py there; nothing is fetched: pip is told that there is no index."""
    around = {"PATH": os.defpath, "HOME": str(root), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    return run([sys.executable, root / "dj.py", *args], cwd=root.parent, env={**around, "LC_ALL": lang})


def run(command: list[str | Path], cwd: Path | None = None, env: dict[str, str] | None = None) -> Said:
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False)


def test_the_first_start_prepares_and_runs_the_command(first: tuple[Path, Said]) -> None:
    _, said = first
    assert (said.returncode, said.stdout) == (3, "['check', '甲 乙.yaml']\n"), said.stderr
    assert "正在准备 .venv" in said.stderr


def test_a_second_start_prepares_nothing(checkout: Path) -> None:
    said = dj(checkout, "demo", "--once", "--system")
    assert (said.returncode, said.stdout, said.stderr) == (3, "['demo', '--once']\n", "")


def test_the_test_cases_of_a_scheme_are_the_commands_own(checkout: Path) -> None:
    assert dj(checkout, "test", "flows/x.yaml").stdout == "['test', 'flows/x.yaml']\n"


def test_its_launcher_runs_from_a_path_with_blanks_and_after_a_move(checkout: Path) -> None:
    said = run([checkout / ".venv/bin/duijie", "a b"])
    assert (said.returncode, said.stdout) == (3, "['a b']\n"), said.stderr


def test_a_changed_lock_is_installed_anew(checkout: Path) -> None:
    (checkout / "requirements" / "run.txt").write_text("# changed\n")
    assert "正在准备 .venv" in dj(checkout, "x").stderr
    assert dj(checkout, "x").stderr == ""


def test_packages_that_cannot_be_fetched_are_told_plainly(checkout: Path) -> None:
    (checkout / "requirements" / "run.txt").write_text(f"duijie-nowhere==1 --hash=sha256:{'0' * 64}\n")
    said = dj(checkout, "x", lang="en_US.UTF-8")
    assert said.returncode == 1
    assert "duijie-nowhere==1" in said.stderr
    assert "needs the network" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_place_that_cannot_be_written_is_told_plainly(tmp_path: Path) -> None:
    checkout = fresh(tmp_path / "here")
    (checkout / ".venv").write_text("in the way")
    said = dj(checkout, "x")
    assert said.returncode == 1
    assert "请把仓库放到可写的目录" in said.stderr
    assert "Traceback" not in said.stderr


def test_without_a_word_it_tells_its_commands(tmp_path: Path) -> None:
    checkout = fresh(tmp_path / "here")
    said = dj(checkout)
    assert said.returncode == 0
    assert "python3 dj.py demo" in said.stdout
    assert not (checkout / ".venv").exists()


def test_it_is_written_in_words_that_old_pythons_read() -> None:
    tree = ast.parse((ROOT / "dj.py").read_bytes())
    modern = [node for node in ast.walk(tree) if isinstance(node, TOO_NEW) or newer_form(node)]
    assert not modern, [f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)}" for node in modern]


def newer_form(node: ast.AST) -> bool:
    """`raise … from`, annotations, keyword-only arguments, stars inside a list."""
    if isinstance(node, ast.Raise):
        return node.cause is not None
    if isinstance(node, ast.FunctionDef):
        return bool(node.returns or node.args.kwonlyargs or any(arg.annotation for arg in node.args.args))
    return isinstance(node, ast.List | ast.Tuple) and any(isinstance(part, ast.Starred) for part in node.elts)


@pytest.mark.skipif(not OLD, reason="no Python older than 3.11 on the PATH")
def test_an_old_python_says_one_plain_line() -> None:
    for python in OLD:
        said = run([python, ROOT / "dj.py", "demo"])
        if "not found" in said.stderr:  # a shim of a version manager without the version behind it
            continue
        assert said.returncode == 1
        assert said.stderr.startswith("Duijie needs Python 3.11 or newer, this is ")
        assert said.stderr.count("\n") == 1


def pins(lock: str) -> dict[str, str]:
    """Package -> version of a lock."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9_.-]+)(?:\[[a-z]+\])?==([^ ;]+)", text, re.MULTILINE))


def test_the_developers_lock_contains_the_programs() -> None:
    assert pins("run").items() <= pins("dev").items()


def test_every_dependency_is_locked_with_hashes_and_no_host_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for lock, wanted in (("run", [*project["dependencies"], *extras["postgres"]]), ("dev", extras["dev"])):
        names = {re.split(r"[\[<>=]", dependency)[0] for dependency in wanted} - {"duijie"}
        assert names <= set(pins(lock)), names - set(pins(lock))
        text = (ROOT / "requirements" / f"{lock}.txt").read_text()
        assert len(re.findall(r"^\S+==.*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(pins(lock))
        assert "://" not in text
