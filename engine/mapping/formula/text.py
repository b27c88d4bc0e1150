"""Functions over text. Positions count from 1, as in a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.mapping.dates import no_date, read_moment, read_pattern
from engine.mapping.formula.coded import Coded, texts
from engine.mapping.formula.function import Args, Function, eager, shows, takes
from engine.mapping.formula.number import read_picture
from engine.mapping.manual import Param
from engine.mapping.plain import MISSING, Value, as_number, as_text, blank
from engine.mapping.scope import LONG_TEXT, LONGEST_TEXT, MOST_ITEMS, Find, Scope, Trouble, fits
from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.say import Say

BLANKS = " \t\r\n\u3000\u00a0"
"""What TRIM takes away: also the full-width and the hard blank that come out of web forms."""


def joined(parts: list[str], between: str, scope: Scope) -> str:
    """The parts in one text; its size is known before it is made."""
    if sum(map(len, parts)) + len(between) * len(parts) > LONGEST_TEXT:
        fits(" " * (LONGEST_TEXT + 1), scope)
    return fits(between.join(parts), scope)


def concatenated(coded: Sequence[Coded]) -> Find:
    """The texts of all, one after another; literals lie ready."""
    fixed = [as_text(one.literal) or "" if one.fixed else "" for one in coded]
    parts = tuple((place, texts(one)) for place, one in enumerate(coded) if not one.fixed)

    def concat(row: Value, scope: Scope) -> Value:
        pieces = fixed.copy()
        for place, part in parts:
            pieces[place] = part(row, scope)
        return joined(pieces, "", scope)

    names = [(place, one.near[1]) for place, one in enumerate(coded) if one.near and one.near[0] == 0]
    return _of_names(fixed, names, concat) if len(names) == len(parts) <= 8 else concat


def _of_names(fixed: list[str], names: list[tuple[int, str]], slow: Find) -> Find:
    """The same where all are plain names: join itself refuses what is no text, and `slow` starts over."""

    def concat(row: Any, scope: Scope) -> Value:
        pieces = fixed.copy()
        try:
            for place, name in names:
                pieces[place] = row[name]
            text = "".join(pieces)
        except (KeyError, TypeError):
            return slow(row, scope)
        return text if len(text) <= LONG_TEXT else slow(row, scope)

    return concat


def left(text: str, count: int = 1, *, scope: Scope) -> str:
    return text[: max(count, 0)]


def right(text: str, count: int = 1, *, scope: Scope) -> str:
    return text[-count:] if count > 0 else ""


def mid(text: str, start: int, count: int, *, scope: Scope) -> str:
    first = max(start, 1) - 1
    return text[first : first + max(count, 0)]


def replace(text: str, old: str, new: str, *, scope: Scope) -> str:
    if not old:
        return text
    if len(text) + text.count(old) * (len(new) - len(old)) > LONGEST_TEXT:
        fits(" " * (LONGEST_TEXT + 1), scope)
    return fits(text.replace(old, new), scope)


def join(rows: list[Json], between: str = ",", *, scope: Scope) -> str:
    """The non-blank items; a list of objects has no text."""
    said = [as_text(one) for one in rows if not blank(one)]
    if None in said:
        raise Trouble("no_text", Say("列表里是对象，不能直接连接"), Say("先用 COLUMN 取出一列"))
    return joined([part for part in said if part is not None], between, scope)


def split(text: str, between: str, number: int | None = None, *, scope: Scope) -> Value:
    """All parts, or the one of that number; missing where there are fewer."""
    if not between:
        raise Trouble("blank_separator", Say("SPLIT 的分隔符是空的"), Say('写出分隔符，例如 ","'))
    parts = text.split(between, MOST_ITEMS) if text else []
    if len(parts) > MOST_ITEMS:
        raise Trouble("too_many", Say("SPLIT 得到的部分超过 {most} 个", most=MOST_ITEMS), Say("换一个分隔符"))
    scope.run.spend(len(parts))
    if number is None:
        return [*parts]
    return parts[number - 1] if 1 <= number <= len(parts) else MISSING


def as_pictured(args: Args) -> Find:
    """TEXT: a number by a picture like 0.00, a date by a pattern like yyyyMMdd, else digit by digit."""
    find, picture = args.coded[0].find, args.literal(1)
    if picture is None:
        text = texts(args.coded[0])
        return lambda row, scope: fits(text(row, scope), scope)
    number, date = read_picture(picture), read_pattern(picture, args.ground.zone)
    label, zone = args.coded[0].label, args.ground.zone
    if number is None and date is None:
        raise Slip(
            0,
            Say("不认识的格式 {picture}", picture=picture),
            Say("数字写 0.00 或 #,##0.00，日期写 yyyy-MM-dd"),
        )

    def pictured(row: Value, scope: Scope) -> Value:
        value = find(row, scope)
        if blank(value) or (date and no_date(value)):
            return ""
        if number:
            read = as_number(value)
            if read is not None:
                return number(read)
            raise Trouble(
                "no_number", Say("{label} 不是数字", label=label), Say("核对源数据，或换成日期格式")
            )
        moment = read_moment(value, zone) if isinstance(value, str) else None
        if moment is None or date is None:
            raise Trouble(
                "no_date", Say("{label} 不是日期", label=label), Say("日期形如 2026-01-02 03:04:05")
            )
        return date(moment)

    return pictured


TEXT = Param(Say("文本"), "text")
FUNCTIONS = (
    Function("CONCAT", "拼接", takes(Param(Say("文本"), "text", many=True)), "text",
        Say("把几段文本接成一段，空的当作没有"),
        shows(('CONCAT("旺店通 ", "CK1")', "旺店通 CK1"), ('CONCAT("a", "")', "a")),
        lambda args: concatenated(args.coded)),
    Function("LEFT", "左取", takes(TEXT, Param(Say("个数"), "count", optional=True)), "text",
        Say("左边的几个字符，不写个数取 1 个"), shows(('LEFT("CK2026", 2)', "CK")), eager(left)),
    Function("RIGHT", "右取", takes(TEXT, Param(Say("个数"), "count", optional=True)), "text",
        Say("右边的几个字符，不写个数取 1 个"), shows(('RIGHT("CK2026", 4)', "2026")), eager(right)),
    Function("MID", "中取", takes(TEXT, Param(Say("起点"), "count"), Param(Say("个数"), "count")), "text",
        Say("从第几个字符起取几个，起点从 1 数"), shows(('MID("CK2026", 3, 4)', "2026")), eager(mid)),
    Function("LEN", "长度", takes(TEXT), "number", Say("文本有几个字符"), shows(('LEN("出库单")', 3)),
        eager(lambda text, *, scope: len(text))),
    Function("TRIM", "去空格", takes(TEXT), "text", Say("去掉两端的空格，包括全角空格和换行"),
        shows(('TRIM("  CK1 ")', "CK1")), eager(lambda text, *, scope: text.strip(BLANKS))),
    Function("UPPER", "大写", takes(TEXT), "text", Say("字母变成大写"), shows(('UPPER("ck1")', "CK1")),
        eager(lambda text, *, scope: fits(text.upper(), scope))),
    Function("LOWER", "小写", takes(TEXT), "text", Say("字母变成小写"), shows(('LOWER("CK1")', "ck1")),
        eager(lambda text, *, scope: fits(text.lower(), scope))),
    Function("REPLACE", "替换", takes(TEXT, Param(Say("旧文本"), "text"), Param(Say("新文本"), "text")), "text",
        Say("把文本里出现的旧文本全部换成新文本"), shows(('REPLACE("SPU-01-02", "-", "/")', "SPU/01/02")),
        eager(replace)),
    Function("JOIN", "连接", takes(Param(Say("列表"), "list"), Param(Say("分隔符"), "text", optional=True)), "text",
        Say("把列表里不空的各项连成文本，不写分隔符用逗号"),
        shows(('JOIN(SPLIT("a;b;c", ";"), "、")', "a、b、c")), eager(join)),
    Function("SPLIT", "拆分", takes(TEXT, Param(Say("分隔符"), "text"), Param(Say("第几个"), "count", optional=True)),
        "any", Say("按分隔符拆开文本；写出第几个就只取那一个，从 1 数"),
        shows(('SPLIT("a,b,c", ",", 2)', "b"), ('SPLIT("a,b", ",")', ["a", "b"])), eager(split)),
    Function("STARTSWITH", "开头是", takes(TEXT, Param(Say("开头"), "text")), "truth", Say("文本是否以它开头"),
        shows(('STARTSWITH("DBDD001", "DBDD")', True)),
        eager(lambda text, part, *, scope: text.startswith(part))),
    Function("ENDSWITH", "结尾是", takes(TEXT, Param(Say("结尾"), "text")), "truth", Say("文本是否以它结尾"),
        shows(('ENDSWITH("SPU0001-02", "-02")', True)),
        eager(lambda text, part, *, scope: text.endswith(part))),
    Function("CONTAINS", "包含", takes(TEXT, Param(Say("部分"), "text")), "truth", Say("文本里是否有它"),
        shows(('CONTAINS("轻拿轻放", "轻放")', True)), eager(lambda text, part, *, scope: part in text)),
    Function("TEXT", "转文本", takes(Param(Say("值"), "any"), Param(Say("格式"), "literal", optional=True)), "text",
        Say("按格式写成文本：数字 0.00、#,##0.00，日期 yyyyMMdd；不写格式就原样"),
        shows(('TEXT(1234.5, "#,##0.00")', "1,234.50"),
              ('TEXT("2026-01-02 03:04:05", "yyyyMMdd")', "20260102")),
        as_pictured),
)  # fmt: skip
