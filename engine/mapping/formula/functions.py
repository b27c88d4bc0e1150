"""The registry of all functions, by English name and by Chinese alias. A new group is one more tuple here."""

from __future__ import annotations

from difflib import get_close_matches

from engine.mapping.formula import (
    asking,
    calendar,
    choice,
    coding,
    date,
    layout,
    number,
    rounding,
    rows,
    search,
    share,
    text,
)
from engine.mapping.formula.function import Function
from engine.say import Say, Words

GROUPS: tuple[tuple[Say, tuple[Function, ...]], ...] = (
    (Say("条件"), choice.FUNCTIONS),
    (Say("查表"), asking.FUNCTIONS),
    (Say("文本"), (*text.FUNCTIONS, *search.FUNCTIONS, *layout.FUNCTIONS)),
    (Say("数字"), (*number.FUNCTIONS, *rounding.FUNCTIONS)),
    (Say("分摊"), share.FUNCTIONS),
    (Say("日期"), (*date.FUNCTIONS, *calendar.FUNCTIONS)),
    (Say("列表"), rows.FUNCTIONS),
    (Say("编码与 JSON"), coding.FUNCTIONS),
)
REGISTRY: tuple[Function, ...] = tuple(function for _, group in GROUPS for function in group)

FUNCTIONS: dict[str, Function] = {
    name: function for function in REGISTRY for name in (function.name, function.alias)
}


def nearest_function(name: str) -> Say:
    close = get_close_matches(name.upper(), FUNCTIONS, 3, 0.5)
    if close:
        return Say("相近的有：{names}", names=Words(close))
    return Say("函数列表见帮助页；字段名后面不跟括号")
