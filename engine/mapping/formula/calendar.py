"""More functions over dates: other ways to write and count them, parts of them, and their zones."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from engine.mapping.dates import (
    DATETIME,
    UNITS,
    from_epoch,
    has_time,
    in_zone,
    known_zone,
    no_date,
    read_form,
    read_moment,
    read_pattern,
    to_epoch,
)
from engine.mapping.formula.coded import not_read
from engine.mapping.formula.date import moment_of
from engine.mapping.formula.function import Args, Function, Make, shows, takes
from engine.mapping.manual import Param
from engine.mapping.plain import MISSING, Value, as_text
from engine.mapping.scope import Find, Scope, Trouble
from engine.mapping.slip import Slip
from engine.say import Say

Change = Callable[[datetime, int], datetime]


def told(moment: datetime, form: object) -> str:
    """The moment in the form of the text it came from: a date stays a date, a time keeps its time."""
    return moment.isoformat(" ", "seconds") if len(str(form)) > 10 else moment.date().isoformat()


def of_moment(work: Callable[[datetime], Value]) -> Make:
    """A function of one date; blank in is missing out."""

    def make(args: Args) -> Find:
        coded, zone = args.coded[0], args.ground.zone

        def part(row: Value, scope: Scope) -> Value:
            value = coded.find(row, scope)
            return MISSING if no_date(value) else work(moment_of(value, coded.label, coded.quote, zone))

        return part

    return make


def edge(work: Callable[[datetime], datetime]) -> Make:
    """The first or last day of a month, as a date."""
    return of_moment(lambda moment: work(moment).date().isoformat())


def moved(change: Change) -> Make:
    """The date so many units later; blank in is missing out."""

    def make(args: Args) -> Find:
        coded, count, zone = args.coded[0], args.ready()[1], args.ground.zone

        def later(row: Value, scope: Scope) -> Value:
            value = coded.find(row, scope)
            if no_date(value):
                return MISSING
            try:
                return told(
                    change(moment_of(value, coded.label, coded.quote, zone), count(row, scope)), value
                )
            except (OverflowError, ValueError):
                raise Trouble("overflow", Say("日期超出范围"), Say("检查加减的数量")) from None

        return later

    return make


def months_later(moment: datetime, count: int) -> datetime:
    """The same day of another month, or that month's last where it has no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def timed(unit: str) -> Change:
    """So many hours, minutes or seconds later; a date alone becomes a time."""
    return lambda moment, count: moment + timedelta(**{unit: count})


def moved_time(unit: str) -> Make:
    change = timed(unit)

    def make(args: Args) -> Find:
        coded, count, zone = args.coded[0], args.ready()[1], args.ground.zone

        def later(row: Value, scope: Scope) -> Value:
            value = coded.find(row, scope)
            if no_date(value):
                return MISSING
            try:
                when = change(moment_of(value, coded.label, coded.quote, zone), count(row, scope))
            except OverflowError:
                raise Trouble("overflow", Say("日期超出范围"), Say("检查加减的数量")) from None
            return when.isoformat(" ", "seconds")

        return later

    return make


def parsed(args: Args) -> Find:
    """PARSEDATE: a text in a form of its own, as a date or, where the form has hours, a time."""
    form = args.literal(1) or ""
    read, write = read_form(form), read_pattern("datetime" if has_time(form) else "date")
    if read is None or write is None:
        raise Slip(
            0, Say("不认识的日期格式 {pattern}", pattern=form), Say("例如 yyyyMMdd 或 yyyy/MM/dd HH:mm")
        )
    coded = args.coded[0]

    def date(row: Value, scope: Scope) -> Value:
        value = coded.find(row, scope)
        if no_date(value):
            return MISSING
        moment = read(as_text(value) or "")
        if moment is None:
            do = Say("写成的格式是 {pattern}", pattern=form)
            raise not_read(coded, value, "no_date", lambda what: Say("{what} 不是这种日期", what=what), do)
        return write(moment)

    return date


def unit_of(args: Args, place: int) -> str:
    unit = args.literal(place) or "s"
    if unit not in UNITS:
        raise Slip(0, Say("时间戳的单位是 s 或 ms"), Say("写 s（秒）或 ms（毫秒）"))
    return unit


def of_epoch(args: Args) -> Find:
    coded, unit, zone = args.coded[0], unit_of(args, 1), args.ground.zone
    write = cast("Callable[[datetime], str]", read_pattern(DATETIME))

    def date(row: Value, scope: Scope) -> Value:
        value = coded.find(row, scope)
        if no_date(value):
            return MISSING
        moment = from_epoch(value, unit, zone)
        if moment is None:
            do = Say("核对源数据，秒写 s，毫秒写 ms")
            raise not_read(coded, value, "no_date", lambda what: Say("{what} 不是时间戳", what=what), do)
        return write(moment)

    return date


def as_epoch(args: Args) -> Find:
    unit, zone = unit_of(args, 1), args.ground.zone
    return of_moment(lambda moment: to_epoch(moment, unit, zone))(args)


def days_between(args: Args) -> Find:
    """DAYS: whole days from the first date to the second, times of day left out."""
    first, second = args.coded
    zone = args.ground.zone

    def days(row: Value, scope: Scope) -> Value:
        since, until = first.find(row, scope), second.find(row, scope)
        if no_date(since) or no_date(until):
            return MISSING
        begin = moment_of(since, first.label, first.quote, zone).date()
        return (moment_of(until, second.label, second.quote, zone).date() - begin).days

    return days


def other_zone(args: Args) -> Find:
    """INZONE: the same instant on another clock."""
    coded, home, other = args.coded[0], args.ground.zone, args.literal(1) or ""
    pattern = args.literal(2) or DATETIME
    write = read_pattern(pattern, other) if known_zone(other) else None
    if write is None:
        raise Slip(0, Say("不认识时区 {zone} 或格式 {pattern}", zone=other, pattern=pattern),
            Say("时区写 UTC、America/Los_Angeles 这样的名字"))  # fmt: skip

    def date(row: Value, scope: Scope) -> Value:
        value = coded.find(row, scope)
        if no_date(value):
            return MISSING
        moment = in_zone(moment_of(value, coded.label, coded.quote, home), home, other)
        if moment is None:
            raise Trouble("overflow", Say("日期超出范围"), Say("核对源数据"))
        return write(moment)

    return date


def is_date(args: Args) -> Find:
    find = args.coded[0].find

    def check(row: Value, scope: Scope) -> Value:
        value = find(row, scope)
        return not no_date(value) and isinstance(value, str) and read_moment(value) is not None

    return check


WHEN = Param(Say("日期"), "any")
UNIT = Param(Say("单位"), "literal", optional=True)
HOW_MANY = Param(Say("数量"), "count")
NOON = '"2026-02-28 23:59:30"'
FUNCTIONS = (
    Function("PARSEDATE", "读日期", takes(Param(Say("文本"), "any"), Param(Say("写法"), "literal")), "text",
        Say("按写法读日期，例如 yyyyMMdd、yyyy/MM/dd HH:mm"),
        shows(('PARSEDATE("20260102", "yyyyMMdd")', "2026-01-02"),
              ('PARSEDATE("2026/01/02 03:04", "yyyy/MM/dd HH:mm")', "2026-01-02 03:04:00")), parsed),
    Function("FROMEPOCH", "时间戳转时间", takes(Param(Say("时间戳"), "any"), UNIT), "text",
        Say("从 1970 年起的秒数（s）或毫秒数（ms）变成日期和时间，不写单位是秒"),
        shows(("FROMEPOCH(1767297845)", "2026-01-02 04:04:05"),
              ('FROMEPOCH("1767297845123", "ms")', "2026-01-02 04:04:05")), of_epoch),
    Function("TOEPOCH", "时间转时间戳", takes(WHEN, UNIT), "number",
        Say("日期和时间变成从 1970 年起的秒数（s）或毫秒数（ms）"),
        shows(('TOEPOCH("2026-01-02 04:04:05")', 1767297845),
              ('TOEPOCH("2026-01-02 04:04:05", "ms")', 1767297845000)), as_epoch),
    Function("ADDMONTHS", "加月数", takes(WHEN, HOW_MANY), "text",
        Say("往后几个月，负数往前；没有那一天就取月末"),
        shows(('ADDMONTHS("2026-01-31", 1)', "2026-02-28")), moved(months_later)),
    Function("ADDHOURS", "加小时", takes(WHEN, HOW_MANY), "text", Say("往后几小时，负数往前"),
        shows((f"ADDHOURS({NOON}, 1)", "2026-03-01 00:59:30")), moved_time("hours")),
    Function("ADDMINUTES", "加分钟", takes(WHEN, HOW_MANY), "text", Say("往后几分钟，负数往前"),
        shows((f"ADDMINUTES({NOON}, -60)", "2026-02-28 22:59:30")), moved_time("minutes")),
    Function("ADDSECONDS", "加秒", takes(WHEN, HOW_MANY), "text", Say("往后几秒，负数往前"),
        shows((f"ADDSECONDS({NOON}, 30)", "2026-03-01 00:00:00")), moved_time("seconds")),
    Function("YEAR", "年", takes(WHEN), "number", Say("日期的年份"), shows((f"YEAR({NOON})", 2026)),
        of_moment(lambda moment: moment.year)),
    Function("MONTH", "月", takes(WHEN), "number", Say("日期的月份"), shows((f"MONTH({NOON})", 2)),
        of_moment(lambda moment: moment.month)),
    Function("DAY", "日", takes(WHEN), "number", Say("日期是几号"), shows((f"DAY({NOON})", 28)),
        of_moment(lambda moment: moment.day)),
    Function("HOUR", "时", takes(WHEN), "number", Say("时间的小时"), shows((f"HOUR({NOON})", 23)),
        of_moment(lambda moment: moment.hour)),
    Function("WEEKDAY", "星期几", takes(WHEN), "number", Say("星期一是 1，星期日是 7"),
        shows((f"WEEKDAY({NOON})", 6)), of_moment(lambda moment: moment.isoweekday())),
    Function("MONTHSTART", "月初", takes(WHEN), "text", Say("这个月的第一天"),
        shows((f"MONTHSTART({NOON})", "2026-02-01")), edge(lambda moment: moment.replace(day=1))),
    Function("MONTHEND", "月末", takes(WHEN), "text", Say("这个月的最后一天"),
        shows(('MONTHEND("2028-02-03")', "2028-02-29")),
        edge(lambda moment: moment.replace(day=monthrange(moment.year, moment.month)[1]))),
    Function("DAYS", "相差天数", takes(Param(Say("从"), "any"), Param(Say("到"), "any")), "number",
        Say("从前一天到后一天隔几天，不看几点"),
        shows(('DAYS("2026-02-27 23:00:00", "2026-03-01")', 2)), days_between),
    Function("INZONE", "换时区",
        takes(WHEN, Param(Say("时区"), "literal"), Param(Say("格式"), "literal", optional=True)), "text",
        Say("同一时刻在别的时区的写法；要写出时区用格式 zoned"),
        shows(('INZONE("2026-01-02 08:00:00", "UTC")', "2026-01-02 00:00:00"),
              ('INZONE("2026-01-02 08:00:00", "America/Los_Angeles", "zoned")', "2026-01-01T16:00:00-08:00")),
        other_zone),
    Function("ISDATE", "是日期", takes(Param(Say("值"), "any")), "truth",
        Say("值是不是 2026-01-02 或 2026-01-02 03:04:05 这样的日期"),
        shows(('ISDATE("2026-02-30")', False), (f"ISDATE({NOON})", True)), is_date),
)  # fmt: skip
