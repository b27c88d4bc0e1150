"""The rule tables of a scheme compiled, with what they leave out; and how its live lookups are asked."""

from __future__ import annotations

from collections.abc import Mapping

from engine.mapping.codes import parted
from engine.mapping.coverage import Coverage, coverage
from engine.mapping.remarks import Remarks
from engine.mapping.rules import Reading, Rules, read_rules
from engine.mapping.settings import Settle, compile_settings
from engine.model.catalog import Field
from engine.model.scheme import Lookup, RuleTable, Scheme
from engine.model.values import Json, Mark, Problem
from engine.say import Say


def compile_rules(scheme: Scheme, remarks: Remarks) -> dict[str, Rules]:
    """Every rule table that can be read; the others are told and left out."""
    found: dict[str, Rules] = {}
    for name, table in scheme.rules.items():
        rules = _rules(name, table, remarks)
        if rules is not None:
            found[name] = rules
            tell_coverage(rules, f"rules.{name}", remarks)
    return found


def _rules(name: str, table: RuleTable, remarks: Remarks) -> Rules | None:
    reading = Reading()
    rules = read_rules(name, list(table.inputs.items()), table.rows, table.match, table.miss, reading)
    for row, column, slip in reading.wrong:
        remarks.add(f"rules.{name}.rows[{row}].{column}", slip.code, slip.says, slip.do)
    if table.miss == "hold":
        do = Say("要等人补，用 duijie lookup rules 导入的规则表")
        remarks.add(f"rules.{name}.miss", "rule_hold", Say("方案里的规则表没有人会另外去补"), do)
    return rules


def tell_coverage(rules: Rules, path: str, remarks: Remarks) -> None:
    """Gaps and rows that are never chosen are warnings; rows between which nothing decides a problem."""
    seen = coverage(rules)
    for (one, other), told in seen.equal.items():
        says = Say("第 {one} 行和第 {other} 行同样贴切：{told}", one=one + 1, other=other + 1, told=told)
        remarks.add(
            f"{path}.rows[{other}]", "rule_overlap", says, Say("给其中一行加上条件，或改用 match: first")
        )
    for number in seen.idle:
        says = Say("第 {row} 行永远轮不到", row=number + 1)
        remarks.add(f"{path}.rows[{number}]", "rule_idle", says, Say("移到前面，或删掉它"), weight="warning")
    _tell_gaps(rules, seen, path, remarks)


def _tell_gaps(rules: Rules, seen: Coverage, path: str, remarks: Remarks) -> None:
    if rules.miss == "problem":
        for told in seen.gaps:
            says = Say("没有一行适用于：{told}", told=told)
            do = Say("最后加一行没有条件的，或写 miss")
            remarks.add(path, "rule_gap", says, do, weight="warning")
    if not seen.whole:
        says = Say("规则太多，没有逐一查缺口和重叠")
        remarks.add(path, "rule_unchecked", says, Say("可以拆成几张表"), weight="note")


def compile_ask(lookup: Lookup, path: str, marks: Mapping[str, Mark]) -> tuple[Settle | None, list[Problem]]:
    """The parameters of a live lookup, from the variables `asked` gives; without `ask`, its key by name."""
    ask: dict[str, Json] = {**lookup.ask} if lookup.ask else {lookup.by[0]: "=key"}
    return compile_settings(ask, f"{path}.ask", marks, _variables(len(lookup.by)))


def _variables(count: int) -> tuple[Field, ...]:
    names = ["key", *(f"key{number}" for number in range(1, count + 1))]
    return tuple(Field(name=name, title="编码", type="text") for name in names)


def asked(lookup: Lookup, code: str) -> dict[str, Json]:
    """The variables for one code: `key` is the first, `key1`, `key2` are all in order."""
    parts = parted(code, len(lookup.by))
    return {"key": parts[0], **{f"key{number}": part for number, part in enumerate(parts, 1)}}
