"""What each MySQL function is here. A function that is not in the table has no equal: a Slip says so."""

from __future__ import annotations

from dataclasses import replace

from engine.mapping.formula.tree import Call, Compare, Prefix, Text, Tree
from engine.mapping.slip import Slip
from engine.qeasy import expression as sql
from engine.qeasy.dates import DATES
from engine.qeasy.expression import Expression
from engine.qeasy.formula import Functions, Make, Sight, Translator
from engine.qeasy.kinds import call, counted, of_numbers, of_texts, small
from engine.qeasy.parts import REWRITE, Made, number_of, whole
from engine.say import Say


def formula(tree: Expression, sight: Sight) -> Tree:
    """The expression as a formula. Raises Slip for what has no equal here."""
    return Translator(sight, FUNCTIONS).value(tree)


# -- choosing --------------------------------------------------------------------------------------


def _if(of: sql.Call, to: Translator) -> Made:
    counted(of, 3, 3)
    test, then, otherwise = of.args
    return Made(call("IF", to.test(test), to.value(then), to.value(otherwise)))


def _coalesce(of: sql.Call, to: Translator) -> Made:
    counted(of, 1, 20)
    return Made(Call("COALESCE", tuple(to.value(arg) for arg in of.args)))


def _nullif(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 2)
    same = to.test(sql.Pair("=", of.args[0], of.args[1], of.at))
    return Made(call("IF", Prefix("NOT", same), to.value(of.args[0])))


def _isnull(of: sql.Call, to: Translator) -> Made:
    counted(of, 1, 1)
    return to.made(sql.Among(of.args[0], (), of.at))


# -- texts -----------------------------------------------------------------------------------------


def _concat_ws(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 20)
    mark, *rest = (to.text(arg).tree for arg in of.args)
    return Made(call("JOIN", Call("LIST", tuple(rest)), mark), "text")


def _substring(of: sql.Call, to: Translator) -> Made:
    """Places count from 1, negative ones from the end; place 0 gives nothing there."""
    counted(of, 2, 3)
    text, start = to.text(of.args[0]), number_of(of.args[1])
    if start is not None and start.value < 0:
        end = call("RIGHT", text.tree, whole(-int(start.value)))
        tree = call("LEFT", end, to.exact(of.args[2]).tree) if len(of.args) == 3 else end
        return replace(text, tree=tree)
    place = to.exact(of.args[1])
    size = to.exact(of.args[2]).tree if len(of.args) == 3 else call("LEN", text.tree)
    return Made(call("MID", text.tree, place.tree, size), "text", text.zeros + place.zeros)


def _locate(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 3)
    part, text = to.text(of.args[0]), to.text(of.args[1])
    start = [to.exact(of.args[2]).tree] if len(of.args) == 3 else []
    return Made(Call("FIND", (text.tree, part.tree, *start)), "number", part.zeros + text.zeros)


def _instr(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 2)
    return _locate(replace(of, args=(of.args[1], of.args[0])), to)


def _padded(name: str) -> Make:
    """MySQL cuts what is longer than the size."""

    def make(of: sql.Call, to: Translator) -> Made:
        counted(of, 3, 3)
        text, size, sign = to.text(of.args[0]), to.exact(of.args[1]), to.text(of.args[2])
        return replace(text, tree=call("LEFT", call(name, text.tree, size.tree, sign.tree), size.tree))

    return make


def _index(of: sql.Call, to: Translator) -> Made:
    """SUBSTRING_INDEX: the text before the first mark, or behind the last one."""
    counted(of, 3, 3)
    text, mark, count = to.text(of.args[0]), to.text(of.args[1]), small(of.args[2])
    if count == 1:
        return replace(text, tree=call("BEFORE", text.tree, mark.tree))
    if count == -1:
        return replace(text, tree=call("ITEM", call("SPLIT", text.tree, mark.tree), whole(-1)))
    raise Slip(of.at, Say("SUBSTRING_INDEX 只会第 1 段和倒数第 1 段"), REWRITE)


def _bytes(of: sql.Call, to: Translator) -> Made:
    raise Slip(
        of.at,
        Say("LENGTH 数字节，一个汉字算 3 个，这里没有"),
        Say("按字符数就用 LEN，按国标字节数就用 BYTES"),
    )


def _like(of: sql.Call, to: Translator) -> Made:
    """`%` and `_` of a literal pattern; MySQL looks past case, ours does not."""
    left, right = of.args
    pattern = right.plain if isinstance(right, sql.Text) else None
    if pattern is None or "\\" in pattern:
        raise Slip(of.at, Say("LIKE 后面要是固定的文本"), REWRITE)
    text, inner = to.text(left), pattern.strip("%")
    if any(sign in inner for sign in "%_*?#"):
        if any(sign in pattern for sign in "*?#"):
            raise Slip(of.at, Say("LIKE 的写法里有 * ? #"), REWRITE)
        tree = call("MATCHES", text.tree, Text(pattern.replace("%", "*").replace("_", "?")))
    elif not inner:
        tree = call("CONTAINS", text.tree, Text(""))
    elif pattern == inner:
        return Made(Compare("=", text.tree, Text(inner)), "truth", text.zeros)
    else:
        name = (
            "CONTAINS"
            if pattern[0] == pattern[-1] == "%"
            else "ENDSWITH"
            if pattern[0] == "%"
            else "STARTSWITH"
        )
        tree = call(name, text.tree, Text(inner))
    return Made(tree, "truth", text.zeros)


# -- numbers ---------------------------------------------------------------------------------------


def _mod(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 2)
    return to.made(sql.Pair("%", of.args[0], of.args[1], of.at))


def _cast(of: sql.Call, to: Translator) -> Made:
    if of.unit in ("CHAR", "NCHAR"):
        return replace(to.text(of.args[0]), tree=call("TEXT", to.text(of.args[0]).tree))
    if of.unit in ("SIGNED", "UNSIGNED", "DECIMAL"):
        made, places = to.exact(of.args[0]), small(of.args[2]) if len(of.args) == 3 else 0
        return Made(call("ROUND", call("NUMBER", made.tree), whole(places)), "number", made.zeros)
    if of.unit in ("DATE", "DATETIME"):
        return replace(to.text(of.args[0]), tree=call(of.unit, to.text(of.args[0]).tree))
    raise Slip(of.at, Say("还不会转成 {unit}", unit=of.unit), REWRITE)


def _format(of: sql.Call, to: Translator) -> Made:
    counted(of, 2, 2)
    made, places = to.exact(of.args[0]), small(of.args[1])
    picture = "#,##0" + ("." + "0" * places if places else "")
    return Made(call("TEXT", made.tree, Text(picture)), "text", made.zeros)


def _over(name: str, whole: str) -> Make:
    """SUM and its like over one field of every row of a list."""

    def make(of: sql.Call, to: Translator) -> Made:
        counted(of, 1, 1)
        if not isinstance(of.args[0], sql.Field):
            raise Slip(of.at, Say("{name} 里要是一个列表的字段", name=of.name), REWRITE)
        rows, column = to.sight.column(of.args[0])
        if name == "SUM":
            return Made(call("SUMBY", rows, column), "number")
        if name == "COUNT":
            return Made(call("COUNT", call("FILTER", rows, Prefix("NOT", call("ISBLANK", column)))), "number")
        return Made(call(whole, call("EACH", rows, column)), "number")

    return make


FUNCTIONS: Functions = {
    "IF": _if, "IFNULL": _coalesce, "COALESCE": _coalesce, "NULLIF": _nullif, "ISNULL": _isnull,
    "CONCAT": of_texts("CONCAT", least=1, most=40), "CONCAT_WS": _concat_ws,
    "LEFT": of_texts("LEFT", 1, 2, 2), "RIGHT": of_texts("RIGHT", 1, 2, 2),
    "SUBSTRING": _substring, "SUBSTR": _substring, "MID": _substring, "SUBSTRING_INDEX": _index,
    "LOCATE": _locate, "POSITION": _locate, "INSTR": _instr, "REPLACE": of_texts("REPLACE", 0, 3, 3),
    "CHAR_LENGTH": of_texts("LEN", kind="number"), "CHARACTER_LENGTH": of_texts("LEN", kind="number"), "LENGTH": _bytes,
    "TRIM": of_texts("TRIM"), "UPPER": of_texts("UPPER"), "UCASE": of_texts("UPPER"), "LOWER": of_texts("LOWER"),
    "LCASE": of_texts("LOWER"), "LPAD": _padded("PADLEFT"), "RPAD": _padded("PADRIGHT"),
    "REPEAT": of_texts("REPEAT", 1, 2, 2), "REVERSE": of_texts("BACKWARDS"), "MD5": of_texts("MD5"),
    "ROUND": of_numbers("ROUND", 1, 2), "TRUNCATE": of_numbers("ROUNDDOWN", 2, 2), "ABS": of_numbers("ABS"),
    "CEIL": of_numbers("CEILING"), "CEILING": of_numbers("CEILING"), "FLOOR": of_numbers("INT"),
    "SIGN": of_numbers("SIGN"), "POW": of_numbers("POWER", 2, 2), "POWER": of_numbers("POWER", 2, 2),
    "GREATEST": of_numbers("MAX", 2, 20), "LEAST": of_numbers("MIN", 2, 20), "MOD": _mod, "CAST": _cast,
    "FORMAT": _format, "SUM": _over("SUM", ""), "AVG": _over("AVG", "AVERAGE"), "MAX": _over("MAX", "MAX"),
    "MIN": _over("MIN", "MIN"), "COUNT": _over("COUNT", ""),
    "LIKE": _like, **DATES,
}  # fmt: skip
