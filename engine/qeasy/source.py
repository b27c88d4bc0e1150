"""The source side: what is read, how it is filtered, and what its records look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.model.catalog import Field as Known, Operation
from engine.qeasy import kingdee
from engine.qeasy.derived import read_derived
from engine.qeasy.fields import Field, read_fields
from engine.qeasy.ledger import Spot
from engine.qeasy.operations import Catalogs, api_of, operation_of
from engine.qeasy.params import Params, look_back
from engine.qeasy.sight import Derived, Steps
from engine.say import Say

PER_PAGE = 100
NUMBERS = ("integer", "decimal")


@dataclass
class Source:
    """One source side, read. `flat`: the list whose lines became records of their own."""

    operation: Operation | None
    name: str
    params: Params
    fields: list[Field] = field(default_factory=list)
    derived: Mapping[Steps, Derived] = field(default_factory=dict)
    flat: Steps = ()
    whole: bool = False
    """Whether such a line is all of its record."""
    id: str = ""
    renamed: Mapping[Steps, Steps] = field(default_factory=dict)
    """Names of the metadata that are other paths in the record."""

    def lists(self) -> frozenset[Steps]:
        """The paths that are lists, by the metadata and the catalogue."""
        found = set(_lists(self.fields, ())) | ({self.flat} if self.flat else set())
        known = self.operation.give if self.operation is not None else ()
        return frozenset(found | set(_known_lists(known, ())))

    def numbers(self) -> frozenset[Steps]:
        """The paths that are numbers, by the metadata and the catalogue."""
        found = {path for one, path in paths(self.fields, ()) if one.type in NUMBERS}
        known = self.operation.give if self.operation is not None else ()
        return frozenset(found | set(_known_numbers(known, ())))

    def lacks(self, path: Steps) -> bool:
        """Whether the catalogue is there and does not know this path."""
        known: Sequence[Known] | None = self.operation.give if self.operation is not None else None
        for step in path:
            if not known:
                return False if known is None else known is not None and not _open(known)
            inner = next((one for one in known if step in (one.name, *one.aliases)), None)
            if inner is None:
                return True
            known = inner.fields or None
        return False


def _open(known: Sequence[Known]) -> bool:
    return not known


def read_source(spot: Spot, catalogs: Catalogs) -> Source:
    """Takes what it knows of the metadata; `condition` waits for the target's lists."""
    fields = read_fields(spot.at("request"), placeholders=_first_kind(spot))
    more = read_fields(spot.at("otherRequest"))
    form = next((str(one.said) for one in [*more, *fields] if one.name == kingdee.FORM and one.said), "")
    columns = fields if kingdee.asks_columns(api_of(spot), fields) else []
    wanted = [kingdee.column_of(one) for one in columns]
    operation, name = operation_of(spot, "query", catalogs, form, wanted)
    made = Source(operation, name, Params(operation, _per_page(spot)))
    for one in [*([] if columns else fields), *more]:
        _parameter(made, one, form)
    made.fields = read_fields(spot.at("response"), placeholders=_first_kind(spot))
    _columns(made, columns)
    _response(spot, made)
    _identity(spot, made)
    made.derived = read_derived(spot.at("formatResponse"))
    _flattened(spot, made)
    _remedy(spot.at("omissionRemedy"), made)
    return made


def _first_kind(spot: Spot) -> bool:
    kind = spot.at("type")
    return kind is not None and kind.text == "WebAPI"


def _per_page(spot: Spot) -> int:
    """The engine turns pages by itself; a size that was told is of use where nobody knows the operation."""
    pagination = spot.at("pagination")
    size = pagination.at("pageSize") if pagination is not None else None
    if pagination is not None and size is not None and isinstance(size.value, int):
        size.take()
        return size.value
    return PER_PAGE


def _parameter(made: Source, one: Field, form: str) -> None:
    """金蝶's own way to ask is the catalogue's where it knows the form."""
    operation = made.operation
    if operation is None or not form or (one.name == kingdee.FORM and operation.columns_in):
        made.params.add(one)
    elif one.name == kingdee.FORM or one.name.lower() in kingdee.TURNING:
        one.spot.take(deep=True)
    elif one.name == kingdee.FILTER:
        one.spot.take(deep=True)
        rest = kingdee.filtered(one)
        if rest:
            made.params.add(replace(one, name="filter", restored=rest))
    else:
        made.params.add(one)


def _columns(made: Source, columns: list[Field]) -> None:
    """The columns of a query that takes them, and what the record calls them."""
    operation = made.operation
    if operation is not None and operation.columns_in:
        line = kingdee.columns_line(operation, [kingdee.column_of(one) for one in columns])
        says = Say("{name} 没有填：写上要哪些字段", name=operation.columns_in)
        made.params.lines.append(line or made.params.todo(operation.columns_in, says))
    for one in columns:
        there = kingdee.column_of(one)
        if one.value is not None:
            one.value.take()
        label = one.label if there == one.name else f"{one.label}；{there}" if one.label else there
        name = there if operation is not None else one.name
        made.fields.append(Field(name, one.spot, label, one.type, one.cast))
    if operation is not None:
        made.renamed = kingdee.renamed(columns)


def _response(spot: Spot, made: Source) -> None:
    """Values of known result fields say nothing, unless they pick the new document's id."""
    for one in made.fields:
        if one.value is not None and one.name != "primaryWriteback":
            one.value.take()
    others = spot.at("otherResponse")
    if others is not None and made.operation is None:
        others.leave(Say("目录里没有这个接口；写目录时用它"))
    elif others is not None:
        others.take(deep=True)
        others.note(Say("列表和状态在回复的哪里，由接口目录决定"))


def _identity(spot: Spot, made: Source) -> None:
    key = made.operation.key if made.operation is not None else ()
    number = made.operation.number if made.operation is not None else None
    for name in ("id", "number"):
        one = spot.at(name)
        if one is None:
            continue
        if name == "id":
            made.id = one.text
        if (
            (name == "id" and _of_line(spot, one.text))
            or one.value in (*key, number)
            or (one.value and name == "number" and made.operation is not None)
        ):
            one.take()
        elif made.operation is not None:
            one.leave(Say("数据的键由接口目录决定，是 {key}", key=".".join(key)))
        else:
            one.leave(Say("目录里没有这个接口；写目录时用它"))
    check = spot.at("idCheck")
    if check is not None:
        check.take()
        check.note(Say("同一条数据只存一次，由引擎保证；已写过的在源里又变了，按 on_change 处理"))


def _of_line(spot: Spot, name: str) -> bool:
    """Is it the id of a line of the list that is flattened? Then documents are told apart by it."""
    flat = spot.at("beatFlat")
    lists = [one.text for one in flat.items() if one.text] if flat is not None else []
    return len(lists) == 1 and name.startswith((f"{lists[0]}_", f"{lists[0]}."))


def _flattened(spot: Spot, made: Source) -> None:
    """beatFlat and splitArray: one record for each line of a list."""
    flat, operation = spot.at("beatFlat"), spot.at("operation")
    lists = [one.text for one in flat.items() if one.text] if flat is not None else []
    if flat is not None and len(lists) == 1:
        made.flat = tuple(lists[0].split("."))
        flat.take()
    elif flat is not None:
        _stop(made, flat, Say("几个列表一起打平，不会译"))
    if operation is None:
        return
    method, key = operation.at("method"), operation.at("arrayKey")
    if method is not None and method.text == "none":
        operation.take(deep=True)
    elif (
        method is not None and method.text == "splitArray" and key is not None and key.text and not made.flat
    ):
        made.flat, made.whole = tuple(key.text.split(".")), True
        operation.take(deep=True)
    elif method is not None:
        _stop(made, operation, Say("不会译 operation {method}", method=method.text))


def _stop(made: Source, spot: Spot, says: Say) -> None:
    """Left, and other documents would come of it than there."""
    spot.leave(says)
    made.params.stops.append(says)


def _remedy(spot: Spot | None, made: Source) -> None:
    """漏单补偿: each read looks back as far; what was kept before is not written again."""
    if spot is None:
        return
    requests = read_fields(spot.at("takeOverRequest"))
    backs = [look_back(one.said) for one in requests]
    window = made.operation.window if made.operation is not None else None
    known = [back for back in backs if back]
    if not known or None in [back for one, back in zip(requests, backs, strict=True) if not _now(one)]:
        spot.leave(Say("漏单补偿的参数不是往回看一段时间"))
        return
    longest = max(known)
    if window is not None and longest >= window.longest:
        spot.leave(Say("往回看得比接口一次能查的还长"))
        return
    made.params.overlap = max(longest, made.params.overlap or longest)
    for one in requests:
        one.spot.take(deep=True)
    crontab = spot.at("crontab")
    if crontab is not None:
        crontab.take()
        crontab.note(Say("漏单补偿译成 overlap：每次读取都往回看这么久，已有的不会再写"))


def _now(one: Field) -> bool:
    return "CURRENT_TIME" in str(one.said)


def paths(fields: Sequence[Field], at: Steps) -> Iterator[tuple[Field, Steps]]:
    for one in fields:
        yield one, (*at, one.name)
        yield from paths(one.children, (*at, one.name))


def _lists(fields: Sequence[Field], at: Steps) -> Iterator[Steps]:
    return (path for one, path in paths(fields, at) if one.type == "list")


def _known_numbers(known: Sequence[Known], at: Steps) -> Iterator[Steps]:
    for one in known:
        if one.type in NUMBERS:
            yield (*at, one.name)
        yield from _known_numbers(one.fields, (*at, one.name))


def _known_lists(known: Sequence[Known], at: Steps) -> Iterator[Steps]:
    for one in known:
        if one.type == "list":
            yield (*at, one.name)
        yield from _known_lists(one.fields, (*at, one.name))
