"""The starters on stage: each crosses a bad network whole, and a script that knows nothing of us agrees."""

from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from engine.document.check import check
from engine.exact import decode, encode
from engine.model.values import Record
from engine.shows import DEFAULT, SHOWS, starter
from tests.connectors.drive import ROOT, registry

DEMO = ROOT / "flows" / "demo"
SINCE, UNTIL = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC)

by_show = pytest.mark.parametrize("code", SHOWS)


def lookups(tables: tuple[str, ...]) -> dict[str, dict[str, str]]:
    found = {}
    for table in tables:
        with (DEMO / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            found[table] = {row["left"]: row["right"] for row in csv.DictReader(file)}
    return found


@by_show
def test_the_scheme_and_the_script_agree_on_every_record(code: str) -> None:
    show, mapping = SHOWS[code], check(starter(code).read_text("utf-8"), registry()).mapping
    assert mapping is not None
    records = show.made(1000, 12, SINCE, UNTIL)
    pairs = lookups(show.tables)
    skipped = 0
    for record in records:
        mapped = mapping.apply(cast(Record, decode(encode(record))), pairs, SINCE)
        assert (mapped.problems, mapped.held) == ((), ())
        assert mapped.document == show.expected(record)
        skipped += mapped.document is None
    assert (len(records), skipped) == (1050, 50)


@by_show
def test_the_scripts_import_nothing_of_ours_and_the_same_seed_gives_the_same(code: str) -> None:
    show = SHOWS[code]
    for name in (show.maker[0], show.expect):
        tree = [*ast.walk(ast.parse((DEMO / f"{name}.py").read_bytes()))]
        modules = {node.module for node in tree if isinstance(node, ast.ImportFrom)}
        modules |= {one.name for node in tree if isinstance(node, ast.Import) for one in node.names}
        assert modules <= {*sys.stdlib_module_names}
    assert show.made(40, 3, SINCE, UNTIL) == show.made(40, 3, SINCE, UNTIL) != show.made(40, 4, SINCE, UNTIL)


@by_show
def test_a_record_holds_no_field_that_its_operation_does_not_know(code: str) -> None:
    show, scheme = SHOWS[code], check(starter(code).read_text("utf-8"), registry()).scheme
    assert scheme is not None
    known = {field.name for field in registry().operations[scheme.source.operation].give}
    used = {name for record in show.made(300, 5, SINCE, UNTIL) for name in record}
    assert used - known - {"modified", "pubts"} == set()


@pytest.mark.parametrize("code", [code for code in SHOWS if code != DEFAULT])
def test_every_starter_crosses_a_bad_network_whole(code: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "engine.cli", "--json", "demo", code, "--once", "--orders", "60"]
    said = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timedelta(minutes=2).total_seconds(),
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    told: dict[str, Any] = json.loads(said.stdout.strip().splitlines()[-1])
    assert told["fine"]
    assert (told["orders"], told["documents"], told["written_again"]) == (63, 60, 0)
    assert [told[name] for name in ("lost", "doubled", "different", "extra")] == [0, 0, 0, 0]
    first = told["first"]["counts"] if "counts" in told["first"] else told["first"]
    names = ("done", "skipped", "refused", "unknown", "waiting", "cancelled")
    assert first["read"] == first["new"] + first["changed"] + first["unchanged"] == 63
    assert first["new"] + first["changed"] == sum(first[name] for name in names)
    assert sum(told["faults"].values()) > 0
