"""The pipes of cells and templates: frozen lines of a registry, each with help and an example a test runs.

A pipe takes the value so far and gives the next; blank in is missing out unless its help says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import cast

from engine.mapping.cell import PipeCall
from engine.mapping.dates import (
    DATE,
    DATETIME,
    UNITS,
    from_epoch,
    in_zone,
    known_zone,
    no_date,
    read_form,
    read_moment,
    read_pattern,
)
from engine.mapping.formula.coded import lists, not_read, texts
from engine.mapping.formula.number import MOST_PLACES, to_places
from engine.mapping.formula.text import BLANKS, join, replace, split
from engine.mapping.ground import Ground
from engine.mapping.judge import compile_rule
from engine.mapping.look import compile_lookup
from engine.mapping.manual import Example, Kind
from engine.mapping.opening import OPENING
from engine.mapping.pipe import Bound, Pipe, bound_args
from engine.mapping.plain import FALSE, MISSING, TRUE, Value, as_integer, as_number, as_text, blank
from engine.mapping.scope import Dress, Find, Scope
from engine.mapping.slip import Slip
from engine.say import Say, Words


@dataclass(frozen=True, slots=True)
class Pressed:
    """A compiled pipe, what kind of value it gives, and whether it wrote a date in a form of its own."""

    dress: Dress
    gives: Kind
    formed: bool = False


def compile_pipe(call: PipeCall, ground: Ground, label: str, quote: bool) -> Pressed:
    """The closure of one written pipe. Raises Slip."""
    pipe = PIPES.get(call.name)
    if pipe is None:
        close = get_close_matches(call.name, PIPES, 3, 0.5)
        do = Say("可用的管道：{names}", names=Words(close or [one.name for one in REGISTRY]))
        raise Slip(call.at, Say("没有管道 {name}", name=call.name), do, "unknown_pipe")
    args, rest = bound_args(pipe, call)
    try:
        dress = pipe.make(Bound(args, rest, label, quote, ground))
    except Slip as slip:
        raise Slip(call.at, slip.says, slip.do, slip.code) from None
    return Pressed(dress, pipe.gives, "format" in args)


def _look_up(bound: Bound) -> Dress:
    table = bound.ground.table(bound.text("table"))
    miss = bound.ground.misses(table, bound.text("miss"))
    return compile_lookup(table, miss, bound.label, bound.quote, bound.ground.zone)


def _rule(bound: Bound) -> Dress:
    """A rule table with a single input."""
    rule = compile_rule(bound.text("table"), 1, bound.ground, bound.quote)
    return lambda value, scope: MISSING if blank(value) else rule((value,), scope)


def _dated(standard: str) -> Callable[[Bound], Dress]:
    def make(bound: Bound) -> Dress:
        pattern, zone = bound.text("format", standard), bound.text("zone", bound.ground.zone)
        read, write = _reads_dates(bound), read_pattern(pattern, zone)
        if write is None:
            raise _no_form(pattern)
        if not known_zone(zone):
            raise Slip(0, Say("没有时区 {zone}", zone=zone), Say("写 Asia/Shanghai、UTC 这样的名字"))
        coded, day_only, home = (
            bound.coded(),
            pattern == DATE and zone == bound.ground.zone,
            bound.ground.zone,
        )
        day_only = day_only and "from" not in bound.args

        def date(value: Value, scope: Scope) -> Value:
            if no_date(value):
                return MISSING
            moment = read(value)
            if moment is not None and zone != home:
                moment = in_zone(moment, home, zone)
            if moment is None:
                do = Say("日期形如 2026-01-02 或 2026-01-02 03:04:05，别的写法用 from 说明")
                raise not_read(coded, value, "no_date", lambda what: Say("{what} 不是日期", what=what), do)
            return value[:10] if day_only and isinstance(value, str) and len(value) < 20 else write(moment)

        return date

    return make


def _reads_dates(bound: Bound) -> Callable[[Value], datetime | None]:
    """How the value is read: `from` is a pattern, or s or ms for a count since 1970."""
    form, zone = bound.text("from"), bound.ground.zone
    if not form:
        return lambda value: read_moment(value, zone) if isinstance(value, str) else None
    if form in UNITS:
        return lambda value: from_epoch(value, form, zone)
    read = read_form(form)
    if read is None:
        raise _no_form(form)
    return lambda value: read(as_text(value) or "")


def _no_form(pattern: str) -> Slip:
    return Slip(
        0, Say("不认识的日期格式 {pattern}", pattern=pattern), Say("用 yyyy MM dd HH mm ss 和 - / : 写成")
    )


def _decimal(bound: Bound) -> Dress:
    places = bound.count("places", 0, MOST_PLACES) if "places" in bound.args else None
    coded = bound.coded()

    def decimal(value: Value, scope: Scope) -> Value:
        number = as_number(value)
        if number is not None:
            return number if places is None else to_places(number, places)
        if blank(value):
            return MISSING
        raise not_read(
            coded, value, "no_number", lambda what: Say("{what} 不是数字", what=what), Say("核对源数据")
        )

    return decimal


def _integer(bound: Bound) -> Dress:
    coded = bound.coded()

    def integer(value: Value, scope: Scope) -> Value:
        if blank(value):
            return MISSING
        whole = as_integer(value)
        if whole is None:
            do = Say("要取整先写 decimal(0)")
            raise not_read(coded, value, "no_integer", lambda what: Say("{what} 不是整数", what=what), do)
        return whole

    return integer


def _boolean(bound: Bound) -> Dress:
    coded = bound.coded()

    def boolean(value: Value, scope: Scope) -> Value:
        if blank(value):
            return MISSING
        word = (as_text(value) or "").lower()
        if word in TRUE or word in FALSE:
            return word in TRUE
        do = Say("能读的是 1/0、true/false、Y/N、是/否；别的写法用 enum 或 formula")
        raise not_read(coded, value, "no_truth", lambda what: Say("{what} 不是“是/否”", what=what), do)

    return boolean


def _texted(work: Callable[[Bound], Callable[[str, Scope], Value]]) -> Callable[[Bound], Dress]:
    """A pipe over text: blank in is missing out."""

    def make(bound: Bound) -> Dress:
        does, text, nothing = work(bound), texts(bound.coded()), cast(Scope, None)

        def dress(value: Value, scope: Scope) -> Value:
            return (
                MISSING
                if blank(value)
                else does(value if isinstance(value, str) else text(value, nothing), scope)
            )

        return dress

    return make


def _replace(bound: Bound) -> Callable[[str, Scope], Value]:
    old, new = bound.text("old"), bound.text("new")
    return lambda text, scope: replace(text, old, new, scope=scope)


def _split(bound: Bound) -> Callable[[str, Scope], Value]:
    between = bound.text("by", ",")
    number = bound.count("number", 1, 10_000) if "number" in bound.args else None
    return lambda text, scope: split(text, between, number, scope=scope)


def _cut(right: bool) -> Callable[[Bound], Callable[[str, Scope], Value]]:
    def work(bound: Bound) -> Callable[[str, Scope], Value]:
        count = bound.count("count", 1, 1_000_000)
        return (
            (lambda text, scope: text[-count:] if count else "")
            if right
            else (lambda text, scope: text[:count])
        )

    return work


def _default(bound: Bound) -> Dress:
    otherwise = bound.args["value"]
    return lambda value, scope: otherwise if blank(value) else value


def _join(bound: Bound) -> Dress:
    between, rows = bound.text("by", ","), lists(bound.coded())
    return lambda value, scope: MISSING if blank(value) else join(rows(value, scope), between, scope=scope)


def _enum(bound: Bound) -> Dress:
    """A short code list in place; longer ones are code tables."""
    otherwise, pairs, coded = bound.args.get("else"), bound.rest, bound.coded()
    if not pairs:
        raise Slip(0, Say("enum 要写出对应关系"), Say("例如 enum(1=A10001, 2=A10002)"))

    def enum(value: Value, scope: Scope) -> Value:
        if blank(value):
            return MISSING
        found = pairs.get(as_text(value) or "", otherwise)
        if found is None:
            do = Say("补上这一项，或写 else=…")
            raise not_read(coded, value, "enum_miss", lambda what: Say("{what} 不在 enum 里", what=what), do)
        return found

    return enum


def _example(written: str, record: object, gives: object) -> Example:
    return Example(written, gives, {"x": record})


REGISTRY: tuple[Pipe, ...] = (
    Pipe("lookup", "查对照表", ("table", "miss?"), "text",
        Say("查对照表；miss 写 problem、hold（等着补）、skip（跳过这条）或一个固定值"),
        _example("x | lookup(仓库)", "WH001", "CK0037"), _look_up),
    Pipe("rule", "查规则表", ("table",), "any", Say("查只有一个条件列的规则表；几个条件用函数 RULE"),
        _example("x | rule(重量段)", "3.5", "YTO"), _rule),
    Pipe("date", "日期", ("format?", "from?", "zone?"), "text",
        Say("取日期部分，可写格式，例如 yyyyMMdd；from 说明源里的写法，s 和 ms 是时间戳"),
        _example("x | date", "2026-01-02 03:04:05", "2026-01-02"), _dated(DATE)),
    Pipe("datetime", "日期时间", ("format?", "from?", "zone?"), "text",
        Say("写成日期和时间，可写格式：iso，或带时区的 zoned；from 说明源里的写法，zone 换到别的时区"),
        _example("x | datetime(zoned, zone=UTC)", "2026-01-02 08:04:05", "2026-01-02T00:04:05+00:00"),
        _dated(DATETIME)),
    Pipe("decimal", "小数", ("places?",), "number", Say("读成数字；写了位数就四舍五入到几位"),
        _example("x | decimal(2)", "1.005", Decimal("1.01")), _decimal),
    Pipe("integer", "整数", (), "number", Say("读成整数；有小数是问题"),
        _example("x | integer", "30.0000", 30), _integer),
    Pipe("boolean", "是否", (), "truth", Say("读成是/否"), _example("x | boolean", "Y", True), _boolean),
    Pipe("text", "文本", (), "text", Say("写成文本，数字逐位不变"),
        _example("x | text", Decimal("30.0000"), "30.0000"), _texted(lambda bound: lambda text, scope: text)),
    Pipe("default", "默认", ("value",), "any", Say("没有、null 或空文本时用这个值"),
        _example("x | default(无)", "", "无"), _default),
    Pipe("trim", "去空格", (), "text", Say("去掉两端的空格"), _example("x | trim", " CK1 ", "CK1"),
        _texted(lambda bound: lambda text, scope: text.strip(BLANKS))),
    Pipe("upper", "大写", (), "text", Say("字母变成大写"), _example("x | upper", "ck1", "CK1"),
        _texted(lambda bound: lambda text, scope: text.upper())),
    Pipe("lower", "小写", (), "text", Say("字母变成小写"), _example("x | lower", "CK1", "ck1"),
        _texted(lambda bound: lambda text, scope: text.lower())),
    Pipe("left", "左取", ("count",), "text", Say("左边的几个字符"), _example("x | left(2)", "CK2026", "CK"),
        _texted(_cut(False))),
    Pipe("right", "右取", ("count",), "text", Say("右边的几个字符"),
        _example("x | right(4)", "CK2026", "2026"), _texted(_cut(True))),
    Pipe("replace", "替换", ("old", "new"), "text", Say("把旧文本全部换成新文本"),
        _example('x | replace("-", "/")', "A-1-2", "A/1/2"), _texted(_replace)),
    Pipe("split", "拆分", ("by?", "number?"), "any", Say("按分隔符拆成列表；写了第几个就只取那一个，从 1 数"),
        _example('x | split(",", 2)', "a,b,c", "b"), _texted(_split)),
    Pipe("join", "连接", ("by?",), "text", Say("把列表里不空的各项连成文本"),
        _example('x | join("、")', ["a", "b"], "a、b"), _join),
    Pipe("enum", "对应", ("else?",), "any", Say("按写出的对应关系换值；没写到的是问题，或用 else"),
        _example("x | enum(1=A10001, 2=A10002)", "2", "A10002"), _enum, free=True),
    *OPENING,
)  # fmt: skip

PIPES: dict[str, Pipe] = {name: pipe for pipe in REGISTRY for name in (pipe.name, pipe.alias)}


def piped(find: Find, dresses: tuple[Dress, ...]) -> Find:
    """The value found, then through every pipe."""
    if not dresses:
        return find
    if len(dresses) == 1:
        only = dresses[0]
        return lambda row, scope: only(find(row, scope), scope)

    def through(row: Value, scope: Scope) -> Value:
        value = find(row, scope)
        for dress in dresses:
            value = dress(value, scope)
        return value

    return through
