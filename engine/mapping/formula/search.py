"""Functions that look into a text: where something stands, what lies before and after it, wildcards.

There are no regular expressions: one that a person writes can take longer than a year on one field, and
nothing can stop it. A wildcard pattern takes time in proportion to the text (docs/why/0007-wildcards.md).
"""

from __future__ import annotations

import re

from engine.mapping.formula.coded import texts
from engine.mapping.formula.function import Args, Function, eager, shows, takes
from engine.mapping.manual import Param
from engine.mapping.plain import Value
from engine.mapping.scope import Find, Scope, Trouble
from engine.mapping.slip import Slip
from engine.say import Say

LONGEST_PATTERN = 200
LONGEST_SEARCHED = 10_000
SIGNS = {"?": ".", "#": "[0-9]"}


def position(text: str, part: str, start: int = 1, *, scope: Scope) -> int:
    """From 1; 0 where it is not there."""
    return text.find(part, max(start, 1) - 1) + 1


def before(text: str, mark: str, *, scope: Scope) -> str:
    return text.partition(mark)[0] if mark else text


def after(text: str, mark: str, *, scope: Scope) -> str:
    return text.partition(mark)[2] if mark else text


def after_last(text: str, mark: str, *, scope: Scope) -> str:
    _, found, tail = text.rpartition(mark) if mark else (text, "", "")
    return tail if found else ""


def between(text: str, left: str, right: str, *, scope: Scope) -> str:
    """What stands between the first `left` and the next `right`; "" where one of them is not there."""
    _, found, rest = text.partition(left) if left else ("", True, text)
    if not found:
        return ""
    inside, closed, _ = rest.partition(right) if right else (rest, True, "")
    return inside if closed else ""


def times(text: str, part: str, *, scope: Scope) -> int:
    return text.count(part) if part else 0


def only_digits(text: str, *, scope: Scope) -> str:
    return "".join(sign for sign in text if sign in "0123456789")


def compiled(pattern: str) -> re.Pattern[str]:
    """The wildcards as an expression whose stars, each an atomic group, are never tried again.

    A star takes the nearest place where what follows fits; trying a later one could not help, so the time
    is bounded by the length of the text times that of the pattern. Raises Slip.
    """
    if not pattern or len(pattern) > LONGEST_PATTERN:
        raise Slip(
            0, Say("通配写法要有 1 到 {most} 个字符", most=LONGEST_PATTERN), Say("用 * ? # 和文字写成")
        )
    first, *rest = [
        "".join(SIGNS.get(sign) or re.escape(sign) for sign in part) for part in re.split(r"\*+", pattern)
    ]
    if not rest:
        return re.compile(first, re.DOTALL)
    inner = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    return re.compile(f"{first}{inner}.*{rest[-1]}", re.DOTALL)


def matches(args: Args) -> Find:
    """MATCHES: the whole text against a pattern of `*` (any signs), `?` (one), `#` (one digit)."""
    pattern, text = compiled(args.literal(1) or ""), texts(args.coded[0])
    size = len(args.literal(1) or "")

    def match(row: Value, scope: Scope) -> Value:
        said = text(row, scope)
        if len(said) > LONGEST_SEARCHED:
            says = Say("文本超过 {most} 个字符，不做通配匹配", most=LONGEST_SEARCHED)
            raise Trouble("too_long", says, Say("先用 LEFT 截短，或用 CONTAINS"))
        scope.run.spend(len(said) * size >> 6)
        return pattern.fullmatch(said) is not None

    return match


TEXT = Param(Say("文本"), "text")
MARK = Param(Say("标记"), "text")
FUNCTIONS = (
    Function("FIND", "位置", takes(TEXT, Param(Say("部分"), "text"), Param(Say("起点"), "count", optional=True)),
        "number", Say("部分在文本里第几个字符处，从 1 数；没有是 0"),
        shows(('FIND("CK-2026", "-")', 3), ('FIND("CK2026", "-")', 0)), eager(position)),
    Function("BEFORE", "之前", takes(TEXT, MARK), "text", Say("第一个标记之前的文字；没有标记就是全文"),
        shows(('BEFORE("SPU01-红-L", "-")', "SPU01")), eager(before)),
    Function("AFTER", "之后", takes(TEXT, MARK), "text", Say("第一个标记之后的文字；没有标记是空"),
        shows(('AFTER("SPU01-红-L", "-")', "红-L")), eager(after)),
    Function("AFTERLAST", "最后之后", takes(TEXT, MARK), "text", Say("最后一个标记之后的文字；没有标记是空"),
        shows(('AFTERLAST("SPU01-红-L", "-")', "L")), eager(after_last)),
    Function("INSIDE", "中间", takes(TEXT, Param(Say("左标记"), "text"), Param(Say("右标记"), "text")), "text",
        Say("左右两个标记之间的文字；缺一个就是空"), shows(('INSIDE("备注[加急]", "[", "]")', "加急")),
        eager(between)),
    Function("TIMES", "出现次数", takes(TEXT, Param(Say("部分"), "text")), "number", Say("部分在文本里出现几次"),
        shows(('TIMES("a,b,c", ",")', 2)), eager(times)),
    Function("DIGITS", "取数字", takes(TEXT), "text", Say("只留下 0 到 9"),
        shows(('DIGITS("No. 20-26")', "2026")), eager(only_digits, slow=True)),
    Function("MATCHES", "匹配", takes(TEXT, Param(Say("写法"), "literal")), "truth",
        Say("整段文本是否合写法：* 任意多个字符，? 一个字符，# 一个数字"),
        shows(('MATCHES("DBDD20260102001", "DBDD########*")', True), ('MATCHES("CK1", "DBDD*")', False)),
        matches),
)  # fmt: skip
