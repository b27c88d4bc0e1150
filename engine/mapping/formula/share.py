"""Allocation (分摊): a total over the rows of a list by weight, to the last cent.

Each share is rounded half up by itself; what the sum then lacks or has too much, the tail difference, goes to
exactly one row. The sum of the shares is the total, always.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import reduce

from engine.mapping.formula import tree
from engine.mapping.formula.coded import lists, numbers
from engine.mapping.formula.function import Args, Function, shows, takes
from engine.mapping.formula.number import MOST_PLACES, overflow, to_places
from engine.mapping.formula.rows import walk
from engine.mapping.manual import Example, Param
from engine.mapping.plain import EXACT, Value
from engine.mapping.scope import Find, Scope, Trouble
from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.say import Say

TAILS = ("largest", "last", "first")

Shares = Callable[[Value, Scope], "tuple[list[Json], list[Decimal]]"]
"""The rows and the share of each."""


def allocated(total: Decimal, weights: list[Decimal], places: int, tail: str) -> list[Decimal]:
    """One share for each weight. Raises Trouble: nothing to share by, or a total finer than the places."""
    try:
        if to_places(total, places) != total:
            says = Say("总额不止 {places} 位小数，分不尽", places=places)
            raise Trouble("places", says, Say("先用 ROUND 把总额四舍五入，或增加位数"))
        whole = reduce(EXACT.add, weights, Decimal(0))
        if not whole:
            return _nothing(total, weights)
        exact = [EXACT.divide(EXACT.multiply(total, weight), whole) for weight in weights]
        return _closed(total, exact, places, _tail(weights, tail))
    except ArithmeticError:
        raise overflow() from None


def _nothing(total: Decimal, weights: list[Decimal]) -> list[Decimal]:
    if total:
        says = Say("权重合计是 0，总额分不下去")
        raise Trouble("zero", says, Say("换一个权重，例如全是赠品时用件数"))
    return [total for _ in weights]


def _tail(weights: list[Decimal], tail: str) -> int:
    """The row that takes the difference; one without weight never does. Of equally large ones the last."""
    filled = [place for place, weight in enumerate(weights) if weight]
    if tail == "first":
        return filled[0]
    return filled[-1] if tail == "last" else max(filled, key=lambda place: (abs(weights[place]), place))


def _closed(total: Decimal, exact: list[Decimal], places: int, tail: int) -> list[Decimal]:
    """Half up; where that would turn the sign of the row with the difference, all others towards zero."""
    shares: list[Decimal] = []
    for rounding in (ROUND_HALF_UP, ROUND_DOWN):
        shares = [to_places(share, places, rounding) for share in exact]
        shares[tail] = EXACT.add(shares[tail], EXACT.subtract(total, reduce(EXACT.add, shares)))
        if not shares[tail] or (shares[tail] < 0) is (exact[tail] < 0):
            break
    return shares


def _sharing(args: Args) -> Shares:
    """Computed once for all rows where nothing in it depends on the row that asks."""
    total, rows, weigh = numbers(args.coded[0]), lists(args.coded[1]), numbers(args.coded[2])
    weight, places, tail = args.coded[2], _places(args), args.literal(4) or "largest"
    if tail not in TAILS:
        raise Slip(
            0, Say("尾差写 largest、last 或 first"), Say("largest 是权重最大的一行，last 最后，first 最前")
        )

    def shares(row: Value, scope: Scope) -> tuple[list[Json], list[Decimal]]:
        found = rows(row, scope)
        weights = [one for one in walk(weight, weigh, found, scope) if isinstance(one, Decimal)]
        return found, allocated(total(row, scope), weights, places, tail)

    return shares


def _places(args: Args) -> int:
    if len(args.coded) < 4:
        return 2
    places = args.coded[3].literal
    if not isinstance(places, Decimal) or places != int(places) or not 0 <= places <= MOST_PLACES:
        raise Slip(0, Say("分摊的位数要直接写 0 到 {most} 的整数", most=MOST_PLACES), Say("金额写 2"))
    return int(places)


def all_shares(args: Args) -> Find:
    sharing = _sharing(args)
    return lambda row, scope: [*sharing(row, scope)[1]]


def own_share(args: Args) -> Find:
    """SHARE: the share of the row the formula stands in, which must be one of the list."""
    sharing, token, once = _sharing(args), object(), not _asks_own_row(args)

    def by_row(row: Value, scope: Scope) -> dict[int, Decimal]:
        found, shares = sharing(row, scope)
        return {id(one): share for one, share in zip(found, shares, strict=True)}

    def share(row: Value, scope: Scope) -> Value:
        owner = scope.up.row if scope.up else None
        kept = scope.run.kept.get(token) if once else None
        if kept is None or kept[0] is not owner:
            kept = (owner, by_row(row, scope))
            scope.run.kept[token] = kept
        if isinstance(row, dict) and id(row) in kept[1]:
            return kept[1][id(row)]
        raise Trouble("no_share", Say("这一行不在被分摊的列表里"), Say("列表和 each、where 要是同一批行"))

    return share


def _asks_own_row(args: Args) -> bool:
    total, rows, weight, *_ = args.trees
    return own_row(total, 0) or own_row(rows, 0) or own_row(weight, 1)


def own_row(part: tree.Tree, level: int) -> bool:
    """Whether the tree asks for anything of the row `level` levels out, or for its number."""
    if isinstance(part, tree.Name):
        return part.path.up == level
    if isinstance(part, tree.Call):
        if part.name == "ROWNO":
            return level == 0
        inner = INNER.get(part.name, 99)
        return any(own_row(arg, level + (place >= inner)) for place, arg in enumerate(part.args))
    return any(own_row(one, level) for one in tree.parts(part))


INNER = dict.fromkeys(("EACH", "FILTER", "ANY", "ALL", "SUMBY", "WEIGHTED", "FIRST", "LAST", "SORT"), 1)
INNER |= {"ALLOCATE": 2, "SHARE": 2}
"""From which argument on a function computes in other rows than its own."""

LINES: dict[str, object] = {"fee": 100, "rows": [{"q": 1}, {"q": 1}, {"q": 1}]}
SHARED = takes(
    Param(Say("总额"), "number"), Param(Say("列表"), "list"), Param(Say("权重"), "row"),
    Param(Say("位数"), "count", optional=True), Param(Say("尾差"), "literal", optional=True),
)  # fmt: skip
FUNCTIONS = (
    Function("ALLOCATE", "分摊", SHARED, "list",
        Say("把总额按权重分到列表各行，得到各行的份额，合计必等于总额；尾差归权重最大的一行（largest），"
            "或最后（last）、最前（first）一行；不写位数是 2 位"),
        (Example("ALLOCATE(fee, rows, q)", [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")], LINES),
         *shows(('ALLOCATE(0.05, SPLIT("1,1,1", ","), .)', [Decimal("0.02"), Decimal("0.02"), Decimal("0.01")]))),
        all_shares),
    Function("SHARE", "本行分摊", SHARED, "number",
        Say("写在明细行里：这一行分到的份额。列表要和 each、where 是同一批行，例如 "
            "SHARE(^.post_fee, ^.details_list, goods_count)"),
        (Example("SUM(EACH(rows, SHARE(^.fee, ^.rows, q)))", Decimal("100.00"), LINES),),
        own_share),
)  # fmt: skip
