"""A scheme (方案): one YAML document as frozen values. The text is the master, this is its meaning.

`engine.document.scheme` makes it from text and keeps for every path the mark where it stands
(`Scheme.marks`, keyed by the dotted path that problems use).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal

from pydantic import Field as Key

from engine.model.catalog import Duration, FieldType, Frozen, Value
from engine.model.values import Mark

Missing = Literal["omit", "null", "blank", "problem"]
OnChange = Literal["flag", "ignore", "update"]


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


class Rows(Frozen):
    """A list: one row of the target for each row of the source list `each`."""

    each: str
    where: str | None = None
    sort: Value = None
    group: Value = None
    map: Fields


class Entry(Frozen):
    """`to` is the target's key, never split. `path` is where it stands: "map.othOutRecords.qty"."""

    to: str
    path: str
    rule: Cell | Fields | Rows


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
    extra: dict[str, FieldType] = Key(default_factory=dict)


class Target(Frozen):
    connection: str
    operation: str
    extra: dict[str, FieldType] = Key(default_factory=dict)


class Scheme(Frozen):
    """`target` None: a base-data scheme. It writes nothing; its kept records serve others as lookups."""

    scheme: str
    title: str = ""
    note: str = ""
    schedule: tuple[Schedule, ...] = ()
    needs: tuple[str, ...] = ()
    """Schemes that run first: a run waits while one of theirs is open, and has them run where they never did."""
    source: Source
    target: Target | None = None
    map: Fields = Fields(entries=())
    on_change: OnChange = "flag"
    parallel: int = 1
    marks: Mapping[str, Mark] = Key(default_factory=dict, exclude=True, repr=False)
