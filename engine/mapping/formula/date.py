"""Functions over dates. A date is the text yyyy-MM-dd, a time yyyy-MM-dd HH:mm:ss; `0000-00-00…` is blank."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.mapping.dates import DATE, DATETIME, no_date, read_moment, read_pattern
from engine.mapping.formula.function import Args, Function, Make, shows, takes
from engine.mapping.manual import Param
from engine.mapping.plain import MISSING, Value, shown
from engine.mapping.scope import Find, Scope, Trouble
from engine.mapping.slip import Slip
from engine.say import Say


def moment_of(value: Value, label: str, quote: bool, zone: str) -> datetime:
    """The moment a text tells, on the clock of `zone`. Raises Trouble."""
    moment = read_moment(value, zone) if isinstance(value, str) else None
    if moment is None:
        what = Say("{label} 的值 {value}", label=label, value=shown(value)) if quote else label
        raise Trouble(
            "no_date", Say("{what} 不是日期", what=what), Say("日期形如 2026-01-02 或 2026-01-02 03:04:05")
        )
    return moment


def now(pattern: str) -> Make:
    def make(args: Args) -> Find:
        zone = ZoneInfo(args.ground.zone)
        return lambda row, scope: scope.run.now.astimezone(zone).strftime(pattern)

    return make


def dated(standard: str) -> Make:
    """DATE and DATETIME: the date written by a pattern, blank stays blank."""

    def make(args: Args) -> Find:
        coded, pattern = args.coded[0], args.literal(1) or standard
        write, zone = read_pattern(pattern, args.ground.zone), args.ground.zone
        if write is None:
            raise Slip(
                0,
                Say("不认识的日期格式 {pattern}", pattern=pattern),
                Say("用 yyyy MM dd HH mm ss 和 - / : 写成"),
            )
        find = coded.find

        def date(row: Value, scope: Scope) -> Value:
            value = find(row, scope)
            return MISSING if no_date(value) else write(moment_of(value, coded.label, coded.quote, zone))

        return date

    return make


def add_days(args: Args) -> Find:
    """The text keeps its form: a date stays a date, a time keeps its time."""
    coded, count, zone = args.coded[0], args.ready()[1], args.ground.zone
    find = coded.find

    def later(row: Value, scope: Scope) -> Value:
        value = find(row, scope)
        if no_date(value):
            return MISSING
        moment = moment_of(value, coded.label, coded.quote, zone)
        try:
            moved = moment + timedelta(days=count(row, scope))
        except OverflowError:
            raise Trouble("overflow", Say("日期超出范围"), Say("检查加减的天数")) from None
        return moved.isoformat(" ", "seconds") if len(str(value)) > 10 else moved.date().isoformat()

    return later


FUNCTIONS = (
    Function("DATE", "日期", takes(Param(Say("日期"), "any"), Param(Say("格式"), "literal", optional=True)), "text",
        Say("取日期部分，可写格式，例如 yyyyMMdd"),
        shows(('DATE("2026-01-02 03:04:05")', "2026-01-02"),
              ('DATE("2026-01-02", "yyyy/MM/dd")', "2026/01/02")),
        dated(DATE)),
    Function("DATETIME", "日期时间", takes(Param(Say("日期"), "any"), Param(Say("格式"), "literal", optional=True)),
        "text", Say("写成日期和时间，可写格式，例如 iso"),
        shows(('DATETIME("2026-01-02T03:04:05")', "2026-01-02 03:04:05"),
              ('DATETIME("2026-01-02", "iso")', "2026-01-02T00:00:00")),
        dated(DATETIME)),
    Function("NOW", "现在", (), "text", Say("运行这一刻的日期和时间"), shows(("LEN(NOW())", 19)),
        now("%Y-%m-%d %H:%M:%S"), needs="now"),
    Function("TODAY", "今天", (), "text", Say("运行这一天的日期"), shows(("LEN(TODAY())", 10)),
        now("%Y-%m-%d"), needs="now"),
    Function("ADDDAYS", "加天数", takes(Param(Say("日期"), "any"), Param(Say("天数"), "count")), "text",
        Say("往后几天，负数往前"),
        shows(('ADDDAYS("2026-02-28", 1)', "2026-03-01"),
              ('ADDDAYS("2026-01-01 08:00:00", -1)', "2025-12-31 08:00:00")),
        add_days),
)  # fmt: skip
