"""Settings of a call (`params`): scalars as the text that is sent, `=…` as a formula over run variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from engine.errors import Wrong
from engine.mapping.formula.coded import texts
from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.parser import read_formula
from engine.mapping.ground import Ground, Level, label
from engine.mapping.plain import as_text
from engine.mapping.remarks import Remarks
from engine.mapping.scope import Run, Scope, Trouble
from engine.mapping.slip import Slip
from engine.model.catalog import Field
from engine.model.values import Json, Mark, Problem
from engine.say import Say

VARIABLES = (
    Field(name="since", title="窗口开始", type="datetime"),
    Field(name="until", title="窗口结束", type="datetime"),
    Field(name="page", title="页号", type="integer"),
)

Settle = Callable[[Mapping[str, Json]], dict[str, str]]
"""The run variables in, the parameters as text out; raises Wrong with every problem."""

_BEFORE_ANY_RUN = datetime(1970, 1, 1, tzinfo=UTC)
Say_ = Callable[[Mapping[str, Json]], str]


def compile_settings(
    params: Mapping[str, Json], path: str, marks: Mapping[str, Mark], variables: Sequence[Field] = VARIABLES
) -> tuple[Settle | None, list[Problem]]:
    """`path` is where the params stand, e.g. "source.params"; a null leaves its parameter out."""
    remarks = Remarks(marks)
    said: dict[str, Say_] = {}
    for name, value in params.items():
        one = _setting(value, f"{path}.{name}", remarks, tuple(variables))
        if one is not None:
            said[name] = one
    if remarks.broken:
        return None, remarks.problems

    def settle(variables: Mapping[str, Json]) -> dict[str, str]:
        found, problems = {}, []
        for name, say in said.items():
            try:
                found[name] = say(variables)
            except Trouble as trouble:
                says = Say("{cell}：{what}", cell=label(None, name), what=trouble.says)
                problems.append(Problem(f"{path}.{name}", trouble.code, says, trouble.do))
        if problems:
            raise Wrong(problems)
        return found

    return settle, remarks.problems


def _setting(value: Json, path: str, remarks: Remarks, variables: tuple[Field, ...]) -> Say_ | None:
    if value is None:
        return None
    if isinstance(value, str) and value.startswith("="):
        return _formula(value[1:], path, remarks, variables)
    text = as_text(value)
    if text is None:
        remarks.add(path, "type", Say("参数只能是一个值"), Say("写文本、数字，或 = 开头的公式"))
        return None
    return lambda variables: text


def _formula(text: str, path: str, remarks: Remarks, variables: tuple[Field, ...]) -> Say_ | None:
    try:
        coded = compile_formula(read_formula(text), Ground((Level(variables),), offers=frozenset()))
    except Slip as slip:
        remarks.slip(path, slip, text, "formula")
        return None
    read = texts(coded)

    def say(variables: Mapping[str, Json]) -> str:
        row = dict(variables)
        return read(row, Scope(row, None, Run({}, _BEFORE_ANY_RUN)))

    return say
