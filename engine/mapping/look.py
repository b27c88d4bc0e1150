"""Code tables: one closure for the `lookup` pipe and the LOOKUP function, with what a miss means."""

from __future__ import annotations

from engine.mapping.plain import MISSING, Value, as_text
from engine.mapping.scope import Dress, Held, Passed, Scope, Trouble
from engine.say import Say

WORDS = ("problem", "hold", "skip")


def compile_lookup(table: str, miss: str, label: str, quote: bool) -> Dress:
    """Blank in, missing out. A miss is a problem, holds or skips the record, or gives the literal `miss`."""

    def look(value: Value, scope: Scope) -> Value:
        code = value if isinstance(value, str) else as_text(value)
        if not code:
            return _no_code(value, label)
        try:
            return scope.run.lookups[table][code]
        except KeyError:
            return missed(code, scope)

    def missed(code: str, scope: Scope) -> Value:
        if table not in scope.run.lookups and miss != "hold":
            raise Trouble(
                "unknown_table", Say("没有对照表「{table}」", table=table), Say("先建立并导入这个对照表")
            )
        if miss not in WORDS:
            return miss
        says = Say("对照表「{table}」里没有「{code}」", table=table, code=code if quote else "…")
        if miss == "hold":
            raise Held(table, code, says)
        if miss == "skip":
            raise Passed(says)
        raise Trouble("lookup_miss", says, Say("在对照表里补上它，再重试这条数据"))

    return look


def _no_code(value: Value, label: str) -> Value:
    if isinstance(value, dict | list) or as_text(value) is None:
        raise Trouble("no_text", Say("{label} 不是编码", label=label), Say("对照表只查文本或数字"))
    return MISSING
