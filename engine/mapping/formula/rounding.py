"""More functions over numbers: rounding one way only, dividing safely, averages, amounts in words."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_UP, Decimal
from functools import reduce

from engine.mapping.formula.coded import numbers
from engine.mapping.formula.function import Args, Function, eager, shows, takes
from engine.mapping.formula.number import gathered, no_numbers, overflow, to_places
from engine.mapping.manual import Param
from engine.mapping.plain import EXACT, MISSING, Value, blank
from engine.mapping.scope import Find, Scope, Trouble
from engine.say import Say

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")
MOST_WORDS = Decimal(10) ** 16


def rounded(rounding: str) -> Callable[..., Decimal]:
    def work(value: Decimal, places: int = 0, *, scope: Scope) -> Decimal:
        return to_places(value, places, rounding)

    return work


def no_divisor() -> Trouble:
    return Trouble("zero", Say("除数是 0"), Say("先判断，或用 DIVIDE 写明除不了时的值"))


def remainder(value: Decimal, by: Decimal, *, scope: Scope) -> Decimal:
    """MOD: what is left, with the sign of the divisor, as a spreadsheet has it."""
    if not by:
        raise no_divisor()
    try:
        left = EXACT.remainder(value, by)
        return EXACT.add(left, by) if left and (left < 0) is not (by < 0) else left
    except ArithmeticError:
        raise overflow() from None


def quotient(value: Decimal, by: Decimal, *, scope: Scope) -> Decimal:
    if not by:
        raise no_divisor()
    try:
        return EXACT.divide_int(value, by)
    except ArithmeticError:
        raise overflow() from None


def divided(args: Args) -> Find:
    """DIVIDE: the third argument, or missing, where a side is blank or the divisor is 0."""
    above, below = args.coded[:2]
    dividend, divisor = numbers(above), numbers(below)
    otherwise = args.coded[2].find if len(args.coded) == 3 else None

    def divide(row: Value, scope: Scope) -> Value:
        if not blank(above.find(row, scope)) and not blank(below.find(row, scope)):
            by = divisor(row, scope)
            if by:
                try:
                    return EXACT.divide(dividend(row, scope), by)
                except ArithmeticError:
                    raise overflow() from None
        return otherwise(row, scope) if otherwise else MISSING

    return divide


def average(args: Args) -> Find:
    gather = gathered(args)

    def mean(row: Value, scope: Scope) -> Value:
        found = gather(row, scope)
        if not found:
            raise no_numbers()
        try:
            return EXACT.divide(reduce(EXACT.add, found), Decimal(len(found)))
        except ArithmeticError:
            raise overflow() from None

    return mean


def product(args: Args) -> Find:
    gather = gathered(args)

    def multiplied(row: Value, scope: Scope) -> Value:
        try:
            return reduce(EXACT.multiply, gather(row, scope), Decimal(1))
        except ArithmeticError:
            raise overflow() from None

    return multiplied


def in_words(value: Decimal, *, scope: Scope) -> str:
    """RMB: an amount as Chinese invoices and cheques spell it."""
    amount = to_places(value, 2)
    if abs(amount) >= MOST_WORDS:
        raise Trouble("overflow", Say("金额太大，写不成大写"), Say("检查数字的大小"))
    yuan, cents = divmod(int(abs(amount) * 100), 100)
    said = "负" if amount < 0 else ""
    if yuan or not cents:
        said += (_grouped(yuan) or "零") + "元"
    if not cents:
        return said + "整"
    tenths, hundredths = divmod(cents, 10)
    said += DIGITS[tenths] + "角" if tenths else "零" if yuan else ""
    return said + (DIGITS[hundredths] + "分" if hundredths else "整")


def _grouped(yuan: int) -> str:
    """Four digits at a time; one 零 for any gap."""
    said, gap = "", False
    for place in range(3, -1, -1):
        part = yuan // 10_000**place % 10_000
        if not part:
            gap = bool(said)
            continue
        said += ("零" if said and (gap or part < 1000) else "") + _four(part) + GROUPS[place]
        gap = False
    return said.replace("万亿", "万", 1) if said.count("亿") > 1 else said


def _four(part: int) -> str:
    said, gap = "", False
    for place in range(3, -1, -1):
        digit = part // 10**place % 10
        if digit:
            said += ("零" if said and gap else "") + DIGITS[digit] + PLACES[place]
            gap = False
        else:
            gap = True
    return said


NUMBER = Param(Say("数字"), "number")
PLACE = Param(Say("位数"), "count", optional=True)
MANY = takes(Param(Say("数字或列表"), "any", many=True))
FUNCTIONS = (
    Function("INT", "取整", takes(NUMBER), "number", Say("不大于它的最大整数"),
        shows(("INT(2.9)", Decimal(2)), ("INT(-2.1)", Decimal(-3))), eager(rounded(ROUND_FLOOR))),
    Function("CEILING", "进一", takes(NUMBER), "number", Say("不小于它的最小整数"),
        shows(("CEILING(2.1)", Decimal(3)), ("CEILING(-2.9)", Decimal(-2))), eager(rounded(ROUND_CEILING))),
    Function("ROUNDUP", "向上舍入", takes(NUMBER, PLACE), "number", Say("到几位小数，多出的一律进位，远离 0"),
        shows(("ROUNDUP(1.001, 2)", Decimal("1.01"))), eager(rounded(ROUND_UP))),
    Function("ROUNDDOWN", "向下舍入", takes(NUMBER, PLACE), "number", Say("到几位小数，多出的一律舍去，靠近 0"),
        shows(("ROUNDDOWN(1.999, 2)", Decimal("1.99")), ("ROUNDDOWN(-1.999)", Decimal(-1))),
        eager(rounded(ROUND_DOWN))),
    Function("MOD", "余数", takes(NUMBER, Param(Say("除数"), "number")), "number",
        Say("除下来的余数，符号跟除数"), shows(("MOD(10, 4)", Decimal(2)), ("MOD(-1, 4)", Decimal(3))),
        eager(remainder)),
    Function("QUOTIENT", "整除", takes(NUMBER, Param(Say("除数"), "number")), "number",
        Say("除得的整数部分"), shows(("QUOTIENT(10, 4)", Decimal(2))), eager(quotient)),
    Function("SIGN", "正负", takes(NUMBER), "number", Say("正数 1，负数 -1，零 0"),
        shows(("SIGN(-2.5)", -1), ("SIGN(0)", 0)),
        eager(lambda value, *, scope: (value > 0) - (value < 0))),
    Function("DIVIDE", "安全除",
        takes(Param(Say("被除数"), "any"), Param(Say("除数"), "any"), Param(Say("除不了时"), "any", optional=True)),
        "any", Say("相除；有一边是空的或除数是 0，取第三个，没有第三个就是没有值"),
        shows(("DIVIDE(1, 4)", Decimal("0.25")), ("DIVIDE(1, 0, 0)", Decimal(0))), divided),
    Function("AVERAGE", "平均", MANY, "number", Say("所有数字的平均，列表里的也算"),
        shows(("AVERAGE(1, 2, 6)", Decimal(3))), average),
    Function("PRODUCT", "求积", MANY, "number", Say("所有数字的积，列表里的也算"),
        shows(("PRODUCT(2, 3.5)", Decimal("7.0"))), product),
    Function("RMB", "人民币大写", takes(NUMBER), "text", Say("金额的中文大写"),
        shows(("RMB(10020.50)", "壹万零贰拾元伍角整"), ("RMB(0.07)", "柒分")), eager(in_words)),
)  # fmt: skip
