"""Lookups: one closure for the `lookup` pipe and the LOOKUP function, with what a miss means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from engine.mapping.codes import DEFAULT, joined, shown_code
from engine.mapping.entry import Dated, Entry, Several
from engine.mapping.plain import MISSING, Value, as_text
from engine.mapping.scope import Dress, Held, Lacking, Passed, Scope, Trouble
from engine.say import Say

WORDS = ("problem", "hold", "skip")

Day = Callable[[Scope], "date | None"]
"""The day for which a table with days is asked; None: today."""


def compile_lookup(
    table: str, miss: str, label: str, quote: bool, zone: str = "Asia/Shanghai", day: Day | None = None
) -> Dress:
    """Blank in, missing out. A miss is a problem, holds or skips the record, or gives the literal `miss`.

    `day` tells from the row on which day the table is asked; today, in `zone`, where it is not given.
    """

    def look(value: Value, scope: Scope) -> Value:
        code = value if isinstance(value, str) else code_of(value, label)
        if not code:
            return MISSING
        try:
            found = scope.run.lookups[table][code]
        except KeyError:
            found = scope.run.lookups.get(table, {}).get(DEFAULT)
        if found.__class__ is not str:
            found = _on(found, scope)
        if isinstance(found, str):
            return found or MISSING
        return missed(code, found, scope)

    def _on(found: Entry, scope: Scope) -> Entry:
        if not isinstance(found, Dated):
            return found
        on = day(scope) if day is not None else None
        return found.on(on or scope.run.now.astimezone(ZoneInfo(zone)).date())

    def missed(code: str, found: Entry, scope: Scope) -> Value:
        shown = shown_code(code) if quote else "…"
        if isinstance(found, Several):
            says = Say(
                "「{table}」里「{code}」有 {count} 个不同的值", table=table, code=shown, count=found.count
            )
            raise Trouble("several", says, Say("只留下对的那一个"))
        if table not in scope.run.lookups and miss != "hold":
            raise Trouble(
                "unknown_table", Say("没有对照表「{table}」", table=table), Say("先建立并导入这个对照表")
            )
        if miss not in WORDS:
            return miss
        says = Say("对照表「{table}」里没有「{code}」", table=table, code=shown)
        if miss == "hold":
            raise Held(table, code, says)
        if miss == "skip":
            raise Passed(says)
        raise Lacking("lookup_miss", table, code, says, Say("在对照表里补上它，再重试这条数据"))

    return look


def code_of(value: Value, label: str) -> str:
    """A value as a code; a list (`KEY`) as one code of several keys, "" where all of them are blank."""
    parts = [as_text(part) for part in value] if isinstance(value, list) else [as_text(value)]
    texts = [part for part in parts if part is not None]
    if isinstance(value, dict) or len(texts) < len(parts):
        raise Trouble("no_text", Say("{label} 不是编码", label=label), Say("对照表只查文本或数字"))
    return joined(texts) if any(texts) else ""
