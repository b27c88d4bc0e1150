"""What two texts of a scheme differ in: rule by rule in the catalogue's words, then line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from engine.exact import encode
from engine.model.scheme import Schedule, Scheme
from webui.language import translate as _
from webui.rules import Rule, reading, rules
from webui.shown import span
from webui.web import web

AROUND = 3
MOST_LINES = 2000

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as before. `title` is the catalogue's, or "" where it says nothing."""

    kind: Kind
    name: str
    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the comparison: `sign` is "+", "-", " ", or "…" for what is left out."""

    sign: str
    old: int | None
    new: int | None
    text: str


def changes(before: str, after: str) -> list[Change]:
    """In business words; empty where one of the texts cannot be read, or only comments differ."""
    old, new = reading(before), reading(after)
    if old is None or new is None:
        return []
    return list(_compared(_settings(old) | _mapping(old), _settings(new) | _mapping(new)))


def lines(before: str, after: str) -> list[Line]:
    """The lines that differ, each with three around it."""
    old, new = before.splitlines()[:MOST_LINES], after.splitlines()[:MOST_LINES]
    told: list[Line] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(AROUND):
        if told:
            told.append(Line("…", None, None, ""))
        for tag, a, b, c, d in group:
            if tag == "equal":
                told += [Line(" ", a + n + 1, c + n + 1, text) for n, text in enumerate(old[a:b])]
                continue
            told += [Line("-", a + n + 1, None, text) for n, text in enumerate(old[a:b])]
            told += [Line("+", None, c + n + 1, text) for n, text in enumerate(new[c:d])]
    return told


_Told = dict[str, tuple[str, str]]
"""By path or setting: the title, and what stands there as one text."""


def _compared(old: _Told, new: _Told) -> Iterator[Change]:
    for name in [*old, *(name for name in new if name not in old)]:
        title = (new.get(name) or old[name])[0]
        if name not in new:
            yield Change("removed", name, title, old[name][1], "")
        elif name not in old:
            yield Change("added", name, title, "", new[name][1])
        elif old[name][1] != new[name][1]:
            yield Change("changed", name, title, old[name][1], new[name][1])


def _settings(scheme: Scheme) -> _Told:
    """Everything of a scheme beside its mapping; what is not set is left out."""
    source, target = scheme.source, scheme.target
    told: dict[str, tuple[str, Any]] = {
        "title": (_("名称"), scheme.title),
        "source.connection": (_("源连接"), source.connection),
        "source.operation": (_("源接口"), source.operation),
        "source.where": (_("读哪些"), source.where),
        "source.begin": (_("从何时起"), source.begin),
        "source.overlap": (_("回看"), source.overlap),
        "source.lag": (_("延后"), source.lag),
        "target.connection": (_("目标连接"), target and target.connection),
        "target.operation": (_("目标接口"), target and target.operation),
        "schedule": (_("何时"), "；".join(when(one) for one in scheme.schedule)),
        "needs": (_("先运行"), "、".join(scheme.needs)),
        "on_change": (_("完成后源数据又变了"), scheme.on_change),
        "parallel": (_("同时写"), scheme.parallel),
    }
    told |= {f"source.params.{name}": ("", encode(value).decode()) for name, value in source.params.items()}
    return {name: (title, str(value)) for name, (title, value) in told.items() if value not in (None, "", ())}


def when(plan: Schedule) -> str:
    """A schedule in a few words."""
    if plan.every:
        return _("每 {span}", span=span(plan.every))
    if plan.after:
        return _("{scheme} 读完之后", scheme=plan.after)
    return plan.cron or "、".join((*plan.days, *plan.at))


def _mapping(scheme: Scheme) -> _Told:
    registry = web().registry
    target = registry.operation(scheme.target.operation) if scheme.target else None
    found = rules(scheme, registry.operation(scheme.source.operation), target)
    return {f"map.{rule.path}": (rule.title, _says(rule)) for rule in found}


def _says(rule: Rule) -> str:
    """A rule as one text."""
    words = {"rows": _("逐行"), "fields": _("对象"), "value": _("固定值"), "ignore": _("不写")}
    parts = [words.get(rule.how, ""), rule.says, f"{_('当')} {rule.when}" if rule.when else ""]
    return " ".join(part for part in parts if part)
