"""Who may import whom, held over every file there is. The story of it: engine/__init__.py, docs/house.md."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("engine", "connectors", "webui")

# Which of our modules a floor may import; the longest fitting name counts. Every floor sees itself,
# a connector its own folder. What is not listed is the top (registry, services, health, cli,
# simulate) and sees all of the engine.
GROUND = "engine.model engine.errors engine.say engine.exact engine.xml"
HANDED = "engine.clock engine.crash"
LOWER = f"{GROUND} {HANDED} engine.settings engine.mapping engine.document engine.wire"
SEES = {
    "engine": "engine",
    "engine.model": GROUND,
    "engine.errors": GROUND,
    "engine.say": GROUND,
    "engine.exact": GROUND,
    "engine.xml": GROUND,
    "engine.clock": GROUND,
    "engine.settings": GROUND,
    "engine.crash": GROUND,
    "engine.mapping": GROUND,
    "engine.wire": f"{GROUND} {HANDED}",
    "engine.document": f"{GROUND} engine.mapping",
    "engine.qeasy": f"{GROUND} engine.mapping engine.document",
    "engine.store": LOWER,
    "engine.run": f"{LOWER} engine.store",
    "engine.connect": f"{GROUND} engine.wire.auth",
    "engine.simulate.frame": GROUND,
    "connectors": "engine.connect",
    "connectors.*.simulator*": "engine.connect engine.simulate.frame",
    "webui": "engine",
}

# Where a library, or a door to the outside, may be used. A library that is not listed may be used nowhere.
ONLY_IN = {
    "aiohappyeyeballs": "engine.wire.doors.pool",
    "aiohttp": "engine.simulate.server",
    "alembic": "engine.store",
    "apscheduler": "engine.run.schedule",
    "argon2": "engine.store.passwords",
    "babel": "engine.say webui",
    "cryptography": "engine.store.vault connectors.*.auth",
    "flask": "webui",
    "httptools": "engine.wire.doors",
    "jinja2": "engine.mapping.template webui",
    "jmespath": "engine.mapping",
    "jsonpath_ng": "engine.mapping",
    "markupsafe": "webui",
    "msgspec": "engine.exact",
    "psycopg": "engine.store",
    "python_calamine": "engine.cli.excel",
    "pydantic": "engine.model engine.document",
    "pydantic_core": "engine.model engine.document",
    "sqlalchemy": "engine.store",
    "waitress": "webui",
    "xlsxwriter": "webui.export",
    "xml": "engine.xml",
    "werkzeug": "webui",
    "yaml": "engine.document",
    "yarl": "engine.wire.doors.http",
    # Time, chance and surroundings are handed in as values.
    "time": "engine.clock",
    "datetime.datetime.now": "engine.clock",
    "datetime.datetime.utcnow": "engine.clock",
    "datetime.datetime.today": "engine.clock",
    "datetime.date.today": "engine.clock",
    "asyncio.sleep": "engine.clock engine.simulate",
    "random": "engine.clock engine.simulate connectors.*.simulator*",
    "secrets": "engine.clock engine.store.vault",
    "uuid": "engine.clock",
    "os.environ": "engine.settings engine.crash",
    "os.getenv": "engine.settings",
}

# What is pure reads no file, no socket and starts nothing.
PURE = "engine.model engine.mapping engine.document engine.qeasy connectors"
OUTSIDE = "asyncio http io multiprocessing os pathlib shutil signal socket sqlite3 ssl subprocess tempfile"

NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager", "managers"}


def violations(root: Path) -> list[str]:
    """Every breach in the tree, one readable line each."""
    found = []
    for path in sources(root):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for line, name in sorted(set(names(ast.parse(path.read_bytes()), module))):
            if reason := breach(module, name):
                found.append(f"{path.relative_to(root).as_posix()}:{line} uses {name}: {reason}")
    return found


def sources(root: Path) -> list[Path]:
    return sorted(path for folder in OURS for path in (root / folder).rglob("*.py"))


def names(tree: ast.Module, module: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, and of what is reached through an imported name."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.split(".")[0]
                known[alias.asname or head] = alias.name if alias.asname else head
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            start = module.split(".")[: -node.level] if node.level else []
            origin = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                known[alias.asname or alias.name] = f"{origin}.{alias.name}"
                yield node.lineno, f"{origin}.{alias.name}"
    spared = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and takes_no_time(node)}
    for node in ast.walk(tree):
        if id(node) in spared:
            continue
        if isinstance(node, ast.Attribute) and (chain := dotted(node)) and chain[0] in known:
            yield node.lineno, ".".join([known[chain[0]], *chain[1:]])


def takes_no_time(call: ast.Call) -> bool:
    """`asyncio.sleep(0)` only lets others run: it reads no clock."""
    return [arg.value for arg in call.args if isinstance(arg, ast.Constant)] == [0]


def dotted(node: ast.expr) -> list[str]:
    """`a.b.c` as its parts; empty where it does not begin with a plain name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return [node.id, *parts] if isinstance(node, ast.Name) else []


def breach(module: str, name: str) -> str | None:
    """Why `module` may not use `name`; None where it may."""
    head = name.split(".")[0]
    if head in OURS:
        floor = longest(module, SEES)
        itself = ".".join(module.split(".")[:2]) if head == "connectors" else floor
        return None if fits(name, f"{itself} {SEES[floor]}") else f"{floor} sees only {SEES[floor]}"
    if places := [where for what, where in ONLY_IN.items() if fits(name, what)]:
        return None if fits(module, places[0]) else f"only in {places[0]}"
    if head not in sys.stdlib_module_names and head != "_typeshed":
        return "no place is named for this library in tests/test_floors.py"
    if fits(module, PURE) and fits(name, OUTSIDE):
        return f"{module.split('.')[0]} is pure here: hand it in as a value"
    return None


def longest(module: str, table: dict[str, str]) -> str:
    return max((place for place in table if fits(module, place)), key=len)


def fits(name: str, places: str) -> bool:
    """Whether a dotted name is one of the places or lies below it; `*` stands for one part or more."""
    return any(fnmatchcase(name, place) or fnmatchcase(name, f"{place}.*") for place in places.split())


def test_every_floor_imports_only_what_stands_below_it() -> None:
    found = violations(ROOT)
    assert not found, "\n".join(["", *found])


def test_no_file_is_named_after_nothing() -> None:
    folders = (*OURS, "templates", "flows", "tests", "bench")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    found = [path.relative_to(ROOT).as_posix() for path in paths if path.stem.lower() in NO_NAMES]
    assert not found, f"a name tells one job: {', '.join(found)}"


@pytest.mark.parametrize(
    ("path", "text", "tells"),
    [
        ("engine/run/pull.py", "import sqlalchemy as sa", "only in engine.store"),
        ("engine/run/pull.py", "from engine.registry import find", "engine.run sees only"),
        ("engine/store/runs.py", "from engine.run import pull", "engine.store sees only"),
        ("engine/mapping/dates.py", "from datetime import datetime as d\nd.now()", "only in engine.clock"),
        ("engine/wire/talk.py", "def f():\n    import time", "only in engine.clock"),
        ("engine/wire/talk.py", "import os\nx = os.environ['HOME']", "only in engine.settings"),
        ("engine/wire/talk.py", "import requests", "no place is named"),
        ("engine/document/reader.py", "from pathlib import Path", "pure"),
        ("engine/cli.py", "import webui", "engine sees only engine"),
        ("engine/model/values.py", "from ..store import tables", "engine.model sees only"),
        ("connectors/wdt/auth.py", "from engine.exact import encode", "connectors sees only engine.connect"),
        ("connectors/wdt/auth.py", "import connectors.yonbip.auth", "connectors"),
        ("connectors/wdt/simulator.py", "from engine.simulate.server import serve", "simulator"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, path: str, text: str, tells: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text)
    found = violations(tmp_path)
    assert len(found) == 1
    assert path in found[0]
    assert tells in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("engine/store/tables.py", "import sqlalchemy\nfrom engine.model.values import Json"),
        ("engine/clock.py", "import time\nfrom datetime import UTC, datetime\nx = datetime.now(UTC)"),
        ("connectors/wdt/simulator.py", "from engine.simulate.frame import Answer"),
        ("connectors/wdt/auth.py", "import hashlib\nfrom engine.connect import Call"),
        ("webui/home.py", "import flask\nfrom engine.services import Services"),
        ("engine/wire/talk.py", "import asyncio\nasync def f(): await asyncio.sleep(0)"),
        ("engine/mapping/apply.py", "from datetime import datetime\ndef f(now: datetime): return now.date()"),
    ],
)
def test_what_is_allowed_is_left_alone(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text)
    assert violations(tmp_path) == []
