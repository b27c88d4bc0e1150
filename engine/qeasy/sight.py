"""Where an expression stands: which rows it sees, and what its names are from there.

Names of 轻易云 begin at the record, whatever row they stand in (`details.qty`); ours begin at the nearest row.
Flattened records carry the line's fields as `details_qty`, which are names of the line as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.mapping.formula.tree import Call, Name, Number, Text, Tree
from engine.mapping.path import Path, Step
from engine.mapping.slip import Slip
from engine.qeasy import expression as sql
from engine.qeasy.ledger import Spot
from engine.qeasy.lookups import Lookups
from engine.qeasy.parts import AGO, is_time
from engine.say import Say

Steps = tuple[str, ...]


@dataclass
class Derived:
    """A field made of the field `old`; `uses` counts where."""

    old: Steps
    make: Callable[[Tree], Tree]
    spot: Spot
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """One row in sight, the innermost last: a line of the list `rows`, or the record where that is empty.

    A level with `names` holds these and nothing else: the row that several records were merged into.
    """

    rows: Steps = ()
    names: Mapping[str, str] | None = None

    def own(self, steps: Steps) -> Steps | None:
        """The path from this row; None where the name is not this row's."""
        if self.names is not None:
            for said in (".".join(steps), "_".join(steps), steps[-1]):
                if said in self.names:
                    return (self.names[said],)
            return None
        size = len(self.rows)
        if not size:
            return steps
        inner = steps[size:] if steps[:size] == self.rows else steps if len(steps) == 1 else None
        if not inner:
            return None
        flat = "_".join(self.rows) + "_"
        if inner[0].startswith(flat) and len(inner[0]) > len(flat):
            return (inner[0][len(flat) :], *inner[1:])
        return inner if steps[:size] == self.rows else None


@dataclass(frozen=True)
class InRecord:
    """The sight of a cell. `lists` are the paths known to be lists; `derived` names are made of other fields."""

    levels: tuple[Level, ...] = (Level(),)
    lists: frozenset[Steps] = frozenset()
    numbers: frozenset[Steps] = frozenset()
    """The paths known to be numbers: compared as such."""
    derived: Mapping[Steps, Derived] = field(default_factory=dict)
    renamed: Mapping[Steps, Steps] = field(default_factory=dict)
    lookups: Lookups = field(default_factory=Lookups)
    used: dict[Steps, None] = field(default_factory=dict)
    """Every path of the record that was used, in order."""
    entered: dict[Steps, None] = field(default_factory=dict)
    """The lists whose lines were gone through."""

    def inside(self, rows: Steps) -> InRecord:
        self.entered[rows] = None
        return replace(self, levels=(*self.levels, Level(rows)), lists=self.lists | {rows})

    def path(self, steps: Steps, at: int = 0) -> Path:
        """From the nearest row. The first line stands for a list nobody went into."""
        steps = self.renamed.get(steps, steps)
        for up, level in enumerate(reversed(self.levels)):
            own = level.own(steps)
            if own is not None:
                if level.names is None:
                    self.used[(*level.rows, *own)] = None
                return Path(up, tuple(self._step(level.rows, own, place) for place in range(len(own))))
        raise Slip(
            at, Say("合并后的行里没有 {name}", name=".".join(steps)), Say("补进 by、sum、first 或 list")
        )

    def _step(self, rows: Steps, own: Steps, place: int) -> Step:
        through = place < len(own) - 1 and (*rows, *own[: place + 1]) in self.lists
        return Step(own[place], 0 if through else None)

    def field(self, field: sql.Field) -> Tree:
        derived = self.derived.get(field.steps)
        if derived is None:
            return Name(self.path(field.steps, field.at))
        derived.uses += 1
        return derived.make(Name(self.path(derived.old, field.at)))

    def column(self, field: sql.Field) -> tuple[Tree, Tree]:
        """`details.qty` as the list and the field in it."""
        for size in range(len(field.steps) - 1, 0, -1):
            rows = field.steps[:size]
            if rows in self.lists or size == 1:
                self.used[field.steps] = None
                out = Name(self._outside(rows, field.at))
                return out, Name(Path(0, tuple(Step(one) for one in field.steps[size:])))
        raise Slip(field.at, Say("{name} 不在列表里", name=".".join(field.steps)), Say("写成 列表.字段"))

    def _outside(self, rows: Steps, at: int) -> Path:
        """The list itself, also from inside one of its lines."""
        outer = replace(self, levels=tuple(level for level in self.levels if level.rows != rows))
        path = outer.path(rows, at)
        return replace(path, up=path.up + len(self.levels) - len(outer.levels))

    def moment(self, name: str, at: int) -> Tree:
        if name == "LAST_SYNC_TIME":
            raise Slip(at, Say("映射里没有上次读取的时间"), Say("用源单据自己的时间字段"))
        return ago(Call("NOW"), name)

    def find(self, find: sql.Find, codes: Sequence[Tree]) -> Tree:
        name = self.lookups.named(find)
        code = codes[0] if len(codes) == 1 else Call("KEY", tuple(codes))
        return Call("LOOKUP", (Text(name), code))


class InParams:
    """The sight of a parameter of a query: the window, and no record."""

    def field(self, field: sql.Field) -> Tree:
        says = Say("查询参数里没有字段 {name}", name=".".join(field.steps))
        raise Slip(field.at, says, Say("写成固定值，或用 since、until、page 的公式"))

    def column(self, field: sql.Field) -> tuple[Tree, Tree]:
        self.field(field)
        raise AssertionError

    def moment(self, name: str, at: int) -> Tree:
        window = Name(Path(0, (Step("since" if name == "LAST_SYNC_TIME" else "until"),)))
        return ago(window, name)

    def find(self, find: sql.Find, codes: Sequence[Tree]) -> Tree:
        raise Slip(find.at, Say("查询参数里不能查别的方案"), Say("写成固定值"))


def ago(now: Tree, name: str) -> Tree:
    """DAYS_AGO_3 counts from now, to the second: guessed, nobody says from when."""
    if not name.startswith(AGO):
        return now
    return Call("ADDDAYS", (now, Number(-Decimal(name[len(AGO) :]))))


__all__ = ["InParams", "InRecord", "Level", "is_time"]
