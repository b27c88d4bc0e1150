"""Functions over numbers: Decimal, 34 digits, ROUND_HALF_UP; whatever cannot be computed is a problem."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce

from engine.mapping.formula.coded import Coded, numbers
from engine.mapping.formula.function import Args, Function, eager, shows, takes
from engine.mapping.manual import Param
from engine.mapping.plain import EXACT, Value, as_number, blank
from engine.mapping.scope import Find, Scope, Trouble
from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.say import Say

MOST_PLACES = 20
_PICTURE = re.compile(r"(#,##)?0(?:\.(0{1,20}))?")


def overflow() -> Trouble:
    return Trouble("overflow", Say("结果超出可计算的范围"), Say("检查数字的大小"))


def to_places(value: Decimal, places: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """Half up, or as told, to so many places after the point (negative: before it)."""
    if abs(places) > MOST_PLACES:
        raise Trouble("places", Say("小数位数要在 -{most} 到 {most} 之间", most=MOST_PLACES), Say("改小位数"))
    try:
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding, EXACT)
        return rounded if places >= 0 else EXACT.quantize(rounded, Decimal(1))
    except ArithmeticError:
        raise overflow() from None


def read_picture(picture: str) -> Callable[[Decimal], str] | None:
    """A writer for 0, 0.00, #,##0.00; None for other pictures."""
    match = _PICTURE.fullmatch(picture)
    if match is None:
        return None
    places, comma = len(match[2] or ""), "," if match[1] else ""
    return lambda value: format(to_places(value, places), f"{comma}.{places}f")


def power(base: Decimal, exponent: Decimal, *, scope: Scope) -> Decimal:
    try:
        return EXACT.power(base, exponent)
    except ArithmeticError:
        raise overflow() from None


def over_all(work: Callable[[Decimal, Decimal], Decimal], empty: Decimal | None) -> Callable[[Args], Find]:
    """Folds every argument, each a number or a list of numbers; without any number it is `empty`."""

    def make(args: Args) -> Find:
        gather = gathered(args)

        def fold(row: Value, scope: Scope) -> Value:
            found = gather(row, scope)
            if not found and empty is None:
                raise no_numbers()
            try:
                return reduce(work, found, empty) if empty is not None else reduce(work, found)
            except ArithmeticError:
                raise overflow() from None

        return fold

    return make


def no_numbers() -> Trouble:
    return Trouble("empty_list", Say("列表是空的，没有最大最小"), Say("先用 IF 判断 COUNT 是否为 0"))


def gathered(args: Args) -> Callable[[Value, Scope], list[Decimal]]:
    """All numbers of all arguments, those of lists too."""
    readers = tuple((one.find, numbers(one), one) for one in args.coded)

    def gather(row: Value, scope: Scope) -> list[Decimal]:
        found: list[Decimal] = []
        for find, number, coded in readers:
            value = find(row, scope)
            found += each_number(value, coded, scope) if isinstance(value, list) else [number(row, scope)]
        return found

    return gather


def each_number(rows: list[Json], coded: Coded, scope: Scope) -> list[Decimal]:
    """Every item as a number. Raises Trouble at the first that is none."""
    scope.run.spend(len(rows))
    found = []
    for place, one in enumerate(rows, 1):
        number = as_number(one)
        if number is None:
            says = Say("{label} 的第 {place} 项不是数字", label=coded.label, place=place)
            raise Trouble("no_number", says, Say("核对源数据；空的不能计算"))
        found.append(number)
    return found


def column(args: Args) -> Find:
    """COLUMN: one member of every row of a list; null where a row lacks it."""
    name, rows = args.literal(1) or "", args.ready()[0]
    if not name:
        raise Slip(0, Say("COLUMN 要写出列名"), Say('例如 COLUMN(details_list, "goods_count")'))
    label = args.coded[0].label

    def members(row: Value, scope: Scope) -> Value:
        found = rows(row, scope)
        try:
            return [one.get(name) for one in found]
        except AttributeError:
            raise Trouble(
                "no_inside", Say("{label} 的项不是对象，没有列", label=label), Say("直接使用这个列表")
            ) from None

    return members


def number_or(args: Args) -> Find:
    """NUMBER: with a second argument, that one where the first is blank."""
    first, find = numbers(args.coded[0]), args.coded[0].find
    if len(args.coded) == 1:
        return first
    filled = numbers(args.coded[1])

    def either(row: Value, scope: Scope) -> Value:
        return filled(row, scope) if blank(find(row, scope)) else first(row, scope)

    return either


NUMBER = Param(Say("数字"), "number")
MANY = takes(Param(Say("数字或列表"), "any", many=True))
FUNCTIONS = (
    Function("ROUND", "四舍五入", takes(NUMBER, Param(Say("位数"), "count", optional=True)), "number",
        Say("四舍五入到几位小数，不写位数取整"),
        shows(("ROUND(128.50 * 1.13, 2)", Decimal("145.21")), ("ROUND(-2.5)", Decimal("-3"))),
        eager(lambda value, places=0, *, scope: to_places(value, places))),
    Function("ABS", "绝对值", takes(NUMBER), "number", Say("去掉负号"),
        shows(("ABS(-2.50)", Decimal("2.50"))), eager(lambda value, *, scope: value.copy_abs())),
    Function("POWER", "乘方", takes(Param(Say("底"), "number"), Param(Say("指数"), "number")), "number",
        Say("底的指数次方"), shows(("POWER(2, 10)", Decimal("1024"))), eager(power)),
    Function("NUMBER", "转数字", takes(Param(Say("值"), "number"), Param(Say("空时"), "number", optional=True)),
        "number", Say("把文本读成数字；空的要么有“空时”的数，要么是问题"),
        shows(('NUMBER("30.0000")', Decimal("30.0000")), ('NUMBER("", 0)', Decimal("0"))), number_or),
    Function("SUM", "求和", MANY, "number", Say("所有数字的和，列表里的也算"),
        shows(("SUM(1, 2.50)", Decimal("3.50")), ('SUM(SPLIT("1,2,3", ","))', Decimal("6"))),
        over_all(EXACT.add, Decimal(0))),
    Function("MIN", "最小", MANY, "number", Say("最小的一个数"), shows(("MIN(3, 1.5, 2)", Decimal("1.5"))),
        over_all(min, None)),
    Function("MAX", "最大", MANY, "number", Say("最大的一个数"), shows(("MAX(3, 1.5, 2)", Decimal("3"))),
        over_all(max, None)),
    Function("COUNT", "计数", takes(Param(Say("列表"), "list")), "number", Say("列表有几项"),
        shows(('COUNT(SPLIT("a,b,c", ","))', 3)), eager(lambda rows, *, scope: len(rows))),
    Function("COLUMN", "取列", takes(Param(Say("列表"), "list"), Param(Say("列名"), "literal")), "list",
        Say("列表每一行的同一个字段，得到一个列表"),
        shows(('COUNT(COLUMN(SPLIT("", ","), "goods_count"))', 0)), column),
)  # fmt: skip
