"""Lists that take more than one step: several levels gone through as one, filtered, grouped, sorted.

The plain `each: list` with at most a `where` is in shape.py, and quicker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar, cast

from engine.mapping.grouping import Grouped
from engine.mapping.plain import MISSING, Value, as_number, as_text, blank
from engine.mapping.scope import Find, Scope, Trouble
from engine.mapping.shape import Each, Findings, Make, Object
from engine.model.scheme import Empty
from engine.model.values import Json
from engine.say import Say

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to sort by; `number`: it is one, else it is text. Blank comes last either way."""

    find: Find
    number: bool
    down: bool

    def key(self, row: Value, scope: Scope) -> tuple[bool, Decimal | str]:
        value = self.find(row, scope)
        if blank(value):
            return (not self.down, Decimal(0) if self.number else "")
        if self.number:
            number = as_number(value)
            if number is None:
                raise Trouble("no_number", Say("排序的值不是数字"), Say("核对源数据"))
            return (self.down, number)
        return (self.down, as_text(value) or "")


@dataclass(frozen=True, slots=True)
class LongListing:
    """`each` from the outermost list to the innermost, with their labels."""

    path: str
    label: str
    each: tuple[Each, ...]
    labels: tuple[str, ...]
    empty: Empty
    where: Callable[[Value, Scope], bool] | None
    group: Grouped | None
    sort: tuple[Order, ...]
    inner: Object
    needed: bool

    @property
    def cost(self) -> int:
        return self.inner.cost

    @property
    def build(self) -> Find:
        make = cast(Make, self.inner.build)

        def build(row: Value, scope: Scope) -> Value:
            found = self._rows(row, scope, None)
            made: list[Json] = []
            for inside in found or ():
                inside.number = len(made)
                made.append(make(inside.row, inside))
            if self.needed and not made:
                raise Trouble("required", Say("一行也没有，而这里必须有"), Say("核对源数据和 where"))
            return MISSING if found is None else made

        return build

    def collect(self, row: Value, scope: Scope, found: Findings) -> None:
        before = found.noted
        rows = self._rows(row, scope, found) or ()
        for place, inside in enumerate(rows, 1):
            inside.number = place - 1
            found.rows.append(place)
            self.inner.collect(inside.row, inside, found)
            found.rows.pop()
        if found.noted == before:
            try:
                self.build(row, scope)
            except Trouble as trouble:
                found.note(self.path, self.label, trouble)

    def _rows(self, row: Value, scope: Scope, found: Findings | None) -> list[Scope] | None:
        """The rows to make, each in its scope; with `found` troubles are noted there and their rows left out."""
        rows = self._walked(row, scope, found)
        if rows is None:
            return None
        cost = self.inner.cost + (self.group.cost if self.group else 0) + len(self.sort)
        count = len(rows)
        self._tried(found, "each", None, lambda: scope.run.spend(cost * count))
        where = self.where
        if where is not None:
            rows = [
                inside
                for place, inside in enumerate(rows, 1)
                if self._tried(found, "where", place, lambda: where(inside.row, inside))  # noqa: B023  (called at once)
            ]
        if self.group is not None:
            rows = self._grouped(self.group, rows, scope, found)
        return self._sorted(rows, found) if self.sort else rows

    def _walked(self, row: Value, scope: Scope, found: Findings | None) -> list[Scope] | None:
        first = self._tried(found, "each", None, lambda: self.each[0](row, scope))
        if first is None:
            return None
        rows = [Scope(item, scope, scope.run) for item in first]
        for each, label in zip(self.each[1:], self.labels[1:], strict=True):
            deeper: list[Scope] = []
            for place, outer in enumerate(rows, 1):
                inside = self._tried(found, "each", place, lambda: self._inside(each, label, outer))  # noqa: B023
                deeper += inside or ()
            rows = deeper
        return rows

    def _inside(self, each: Each, label: str, outer: Scope) -> list[Scope]:
        items = each(outer.row, outer)
        outer.run.spend(1 + len(items or ()))
        if items:
            return [Scope(item, outer, outer.run) for item in items]
        if self.empty == "problem":
            says, do = (
                Say("{label} 是空的", label=label),
                Say("写 empty: keep 留下这一行，或 empty: drop 不要它"),
            )
            raise Trouble("empty_list", says, do)
        return [Scope({}, outer, outer.run)] if self.empty == "keep" else []

    def _grouped(
        self, group: Grouped, rows: list[Scope], scope: Scope, found: Findings | None
    ) -> list[Scope]:
        if found is not None:
            rows = [
                one
                for place, one in enumerate(rows, 1)
                if self._tried(found, "group", place, lambda: group.fold([(one.row, one)]))  # noqa: B023
            ]
        made = self._tried(found, "group", None, lambda: group.fold((one.row, one) for one in rows)) or []
        return [Scope(row, scope, scope.run) for row, _ in made]

    def _sorted(self, rows: list[Scope], found: Findings | None) -> list[Scope]:
        keyed = []
        for place, one in enumerate(rows, 1):
            key = self._tried(found, "sort", place, lambda: [order.key(one.row, one) for order in self.sort])  # noqa: B023
            if key is not None:
                keyed.append((key, one))
        for number in reversed(range(len(self.sort))):
            keyed.sort(key=lambda pair: pair[0][number], reverse=self.sort[number].down)
        return [one for _, one in keyed]

    def _tried(
        self,
        found: Findings | None,
        part: Literal["each", "where", "group", "sort"],
        place: int | None,
        work: Callable[[], T],
    ) -> T | None:
        """`work`'s value. Its Trouble is raised where we build, noted (None then) where we collect."""
        if found is None:
            return work()
        try:
            return work()
        except Trouble as trouble:
            if place is not None:
                found.rows.append(place)
            found.note(f"{self.path}.{part}", self.label, trouble)
            if place is not None:
                found.rows.pop()
            return None
