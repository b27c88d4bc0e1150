"""`python -m tests.qeasy_facts [-v] [--run]`: how much of the metadata in DUIJIE_FACTS/qeasy-samples is translated.

The facts are not in this repository. Exit code 1 where less than 90 % of their keys were translated, or a key is in
neither scheme nor report. `--run` runs those of 旺店通 that leave nothing open.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.cli import main as cli
from engine.clock import Clock
from engine.document.check import check
from engine.document.node import value
from engine.document.reader import read
from engine.exact import decode
from engine.model.values import Json
from engine.qeasy.importing import Imported, Wish, imported
from engine.registry import Registry
from engine.settings import SHIPPED, Settings
from engine.store.store import Store
from engine.vendors import Vendors, put_up, register
from flows.demo.orders import orders

LEAST = 0.9


def keys(json: Json) -> Iterator[str]:
    members = json.values() if isinstance(json, dict) else json if isinstance(json, list) else ()
    if isinstance(json, dict):
        yield from json
    for inner in members:
        yield from keys(inner)


def accounted(page: Json, made: Imported) -> bool:
    """Is every key translated, or word for word both in the report and in the scheme?"""
    node, _ = read(made.text)
    scheme = value(node) if node is not None else None
    bag = scheme.get("x-qeasy", []) if isinstance(scheme, dict) else None
    kept = [{"at": one.at, "says": str(one.says), "value": one.value} for one in made.left]
    left = sum(1 + sum(1 for _ in keys(one.value)) for one in made.left)
    return bag == kept and made.translated + left == made.keys == sum(1 for _ in keys(page))


def runnable(made: Imported, registry: Registry) -> bool:
    """Whether nothing is left open and the simulator it reads from is filled here."""
    checked = check(made.text, registry)
    source = registry.operation(checked.scheme.source.operation) if checked.scheme is not None else None
    return not made.todos and checked.fine and source is not None and source.connector == "wdt"


def ran(file: Path, vendors: Vendors) -> str:
    """One page imported, published and run against the simulators; what came of it."""
    code = re.sub("[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:60].strip("-")
    allow = [part for pair in vendors.told["allow"] for part in ("--allow", str(pair))]
    with TemporaryDirectory() as home:
        os.environ["DUIJIE_HOME"] = home
        settings, clock = Settings.read(), Clock()
        store = Store.open(settings, clock)
        for account, secrets in vendors.accounts(Registry.read(settings.connectors)):
            register(store, account, secrets, clock.now())
        store.close()
        out = Path(home, f"{code}.yaml")
        begin = (clock.now() - timedelta(days=2)).date().isoformat()
        told: list[str] = []
        for command in (
            ["import", "qeasy", str(file), "-o", str(out), "--source", "wdt-main", "--begin", begin],
            ["publish", str(out)],
            ["run", code, *allow],
        ):
            with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()):
                ended = cli(command)
            told.append(said.getvalue().strip().splitlines()[-1] if said.getvalue().strip() else "")
            if ended > 1:
                return f"{' '.join(command[:2])} ended with {ended}: {told[-1]}"
        return told[-1]


def run_all(pages: Sequence[Path], registry: Registry) -> None:
    """Every page that can run does, each with a home of its own."""
    now = datetime.now(UTC)
    span = (now - timedelta(hours=5), now - timedelta(hours=1))
    with put_up(options=["yonbip.shows_after=0", "wdt.per_minute=6000"]) as vendors:
        vendors.direct("wdt/orders", {"orders": [*orders(20, 5, *span)]})
        for file in pages:
            wish = Wish("facts", begin=date(2026, 1, 1), source="wdt-main")
            made = imported([decode(file.read_bytes())], wish, registry)
            if runnable(made, registry):
                print(f"ran {file.name}: {ran(file, vendors)}")


def main(wordy: bool, run: bool) -> int:
    facts = os.environ.get("DUIJIE_FACTS")
    files = sorted(Path(facts, "qeasy-samples").glob("*.json")) if facts else []
    pages = [file for file in files if file.name != "index.json"]
    if not pages:
        print("DUIJIE_FACTS names no folder with qeasy-samples/*.json")
        return 2
    registry = Registry.read((SHIPPED / "connectors",))
    total = taken = lost = broken = 0
    for file in pages:
        page = decode(file.read_bytes())
        made = imported([page], Wish("facts", begin=date(2026, 1, 1)), registry)
        whole = accounted(page, made)
        wrong = [one for one in check(made.text, registry).problems if one.weight == "problem"]
        others = [one for one in wrong if one.code != "unknown_operation"]
        total, taken, lost, broken = (
            total + made.keys,
            taken + made.translated,
            lost + (not whole),
            broken + bool(others),
        )
        print(
            f"{made.translated:5} of {made.keys:5}  {len(made.todos):3} to do  {file.name}",
            "" if whole else "LOST KEYS",
        )
        for one in made.left if wordy else ():
            print(f"        {one.at}: {one.says}")
        for problem in others:
            print(f"        {problem}")
    print(
        f"{len(pages)} files, {taken} of {total} keys translated: {taken / total:.1%};",
        f"{broken} with problems of their own",
    )
    if run:
        run_all(pages, registry)
    return 1 if lost or broken or taken < LEAST * total else 0


if __name__ == "__main__":
    raise SystemExit(main("-v" in sys.argv[1:], "--run" in sys.argv[1:]))
