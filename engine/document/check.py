"""A scheme held against what we know: catalogues always, connections and code tables where a store is there.

Everything is told at once; what only follows from a problem already told is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping as Table
from dataclasses import dataclass, field
from typing import Literal, Protocol

from engine.document.chain import NOTHING, Chain, check_chain, seen
from engine.document.near import nearest, offer
from engine.document.reader import MOST_PROBLEMS
from engine.document.scheme import sketch
from engine.mapping.codes import column_of
from engine.mapping.compile import Mapping, compile_mapping, compile_settings
from engine.mapping.lens import compile_lens
from engine.mapping.remarks import Remarks
from engine.mapping.tables import compile_ask
from engine.model.catalog import Connector, Operation
from engine.model.scheme import Lookup, Scheme, Source, Target
from engine.model.values import Problem
from engine.say import Say, Words


class Catalogs(Protocol):
    """What is known of vendors. The registry is one; tests bring small ones."""

    def operation(self, name: str) -> Operation | None:
        """By name or alias; None where nobody knows it."""

    def connector(self, name: str) -> Connector | None:
        """By name; None where nobody knows it."""

    def names(self) -> Collection[str]:
        """All operation names, to offer the nearest."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows: connections (code -> connector) and code tables."""

    connections: Table[str, str]
    tables: Collection[str]
    schemes: Table[str, Scheme] = field(default_factory=dict)
    """The published schemes by code."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`scheme` None where it could not be read whole, `mapping` None where a problem stands in its way.

    `problems` hold warnings and notes too, in the order of the text.
    """

    scheme: Scheme | None
    mapping: Mapping | None
    problems: tuple[Problem, ...]
    chain: Chain = NOTHING

    @property
    def fine(self) -> bool:
        """Nothing that a person must mend; warnings and notes may be there."""
        return not any(problem.weight == "problem" for problem in self.problems)


def check(text: str, catalogs: Catalogs, known: Known | None = None) -> Checked:
    """Everything there is to say about a scheme's text.

    Without `known` (no store at hand) connections and tables are notes; with it, publishing, problems.
    """
    scheme, told = sketch(text)
    if scheme is None:
        return Checked(None, None, tuple(told))
    checking = _Checking(scheme, catalogs, known)
    mapping = checking.all()
    more = [problem for problem in checking.problems if not _follows(problem, told)]
    problems = sorted(told + more, key=lambda problem: problem.at.offset if problem.at else 0)
    whole = not told
    return Checked(
        scheme if whole else None,
        mapping if whole else None,
        tuple(problems),
        checking.chain if whole else Chain(),
    )


def _follows(problem: Problem, told: list[Problem]) -> bool:
    """Does it stand at, in or around a place told before? Then mending that may mend this."""
    return any(_holds(one.path, problem.path) or _holds(problem.path, one.path) for one in told if one.path)


def _holds(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith((outer + ".", outer + "["))


def _before(scheme: Scheme) -> list[tuple[str, str]]:
    """Path and code of every scheme this one waits for."""
    needs = [(f"needs[{number}]", code) for number, code in enumerate(scheme.needs)]
    lone = len(scheme.schedule) == 1 and "schedule[0]" not in scheme.marks
    for number, one in enumerate(scheme.schedule):
        if one.after is not None:
            needs.append(("schedule.after" if lone else f"schedule[{number}].after", one.after))
    return needs


def _all_before(code: str, schemes: Table[str, Scheme]) -> set[str]:
    """The schemes this one waits for, and those they wait for."""
    found: set[str] = set()
    left = [code]
    while left:
        scheme = schemes.get(left.pop())
        fresh = {one for _, one in _before(scheme)} - found if scheme else set()
        found |= fresh
        left += fresh
    return found


class _Checking:
    """One check of a scheme that could be read well enough."""

    def __init__(self, scheme: Scheme, catalogs: Catalogs, known: Known | None) -> None:
        self.scheme = scheme
        self.catalogs = catalogs
        self.known = known
        self.problems: list[Problem] = []
        self.chain = Chain()

    def all(self) -> Mapping | None:
        scheme = self.scheme
        source = self._end("source", scheme.source, "query")
        target = self._end("target", scheme.target, "save") if scheme.target else None
        if source is not None:
            source = self._detailed(source)
            self._span(scheme.source, source)
            self._params(scheme.source, source)
        _, problems = compile_settings(scheme.source.params, "source.params", scheme.marks)
        self.problems += problems
        self._order()
        self._lookups()
        if scheme.target is None:
            self._writes_nothing()
        tables = self.known.tables if self.known else None
        self.chain, problems = check_chain(scheme, (source, target), self.catalogs, tables, self.tell)
        self.problems += problems
        self._lines()
        rows = seen(source, target) if scheme.target and scheme.target.update else source
        mapping, problems = compile_mapping(scheme, rows, target, tables)
        self.problems += problems
        if mapping is not None and self.known is None:
            self._tables(mapping)
        return mapping

    def tell(
        self, path: str, code: str, says: Say, do: Say, weight: Literal["problem", "note"] = "problem"
    ) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            return
        at = self.scheme.marks.get(path) or self.scheme.marks.get(path.partition(".")[0])
        self.problems.append(Problem(path, code, says, do, at, weight))

    def _end(self, side: str, end: Source | Target, kind: Literal["query", "save"]) -> Operation | None:
        """The operation of one end, None where nothing can be checked against it."""
        path = f"{side}.operation"
        operation = self.catalogs.operation(end.operation)
        if operation is None:
            near = nearest(end.operation, self.catalogs.names(), most=3)
            do = Say("相近的有：{names}", names=Words(near)) if near else Say("看看连接器目录里有哪些接口")
            self.tell(path, "unknown_operation", Say("没有接口“{name}”", name=end.operation), do)
        elif operation.kind != kind:
            roles = {"query": Say("查询接口"), "save": Say("保存接口")}
            says = Say(
                "这里要用{role}，“{name}”是{other}",
                role=roles[kind],
                name=end.operation,
                other=roles[operation.kind],
            )
            self.tell(path, "kind", says, Say("换一个接口"))
            operation = None
        self._connection(side, end, operation)
        return operation

    def _detailed(self, source: Operation) -> Operation:
        """The rows as they are kept: where details are read, with their fields over the list's."""
        if not self.scheme.source.detail:
            return source
        detail = self.catalogs.operation(source.detail.operation) if source.detail else None
        if detail is None:
            says = Say("接口“{name}”的目录里没有写明细怎么查", name=source.operation)
            self.tell("source.detail", "no_detail", says, Say("删掉这一行"))
            return source
        fields = {field.name: field for field in (*source.give, *detail.give)}
        return source.model_copy(update={"give": tuple(fields.values())})

    def _lines(self) -> None:
        """The connections of what follows: in the store, and of the operation's connector."""
        for place, follow in enumerate(self.scheme.after):
            operation = self.catalogs.operation(follow.operation) if follow.operation else None
            if follow.connection is not None:
                end = Target(connection=follow.connection, operation=follow.operation or "")
                self._connection(f"after[{place}]", end, operation)

    def _connection(self, side: str, end: Source | Target, operation: Operation | None) -> None:
        path = f"{side}.connection"
        if self.known is None:
            says = Say("这里没有查连接“{code}”在不在", code=end.connection)
            self.tell(path, "unchecked", says, Say("发布时会查"), "note")
        elif end.connection not in self.known.connections:
            says = Say("没有连接“{code}”", code=end.connection)
            near = nearest(end.connection, self.known.connections)
            do = offer(end.connection, self.known.connections)
            self.tell(
                path, "unknown_connection", says, do if near else Say("先用 duijie connection add 建立它")
            )
        elif operation is not None and self.known.connections[end.connection] != operation.connector:
            says = Say(
                "连接“{code}”是 {connector} 的，接口“{name}”属于 {owner}",
                code=end.connection,
                connector=self.known.connections[end.connection],
                name=operation.operation,
                owner=operation.connector,
            )
            self.tell(path, "connector", says, Say("换一个连接，或换一个接口"))

    def _span(self, source: Source, operation: Operation) -> None:
        """begin, overlap and lag against the operation's window."""
        window = operation.window
        if window is None:
            for key in ("begin", "overlap", "lag"):
                if getattr(source, key) is not None:
                    says = Say("接口“{name}”不按时间读，{key} 没有作用", name=operation.operation, key=key)
                    self.tell(f"source.{key}", "no_window", says, Say("删掉这一行"))
            return
        if source.begin is None:
            says = Say("接口“{name}”按时间读，少了 begin", name=operation.operation)
            self.tell("source.begin", "missing", says, Say("写上从哪一天开始，如 begin: 2026-11-01"))
        overlap = window.overlap if source.overlap is None else source.overlap
        if overlap >= window.longest:
            says = Say("overlap 要短于接口一次能查的 {longest}", longest=window.longest)
            self.tell("source.overlap", "overlap", says, Say("写短一些，多数情况 10m 就够"))

    def _writes_nothing(self) -> None:
        for key in ("on_change", "parallel", "shape"):
            if key in self.scheme.marks:
                says = Say("没有 target 的方案什么都不写，{key} 没有作用", key=key)
                self.tell(key, "no_target", says, Say("删掉这一行"))

    def _lookups(self) -> None:
        """The scheme's own lookups against the catalogue and the schemes they lean on."""
        remarks = Remarks(self.scheme.marks)
        for name, lookup in self.scheme.lookups.items():
            path = f"lookups.{name}"
            operation = self._looked_into(path, lookup)
            compile_lens(lookup, path, operation.give if operation else None, remarks)
            if lookup.scheme is None:
                self.problems += compile_ask(lookup, path, self.scheme.marks)[1]
        for name in dict.fromkeys((*self.scheme.lookups, *self.scheme.rules)):
            if "." in name or (name in self.scheme.lookups and name in self.scheme.rules):
                says = Say("对照表和规则表的名字不能重复，也不能有点")
                self.tell(
                    f"rules.{name}" if name in self.scheme.rules else f"lookups.{name}",
                    "name",
                    says,
                    Say("换一个名字"),
                )
        self.problems += remarks.problems

    def _looked_into(self, path: str, lookup: Lookup) -> Operation | None:
        """The operation whose records a lookup sees; None where it is not known."""
        if lookup.scheme is None:
            end = Source(connection=lookup.connection, operation=lookup.operation)
            return self._end(path, end, "query")
        if self.known is None:
            says = Say("这里没有查方案“{code}”在不在", code=lookup.scheme)
            self.tell(f"{path}.scheme", "unchecked", says, Say("发布时会查"), "note")
            return None
        other = self.known.schemes.get(lookup.scheme)
        if other is None:
            says = Say("没有已发布的方案“{code}”", code=lookup.scheme)
            do = offer(lookup.scheme, self.known.schemes)
            near = nearest(lookup.scheme, self.known.schemes)
            self.tell(
                f"{path}.scheme", "unknown_scheme", says, do if near else Say("先用 duijie publish 发布它")
            )
            return None
        return self.catalogs.operation(other.source.operation)

    def _order(self) -> None:
        """Schemes named by `needs` and `schedule.after`: there, and not waiting for this one in turn."""
        for path, code in _before(self.scheme):
            if code == self.scheme.scheme:
                self.tell(path, "itself", Say("方案不能等它自己"), Say("删掉这一行"))
            elif self.known is None:
                says = Say("这里没有查方案“{code}”在不在", code=code)
                self.tell(path, "unchecked", says, Say("发布时会查"), "note")
            elif code not in self.known.schemes:
                says = Say("没有已发布的方案“{code}”", code=code)
                near = nearest(code, self.known.schemes)
                do = offer(code, self.known.schemes) if near else Say("先用 duijie publish 发布它")
                self.tell(path, "unknown_scheme", says, do)
            elif self.scheme.scheme in _all_before(code, self.known.schemes):
                says = Say("方案“{code}”也在等这个方案，谁都跑不了", code=code)
                self.tell(path, "circle", says, Say("去掉其中一个"))

    def _params(self, source: Source, operation: Operation) -> None:
        """Parameters the engine fills itself, and those nobody knows."""
        window, pages = operation.window, operation.pages
        engines = {window.since, window.until} if window else set()
        engines |= {name for name in (pages.number, pages.size) if name}
        fields = {name: field for field in operation.ask for name in (field.name, *field.aliases)}
        for name in source.params:
            path = f"source.params.{name}"
            if name in engines:
                self.tell(path, "engine_param", Say("{name} 由引擎填写", name=name), Say("删掉这一行"))
            elif fields and name not in fields and len(self.problems) < MOST_PROBLEMS:
                says = Say("接口“{name}”没有参数“{param}”", name=operation.operation, param=name)
                self.tell(path, "unknown_param", says, offer(name, fields.keys() - engines))

    def _tables(self, mapping: Mapping) -> None:
        own = {*self.scheme.lookups, *self.scheme.rules}
        for table in sorted({column_of(name)[0] for name in mapping.tables} - own):
            says = Say("这里没有查对照表“{table}”在不在", table=table)
            self.tell("map", "unchecked", says, Say("发布时会查"), "note")
