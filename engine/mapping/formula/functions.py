"""The registry of all functions, by English name and by Chinese alias. A new group is one more tuple here."""

from __future__ import annotations

from difflib import get_close_matches

from engine.mapping.formula import choice, date, number, text
from engine.mapping.formula.function import Function
from engine.say import Say, Words

REGISTRY: tuple[Function, ...] = (*choice.FUNCTIONS, *text.FUNCTIONS, *number.FUNCTIONS, *date.FUNCTIONS)

FUNCTIONS: dict[str, Function] = {
    name: function for function in REGISTRY for name in (function.name, function.alias)
}


def nearest_function(name: str) -> Say:
    close = get_close_matches(name.upper(), FUNCTIONS, 3, 0.5)
    if close:
        return Say("相近的有：{names}", names=Words(close))
    return Say("函数列表见帮助页；字段名后面不跟括号")
