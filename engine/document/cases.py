"""X.test.yaml: given this record, expect this document; every problem told, every difference readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import cast

from engine.document.node import Hole, Node, Pairs, Scalar, under, value, walk
from engine.document.reader import read
from engine.document.shape import Anything, Bag, Keys, Listed, Reading, Text, first, no_mapping
from engine.mapping.compile import Mapped, Mapping
from engine.model.values import Json, Mark, Problem, Record
from engine.say import Say, Words

ZONE = timezone(timedelta(hours=8))
"""In which a case's `now` is told where it names no offset: the vendors' Asia/Shanghai."""

# Any instant would do: a case that depends on the time says its own.
_SOME_DAY = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expected:
    """What every record of a case becomes: `documents` in order, or `skipped` for a reason, or `problems`, or
    `held`: the codes (table, code) it waits for.
    """

    documents: tuple[Json, ...] | None = None
    skipped: str | None = None
    problems: tuple[tuple[str, str], ...] | None = None
    held: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    records: tuple[Record, ...]
    expected: Expected
    lookups: dict[str, dict[str, str]]
    now: datetime
    marks: dict[str, Mark]

    def mark(self, path: str) -> Mark:
        """Where the nearest written owner of `path` ("documents[0].qty") stands."""
        while path not in self.marks:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.marks[path]


@dataclass(frozen=True, slots=True)
class Result:
    """How a case went: no differences means it holds."""

    case: Case
    differences: tuple[Problem, ...]

    @property
    def holds(self) -> bool:
        return not self.differences


@dataclass(frozen=True)
class Codes:
    """One code table: every key is a code, `x-1` too."""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Pairs):
            return reading.wrong(path, node, *no_mapping(node))
        for code, child in node.values.items():
            if not isinstance(child, Scalar) or not isinstance(child.value, str):
                reading.wrong(under(path, code), child, Say("对照的编码要是文字"), Say("放进引号"))
        return value(node)

    def schema(self) -> dict[str, Json]:
        return {"type": "object", "additionalProperties": {"type": "string"}}


_PROBLEM = Keys({"at": Text(), "says": Text()}, ("at",))
_HELD = Keys({"table": Text(), "code": Text()}, ("table", "code"))
_CASE = Keys(
    {
        "name": Text(),
        "now": Text(),
        "lookups": Bag(Codes()),
        "record": Anything(),
        "records": Listed(Anything()),
        "documents": Listed(Anything()),
        "skipped": Text(),
        "problems": Listed(_PROBLEM),
        "held": Listed(_HELD),
    },
    ("name",),
)
_CASES = Keys({"cases": Listed(Anything())}, ("cases",))


def read_cases(text: str) -> tuple[list[Case], list[Problem]]:
    """The cases that could be read, and every problem."""
    root, problems = read(text)
    reading = Reading()
    cases: list[Case] = []
    if root is not None and not isinstance(root, Hole):
        _CASES.read(root, "", reading)
        listed = root.values.get("cases") if isinstance(root, Pairs) else None
        for number, node in enumerate(getattr(listed, "items", ())):
            case = _case(node, under("cases", number), reading)
            if case is not None:
                _unique(case, cases, under("cases", number), reading)
                cases.append(case)
    told = {problem.path for problem in problems}
    return cases, problems + [problem for problem in reading.problems if problem.path not in told]


def run_cases(cases: Sequence[Case], mapping: Mapping) -> list[Result]:
    """Each case through the mapping, pure as it is."""
    return [Result(case, tuple(_differences(case, mapping))) for case in cases]


# --- reading ------------------------------------------------------------------------------------


def _case(node: Node, path: str, reading: Reading) -> Case | None:
    before = len(reading.problems)
    made = _CASE.read(node, path, reading)
    if not isinstance(node, Pairs) or not isinstance(made, dict):
        return None
    _one_of(node, path, ("record", "records"), reading)
    _one_of(node, path, ("documents", "skipped", "problems", "held"), reading)
    records = made.get("records", (made.get("record"),))
    if not all(isinstance(record, dict) for record in cast(tuple[object, ...], records)):
        reading.tell(path, "form", Say("一条数据要写成“键: 值”"), Say("检查 record 或 records"), node.at)
    now = _instant(made.get("now"), under(path, "now"), reading)
    if len(reading.problems) > before or now is None or "name" not in made:
        return None
    expected = Expected(
        documents=cast("tuple[Json, ...] | None", made.get("documents")),
        skipped=cast("str | None", made.get("skipped")),
        problems=_pairs(made["problems"], "at", "says") if "problems" in made else None,
        held=_pairs(made["held"], "table", "code") if "held" in made else None,
    )
    marks = {place: first(child) for place, child, _ in walk(node)}
    lookups = cast(dict[str, dict[str, str]], made.get("lookups", {}))
    return Case(str(made["name"]), cast(tuple[Record, ...], records), expected, lookups, now, marks)


def _one_of(node: Pairs, path: str, keys: tuple[str, ...], reading: Reading) -> None:
    if sum(key in node.values for key in keys) != 1:
        says = Say("{keys} 要写一个，也只能写一个", keys=Words(keys))
        reading.tell(path, "case", says, Say("留下要用的那一个"), node.at)


def _unique(case: Case, cases: list[Case], path: str, reading: Reading) -> None:
    if any(case.name == other.name for other in cases):
        says = Say("两个用例都叫“{name}”", name=case.name)
        reading.tell(under(path, "name"), "twice", says, Say("换一个名字"), case.mark("name"))


def _instant(text: object, path: str, reading: Reading) -> datetime | None:
    if text is None:
        return _SOME_DAY
    try:
        now = datetime.fromisoformat(str(text))
    except ValueError:
        says, do = Say("“{text}”不是时刻", text=str(text)), Say('写成 "2026-11-20 08:00:00"')
        reading.tell(path, "form", says, do, reading.marks[path])
        return None
    return now if now.tzinfo else now.replace(tzinfo=ZONE)


def _pairs(found: object, one: str, other: str) -> tuple[tuple[str, str], ...]:
    listed = cast(tuple[dict[str, str], ...], found)
    return tuple((entry.get(one, ""), entry.get(other, "")) for entry in listed)


# --- comparing ----------------------------------------------------------------------------------


def _differences(case: Case, mapping: Mapping) -> list[Problem]:
    found = [made.mapped for made in mapping.every(case.records, case.lookups, case.now)]
    expected = case.expected
    if expected.documents is not None:
        return _documents_differ(expected.documents, found, case)
    if expected.skipped is not None:
        return [one for mapped in found for one in _skip_differs(expected.skipped, mapped, case)]
    if expected.held is not None:
        return _held_differs(expected.held, found, case)
    return _problems_differ(expected.problems or (), found, case)


def _documents_differ(expected: tuple[Json, ...], found: list[Mapped], case: Case) -> list[Problem]:
    """Documents in order; a record that gave none says what it gave instead."""
    made = [mapped.document for mapped in found if mapped.document is not None]
    others = [_instead(mapped, case) for mapped in found if mapped.document is None]
    if len(made) != len(expected):
        says = Say("应有 {expected} 张单据，实际 {made} 张", expected=len(expected), made=len(made))
        return [*others, _problem("documents", says, case)]
    return others + [
        difference
        for number, (want, have) in enumerate(zip(expected, made, strict=True))
        for difference in _differ(want, have, under("documents", number), case)
    ]


def _skip_differs(reason: str, mapped: Mapped, case: Case) -> list[Problem]:
    if mapped.skipped is None:
        return [_instead(mapped, case)]
    if reason in mapped.skipped:
        return []
    return [
        _problem("skipped", Say("应因“{want}”跳过，实际：{have}", want=reason, have=mapped.skipped), case)
    ]


def _held_differs(expected: tuple[tuple[str, str], ...], found: list[Mapped], case: Case) -> list[Problem]:
    """The codes waited for, each once, in any order."""
    others = [_instead(mapped, case) for mapped in found if not mapped.held]
    have = {(miss.table, miss.code): None for mapped in found for miss in mapped.held}
    if others or set(have) == set(expected):
        return others
    told = Words(f"{table} {code}" for table, code in have)
    return [_problem("held", Say("实际在等对照：{told}", told=told), case)]


def _problems_differ(expected: tuple[tuple[str, str], ...], found: list[Mapped], case: Case) -> list[Problem]:
    """Every expected problem once, and no other."""
    others = [_instead(mapped, case) for mapped in found if not mapped.problems]
    left = [problem for mapped in found for problem in mapped.problems]
    for at, says in expected:
        hit = next((problem for problem in left if problem.path == at and says in problem.says), None)
        if hit is None:
            others.append(
                _problem("problems", Say("应有问题 {at}：{says}，实际没有", at=at, says=says), case)
            )
        else:
            left.remove(hit)
    return others + [
        _problem("problems", Say("多出问题 {problem}", problem=_told(problem)), case) for problem in left
    ]


def _told(problem: Problem) -> Words:
    parts = (f"{problem.path}:", problem.says, problem.do)
    return Words([part for part in parts if part], " ")


def _instead(mapped: Mapped, case: Case) -> Problem:
    """What a record became where something else was expected."""
    if mapped.document is not None:
        return _problem("documents", Say("实际生成了单据"), case)
    if mapped.problems:
        told = Words([_told(problem) for problem in mapped.problems], "; ")
        return _problem("problems", Say("实际有问题：{told}", told=told), case)
    if mapped.held:
        told = Words(f"{miss.table} {miss.code}" for miss in mapped.held)
        return _problem("held", Say("实际在等对照：{told}", told=told), case)
    return _problem("skipped", Say("实际跳过了：{reason}", reason=mapped.skipped), case)


def _differ(want: Json, have: Json, path: str, case: Case) -> list[Problem]:
    """Where two values differ, each place once. Numbers compare as Decimal: 2 is 2.0000 but not "2"."""
    if isinstance(want, dict) and isinstance(have, dict):
        keys = list(want) + [key for key in have if key not in want]
        return [one for key in keys for one in _member_differs(want, have, key, under(path, key), case)]
    if isinstance(want, list) and isinstance(have, list):
        if len(want) != len(have):
            says = Say("应有 {want} 行，实际 {have} 行", want=len(want), have=len(have))
            return [_problem(path, says, case)]
        pairs = enumerate(zip(want, have, strict=True))
        return [one for number, (a, b) in pairs for one in _differ(a, b, under(path, number), case)]
    if _equal(want, have):
        return []
    return [_problem(path, Say("应为 {want}，实际 {have}", want=_shown(want), have=_shown(have)), case)]


def _member_differs(want: Record, have: Record, key: str, path: str, case: Case) -> list[Problem]:
    if key not in have:
        return [_problem(path, Say("应为 {want}，实际没有这个字段", want=_shown(want[key])), case)]
    if key not in want:
        return [_problem(path, Say("多出字段，值为 {have}", have=_shown(have[key])), case)]
    return _differ(want[key], have[key], path, case)


def _equal(want: Json, have: Json) -> bool:
    numbers = [isinstance(one, int | Decimal) and not isinstance(one, bool) for one in (want, have)]
    if all(numbers):
        return Decimal(str(want)) == Decimal(str(have))
    return type(want) is type(have) and want == have


def _shown(found: Json) -> str:
    text = f'"{found}"' if isinstance(found, str) else str(found)
    return text if len(text) <= 200 else text[:199] + "…"


def _problem(path: str, says: Say, case: Case) -> Problem:
    return Problem(path, "differs", says, "", case.mark(path))
