"""A formula's tree made into one closure. All that can be known before a record comes is checked here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from engine.mapping.formula.coded import Coded, numbers, truths
from engine.mapping.formula.compare import compile_compare, compile_in
from engine.mapping.formula.function import Args, signature
from engine.mapping.formula.functions import FUNCTIONS
from engine.mapping.formula.number import overflow
from engine.mapping.formula.text import concatenated
from engine.mapping.formula.tree import (
    Call,
    Chain,
    Compare,
    In,
    Name,
    Number,
    Prefix,
    Text,
    Tree,
    Truth,
    print_formula,
)
from engine.mapping.ground import Ground, Level
from engine.mapping.manual import Kind, Param
from engine.mapping.path import compile_path
from engine.mapping.plain import EXACT, Value, as_number, blank
from engine.mapping.scope import Find, Scope, Trouble
from engine.mapping.slip import Slip
from engine.model.catalog import FieldType
from engine.say import Say

KINDS: dict[FieldType, Kind] = {
    "integer": "number", "decimal": "number", "boolean": "truth", "list": "list", "object": "any",
    "text": "text", "id": "text", "date": "text", "datetime": "text",
}  # fmt: skip


SAME_ROWS = ("FILTER", "SORT", "SLICE", "UNIQUE")
"""Functions whose rows are those of the list they are given."""


def compile_formula(tree: Tree, ground: Ground) -> Coded:
    """The closure with what is known of its value. Raises Slip where it cannot work."""
    match tree:
        case Number(value=value) | Text(value=value) | Truth(value=value):
            return _literal(tree, value)
        case Name():
            return _name(tree, ground)
        case Call():
            return _call(tree, ground)
        case Chain():
            return _chain(tree, ground)
        case Prefix():
            return _prefix(tree, ground)
        case Compare():
            left, right = compile_formula(tree.left, ground), compile_formula(tree.right, ground)
            return compile_compare(tree, left, right, _shown(tree))
        case In():
            return compile_in(tree, compile_formula(tree.of, ground), _shown(tree))


def compile_condition(tree: Tree, ground: Ground) -> tuple[Callable[[Value, Scope], bool], int]:
    """A `where` or `when` as a closure and its cost. Raises Slip, also where the tree is no condition."""
    coded = compile_formula(tree, ground)
    return truths(_condition(coded, tree)), coded.cost


def _condition(coded: Coded, tree: Tree) -> Coded:
    if coded.kind in ("text", "number", "list"):
        raise Slip(tree.at, Say("{label} 不是条件", label=coded.label), Say("写成比较，例如 status = '95'"))
    return coded


def _shown(tree: Tree) -> str:
    text = print_formula(tree)
    return f"「{text if len(text) <= 30 else text[:29] + '…'}」"


def _literal(tree: Tree, value: Decimal | str | bool) -> Coded:
    kind: Kind = "truth" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return Coded(lambda row, scope: value, kind, _shown(tree), value, quote=True)


def _name(tree: Name, ground: Ground) -> Coded:
    found = ground.resolve(tree.path, tree.at)
    kind = KINDS[found.field.type] if found.field else "any"
    path = found.path
    single = len(path.steps) == 1 and path.steps[0].index is None
    near = (path.up, path.steps[0].name) if single else None
    return Coded(compile_path(path), kind, found.label, field=True, quote=found.quote, near=near)


def _call(tree: Call, ground: Ground) -> Coded:
    function = FUNCTIONS[tree.name]
    takes = function.fitted(len(tree.args))
    if takes is None:
        raise Slip(
            tree.at,
            Say("{name} 的参数个数不对", name=tree.name),
            Say("写法：{signature}", signature=signature(function)),
        )
    if function.needs and function.needs not in ground.offers:
        raise Slip(tree.at, Say("{name} 在这里不能用", name=tree.name), _where_it_works(function.needs))
    coded = [_argument(tree, place, takes[place], ground) for place in range(len(takes))]
    label = coded[0].label if len(coded) == 1 else _shown(tree)
    try:
        find = function.make(Args(tuple(coded), takes, ground, tree.args))
    except Slip as slip:
        raise Slip(tree.at, slip.says, slip.do, slip.code) from None
    return Coded(find, function.gives, label, quote=_quote(coded), cost=_cost(coded))


def _argument(tree: Call, place: int, param: Param, ground: Ground) -> Coded:
    """One argument compiled where it will be computed. Raises Slip where it cannot be what is taken."""
    arg = tree.args[place]
    one = compile_formula(arg, _in_rows(tree, ground) if param.take in ("row", "row_truth") else ground)
    if param.take == "literal" and not isinstance(arg, Text):
        raise Slip(
            arg.at,
            Say("{name} 的「{param}」要直接写文本", name=tree.name, param=param.name),
            Say("写在引号里"),
        )
    if param.take in ("truth", "row_truth"):
        _condition(one, arg)
    if param.take == "number" and one.fixed and as_number(one.literal) is None and not blank(one.literal):
        raise Slip(arg.at, Say("{label} 不是数字", label=one.label), Say("写一个数字"))
    return one


def _in_rows(tree: Call, ground: Ground) -> Ground:
    """The ground of a row of the list that the function is given: known where the list is a field."""
    first = next(
        arg for arg, param in zip(tree.args, FUNCTIONS[tree.name].takes, strict=False) if param.take == "list"
    )
    while isinstance(first, Call) and first.name in SAME_ROWS:
        first = first.args[0]
    if isinstance(first, Name):
        return ground.inside(ground.resolve(first.path, first.at))
    return replace(ground, levels=(*ground.levels, Level()), offers=ground.offers | {"rowno"})


def _where_it_works(needs: str) -> Say:
    if needs == "rowno":
        return Say("ROWNO 只在 each 的行里有意义")
    return Say("这里只能用 since、until、page 和不依赖记录的函数")


def _quote(coded: Sequence[Coded]) -> bool:
    return all(one.quote for one in coded)


def _cost(coded: Sequence[Coded]) -> int:
    return 1 + sum(one.cost for one in coded)


def _chain(tree: Chain, ground: Ground) -> Coded:
    trees = (tree.first, *(part for _, part in tree.rest))
    coded = [compile_formula(one, ground) for one in trees]
    sign = tree.rest[0][0]
    kind: Kind
    if sign in ("AND", "OR"):
        tests = [_condition(one, part) for one, part in zip(coded, trees, strict=True)]
        find, kind = _logic(sign, tests), "truth"
    elif sign == "&":
        find, kind = concatenated(coded), "text"
    else:
        find, kind = _arithmetic(coded, [sign for sign, _ in tree.rest], trees), "number"
    return Coded(find, kind, _shown(tree), quote=_quote(coded), cost=_cost(coded))


def _logic(sign: str, coded: Sequence[Coded]) -> Find:
    tests = tuple(truths(one) for one in coded)
    stops_on = sign == "OR"
    if len(tests) == 2:
        first, second = tests
        if stops_on:
            return lambda row, scope: first(row, scope) or second(row, scope)
        return lambda row, scope: first(row, scope) and second(row, scope)

    def logic(row: Value, scope: Scope) -> Value:
        for test in tests:
            if test(row, scope) is stops_on:
                return stops_on
        return not stops_on

    return logic


def _arithmetic(coded: Sequence[Coded], signs: Sequence[str], trees: Sequence[Tree]) -> Find:
    for one, tree in zip(coded, trees, strict=True):
        if one.fixed and as_number(one.literal) is None:
            raise Slip(tree.at, Say("{label} 不是数字，不能计算", label=one.label), Say("连接文本用 &"))
    work = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply, "/": EXACT.divide}
    first, *others = (numbers(one) for one in coded)
    steps = tuple(
        (work[sign], sign, other, one.label)
        for sign, other, one in zip(signs, others, coded[1:], strict=True)
    )

    def compute(row: Value, scope: Scope) -> Value:
        value = first(row, scope)
        for step, sign, other, label in steps:
            operand = other(row, scope)
            try:
                value = step(value, operand)
            except ArithmeticError:
                if sign == "/" and not operand:
                    do = Say("先判断，例如 IF(b = 0, 0, a / b)")
                    raise Trouble("zero", Say("{label} 是 0，不能作除数", label=label), do) from None
                raise overflow() from None
        return value

    return compute


def _prefix(tree: Prefix, ground: Ground) -> Coded:
    coded = compile_formula(tree.of, ground)
    cost = _cost([coded])
    if tree.sign == "NOT":
        test = truths(_condition(coded, tree.of))
        return Coded(
            lambda row, scope: not test(row, scope), "truth", _shown(tree), quote=coded.quote, cost=cost
        )
    if isinstance(tree.of, Number):
        return _literal(tree, -tree.of.value)
    if coded.fixed and as_number(coded.literal) is None:
        raise Slip(tree.of.at, Say("{label} 不是数字，不能计算", label=coded.label), Say("连接文本用 &"))
    number = numbers(coded)
    return Coded(
        lambda row, scope: EXACT.minus(number(row, scope)),
        "number",
        _shown(tree),
        quote=coded.quote,
        cost=cost,
    )
