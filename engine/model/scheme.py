"""A scheme (方案): one YAML document as frozen values. The text is the master, this is its meaning.

`engine.document.scheme` makes it from text and keeps for every path the mark where it stands
(`Scheme.marks`, keyed by the dotted path that problems use).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field as Key

from engine.model.catalog import Duration, FieldType, Frozen, Value
from engine.model.values import Mark

Missing = Literal["omit", "null", "blank", "problem"]
OnChange = Literal["flag", "ignore", "update"]
Empty = Literal["problem", "drop", "keep"]
Late = Literal["next", "stop"]


Texts = Annotated[tuple[str, ...], BeforeValidator(lambda one: (one,) if isinstance(one, str) else one)]
"""One text or several."""


class Cell(Frozen):
    """One value cell: exactly one of the ways to find a value, then pipes to dress it.

    A short cell `path | pipe` is `from_` (pipes inside the text), `=expression` is `formula`.
    `how` names which of the members is set, as written.
    """

    how: Literal["from", "value", "formula", "template", "jmespath", "jsonpath", "ignore"]
    text: str = ""
    value: Value = None
    pipe: tuple[str, ...] = ()
    when: str | None = None
    missing: Missing | None = None
    note: str = ""


class Fields(Frozen):
    """An object: target names (literal, in order, a name may repeat) to what fills them."""

    entries: tuple[Entry, ...]


class Grouping(Frozen):
    """Rows with equal `by` become one row. What it holds, by name, each a short cell read in every row:
    the keys, sums, the first value that is not blank, lists of different values in order of appearance.
    """

    by: dict[str, str]
    sum: dict[str, str] = Key(default_factory=dict)
    first: dict[str, str] = Key(default_factory=dict)
    list: dict[str, str] = Key(default_factory=dict)


class Rows(Frozen):
    """A list: one row of the target for each row of the source list `each`.

    Several lists lie one inside the other and are gone through as one; `empty` says what a row
    becomes whose inner list is empty. Rows are filtered, then grouped, then sorted.
    """

    each: Texts
    empty: Empty = "problem"
    where: str | None = None
    group: Grouping | None = None
    sort: Texts = ()
    map: Fields


class Entry(Frozen):
    """`to` is the target's key, never split. `path` is where it stands: "map.othOutRecords.qty"."""

    to: str
    path: str
    rule: Cell | Fields | Rows


class Parse(Frozen):
    """A text of the record that holds JSON or XML becomes what it says, in its place."""

    parse: str
    as_: Literal["json", "xml"] = Key("json", alias="as")


class Zip(Frozen):
    """A new list `zip` in the record: from parallel lists (`of`: name -> cell), or from rows of bare
    values (`rows`), named in order by `names`.
    """

    zip: str
    of: dict[str, str] = Key(default_factory=dict)
    rows: str | None = None
    names: tuple[str, ...] = ()


class Append(Frozen):
    """One more row at the end of the record's list, where `when` holds; its cells stand in the record."""

    append: str
    when: str | None = None
    row: Fields


class Split(Frozen):
    """One document for each different `by` of the rows of a list: the record with those rows only.

    The names of `by` become fields of the record.
    """

    split: str
    by: dict[str, str]


class Explode(Frozen):
    """One document for each row of a list: the row is the nearest row, the record is one level out."""

    explode: str
    by: dict[str, str]


class Complete(Frozen):
    """When a group is whole: once the reading has ended, or besides that after a quiet time without a new
    record, or when the day that key `day` names is over by `plus`.
    """

    quiet: Duration | None = None
    day: str | None = None
    plus: Duration | None = None


class Group(Frozen):
    """Records with equal keys give one document; its row holds what `group` names, and `records`."""

    group: Grouping
    complete: Complete = Complete()
    late: Late = "next"


class Chunk(Frozen):
    """A document whose list `chunk` has more than `most` rows is cut into several."""

    chunk: str
    most: int


Step: TypeAlias = Parse | Zip | Append | Split | Explode | Group | Chunk


class Placed(Frozen):
    """A step of `shape` and where it stands: "shape[0]"."""

    path: str
    step: Step


class Schedule(Frozen):
    """When a scheme runs by itself: exactly one of `every`, `at`, `cron`, `after` (another scheme's run)."""

    name: str = "default"
    every: Duration | None = None
    at: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    cron: str | None = None
    after: str | None = None
    zone: str = "Asia/Shanghai"


class Source(Frozen):
    connection: str
    operation: str
    params: dict[str, Value] = Key(default_factory=dict)
    where: str | None = None
    begin: date | datetime | None = None
    overlap: timedelta | None = None
    lag: timedelta | None = None
    detail: bool = False
    """Whether each listed row is asked for by itself too, and kept with what the list leaves out."""
    extra: dict[str, FieldType] = Key(default_factory=dict)


class Change(Frozen):
    """What `update` or `cancel` calls, and with what; without `map` an update takes the scheme's own."""

    operation: str
    map: Fields | None = None


class Follow(Frozen):
    """A call that follows a done save: by its name in the catalogue, or with operation and map of its own."""

    name: str
    connection: str | None = None
    operation: str | None = None
    where: str | None = None
    map: Fields | None = None


class Target(Frozen):
    """`operation` creates; `lookup` asks instead of what the catalogue names."""

    connection: str
    operation: str
    update: Change | None = None
    cancel: Change | None = None
    cancel_when: str | None = None
    lookup: str | None = None
    extra: dict[str, FieldType] = Key(default_factory=dict)


class Lookup(Frozen):
    """A lookup of the scheme's own: the records another `scheme` keeps, or a query of a vendor.

    `by` are cells that make the code of a record, or of each row of its list `each`; `give` are
    cells by column, "" where there is only one. What a vendor answers is kept for `keep`.
    """

    scheme: str | None = None
    connection: str = ""
    operation: str = ""
    ask: dict[str, Value] = Key(default_factory=dict)
    keep: timedelta = timedelta(minutes=10)
    each: str | None = None
    by: tuple[str, ...]
    give: dict[str, str]
    miss: str = "problem"


class RuleTable(Frozen):
    """Rows of conditions by input, in the order of `inputs`, and what they `give`."""

    inputs: dict[str, Literal["text", "number"]]
    match: Literal["first", "best"] = "first"
    miss: str = "problem"
    rows: tuple[dict[str, Value], ...]


class Scheme(Frozen):
    """`target` None: a base-data scheme. It writes nothing; its kept records serve others as lookups."""

    scheme: str
    title: str = ""
    note: str = ""
    schedule: tuple[Schedule, ...] = ()
    needs: tuple[str, ...] = ()
    """Schemes that run first: a run waits while one of theirs is open, and has them run where they never did."""
    lookups: dict[str, Lookup] = Key(default_factory=dict)
    rules: dict[str, RuleTable] = Key(default_factory=dict)
    source: Source
    target: Target | None = None
    shape: tuple[Placed, ...] = ()
    map: Fields = Fields(entries=())
    after: tuple[Follow, ...] = ()
    on_change: OnChange = "flag"
    parallel: int = 1
    marks: Mapping[str, Mark] = Key(default_factory=dict, exclude=True, repr=False)
