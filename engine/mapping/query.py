"""JMESPath and JSONPath, in their own long forms only: parsed by their libraries, checked on the tree.

Core syntax, at most two projections and one `..`, 10,000 results. JSONPath is walked by our own
closures, JMESPath by its interpreter without its functions, which know no Decimal.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, cast

import jmespath
import jsonpath_ng
from jmespath.exceptions import JMESPathError
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.parser import parse

from engine.mapping.cell import LONGEST_CELL
from engine.mapping.formula.coded import Coded
from engine.mapping.plain import MISSING, Value
from engine.mapping.scope import MOST_ITEMS, Scope, Trouble
from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.say import Say

PROJECTIONS = ("projection", "filter_projection", "value_projection", "flatten")
CORE = (
    "subexpression", "field", "comparator", "current", "index", "index_expression", "slice", "key_val_pair",
    "identity", "literal", "multi_select_dict", "multi_select_list", "or_expression", "and_expression",
    "not_expression", "pipe",
)  # fmt: skip
DEEPEST = 50


def compile_jmespath(text: str) -> Coded:
    """Null is missing: JMESPath does not tell them apart. Raises Slip."""
    _bearable(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # literals without quotes, `a`, are an old form that people write
            parsed = jmespath.compile(text)
    except JMESPathError as wrong:
        at = getattr(wrong, "lex_position", None) or getattr(wrong, "lexer_position", 0) or 0
        raise Slip(at, Say("JMESPath 读不懂"), Say("从这里起检查写法")) from None
    except (RecursionError, ValueError):
        raise Slip(0, Say("JMESPath 嵌套太深"), Say("改短它")) from None
    _check_jmespath(cast("dict[str, Any]", parsed.parsed))

    def find(row: Value, scope: Scope) -> Value:
        scope.run.spend(MOST_ITEMS // 10)
        try:
            value = parsed.search(row)
        except (JMESPathError, TypeError, ArithmeticError):
            raise Trouble("query", Say("JMESPath 在这条数据上算不出"), Say("核对源数据的结构")) from None
        if value is None:
            return MISSING
        return _few(value) if isinstance(value, list) else cast(Value, value)

    return Coded(find, "any", "JMESPath")


def _check_jmespath(parsed: dict[str, Any]) -> None:
    projections = 0
    for node, depth in _nodes(parsed, 0):
        if node["type"] in PROJECTIONS:
            projections += 1
        elif node["type"] not in CORE:
            raise Slip(
                0,
                Say("JMESPath 里不能用函数 {name}", name=node.get("value", node["type"])),
                Say("用管道或 formula 计算"),
                "query",
            )
        if node["type"] == "literal":
            node["value"] = _exact(node["value"])
        if depth > DEEPEST:
            raise Slip(0, Say("JMESPath 嵌套超过 {most} 层", most=DEEPEST), Say("改短它"), "query")
    # `a[]` is a flatten inside a projection of its own: one projection to the person who writes it.
    flattens = sum(node["type"] == "flatten" for node, _ in _nodes(parsed, 0))
    if projections - flattens > 2:
        raise _too_many()


def _nodes(node: dict[str, Any], depth: int) -> Iterator[tuple[dict[str, Any], int]]:
    stack = [(node, depth)]
    while stack:
        one, level = stack.pop()
        yield one, level
        stack += [(child, level + 1) for child in one["children"] if isinstance(child, dict)]


def _exact(value: Any) -> Any:
    """Literals of JMESPath pass Python's json: fractions come as float and are made Decimal again."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [_exact(one) for one in value]
    return {key: _exact(one) for key, one in value.items()} if isinstance(value, dict) else value


Walk = Callable[[Iterable[Json]], Iterator[Json]]


def compile_jsonpath(text: str) -> Coded:
    """A path of names and single numbers gives a value or missing, any other a list. Raises Slip."""
    _bearable(text)
    if not text.startswith("$"):
        raise Slip(0, Say("JSONPath 要以 $ 开头"), Say("写成 $.{text}", text=text))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its | and & are deprecated; they are refused below
            parsed = parse(text)
    except (JSONPathError, RecursionError, ValueError):
        raise Slip(0, Say("JSONPath 读不懂"), Say("例如 $.details_list[*].spec_no")) from None
    walks: list[Walk] = []
    many = _walks(parsed, walks)
    if sum(many) > 2:
        raise _too_many()

    def find(row: Value, scope: Scope) -> Value:
        found: Iterable[Json] = [] if row is MISSING else [row]
        for walk in walks:
            found = list(walk(found))
            scope.run.spend(len(found))
        values = _few(list(found))
        return values if any(many) else values[0] if values else MISSING

    return Coded(find, "list" if any(many) else "any", "JSONPath")


def _walks(node: jsonpath_ng.JSONPath, walks: list[Walk]) -> list[bool]:
    """Appends one walk for each step, from the root on; tells for each whether it gives many."""
    many: list[bool] = []
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, jsonpath_ng.Child):
            stack += [one.right, one.left]
            continue
        if isinstance(one, jsonpath_ng.Descendants):
            stack += [one.right, _Below(), one.left]
            continue
        if not isinstance(one, jsonpath_ng.Root | jsonpath_ng.This):
            walk, gives_many = _walk(one)
            walks.append(walk)
            many.append(gives_many)
    if sum(walk is _below for walk in walks) > 1:
        raise Slip(0, Say("JSONPath 最多一个 .."), Say("写明路径"), "query")
    return many


class _Below(jsonpath_ng.JSONPath):
    """`..` as a step of its own, which jsonpath-ng keeps as a pair."""


def _walk(node: jsonpath_ng.JSONPath) -> tuple[Walk, bool]:
    match node:
        case _Below():
            return _below, True
        case jsonpath_ng.Fields(fields=names):
            return _members(tuple(names)), len(names) > 1
        case jsonpath_ng.Index(indices=numbers):
            return _items(tuple(numbers)), len(numbers) > 1
        case jsonpath_ng.Slice(start=start, end=end, step=step) if step != 0:
            return _slice(slice(start, end, step)), True
    if type(node).__name__ == "Wildcard":
        return _all, True
    raise Slip(
        0,
        Say("JSONPath 里不支持 {name}", name=type(node).__name__),
        Say("只用 .名字 [n] [*] [a:b] 和一个 .."),
        "query",
    )


def _members(names: tuple[str, ...]) -> Walk:
    return lambda found: (
        one[name] for one in found if isinstance(one, dict) for name in names if name in one
    )


def _items(numbers: tuple[int, ...]) -> Walk:
    return lambda found: (
        one[number]
        for one in found
        if isinstance(one, list)
        for number in numbers
        if -len(one) <= number < len(one)
    )


def _slice(cut: slice) -> Walk:
    return lambda found: (item for one in found if isinstance(one, list) for item in one[cut])


def _all(found: Iterable[Json]) -> Iterator[Json]:
    for one in found:
        if isinstance(one, dict):
            yield from one.values()
        elif isinstance(one, list):
            yield from one


def _below(found: Iterable[Json]) -> Iterator[Json]:
    """Everything at and below each value, in the order of the text."""
    stack = list(found)[::-1]
    while stack:
        one = stack.pop()
        yield one
        stack += list(_all([one]))[::-1]


def _few(found: list[Json]) -> list[Json]:
    if len(found) > MOST_ITEMS:
        raise Trouble("too_many", Say("查询得到的结果超过 {most} 个", most=MOST_ITEMS), Say("缩小查询的范围"))
    return found


def _too_many() -> Slip:
    return Slip(0, Say("最多用两次 [*] 或 [?…]"), Say("用 each 逐行映射"), "query")


def _bearable(text: str) -> None:
    if len(text) > LONGEST_CELL:
        raise Slip(LONGEST_CELL, Say("查询超过 {most} 个字符", most=LONGEST_CELL), Say("改短它"))
