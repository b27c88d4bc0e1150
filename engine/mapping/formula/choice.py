"""Functions that choose: conditions, the first that is not blank, code tables, row numbers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from engine.mapping.formula.coded import Coded, not_read, numbers, texts, truths
from engine.mapping.formula.function import Args, Function, eager, shows, takes
from engine.mapping.manual import Example, Param
from engine.mapping.plain import FALSE, MISSING, TRUE, Value, as_number, as_text, blank
from engine.mapping.scope import Find, Passed, Scope, Trouble
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


def switched(args: Args) -> Find:
    """SWITCH: value, case, result, case, result, …; an odd last one is the result for all else."""
    find, rest = args.coded[0].find, args.coded[1:]
    pairs = tuple((_same(case), then.find) for case, then in zip(rest[::2], rest[1::2], strict=False))
    last = rest[-1].find if len(rest) % 2 else None

    def chosen(row: Value, scope: Scope) -> Value:
        value = find(row, scope)
        for same, then in pairs:
            if same(value, row, scope):
                return then(row, scope)
        return last(row, scope) if last else MISSING

    return chosen


def _same(case: Coded) -> Callable[[Value, Value, Scope], bool]:
    """As in a condition: a literal number compares as number, all else as text."""
    if case.fixed and case.kind == "number":
        literal = as_number(case.literal)
        return lambda value, row, scope: as_number(value) == literal
    text = texts(case)
    return lambda value, row, scope: as_text(value) == text(row, scope)


def in_range(args: Args) -> Find:
    """INRANGE: false for a blank value, as in every comparison with a number."""
    find, (value, least, most) = args.coded[0].find, (numbers(one) for one in args.coded)

    def inside(row: Value, scope: Scope) -> Value:
        return not blank(find(row, scope)) and least(row, scope) <= value(row, scope) <= most(row, scope)

    return inside


def truth_of(args: Args) -> Find:
    """BOOLEAN: what the pipe of that name reads; blank stays missing."""
    coded = args.coded[0]

    def truth(row: Value, scope: Scope) -> Value:
        value = coded.find(row, scope)
        if blank(value):
            return MISSING
        word = (as_text(value) or "").lower()
        if word in TRUE or word in FALSE:
            return word in TRUE
        do = Say("能读的是 1/0、true/false、Y/N、是/否；别的写法用 SWITCH")
        raise not_read(coded, value, "no_truth", lambda what: Say("{what} 不是“是/否”", what=what), do)

    return truth


def checked(args: Args) -> Find:
    """CHECK: the value where the condition holds, else a problem in the person's own words."""
    holds, says, find = truths(args.coded[0]), args.literal(1) or "", args.coded[2].find

    def value(row: Value, scope: Scope) -> Value:
        if holds(row, scope):
            return find(row, scope)
        raise broken(says)

    return value


def broken(says: str) -> Trouble:
    return Trouble("check", Say("检查不通过：{text}", text=says), Say("改正源数据，或改方案里的这条检查"))


def refused(args: Args) -> Find:
    says = args.literal(0) or ""

    def error(row: Value, scope: Scope) -> Value:
        raise broken(says)

    return error


def passed(args: Args) -> Find:
    says = args.literal(0) or ""

    def skip(row: Value, scope: Scope) -> Value:
        raise Passed(Say("按规则跳过：{text}", text=says))

    return skip


ANY = Param(Say("值"), "any")
WHY = Param(Say("说明"), "literal")
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
    Function("ISMISSING", "不存在", takes(ANY), "truth", Say("源数据里根本没有这个字段；null 和空文本都算有"),
        shows(("ISMISSING(NULL())", False)), eager(lambda value, *, scope: value is MISSING)),
    Function("ISNULL", "是null", takes(ANY), "truth", Say("值是 null；没有和空文本都不是"),
        shows(('ISNULL("")', False), ("ISNULL(NULL())", True)), eager(lambda value, *, scope: value is None)),
    Function("ISNUMBER", "是数字", takes(ANY), "truth", Say("值是数字，或是读得成数字的文本"),
        shows(('ISNUMBER("12.50")', True), ('ISNUMBER("1,000")', False)),
        eager(lambda value, *, scope: as_number(value) is not None)),
    Function("NULL", "空值", (), "any", Say("null，用来明确地写一个空值"), shows(("NULL()", None)),
        lambda args: lambda row, scope: None),
    Function("BOOLEAN", "转是否", takes(ANY), "any", Say("1/0、true/false、Y/N、是/否读成是/否；空的是没有值"),
        shows(('BOOLEAN("Y")', True)), truth_of),
    Function("SWITCH", "对应",
        takes(ANY, Param(Say("情况"), "any", many=True), Param(Say("结果"), "any", many=True)), "any",
        Say("值等于哪种情况就取哪个结果；最后单独一个是其余情况"),
        shows(('SWITCH("2", "1", "甲", "2", "乙")', "乙"), ('SWITCH(9, 1, "甲", "其余")', "其余")), switched),
    Function("INRANGE", "介于",
        takes(Param(Say("值"), "any"), Param(Say("最小"), "number"), Param(Say("最大"), "number")), "truth",
        Say("数字在两个数之间，两头都算"), shows(("INRANGE(5, 1, 5)", True)), in_range),
    Function("CHECK", "检查", takes(Param(Say("条件"), "truth"), WHY, ANY), "any",
        Say("条件成立就取值，不成立这条数据就有问题，问题的话就是说明"),
        shows(('CHECK(2 > 1, "数量要大于 1", "好")', "好")), checked),
    Function("ERROR", "报错", takes(WHY), "any", Say("这条数据有问题，话就是说明；放在 IF、IFS 里用"),
        shows(('IF(TRUE, 1, ERROR("没有仓库"))', Decimal(1))), refused),
    Function("SKIP", "跳过", takes(WHY), "any", Say("跳过这条数据，原因就是说明；放在 IF、IFS 里用"),
        shows(('IF(TRUE, 1, SKIP("虚拟商品"))', Decimal(1))), passed),
    Function("ROWNO", "行号", (), "number", Say("这一行在结果里是第几行，从 1 数"), (Example("ROWNO()", 1),),
        lambda args: lambda row, scope: scope.number + 1, needs="rowno"),
)  # fmt: skip
