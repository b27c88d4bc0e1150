"""Small builders: an expression translated, printed, read again and computed over one record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.parser import read_formula
from engine.mapping.formula.tree import print_formula
from engine.mapping.ground import Ground, Level as Row
from engine.mapping.plain import MISSING
from engine.mapping.scope import Run, Scope
from engine.mapping.settings import compile_settings
from engine.qeasy.functions import formula
from engine.qeasy.parser import read_expression
from engine.qeasy.sight import InParams, InRecord

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def translated(text: str, line: str = "") -> str:
    """The formula as printed; `line` is the list whose row it stands in."""
    sight = InRecord()
    return print_formula(formula(read_expression(text), sight.inside((line,)) if line else sight))


def computed(text: str, record: Any, line: str = "") -> Any:
    """What our engine computes of it: in the first line of the list `line`, else in the record."""
    ground = Ground((Row(), Row()) if line else (Row(),))
    find = compile_formula(read_formula(translated(text, line)), ground).find
    outer = Scope(record, None, Run({}, NOW))
    if not line:
        return found(find(record, outer))
    return found(find(record[line][0], Scope(record[line][0], outer, outer.run)))


def found(value: Any) -> Any:
    return None if value is MISSING else value


def param(text: str, since: str, until: str = "2026-11-20 10:00:00") -> str | None:
    """The same for a parameter of a query."""
    written = "=" + print_formula(formula(read_expression(text), InParams()))
    settle, problems = compile_settings({"it": written}, "source.params", {})
    assert settle is not None, problems
    return settle({"since": since, "until": until, "page": 0}).get("it")
