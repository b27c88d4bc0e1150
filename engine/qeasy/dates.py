"""MySQL's functions of dates and times."""

from __future__ import annotations

from dataclasses import replace

from engine.mapping.formula.tree import Chain, Number, Text, Tree
from engine.mapping.slip import Slip
from engine.qeasy import expression as sql
from engine.qeasy.expression import Expression
from engine.qeasy.formula import Functions, Make, Translator
from engine.qeasy.kinds import call, counted, of_texts
from engine.qeasy.parts import REWRITE, Made, number_of, whole
from engine.say import Say

DATETIME = "yyyy-MM-dd HH:mm:ss"
PICTURES = {"Y": "yyyy", "m": "MM", "d": "dd", "H": "HH", "i": "mm", "s": "ss", "S": "ss", "T": "HH:mm:ss"}
MAY_STAND = "-/.: T年月日时分秒"
STEPS = {
    "SECOND": "ADDSECONDS", "MINUTE": "ADDMINUTES", "HOUR": "ADDHOURS", "DAY": "ADDDAYS", "MONTH": "ADDMONTHS",
    "WEEK": "ADDDAYS", "YEAR": "ADDMONTHS",
}  # fmt: skip
TIMES = {"WEEK": 7, "YEAR": 12}


def layout(of: Expression) -> str:
    """`%Y-%m-%d %H:%i:%s` as yyyy-MM-dd HH:mm:ss."""
    said = of.plain if isinstance(of, sql.Text) else None
    if said is None:
        raise Slip(of.at, Say("日期写法要是固定的文本"), REWRITE)
    out, at = [], 0
    while at < len(said):
        sign = said[at]
        made = PICTURES.get(said[at + 1 : at + 2]) if sign == "%" else sign if sign in MAY_STAND else None
        if made is None:
            raise Slip(of.at, Say("不会写日期格式 {form}", form=said), REWRITE)
        out.append(made)
        at += 2 if sign == "%" else 1
    return "".join(out)


def _from_unixtime(of: sql.Call, to: Translator) -> Made:
    """Milliseconds divided by 1000 are read as milliseconds."""
    counted(of, 1, 2)
    seconds = of.args[0]
    milli = isinstance(seconds, sql.Pair) and seconds.sign == "/" and number_of(seconds.right) == whole(1000)
    if milli and isinstance(seconds, sql.Pair):
        made = to.exact(seconds.left)
        tree: Tree = call("FROMEPOCH", made.tree, Text("ms"))
    else:
        made = to.exact(seconds)
        tree = call("FROMEPOCH", made.tree)
    form = layout(of.args[1]) if len(of.args) == 2 else DATETIME
    tree = tree if form == DATETIME else call("DATETIME", tree, Text(form))
    return Made(tree, "text", made.zeros)


def _now(of: sql.Call, to: Translator) -> Made:
    return Made(to.sight.moment("CURRENT_TIME", of.at), "text")


def _today(of: sql.Call, to: Translator) -> Made:
    return Made(call("DATE", to.sight.moment("CURRENT_TIME", of.at)), "text")


def _unix_timestamp(of: sql.Call, to: Translator) -> Made:
    counted(of, 0, 1)
    made = to.text(of.args[0]) if of.args else _now(of, to)
    return Made(call("TOEPOCH", made.tree), "number", made.zeros)


def _date_format(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 2)
    made = to.text(of.args[0])
    return replace(made, tree=call("DATETIME", made.tree, Text(layout(of.args[1]))))


def _str_to_date(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 2)
    made = to.text(of.args[0])
    return replace(made, tree=call("PARSEDATE", made.tree, Text(layout(of.args[1]))))


def _shifted(sign: int) -> Make:
    def make(of: sql.Call, to: Translator) -> Made:
        counted(of, 2, 2)
        date, span = to.text(of.args[0]), of.args[1]
        if not isinstance(span, sql.Call) or span.name != "INTERVAL":
            span = sql.Call("INTERVAL", (span,), of.at, "DAY")
        count = to.exact(span.args[0]).tree
        factor = sign * TIMES.get(span.unit, 1)
        if isinstance(count, Number):
            count = Number(count.value * factor)
        elif factor != 1:
            count = Chain(count, (("*", whole(factor)),))
        return replace(date, tree=call(STEPS[span.unit], date.tree, count))

    return make


def _datediff(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 2)
    to_, from_ = (to.text(arg) for arg in of.args)
    return Made(call("DAYS", from_.tree, to_.tree), "number", to_.zeros + from_.zeros)


DATES: Functions = {
    "FROM_UNIXTIME": _from_unixtime, "UNIX_TIMESTAMP": _unix_timestamp, "NOW": _now, "SYSDATE": _now,
    "CURRENT_TIMESTAMP": _now, "LOCALTIME": _now, "CURDATE": _today, "CURRENT_DATE": _today,
    "DATE": of_texts("DATE"), "DATE_FORMAT": _date_format, "STR_TO_DATE": _str_to_date,
    "DATE_ADD": _shifted(1), "ADDDATE": _shifted(1), "DATE_SUB": _shifted(-1), "SUBDATE": _shifted(-1),
    "DATEDIFF": _datediff, "LAST_DAY": of_texts("MONTHEND"), "YEAR": of_texts("YEAR", kind="number"),
    "MONTH": of_texts("MONTH", kind="number"), "DAY": of_texts("DAY", kind="number"),
    "DAYOFMONTH": of_texts("DAY", kind="number"), "HOUR": of_texts("HOUR", kind="number"),
}  # fmt: skip
