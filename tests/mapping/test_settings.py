"""Parameters of a call: scalars as the text that is sent, formulas over the run variables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import Wrong
from engine.mapping.compile import compile_settings
from engine.model.values import Mark

RUN: Any = {"since": "2026-11-01 00:00:00", "until": "2026-11-02 00:00:00", "page": 3}


def settle(params: dict[str, Any]) -> dict[str, str]:
    ready, found = compile_settings(params, "source.params", {})
    assert ready is not None, found
    return ready(RUN)


def test_scalars_are_sent_as_themselves() -> None:
    params = {"a": "007", "b": 95, "c": Decimal("1.50"), "d": True, "e": None, "f": "", "g": '="=x"'}
    assert settle(params) == {"a": "007", "b": "95", "c": "1.50", "d": "true", "f": "", "g": "=x"}


def test_formulas_see_the_run_variables() -> None:
    assert settle({"day": "=LEFT(since, 10)", "next": "=page + 1", "iso": '=DATETIME(until, "iso")'}) == {
        "day": "2026-11-01",
        "next": "4",
        "iso": "2026-11-02T00:00:00",
    }


@pytest.mark.parametrize(
    "text", ["=order_no", "=NOW()", "=ROWNO()", '=LOOKUP("t", page)', "=LEFT(", "=^.since"]
)
def test_what_a_setting_cannot_see_is_a_problem_at_its_place(text: str) -> None:
    ready, (problem,) = compile_settings({"x": text}, "source.params", {"source.params.x": Mark(3, 8, 40)})
    assert ready is None
    assert problem.path == "source.params.x"
    assert problem.at is not None
    assert (problem.at.line, problem.at.column >= 9) == (3, True)


def test_every_wrong_setting_is_told_at_once() -> None:
    _, found = compile_settings({"a": [1], "b": "=x", "c": {"d": 1}}, "source.params", {})
    assert [one.path for one in found] == ["source.params.a", "source.params.b", "source.params.c"]


def test_what_fails_in_a_run_is_told_at_once() -> None:
    ready, _ = compile_settings(
        {"a": "=1 / (page - 3)", "b": "=NUMBER(since)", "c": "x"}, "source.params", {}
    )
    assert ready is not None
    with pytest.raises(Wrong) as caught:
        ready(RUN)
    assert [one.path for one in caught.value.problems] == ["source.params.a", "source.params.b"]
