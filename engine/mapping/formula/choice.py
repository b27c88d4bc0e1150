"""Functions that choose: conditions, the first that is not blank, code tables, row numbers."""

from __future__ import annotations

from engine.mapping.formula.coded import truths
from engine.mapping.formula.function import Args, Function, eager, shows, takes
from engine.mapping.look import compile_lookup
from engine.mapping.manual import Example, Param
from engine.mapping.plain import MISSING, Value, blank
from engine.mapping.scope import Find, Scope
from engine.say import Say


def either(args: Args) -> Find:
    """IF: only the chosen branch is computed; without an else it is missing."""
    test, then = truths(args.coded[0]), args.coded[1].find
    if len(args.coded) == 2:
        return lambda row, scope: then(row, scope) if test(row, scope) else MISSING
    other = args.coded[2].find
    return lambda row, scope: then(row, scope) if test(row, scope) else other(row, scope)


def first_true(args: Args) -> Find:
    """IFS: condition, value, condition, value, …; an odd last one is the value for all else."""
    pairs = tuple(
        (truths(test), then.find) for test, then in zip(args.coded[::2], args.coded[1::2], strict=False)
    )
    last = args.coded[-1].find if len(args.coded) % 2 else None

    def chosen(row: Value, scope: Scope) -> Value:
        for test, then in pairs:
            if test(row, scope):
                return then(row, scope)
        return last(row, scope) if last else MISSING

    return chosen


def first_filled(args: Args) -> Find:
    finds = tuple(one.find for one in args.coded)

    def filled(row: Value, scope: Scope) -> Value:
        for find in finds:
            value = find(row, scope)
            if not blank(value):
                return value
        return MISSING

    return filled


def look_up(args: Args) -> Find:
    """LOOKUP("仓库", warehouse_no, "hold") is `warehouse_no | lookup(仓库, miss=hold)`."""
    table, coded = args.ground.table(args.literal(0) or ""), args.coded[1]
    dress = compile_lookup(table, args.literal(2) or "problem", coded.label, coded.quote)
    find = coded.find
    return lambda row, scope: dress(find(row, scope), scope)


ANY = Param(Say("值"), "any")
FUNCTIONS = (
    Function("IF", "如果",
        takes(Param(Say("条件"), "truth"), Param(Say("是"), "any"), Param(Say("否"), "any", optional=True)), "any",
        Say("条件成立取前一个，否则取后一个；没有后一个就是没有值"), shows(('IF(2 > 1, "大", "小")', "大")),
        either),
    Function("IFS", "多条件", takes(Param(Say("条件"), "any", many=True), Param(Say("值"), "any", many=True)), "any",
        Say("依次看条件，取第一个成立的值；最后单独一个是其余情况"),
        shows(('IFS(1 > 2, "甲", 2 > 1, "乙")', "乙"), ('IFS(1 > 2, "甲", "其余")', "其余")), first_true),
    Function("COALESCE", "首个非空", takes(Param(Say("值"), "any", many=True)), "any", Say("第一个不空的值"),
        shows(('COALESCE("", "备用")', "备用")), first_filled),
    Function("ISBLANK", "为空", takes(ANY), "truth", Say("没有、null 或空文本都算空"),
        shows(('ISBLANK("")', True), ('ISBLANK("0")', False)), eager(lambda value, *, scope: blank(value))),
    Function("ROWNO", "行号", (), "number", Say("这一行在结果里是第几行，从 1 数"), (Example("ROWNO()", 1),),
        lambda args: lambda row, scope: scope.number + 1, needs="rowno"),
    Function("LOOKUP", "查对照表",
        takes(Param(Say("对照表"), "literal"), Param(Say("编码"), "any"),
            Param(Say("查不到时"), "literal", optional=True)),
        "text", Say("在对照表里查编码；查不到时写 problem、hold、skip 或一个固定值"),
        (Example('LOOKUP("仓库", "WH001")', "CK0037"),), look_up, needs="lookup"),
)  # fmt: skip
