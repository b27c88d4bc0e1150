"""One or two pages of metadata as a scheme, with what became of every key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from engine.model.values import Json
from engine.qeasy.bag import bag, head
from engine.qeasy.condition import Filter, read_condition
from engine.qeasy.derived import used
from engine.qeasy.fields import Field, read_fields
from engine.qeasy.ledger import Ledger, Remark, Spot
from engine.qeasy.lookups import Lookups, column
from engine.qeasy.operations import Catalogs, operation_of
from engine.qeasy.params import Params
from engine.qeasy.parts import stopping
from engine.qeasy.printing import Block, Flow, Line, Written, block, document
from engine.qeasy.published import read_rows
from engine.qeasy.reading import UNSURE, Given, source_block
from engine.qeasy.shaping import Shaped, shaped
from engine.qeasy.sides import sides_of
from engine.qeasy.sight import InRecord
from engine.qeasy.source import Source, read_source
from engine.qeasy.target import Mapping as Mapped
from engine.say import Say

AUDIT = "audit"


@dataclass(frozen=True)
class Wish:
    """What an implementer says besides; what is not said is a 待办 in the text.

    `renamed` are the schemes that `_findCollection` looks into: id there, code here. `source` and `target` are
    connections.
    """

    code: str
    title: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    begin: date | None = None
    today: date = date(2026, 1, 1)
    source: str = ""
    target: str = ""


@dataclass(frozen=True)
class Imported:
    """The scheme's text. `keys` of the metadata, so many of them `translated`; `todos` are places to be filled."""

    text: str
    keys: int
    translated: int
    remarks: tuple[Remark, ...]
    todos: tuple[str, ...]

    @property
    def left(self) -> list[Remark]:
        return [one for one in self.remarks if one.left]


def imported(pages: Sequence[Json], wish: Wish, catalogs: Catalogs) -> Imported:
    """The scheme of one page or two. Raises Wrong where a page is no metadata, or both are of one side."""
    ledgers = [Ledger(page) for page in pages]
    sides = sides_of(ledgers)
    source = read_source(sides["source"], catalogs) if "source" in sides else None
    target = sides.get("target")
    made = _Import(source, sides.get("source"), target, wish, catalogs)
    body = made.body()
    remarks = [remark for ledger in ledgers for remark in ledger.remarks()]
    counts = [ledger.count() for ledger in ledgers]
    keys, taken = sum(count for count, _ in counts), sum(count for _, count in counts)
    left = [one for one in remarks if one.left]
    whole = Block((*body.lines, *([Line("x-qeasy", bag(left))] if left else [])))
    text = document(head(keys, taken, len(made.todos), len(left)), whole)
    return Imported(text, keys, taken, tuple(remarks), tuple(made.todos))


# -- the scheme ------------------------------------------------------------------------------------


class _Import:
    """One import: the source is read, the target is read in its light, then both are written."""

    def __init__(
        self, source: Source | None, from_: Spot | None, target: Spot | None, wish: Wish, catalogs: Catalogs
    ) -> None:
        self.source = source or Source(None, "", Params(None, 0))
        self.from_, self.target, self.wish, self.catalogs = from_, target, wish, catalogs
        self.lookups = Lookups(dict(wish.renamed))
        self.todos: list[str] = []
        self.fields: list[Field] = []

    def body(self) -> Block:
        if self.from_ is not None:
            _lone_field(self.from_, self.source)
        target = self._target() if self.target is not None else None
        where, extra, shape, lines = target if target is not None else (self._alone(), {}, Block(()), [])
        used(self.source.derived)
        params = self.source.params
        self.todos = [*(f"source.params.{name}" for name in params.todos), *self.todos]
        if params.stops:
            self.todos.insert(0, "source.where")
            where = " AND ".join([*map(stopping, params.stops), *([f"({where})"] if where else [])])
        schedule = _schedule(self.from_, self.target)
        return block(
            ("scheme", self.wish.code),
            ("title", self.wish.title or self._title()),
            self._note(),
            schedule,
            Line("source", source_block(self.source, where, extra, self._given()), self._unfilled()),
            *lines[:1],
            ("lookups", self._lookups()),
            ("shape", shape),
            *lines[1:],
        )

    def _sight(self) -> InRecord:
        source = self.source
        return InRecord(
            lists=source.lists(), numbers=source.numbers(), renamed=source.renamed, lookups=self.lookups
        )

    def _given(self) -> Given:
        begin = self.wish.begin
        return Given(self.wish.source, begin or self.wish.today, begin is not None)

    def _title(self) -> str:
        for spot in (self.target, self.from_):
            title = spot.taken("title") if spot is not None else None
            if isinstance(title, str) and title:
                return title
        return Say("从轻易云导入的方案")

    def _note(self) -> tuple[str, str] | None:
        """Platforms and names of the two ends, as a published page tells them."""
        ends = []
        for spot in (self.from_, self.target):
            told = [spot.taken(key) for key in ("platform", "api_name")] if spot is not None else []
            ends.append(" ".join(str(one) for one in told if one))
        return ("note", " → ".join(ends)) if any(ends) else None

    def _unfilled(self) -> str:
        names = self.source.params.empty
        return Say("没有填的参数：{names}", names="、".join(names)) if names else ""

    def _alone(self) -> str:
        """A source without a target: its records are only kept."""
        sight = self._sight()
        condition = self.from_.at("condition") if self.from_ is not None else None
        found = read_condition(condition, sight)
        if found.lines and condition is not None:
            condition.ledger.taken -= {place for place in condition.ledger.taken if place[0] == "condition"}
            says = Say("按明细筛选的条件要有目标才有处写")
            condition.leave(says)
            self.source.params.stops.append(says)
        self.source.params.stops += [found.stop] if found.stop is not None else []
        return found.where

    def _target(self) -> tuple[str, dict[str, str], Block, list[Line]]:
        assert self.target is not None  # noqa: S101  (asked by `body`)
        page = self.target
        rows = page.at("mapping")
        others = read_fields(page.at("otherRequest"))
        placeholders = (kind := page.at("type")) is not None and kind.text == "WebAPI"
        self.fields = read_fields(page.at("request"), placeholders=placeholders)
        if rows is not None and isinstance(rows.value, list):
            rows.take()
            self.fields += read_rows(rows)
        elif rows is not None and isinstance(rows.value, dict):
            self.fields += _by_name(rows)
        form = next((str(one.said) for one in others if one.name == "FormId" and one.said), "")
        operation, name = operation_of(page, "save", self.catalogs, form)
        for one in others:
            if operation is not None and one.name == "FormId":
                one.spot.take(deep=True)
        sight = replace(self._sight(), derived=self.source.derived)
        found = read_condition(self.from_.at("condition"), sight) if self.from_ is not None else Filter()
        targets = frozenset(one.name for one in self.fields if one.children)
        shape = shaped(self.source, page.at("groupCalculate"), sight, targets)
        mapping = Mapped(operation, dict(found.lines), shape.merged)
        filled = mapping.of(self.fields, shape.sight)
        self.source.params.stops += [stop for stop in (found.stop, shape.stop) if stop is not None]
        self._rest(page, operation is not None)
        self.todos = [f"map.{one}" for one in mapping.todos]
        lists = sight.lists | {*sight.entered}
        lacks = [path for path in sight.used if self.source.lacks(path)]
        extra = {".".join(path): "list" if path in lists else "text" for path in lacks}
        return found.where, extra, shape.block(), self._lines(name, mapping, filled, shape)

    def _lines(self, name: str, mapping: Mapped, filled: Block, shape: Shaped) -> list[Line]:
        operation = mapping.operation
        standard = f"{operation.connector}-main" if operation is not None else "target-main"
        connection = ("connection", self.wish.target or standard, "" if self.wish.target else UNSURE)
        note = "" if operation is not None else "待办：目录里还没有这个接口"
        ends = block(
            Line(*connection),
            Line("operation", name or "待办", note),
            ("extra", block(*mapping.extra.items())),
        )
        whole: Written = filled if filled.lines else Flow({})
        after = self._after(mapping, bool(shape.steps))
        return [Line("target", ends), Line("map", whole), *after]

    def _after(self, mapping: Mapped, shaped: bool) -> list[Line]:
        """autoCheck: the catalogue's steps up to the audit."""
        check = self.target.at("autoCheck") if self.target is not None else None
        if check is None or check.value in (False, None, "", 0):
            return []
        steps = [one.name for one in mapping.operation.after] if mapping.operation is not None else []
        if AUDIT not in steps or shaped:
            check.leave(Say("保存后审核：写成 after 里的一步"))
            return []
        check.take(deep=True)
        names: list[Json] = [*steps[: steps.index(AUDIT) + 1]]
        return [Line("after", Flow(names))]

    def _rest(self, page: Spot, known: bool) -> None:
        """Further keys of a target."""
        operation = page.at("operation")
        method = operation.at("method") if operation is not None else None
        if operation is not None and method is not None and method.text in ("none", "batchArraySave"):
            operation.take(deep=True)
            if method.text == "batchArraySave":
                operation.note(Say("一次写几张由接口目录决定，每一张各有结果"))
        response = page.at("response")
        for one in read_fields(response):
            if one.name == "primaryWriteback" and known:
                one.spot.take(deep=True)
                one.spot.note(Say("新单据的编号、单号由接口目录取出，写在单据上"))
            elif one.name == "primaryWriteback":
                for child in one.children:
                    if child.value is not None:
                        child.value.leave(Say("目录里没有这个接口；写目录时用它"))
            elif one.value is not None and not one.children:
                one.value.take()
        _why(
            page,
            "callBackStrategy",
            Say("写成后推到另一个方案：改成 after 里的一步，或让那个方案来读"),
        )
        _why(page, "distributionOrg", Say("保存后分配组织：写成 after 里的一步"))
        _why(page, "otherRequest", Say("传输参数由连接器决定；写目录时用它"))

    def _lookups(self) -> Block:
        lines = []
        for pool in self.lookups.pools.values():
            by: Written = pool.by[0] if len(pool.by) == 1 else Flow(list(pool.by))
            give = Flow({column(name): name for name in pool.give})
            inner = block(("scheme", pool.scheme), ("by", by), ("give", give), ("miss", "hold"))
            lines.append(Line(pool.name, inner, Say("待办：换成存着这些数据的方案")))
        return Block(tuple(lines))


def _why(page: Spot, key: str, says: Say) -> None:
    one = page.at(key)
    if one is not None:
        one.leave(says)


def _by_name(rows: Spot) -> list[Field]:
    """`mapping: {field: value}`."""
    rows.take()
    return [Field(one.key, one, value=one) for one in rows.items() if isinstance(one.value, str)]


def _lone_field(spot: Spot, source: Source) -> None:
    """A single field object instead of a page: one parameter."""
    name = spot.at("field")
    if name is not None and name.text and spot.at("api") is None:
        wrapped = Spot([spot.value], (), Ledger([spot.value]))
        for one in read_fields(wrapped):
            source.params.add(one)
        for inner in spot.items():
            inner.take()


def _schedule(source: Spot | None, target: Spot | None) -> tuple[str, Flow] | None:
    """The source's crontab; what is written follows what is read, without a time of its own."""
    cron = None
    for spot in (source, target):
        one = spot.at("crontab") if spot is not None else None
        if one is None:
            continue
        one.take()
        if isinstance(one.value, str) and cron is None:
            cron = one.value
        elif one.value and one.value != cron:
            one.note(Say("写入跟在读取后面，不用自己的时间：{cron}", cron=str(one.value)))
    return ("schedule", Flow({"cron": cron})) if cron else None
