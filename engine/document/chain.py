"""What a scheme does besides creating: update, cancel, the calls that follow a done save, the acknowledgement.

`TARGET` and `AFTER` say what may stand there; `check_chain` compiles it, with every problem. Such a call
sees the source's record and beside it `_target`: the done document's id, number, reply and document;
`_action` is what is asked for: create, update, cancel, or the name of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping as Table
from dataclasses import dataclass, field
from typing import Protocol

from engine.document.near import offer
from engine.document.node import Node, Pairs, Scalar, under
from engine.document.rule import MapShape
from engine.document.shape import UNREAD, Keys, Listed, Reading, Shape, Text, first
from engine.mapping.compile import Mapping, compile_mapping
from engine.model.catalog import Acknowledge, Field, Operation
from engine.model.ledger import LAST
from engine.model.scheme import Cell, Change, Fields, Follow, Scheme, Source
from engine.model.values import Json, Problem
from engine.say import Say

_TEXT = r".*\S.*"
_OPERATION = Text("用哪个保存接口", _TEXT, Say("写上接口名"))
_WHERE = Text("只在满足条件时调用")
ACKNOWLEDGE = "ack"
"""The name of the call that tells a pool that a record is dealt with."""
TAKEN = ("create", "update", "cancel", ACKNOWLEDGE)


# -- what may stand there --------------------------------------------------------------------------


class _Short:
    """One word, or the mapping it stands for."""

    def __init__(self, key: str, long: Keys, make: Callable[..., object]) -> None:
        self._key, self._long, self._make = key, long, make

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Scalar):
            reading.marks[under(path, self._key)] = first(node)
            made = self._long.shapes[self._key].read(node, path, reading)
            return made if made is UNREAD else self._make(**{self._key: made})
        made = self._long.read(node, path, reading)
        return self._make(**made) if isinstance(made, dict) and self._key in made else UNREAD

    def schema(self) -> dict[str, Json]:
        return {"anyOf": [self._long.shapes[self._key].schema(), self._long.schema()]}


def _change(about: str) -> Shape:
    return _Short(
        "operation", Keys({"operation": _OPERATION, "map": MapShape()}, ("operation",), about), Change
    )


class TargetShape:
    """Keys of `target`; `create` is another word for `operation`, for whoever writes update and cancel too."""

    def __init__(self, extra: Shape) -> None:
        self._keys = Keys(
            {
                "connection": Text("写到哪个连接", _TEXT, Say("写上连接的代号")),
                "operation": _OPERATION,
                "create": Text("同 operation：新增用的保存接口", _TEXT, Say("写上接口名")),
                "update": _change("修改用的接口；on_change: update 时用"),
                "cancel": _change("作废用的接口"),
                "cancel_when": Text("源单据满足它时作废目标单据，如 status = '5'"),
                "lookup": Text("反查用的查询接口，代替目录里的", _TEXT, Say("写上接口名")),
                "extra": extra,
            },
            ("connection",),
            "目标：写到哪里",
        )

    def read(self, node: Node, path: str, reading: Reading) -> object:
        made = self._keys.read(node, path, reading)
        if not isinstance(made, dict) or not isinstance(node, Pairs):
            return made
        if "create" in made and "operation" not in node.values:
            made["operation"] = made.pop("create")
            reading.marks[under(path, "operation")] = reading.marks[under(path, "create")]
        elif "create" in made:
            del made["create"]
            says = Say("create 就是 operation，只能写一个")
            reading.tell(under(path, "create"), "twice", says, Say("删掉一行"), node.keys["create"].at)
        elif "operation" not in node.values and "create" not in node.values:
            says, do = Say("少了“{key}”", key="operation"), Say("补上 {key}:", key="operation")
            reading.tell(under(path, "operation"), "missing", says, do, reading.marks.get(path, node.at))
        return made

    def schema(self) -> dict[str, Json]:
        return self._keys.schema()


AFTER = Listed(
    _Short(
        "name",
        Keys(
            {
                "name": Text("这一步叫什么", r"[a-z0-9_-]{1,30}", Say("用 1 到 30 个小写字母、数字、- 和 _")),
                "connection": Text("走哪个连接，默认目标的", _TEXT, Say("写上连接的代号")),
                "operation": _OPERATION,
                "where": _WHERE,
                "map": MapShape(),
            },
            ("name",),
        ),
        Follow,
    ),
    "写成以后再调用的接口，依次一步一步：审核、提交、回写",
)


# -- what it means ---------------------------------------------------------------------------------


class Catalogs(Protocol):
    def operation(self, name: str) -> Operation | None: ...


@dataclass(frozen=True, slots=True)
class Deed:
    """One call besides the create: what fills its document. `step` is its place in the chain, 0 for a change."""

    name: str
    title: str
    connection: str
    operation: Operation
    mapping: Mapping | None = None
    fields: Table[str, str] = field(default_factory=dict)
    acknowledge: Acknowledge | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Chain:
    """All that a scheme does besides creating."""

    update: Deed | None = None
    cancel: Deed | None = None
    cancels: Mapping | None = None
    """Its `where` is `cancel_when`."""
    after: tuple[Deed, ...] = ()
    acknowledge: Deed | None = None

    @property
    def changes(self) -> bool:
        """Whether a done document may be asked for again."""
        return self.update is not None or self.cancel is not None

    @property
    def tables(self) -> frozenset[str]:
        deeds = [one for one in (self.update, self.cancel, *self.after) if one is not None]
        used = [one.mapping.tables for one in deeds if one.mapping] + [
            self.cancels.tables if self.cancels else frozenset()
        ]
        return frozenset().union(*used)


NOTHING = Chain()


def seen(source: Operation | None, target: Operation | None) -> Operation | None:
    """The source's rows with what a call besides the create sees: `_action` and `_target`."""
    if source is None:
        return None
    done = (
        Field(name="id", title="目标单据的编号"),
        Field(name="number", title="目标单据的单号"),
        Field(name="reply", title="目标的回复", type="object", fields=target.give if target else ()),
        Field(name="document", title="写出的单据", type="object", fields=target.fields if target else ()),
    )
    more = (Field(name="_action"), Field(name="_target", type="object", fields=done))
    return source.model_copy(update={"give": (*source.give, *more)})


def check_chain(
    scheme: Scheme,
    ends: tuple[Operation | None, Operation | None],
    catalogs: Catalogs,
    tables: Collection[str] | None,
    tell: Callable[[str, str, Say, Say], None],
) -> tuple[Chain, list[Problem]]:
    """The chain, and the problems of its mappings; what is wrong about its operations is told to `tell`."""
    checking = _Checking(scheme, *ends, catalogs, tables, tell)
    return checking.chain(), checking.problems


class _Checking:
    def __init__(
        self,
        scheme: Scheme,
        source: Operation | None,
        target: Operation | None,
        catalogs: Catalogs,
        tables: Collection[str] | None,
        tell: Callable[[str, str, Say, Say], None],
    ) -> None:
        self.scheme, self.source, self.target = scheme, source, target
        self.catalogs, self.tables, self.tell = catalogs, tables, tell
        self.rows = seen(source, target)
        self.problems: list[Problem] = []

    def chain(self) -> Chain:
        to = self.scheme.target
        if to is None:
            if self.scheme.after:
                self.tell("after", "no_target", Say("没有 target，就没有写成以后的步骤"), Say("删掉 after"))
            return Chain()
        if self.scheme.lookups and (to.update or to.cancel):
            says = Say("有 lookups 的方案还不能修改和作废")
            self.tell("lookups", "unsupported", says, Say("改用导入的对照表，或去掉 update 和 cancel"))
        if self.scheme.shape and (to.update or to.cancel or self.scheme.after or self._pool()):
            says = Say("有 shape 的方案还不能修改、作废、接后续步骤，也不能读要回执的待取池")
            self.tell("shape", "unsupported", says, Say("去掉 shape，或去掉这些"))
        self._whole()
        update = self._changed("update", to.update, self.scheme.map)
        cancel = self._changed("cancel", to.cancel, None)
        self._fixed()
        after = tuple(
            deed
            for place, follow in enumerate(self.scheme.after)
            if (deed := self._followed(place, follow)) is not None
        )
        return Chain(update, cancel, self._cancels(), after, self._acknowledged())

    def _pool(self) -> bool:
        return self.source is not None and self.source.acknowledge is not None

    def _whole(self) -> None:
        """Keys that mean nothing without each other."""
        to = self.scheme.target
        assert to is not None  # noqa: S101  (asked by `chain`)
        if (to.cancel is None) != (to.cancel_when is None):
            there, lacks = ("cancel", "cancel_when") if to.cancel else ("cancel_when", "cancel")
            says = Say("写了 {there}，还缺 {lacks}", there=there, lacks=lacks)
            self.tell(f"target.{there}", "half", says, Say("两个都写，或都不写"))
        if self.scheme.on_change == "update" and to.update is None:
            says = Say("on_change: update 要写明用哪个接口修改")
            self.tell("on_change", "no_update", says, Say("在 target 里写 update: 接口名，或改成 flag"))
        if to.lookup is not None and self.target is not None:
            asked = self.catalogs.operation(to.lookup)
            if self.target.lookup is None or asked is None or asked.kind != "query":
                says = Say("不能用“{name}”反查", name=to.lookup)
                self.tell("target.lookup", "lookup", says, Say("目录要写明按哪个字段反查；删掉这一行"))
        names = [one.name for one in self.scheme.after]
        for place, name in enumerate(names):
            if name in names[:place] or name in TAKEN:
                self.tell(
                    f"after[{place}]", "twice", Say("步骤“{name}”已经有了", name=name), Say("换一个名字")
                )

    def _fixed(self) -> None:
        """A cell that is fixed for a field which depends on the action serves the create only."""
        to = self.scheme.target
        if to is None or to.update is None or to.update.map is not None or self.target is None:
            return
        for entry in self.scheme.map.entries:
            if (
                entry.to in self.target.by_action
                and isinstance(entry.rule, Cell)
                and entry.rule.how == "value"
            ):
                says = Say("{name} 新增和修改时不同，这里写死了", name=entry.to)
                do = Say('写成公式，如 =IF(_action = "update", …, …)，或给 update 写自己的 map')
                self.tell(entry.path, "by_action", says, do)

    def _changed(self, word: str, change: Change | None, otherwise: Fields | None) -> Deed | None:
        if change is None or self.scheme.target is None:
            return None
        path = f"target.{word}"
        operation = self._save(f"{path}.operation", change.operation)
        if operation is None:
            return None
        fields = change.map or otherwise
        known = (
            next((one for one in self.target.after if one.operation == operation.operation), None)
            if self.target
            else None
        )
        if fields is None and known is None:
            says = Say("目录里没有写 {name} 要填什么", name=operation.operation)
            self.tell(path, "no_map", says, Say("写成 {word}: {{operation: …, map: …}}", word=word))
            return None
        mapping = (
            self._compiled(path, fields, None, operation, own=change.map is not None) if fields else None
        )
        wrong = fields is not None and mapping is None
        given = dict(known.fields) if known and fields is None else {}
        made = Deed(word, "", self.scheme.target.connection, operation, mapping, given)
        return None if wrong else made

    def _followed(self, place: int, follow: Follow) -> Deed | None:
        path, to = f"after[{place}]", self.scheme.target
        assert to is not None  # noqa: S101  (asked by `chain`)
        known = (
            next((one for one in self.target.after if one.name == follow.name), None) if self.target else None
        )
        name = follow.operation or (known.operation if known else None)
        if name is None:
            if self.target is not None:
                says = Say(
                    "接口“{name}”的目录里没有步骤“{step}”", name=self.target.operation, step=follow.name
                )
                do = offer(follow.name, [one.name for one in self.target.after])
                self.tell(
                    path, "unknown_step", says, do if self.target.after else Say("写上 operation 和 map")
                )
            return None
        operation = self._save(f"{path}.operation" if follow.operation else path, name)
        if operation is None:
            return None
        if follow.map is None and (known is None or follow.operation):
            self.tell(path, "no_map", Say("步骤“{name}”没有写要填什么", name=follow.name), Say("写上 map"))
            return None
        fields = follow.map or Fields(entries=())
        own = follow.map is not None
        mapping = self._compiled(path, fields, follow.where, operation if own else None, own=True)
        title = known.title if known else ""
        given = dict(known.fields) if known and not own else {}
        connection = follow.connection or to.connection
        if mapping is None:
            return None
        return Deed(follow.name, title, connection, operation, mapping, given, step=place + 1)

    def _acknowledged(self) -> Deed | None:
        """Pools are told last of all, whether the scheme says so or not."""
        told = self.source.acknowledge if self.source else None
        operation = self.catalogs.operation(told.operation) if told else None
        if told is None or operation is None:
            return None
        return Deed(
            ACKNOWLEDGE,
            operation.title,
            self.scheme.source.connection,
            operation,
            acknowledge=told,
            step=LAST,
        )

    def _cancels(self) -> Mapping | None:
        to = self.scheme.target
        if to is None or to.cancel_when is None:
            return None
        source = self.scheme.source.model_copy(update={"where": to.cancel_when})
        mapping, problems = compile_mapping(
            self._alone(Fields(entries=()), source), self.rows, None, self.tables, "target.cancel_when"
        )
        self.problems += [_at(problem, "target.cancel_when") for problem in problems]
        return mapping

    def _save(self, path: str, name: str) -> Operation | None:
        operation = self.catalogs.operation(name)
        if operation is None:
            self.tell(
                path,
                "unknown_operation",
                Say("没有接口“{name}”", name=name),
                Say("看看连接器目录里有哪些接口"),
            )
        elif operation.kind != "save":
            self.tell(path, "kind", Say("“{name}”是查询接口，这里要用保存接口", name=name), Say("换一个接口"))
            return None
        return operation

    def _compiled(
        self, path: str, fields: Fields, where: str | None, operation: Operation | None, *, own: bool
    ) -> Mapping | None:
        """A map of its own; an update by the scheme's map tells its problems where they stand already."""
        source = self.scheme.source.model_copy(update={"where": where})
        mapping, problems = compile_mapping(
            self._alone(fields, source), self.rows, operation, self.tables, path if own else ""
        )
        self.problems += problems if own else []
        used = mapping.tables & self.scheme.lookups.keys() if mapping and own else ()
        for name in used:
            says = Say("“{name}”是方案自己的 lookups，这里还不能用", name=name)
            self.tell(path, "unsupported", says, Say("改用导入的对照表"))
        return mapping

    def _alone(self, fields: Fields, source: Source) -> Scheme:
        """The scheme with another map, and nothing that turns one record into several documents."""
        plain: dict[str, object] = {"map": fields, "source": source, "after": ()}
        if "shape" in Scheme.model_fields:
            plain["shape"] = ()
        return self.scheme.model_copy(update=plain)


def _at(problem: Problem, path: str) -> Problem:
    return Problem(path, problem.code, problem.says, problem.do, problem.at, problem.weight)
