"""Templates: text with {{ names }}, {% if %} and {% for %}, read by Jinja2's parser and run by our closures.

Jinja's own compiler and sandbox are not used: what is allowed is a short list over the tree, so the
cost is bounded by the record. A loop is one more row, so its variable and the header are plain paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from jinja2 import Environment, TemplateSyntaxError, nodes

from engine.mapping.cell import LONGEST_CELL, Arg, PipeCall
from engine.mapping.formula import tree
from engine.mapping.formula.coded import Coded, lists, texts
from engine.mapping.formula.compile import compile_condition, compile_formula
from engine.mapping.formula.text import joined
from engine.mapping.ground import Found, Ground
from engine.mapping.path import Path, Step
from engine.mapping.pipes import compile_pipe, piped
from engine.mapping.plain import Value
from engine.mapping.scope import Scope
from engine.mapping.slip import Slip
from engine.say import Say

DEEPEST = 20
COMPARES = {"eq": "=", "ne": "<>", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a part stands: its ground, and loop variables with their level, and the level it began on."""

    ground: Ground
    loops: Mapping[str, int]
    base: int

    def inside(self, name: str, found: Found) -> _Place:
        return _Place(self.ground.inside(found), {**self.loops, name: len(self.ground.levels)}, self.base)


Said = Callable[[Value, Scope], str]


def compile_template(text: str, ground: Ground) -> Coded:
    """The template as part of a formula that gives text. Raises Slip."""
    if len(text) > LONGEST_CELL:
        raise Slip(LONGEST_CELL, Say("模板超过 {most} 个字符", most=LONGEST_CELL), Say("拆成几个单元"))
    try:
        parsed = Environment(autoescape=False, keep_trailing_newline=True).parse(text)  # noqa: S701  # parsed, never rendered
    except TemplateSyntaxError as wrong:
        raise Slip(
            0, Say("模板第 {line} 行读不懂", line=wrong.lineno), Say("检查 {{ }} 和 {% %} 是否成对")
        ) from None
    except (RecursionError, ValueError):
        raise Slip(0, Say("模板嵌套太深或数字太长"), Say("改短它")) from None
    said, cost = _body(parsed.body, _Place(ground, {}, len(ground.levels) - 1), 0)
    return Coded(lambda row, scope: said(row, scope), "text", Say("模板"), cost=cost)


def _body(found: list[nodes.Node], place: _Place, depth: int) -> tuple[Said, int]:
    if depth > DEEPEST:
        raise Slip(0, Say("模板嵌套超过 {most} 层", most=DEEPEST), Say("拆成几个单元"))
    made = [_part(node, place, depth) for node in found]
    parts = tuple(said for said, _ in made)
    return (lambda row, scope: joined([part(row, scope) for part in parts], "", scope)), 1 + sum(
        cost for _, cost in made
    )


def _part(node: nodes.Node, place: _Place, depth: int) -> tuple[Said, int]:
    if isinstance(node, nodes.Output):
        return _body(list(node.nodes), place, depth + 1)
    if isinstance(node, nodes.TemplateData):
        data = node.data
        return (lambda row, scope: data), 1
    if isinstance(node, nodes.If):
        return _if(node, place, depth)
    if isinstance(node, nodes.For):
        return _for(node, place, depth)
    coded = _value(node, place)
    return texts(coded), coded.cost


def _if(node: nodes.If, place: _Place, depth: int) -> tuple[Said, int]:
    """elif_ are If nodes of their own; else_ is what is left."""
    branches, cost = [], 1
    for one in (node, *node.elif_):
        test, price = compile_condition(_test(one.test, place), place.ground)
        said, more = _body(one.body, place, depth + 1)
        branches.append((test, said))
        cost += price + more
    other, more = _body(node.else_, place, depth + 1)

    def chosen(row: Value, scope: Scope) -> str:
        for test, said in branches:
            if test(row, scope):
                return said(row, scope)
        return other(row, scope)

    return chosen, cost + more


def _for(node: nodes.For, place: _Place, depth: int) -> tuple[Said, int]:
    if node.test or node.else_ or node.recursive or not isinstance(node.target, nodes.Name):
        raise _refused(node)
    path = _path(node.iter, place)
    found = place.ground.resolve(path)
    if found.field and found.field.type != "list":
        raise Slip(
            0,
            Say("第 {line} 行：{label} 不是列表", line=node.lineno, label=found.label),
            Say("for 只能走一个列表"),
        )
    rows = lists(compile_formula(tree.Name(path), place.ground))
    said, cost = _body(node.body, place.inside(node.target.name, found), depth + 1)

    def each(row: Value, scope: Scope) -> str:
        items = rows(row, scope)
        scope.run.spend(cost * len(items))
        inner, parts = Scope(None, scope, scope.run), []
        for item in items:
            inner.row = item
            parts.append(said(item, inner))
            inner.number += 1
        return joined(parts, "", scope)

    return each, 1


def _value(node: nodes.Node, place: _Place) -> Coded:
    """A name or a literal, with our pipes as filters."""
    filters = []
    while isinstance(node, nodes.Filter) and node.node is not None:
        filters.append(node)
        node = node.node
    coded = compile_formula(_leaf(node, place), place.ground)
    dresses = tuple(
        compile_pipe(_call(one), place.ground, coded.label, coded.quote).dress for one in reversed(filters)
    )
    return coded.giving(piped(coded.find, dresses))


def _call(node: nodes.Filter) -> PipeCall:
    if node.dyn_args or node.dyn_kwargs:
        raise _refused(node)
    args = [Arg(_argument(one)) for one in node.args]
    return PipeCall(node.name, (*args, *(Arg(_argument(one.value), str(one.key)) for one in node.kwargs)))


def _argument(node: nodes.Node) -> str | Decimal:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return node.value
    if isinstance(node, nodes.Const) and type(node.value) is int:
        return Decimal(node.value)
    if isinstance(node, nodes.Name):
        return node.name
    raise _refused(node)


def _leaf(node: nodes.Node, place: _Place) -> tree.Tree:
    if isinstance(node, nodes.Const):
        return _literal(node)
    return tree.Name(_path(node, place))


def _literal(node: nodes.Const) -> tree.Tree:
    if isinstance(node.value, bool):
        return tree.Truth(node.value)
    if isinstance(node.value, int | float):
        return tree.Number(Decimal(repr(node.value)))
    if isinstance(node.value, str):
        return tree.Text(node.value)
    raise _refused(node)


def _path(node: nodes.Node, place: _Place) -> Path:
    """A dotted name as a path: from the loop row it begins with, else from the row the template stands in."""
    steps: list[Step] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            steps.append(Step(node.attr))
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            steps.append(Step(node.arg.value))
        elif (
            isinstance(node.arg, nodes.Const)
            and type(node.arg.value) is int
            and isinstance(node.node, nodes.Getattr | nodes.Name)
        ):
            return _indexed(node.node, node.arg.value, steps, place)
        else:
            raise _refused(node)
        node = node.node
    if not isinstance(node, nodes.Name):
        raise _refused(node)
    here = len(place.ground.levels) - 1
    if node.name in place.loops:
        return Path(here - place.loops[node.name], tuple(reversed(steps)))
    return Path(here - place.base, (Step(node.name), *reversed(steps)))


def _indexed(node: nodes.Expr, index: int, steps: list[Step], place: _Place) -> Path:
    """`lines[0].no`: the number belongs to the step before it."""
    inner = _path(node, place)
    if not inner.steps:
        raise _refused(node)
    *before, last = inner.steps
    return Path(inner.up, (*before, Step(last.name, index), *reversed(steps)))


def _test(node: nodes.Node, place: _Place) -> tree.Tree:
    if isinstance(node, nodes.Not):
        return tree.Prefix("NOT", _test(node.node, place))
    if isinstance(node, nodes.And | nodes.Or):
        sign = "AND" if isinstance(node, nodes.And) else "OR"
        return tree.Chain(_test(node.left, place), ((sign, _test(node.right, place)),))
    if isinstance(node, nodes.Compare) and len(node.ops) == 1 and node.ops[0].op in COMPARES:
        right = node.ops[0].expr
        return tree.Compare(COMPARES[node.ops[0].op], _leaf(node.expr, place), _leaf(right, place))
    if isinstance(node, nodes.Const):
        return _literal(node)
    return tree.Prefix("NOT", tree.Call("ISBLANK", (tree.Name(_path(node, place)),)))


def _refused(node: nodes.Node) -> Slip:
    says = Say("模板第 {line} 行用了不支持的写法 {name}", line=node.lineno, name=type(node).__name__)
    return Slip(0, says, Say("模板里只有文字、字段、管道、if 和 for；计算写在 formula 里"), "template")
