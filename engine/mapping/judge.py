"""Asking a rule table: one closure for the `rule` pipe and the RULE function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.mapping.codes import column_of
from engine.mapping.entry import Several
from engine.mapping.ground import Ground
from engine.mapping.look import WORDS
from engine.mapping.plain import MISSING, Value, blank
from engine.mapping.rules import Ruled, Rules
from engine.mapping.scope import Held, Lacking, Passed, Scope, Trouble
from engine.mapping.slip import Slip
from engine.say import Say, Words

Ask = Callable[[Sequence[Value], Scope], Value]


def compile_rule(name: str, count: int, ground: Ground, quote: bool) -> Ask:
    """Asks the table for `count` values. The scheme's own tables are known here, stored ones when a record comes.

    Raises Slip where the table has no such column, or another number of conditions.
    """
    own, column = (name, "") if name in ground.rules else column_of(name)
    rules = ground.rules.get(own)
    if rules is not None:
        place = _fitted(rules, column, count)
        return lambda values, scope: _given(rules, place, values, scope, quote)
    ground.table(own)

    def ask(values: Sequence[Value], scope: Scope) -> Value:
        table = scope.run.lookups.get(own)
        if not isinstance(table, Ruled):
            raise Trouble("unknown_table", Say("没有规则表「{table}」", table=own), Say("先建立并导入它"))
        try:
            place = _fitted(table.rules, column, count)
        except Slip as slip:
            raise Trouble("rule_table", slip.says, slip.do) from None
        return _given(table.rules, place, values, scope, quote)

    return ask


def _fitted(rules: Rules, column: str, count: int) -> int:
    """The place of the column among what the table gives."""
    if count != len(rules.inputs):
        names = Words(name for name, _ in rules.inputs)
        says = Say(
            "规则表「{table}」有 {count} 个条件：{names}",
            table=rules.name,
            count=len(rules.inputs),
            names=names,
        )
        raise Slip(0, says, Say("按这个次序逐个给值"), "rule_inputs")
    if column and column not in rules.gives:
        says = Say("规则表「{table}」没有结果列 {column}", table=rules.name, column=column)
        raise Slip(0, says, Say("有：{names}", names=Words(one for one in rules.gives if one)), "rule_column")
    return rules.gives.index(column) if column else 0


def _given(rules: Rules, place: int, values: Sequence[Value], scope: Scope, quote: bool) -> Value:
    scope.run.spend(len(rules.rows))
    read = rules.read(values)
    for value, seen, (name, kind) in zip(values, read, rules.inputs, strict=True):
        if kind == "number" and seen is None and not blank(value):
            says = Say("规则表「{table}」的条件 {name} 不是数字", table=rules.name, name=name)
            raise Trouble("no_number", says, Say("核对源数据"))
    found = rules.find(read)
    told = rules.told(read) if quote else "…"
    if isinstance(found, Several):
        says = Say(
            "规则表「{table}」有 {count} 行同样贴切：{told}", table=rules.name, count=found.count, told=told
        )
        raise Trouble("several", says, Say("给其中一行加上条件"))
    if found is None:
        return _missed(rules, told, scope)
    value = found.gives[place]
    return MISSING if value is None else value


def _missed(rules: Rules, told: str, scope: Scope) -> Value:
    if rules.miss not in WORDS:
        return rules.miss
    says = Say("规则表「{table}」没有一行适用：{told}", table=rules.name, told=told)
    if rules.miss == "hold":
        raise Held(rules.name, told, says)
    if rules.miss == "skip":
        raise Passed(says)
    raise Lacking("rule_miss", rules.name, told, says, Say("在规则表里补上一行，再重试这条数据"))
