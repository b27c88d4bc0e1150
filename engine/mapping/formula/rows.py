"""Functions over the rows of a list. Where one takes an expression, it is computed in each row in turn.

In it a bare name is a field of that row, `^.` leads to the row the formula stands in, as below an `each`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from engine.exact import canonical
from engine.mapping.formula.coded import Coded, lists, not_read, numbers, truths
from engine.mapping.formula.function import Args, Function, eager, shows, takes
from engine.mapping.formula.number import each_number, overflow
from engine.mapping.formula.rounding import no_divisor
from engine.mapping.manual import Param
from engine.mapping.plain import EXACT, MISSING, Value, as_number, as_text, blank
from engine.mapping.scope import MOST_ITEMS, Find, Scope, Trouble
from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.say import Say

Rows = Callable[[Value, Scope], list[Json]]


def walk(coded: Coded, find: Find, rows: list[Json], scope: Scope) -> list[Value]:
    """What the expression gives in each row."""
    scope.run.spend(coded.cost * len(rows))
    inside, found = Scope(None, scope, scope.run), []
    for item in rows:
        inside.row = item
        found.append(find(item, inside))
        inside.number += 1
    return found


def each(args: Args) -> Find:
    """EACH: a list of what the expression gives; null where it gives nothing."""
    rows, coded = lists(args.coded[0]), args.coded[1]

    def made(row: Value, scope: Scope) -> Value:
        return [None if one is MISSING else one for one in walk(coded, coded.find, rows(row, scope), scope)]

    return made


def kept(args: Args) -> Callable[[Value, Scope], list[Json]]:
    """The rows for which the condition holds."""
    rows, coded = lists(args.coded[0]), args.coded[1]
    test = truths(coded)

    def those(row: Value, scope: Scope) -> list[Json]:
        found = rows(row, scope)
        tests = walk(coded, test, found, scope)
        return [one for one, holds in zip(found, tests, strict=True) if holds]

    return those


def filtered(args: Args) -> Find:
    those = kept(args)
    return lambda row, scope: those(row, scope)


def any_of(args: Args) -> Find:
    those = kept(args)
    return lambda row, scope: bool(those(row, scope))


def all_of(args: Args) -> Find:
    those, rows = kept(args), lists(args.coded[0])
    return lambda row, scope: len(those(row, scope)) == len(rows(row, scope))


def summed(args: Args) -> Find:
    """SUMBY: the sum of an expression over all rows; a blank one is a problem, as in any arithmetic."""
    rows, coded = lists(args.coded[0]), args.coded[1]
    number = numbers(coded)

    def total(row: Value, scope: Scope) -> Value:
        found = Decimal(0)
        for one in walk(coded, number, rows(row, scope), scope):
            found = added(found, one)
        return found

    return total


def added(left: Decimal, right: object) -> Decimal:
    try:
        return EXACT.add(left, right)  # type: ignore[arg-type]  # `numbers` gave it
    except ArithmeticError:
        raise overflow() from None


def weighted(args: Args) -> Find:
    """WEIGHTED: Σ value × weight ÷ Σ weight; the values of rows without weight do not matter."""
    rows, value, weight = lists(args.coded[0]), args.coded[1], args.coded[2]
    weigh, read = numbers(weight), numbers(value)

    def mean(row: Value, scope: Scope) -> Value:
        above = below = Decimal(0)
        scope.run.spend((value.cost + weight.cost) * len(found := rows(row, scope)))
        inside = Scope(None, scope, scope.run)
        for item in found:
            inside.row = item
            share = weigh(item, inside)
            if share:
                try:
                    above = EXACT.add(above, EXACT.multiply(read(item, inside), share))
                except ArithmeticError:
                    raise overflow() from None
                below = added(below, share)
            inside.number += 1
        if not below:
            raise no_divisor()
        try:
            return EXACT.divide(above, below)
        except ArithmeticError:
            raise overflow() from None

    return mean


def picked(last: bool) -> Callable[[Args], Find]:
    """FIRST and LAST: the item, or what the expression gives in it; missing in an empty list."""

    def make(args: Args) -> Find:
        rows = lists(args.coded[0])
        inner = args.coded[1] if len(args.coded) == 2 else None

        def one(row: Value, scope: Scope) -> Value:
            found = rows(row, scope)
            if not found:
                return MISSING
            item = found[-1 if last else 0]
            return item if inner is None else walk(inner, inner.find, [item], scope)[0]

        return one

    return make


def numbered(rows: list[Json], number: int, *, scope: Scope) -> Value:
    """ITEM: from 1, from the end with -1; missing where there are fewer."""
    place = number - 1 if number > 0 else number
    return rows[place] if number and -len(rows) <= place < len(rows) else MISSING


def identity(item: Json, scope: Scope) -> object:
    """What makes two items the same: the text of texts, the value of numbers, the content of the rest."""
    if isinstance(item, str | bool | None):
        return (type(item), item)
    number = as_number(item)
    if number is not None:
        return (Decimal, number)
    try:
        content = canonical(item)
    except (TypeError, ValueError, RecursionError, UnicodeError, OverflowError):
        raise Trouble("no_json", Say("列表里有不能比较的项"), Say("核对源数据")) from None
    scope.run.spend(len(content) >> 6)
    return content


def unique(rows: list[Json], *, scope: Scope) -> list[Json]:
    """Blank items go; the first of equal ones stays, in order."""
    found: dict[object, Json] = {}
    for one in rows:
        if not blank(one):
            found.setdefault(identity(one, scope), one)
    return list(found.values())


def flat(rows: list[Json], *, scope: Scope) -> list[Json]:
    """One level of lists opened; blank items go."""
    found: list[Json] = []
    for one in rows:
        if isinstance(one, list):
            found += one
        elif not blank(one):
            found.append(one)
        if len(found) > MOST_ITEMS:
            raise Trouble("too_many", Say("列表超过 {most} 项", most=MOST_ITEMS), Say("拆小源数据"))
    scope.run.spend(len(found))
    return found


def ordered(args: Args) -> Find:
    """SORT: by the items or an expression; as numbers where all are, else as text; blank ones last."""
    rows = lists(args.coded[0])
    coded = args.coded[1] if len(args.coded) > 1 else None
    down = args.literal(2) or "up"
    if down not in ("up", "down"):
        raise Slip(0, Say("SORT 的方向写 up 或 down"), Say('例如 SORT(details_list, spec_no, "down")'))

    def put(row: Value, scope: Scope) -> Value:
        found = rows(row, scope)
        keys: list[Value] = [*found] if coded is None else walk(coded, coded.find, found, scope)
        return [found[place] for place in _places(_order(keys, coded or args.coded[0]), down == "down")]

    return put


def _order(keys: list[Value], coded: Coded) -> list[Decimal | str | None]:
    said = [as_number(key) for key in keys if not blank(key)]
    if None not in said:
        return [as_number(key) for key in keys]
    found: list[Decimal | str | None] = []
    for key in keys:
        text = as_text(key)
        if text is None:
            do = Say("写明按哪个字段排，例如 SORT(details_list, spec_no)")
            raise not_read(coded, key, "no_text", lambda what: Say("{what} 不能排序", what=what), do)
        found.append(text or None)
    return found


def _places(order: list[Decimal | str | None], down: bool) -> list[int]:
    """Where each item goes: blank ones last both ways, equal ones keep their order."""
    filled = [place for place, key in enumerate(order) if key is not None]
    filled.sort(key=lambda place: order[place], reverse=down)  # type: ignore[arg-type,return-value]  # none is None
    return filled + [place for place, key in enumerate(order) if key is None]


def listed(args: Args) -> Find:
    """LIST: the values that are not blank."""
    finds = tuple(one.find for one in args.coded)

    def made(row: Value, scope: Scope) -> Value:
        return [value for find in finds if not blank(value := find(row, scope)) and value is not MISSING]

    return made


def part(rows: list[Json], start: int, count: int, *, scope: Scope) -> list[Json]:
    first = max(start, 1) - 1
    return rows[first : first + max(count, 0)]


def within(args: Args) -> Find:
    """AMONG: whether the list holds the value, compared as texts."""
    find, rows = args.coded[0].find, lists(args.coded[1])

    def found(row: Value, scope: Scope) -> Value:
        said = as_text(find(row, scope))
        return bool(said) and any(as_text(one) == said for one in rows(row, scope))

    return found


def numbers_of(args: Args) -> Find:
    """MEDIAN of a list: the middle one, or the mean of the two in the middle."""
    rows, coded = lists(args.coded[0]), args.coded[0]

    def middle(row: Value, scope: Scope) -> Value:
        found = sorted(each_number(rows(row, scope), coded, scope))
        if not found:
            return MISSING
        half = len(found) // 2
        if len(found) % 2:
            return found[half]
        try:
            return EXACT.divide(EXACT.add(found[half - 1], found[half]), Decimal(2))
        except ArithmeticError:
            raise overflow() from None

    return middle


LIST = Param(Say("列表"), "list")
ROW = Param(Say("算式"), "row")
ROW_TEST = Param(Say("条件"), "row_truth")
NUMBERED = Param(Say("第几个"), "count")
ABC = 'SPLIT("c,a,b,a", ",")'
FUNCTIONS = (
    Function("EACH", "逐行", takes(LIST, ROW), "list", Say("每一行各算一个值，得到一个列表；算式里的字段是那一行的"),
        shows((f"EACH({ABC}, ROWNO() & .)", ["1c", "2a", "3b", "4a"])), each),
    Function("FILTER", "筛选", takes(LIST, ROW_TEST), "list", Say("只留满足条件的行"),
        shows((f'FILTER({ABC}, . <> "a")', ["c", "b"])), filtered),
    Function("ANY", "任一", takes(LIST, ROW_TEST), "truth", Say("有没有一行满足条件；空列表是没有"),
        shows((f'ANY({ABC}, . = "b")', True)), any_of),
    Function("ALL", "全部", takes(LIST, ROW_TEST), "truth", Say("是不是每一行都满足条件；空列表算是"),
        shows((f'ALL({ABC}, . = "b")', False)), all_of),
    Function("SUMBY", "逐行求和", takes(LIST, ROW), "number", Say("每一行算一个数，加起来"),
        shows(('SUMBY(SPLIT("1,2,3", ","), . * 2)', Decimal(12))), summed),
    Function("WEIGHTED", "加权平均", takes(LIST, ROW, Param(Say("权重"), "row")), "number",
        Say("Σ(值×权重)÷Σ权重，例如按数量加权的单价；权重是 0 的行不看值"),
        shows(('WEIGHTED(SPLIT("1,4", ","), ., ROWNO())', Decimal(3))), weighted),
    Function("FIRST", "第一个", takes(LIST, Param(Say("算式"), "row", optional=True)), "any",
        Say("第一项，或它的算式；列表空就没有值"), shows((f"FIRST({ABC})", "c")), picked(False)),
    Function("LAST", "最后一个", takes(LIST, Param(Say("算式"), "row", optional=True)), "any",
        Say("最后一项，或它的算式；列表空就没有值"), shows((f"LAST({ABC})", "a")), picked(True)),
    Function("ITEM", "第几项", takes(LIST, NUMBERED), "any", Say("从 1 数，-1 是最后一项；没有那一项就没有值"),
        shows((f"ITEM({ABC}, 2)", "a"), (f"ITEM({ABC}, -2)", "b")), eager(numbered)),
    Function("UNIQUE", "去重", takes(LIST), "list", Say("相同的只留第一个，空的不要"),
        shows((f"UNIQUE({ABC})", ["c", "a", "b"])), eager(unique)),
    Function("SORT", "排序",
        takes(LIST, Param(Say("按什么"), "row", optional=True), Param(Say("方向"), "literal", optional=True)), "list",
        Say("按项或算式从小到大排，方向写 down 是从大到小；都是数就按数，否则按文本，空的在最后"),
        shows((f"SORT({ABC})", ["a", "a", "b", "c"]), (f'SORT({ABC}, ., "down")', ["c", "b", "a", "a"])), ordered),
    Function("FLAT", "展开", takes(LIST), "list", Say("列表里的列表打开一层，空的不要"),
        shows(('FLAT(LIST(LIST("a", "b"), "c"))', ["a", "b", "c"])), eager(flat)),
    Function("SLICE", "取段", takes(LIST, Param(Say("起点"), "count"), Param(Say("个数"), "count")), "list",
        Say("从第几项起取几项，起点从 1 数"), shows((f"SLICE({ABC}, 2, 2)", ["a", "b"])), eager(part)),
    Function("LIST", "列表", takes(Param(Say("值"), "any", many=True)), "list", Say("由几个值组成列表，空的不要"),
        shows(('LIST("a", "", "b")', ["a", "b"])), listed),
    Function("AMONG", "在列表里", takes(Param(Say("值"), "any"), LIST), "truth", Say("列表里有没有这个值，按文本比"),
        shows((f'AMONG("b", {ABC})', True)), within),
    Function("MEDIAN", "中位数", takes(LIST), "any", Say("列表里数字的中位数"),
        shows(('MEDIAN(SPLIT("3,1,10", ","))', Decimal(3))), numbers_of),
)  # fmt: skip
