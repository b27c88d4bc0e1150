"""catalog.yaml and operations/*.yaml -> models, or every problem with file, line and column."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.document.catalog import read_connector, read_operation
from engine.model.catalog import Connector, Operation

CONNECTOR = """\
connector: shop
title: 店
settings: [{name: key, default: null}]
envelope: {ok: [{at: code, is: ["0", null]}]}
verdicts: {busy: {codes: ["1"], wait: 31s}}
source: 页面
x-note: {a: 1}
"""
OPERATION = """\
operation: shop.query
kind: query
call: {path: /q, params: {x-v: "2.0"}}
window: {since: a, until: b, longest: 30d}
ask: [{name: s, values: {"1": 甲}}]
give:
  - {name: lines, type: list, fields: [{name: no, required: true, default: [1]}]}
source: 页面
"""


def connector(text: str) -> Connector:
    made, problems = read_connector(text, "catalog.yaml")
    assert problems == []
    assert made is not None
    return made


def operation(text: str) -> Operation:
    made, problems = read_operation(text, "q.yaml")
    assert problems == []
    assert made is not None
    return made


def test_a_connector_without_channels_has_one_named_default() -> None:
    made = connector(CONNECTOR)
    assert list(made.channels) == ["default"]
    channel = made.channels["default"]
    assert channel.settings[0].name == "key"
    assert channel.envelope.ok[0].is_ == ("0", None)
    assert made.verdicts.busy.wait == timedelta(seconds=31)


def test_channels_may_have_any_name_even_default() -> None:
    channel = "{envelope: {ok: [{at: c}]}}"
    text = f"connector: a\ntitle: b\nchannels:\n  default: {channel}\n  base: {channel}\n"
    assert list(connector(text).channels) == ["default", "base"]


def test_a_call_given_once_is_the_default_and_fields_nest() -> None:
    made = operation(OPERATION)
    assert made.call["default"].params == {"x-v": "2.0"}
    assert made.window is not None
    assert made.window.longest == timedelta(days=30)
    assert made.ask[0].values == {"1": "甲"}
    assert made.give[0].fields[0].required
    assert made.give[0].fields[0].default == [1]


def test_a_call_may_be_given_per_channel() -> None:
    made = operation(
        OPERATION.replace("call: {path: /q,", "call: {one: {path: /a}, two: {path: /b,").replace(
            '"2.0"}}', '"2.0"}}}'
        )
    )
    assert {name: how.path for name, how in made.call.items()} == {"one": "/a", "two": "/b"}


@pytest.mark.parametrize(
    ("old", "new", "code", "path", "line"),
    [
        ("kind: query", "kind: load", "choice", "kind", 2),
        ("kind: query\n", "", "missing", "kind", 1),
        ("longest: 30d", "longest: 30", "duration", "window.longest", 4),
        ("longest: 30d", "longest: 30d, lgest: 1d", "unknown_key", "window.lgest", 4),
        ("required: true", "required: null", "required_null", "give[0].fields[0].required", 7),
        ("required: true", "required: yes", "form", "give[0].fields[0].required", 7),
        ("type: list", "type: array", "choice", "give[0].type", 7),
        ("path: /q", "path: 7", "text", "call.path", 3),
        ("path: /q", "path: /q, bdy: form", "unknown_key", "call.bdy", 3),
        ("ask: [", "ask: [7, ", "form", "ask[0]", 5),
        ('"1": 甲', '"1": 2', "text", "ask[0].values.1", 5),
        ("source: 页面", "source:", "no_value", "source", 8),
        ("source: 页面", "source: &a 页面", "anchor", "source", 8),
    ],
)
def test_a_wrong_operation_is_told_at_its_place(old: str, new: str, code: str, path: str, line: int) -> None:
    made, problems = read_operation(OPERATION.replace(old, new, 1), "shop/operations/q.yaml")
    assert made is None
    assert [(problem.code, problem.path) for problem in problems] == [
        (code, f"shop/operations/q.yaml:{path}")
    ]
    assert problems[0].at is not None
    assert problems[0].at.line == line


def test_an_unknown_key_gets_the_nearest_known_one_also_where_channels_are_left_out() -> None:
    _, problems = read_connector(CONNECTOR.replace("settings:", "setings:"), "c")
    assert [(problem.path, problem.do) for problem in problems] == [("c:setings", "是不是“settings”？")]


def test_all_problems_of_a_catalogue_come_at_once() -> None:
    text = OPERATION.replace("30d", "30x").replace("kind: query", "kind: q").replace("type: list", "type: l")
    _, problems = read_operation(text, "q")
    assert {problem.path for problem in problems} == {"q:kind", "q:window.longest", "q:give[0].type"}


def test_what_is_no_mapping_is_one_problem() -> None:
    assert [problem.code for problem in read_connector("connector：a", "c")[1]] == ["form"]
    assert [problem.code for problem in read_operation("[", "c")[1]] == ["unclosed_bracket"]
