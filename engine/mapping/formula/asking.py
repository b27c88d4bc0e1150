"""Functions that ask tables: LOOKUP for codes, KEY for codes of several parts, RULE for rule tables."""

from __future__ import annotations

from datetime import date

from engine.mapping.dates import no_date, read_moment
from engine.mapping.formula.coded import Coded, not_read, texts
from engine.mapping.formula.function import Args, Function, shows, takes
from engine.mapping.judge import compile_rule
from engine.mapping.look import Day, compile_lookup
from engine.mapping.manual import Example, Param
from engine.mapping.scope import Find, Scope
from engine.say import Say


def look_up(args: Args) -> Find:
    """LOOKUP("仓库", warehouse_no, "hold") is `warehouse_no | lookup(仓库, miss=hold)`."""
    ground = args.ground
    table, coded = ground.table(args.literal(0) or ""), args.coded[1]
    miss = ground.misses(table, args.literal(2) or "")
    day = _day(args.coded[3]) if len(args.coded) > 3 else None
    dress = compile_lookup(table, miss, coded.label, coded.quote, ground.zone, day)
    find = coded.find
    return lambda row, scope: dress(find(row, scope), scope)


def _day(coded: Coded) -> Day:
    """The day a value tells; None where it is blank."""
    read = texts(coded)

    def day(scope: Scope) -> date | None:
        text = read(scope.row, scope)
        moment = read_moment(text)
        if moment is None and not no_date(text):
            do = Say("日期形如 2026-01-02 或 2026-01-02 03:04:05")
            raise not_read(coded, text, "no_date", lambda what: Say("{what} 不是日期", what=what), do)
        return moment.date() if moment else None

    return day


def key(args: Args) -> Find:
    """Several codes as one, for a table with several keys."""
    reads = args.ready()
    return lambda row, scope: [read(row, scope) for read in reads]


def rule(args: Args) -> Find:
    """RULE("渠道", province, weight): a rule table asked with as many values as it has conditions."""
    inputs = tuple(one.find for one in args.coded[1:])
    quote = all(one.quote for one in args.coded[1:])
    ask = compile_rule(args.literal(0) or "", len(inputs), args.ground, quote)
    return lambda row, scope: ask(tuple(find(row, scope) for find in inputs), scope)


FUNCTIONS = (
    Function("LOOKUP", "查对照表",
        takes(Param(Say("对照表"), "literal"), Param(Say("编码"), "any"),
            Param(Say("查不到时"), "literal", optional=True), Param(Say("哪一天"), "any", optional=True)),
        "text", Say("在对照表里查编码；查不到时写 problem、hold、skip 或一个固定值；哪一天有效，不写就是今天"),
        (Example('LOOKUP("仓库", "WH001")', "CK0037"),), look_up, needs="lookup"),
    Function("KEY", "组合键", takes(Param(Say("编码"), "text", many=True)), "list",
        Say("把几个编码合成一个，用来查有几列键的对照表"), shows(('LOOKUP("订单行", KEY("PO1", "A"))', "9001")), key),
    Function("RULE", "查规则表", takes(Param(Say("规则表"), "literal"), Param(Say("值"), "any", many=True)), "any",
        Say("按规则表的条件列依次给值，得到第一条或最贴切的一条的结果"),
        (Example('RULE("渠道", "浙江省", 2.5)', "SF"),), rule, needs="lookup"),
)  # fmt: skip
