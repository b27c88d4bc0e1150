"""docs/scheme.schema.json: current, and of one mind with the reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from engine.document.node import value
from engine.document.reader import read
from engine.document.schema import schema
from engine.document.scheme import read_scheme

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text("utf-8")
HEAD = "scheme: a-b\nsource: {connection: s, operation: q}\ntarget: {connection: t, operation: w}\n"
VALIDATOR = Draft202012Validator(schema())

GOOD = [
    EXAMPLE,
    HEAD + "map: {a: b, x-c: 7}\nx-qeasy: [1]\n",
    HEAD
    + "map:\n- {to: a, from: b, pipe: ['text(3)'], missing: null}\n".replace(
        "missing: null", "missing: blank"
    ),
    HEAD + "map:\n- {to: a, each: b, map: [{to: c, value: 1.5}]}\n- {to: d, map: {e: =f}}\n",
    HEAD + 'map: {a: {ignore: true}}\nschedule: [{name: a, every: 1h}, {name: b, cron: "0 8 * * *"}]\n',
    HEAD.replace("q}", "q, params: {a: 1, b: null, c: =since}, begin: 2026-11-01, overlap: 1d}")
    + "map: {a: b}\n",
]
BAD = [
    HEAD,
    "map: {a: b}\n",
    HEAD + "map: {a: 1}\n",
    HEAD + "map: {a: null}\n",
    HEAD + "map: {a: [b]}\n",
    HEAD + "map: {a: {}}\n",
    HEAD + "map: {a: {b: c}}\n",
    HEAD + "map: {a: {from: b, value: c}}\n",
    HEAD + "map: {a: {each: b}}\n",
    HEAD + "map: {a: {map: {b: c}, when: d}}\n",
    HEAD + "map: [{from: a}]\n",
    HEAD + "map: {a: b}\ntitel: c\n",
    HEAD + "map: {a: b}\nparallel: 65\n",
    HEAD + "map: {a: b}\nschedule: {every: 10}\n",
    HEAD + 'map: {a: b}\nschedule: {every: 10m, cron: "* * * * *"}\n',
    HEAD + 'map: {a: b}\nschedule: {at: ["9:00"]}\n',
    HEAD.replace("a-b", "A") + "map: {a: b}\n",
    HEAD.replace("q}", "q, params: {a: [1]}}") + "map: {a: b}\n",
    HEAD.replace("q}", "q, extra: {a: number}}") + "map: {a: b}\n",
]


def accepted(text: str) -> bool:
    root, problems = read(text)
    assert root is not None
    assert problems == []
    return bool(VALIDATOR.is_valid(value(root)))


def test_the_shipped_schema_is_current() -> None:
    # Mend with: python -m engine.document.schema > docs/scheme.schema.json
    shipped = (ROOT / "docs" / "scheme.schema.json").read_text("utf-8")
    assert json.loads(shipped) == json.loads(json.dumps(schema()))


def test_the_schema_is_itself_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("text", GOOD)
def test_what_the_reader_takes_the_schema_takes(text: str) -> None:
    assert read_scheme(text)[1] == []
    assert accepted(text)


@pytest.mark.parametrize("text", BAD)
def test_what_the_reader_refuses_the_schema_refuses(text: str) -> None:
    assert read_scheme(text)[1] != []
    assert not accepted(text)
