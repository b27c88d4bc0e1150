"""What is known before a record comes: the fields of each row a cell can see, and what a path means there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from engine.mapping.codes import column_of
from engine.mapping.path import Path, Step
from engine.mapping.rules import Rules
from engine.mapping.slip import Slip
from engine.model.catalog import Field, FieldType
from engine.say import Say, Words

Fields = tuple[Field, ...]
_MADE = "*"
"""The place of rows that no source gives: `source.extra` and `opened` name nothing in them."""


@dataclass(frozen=True, slots=True)
class Level:
    """One row in sight. `fields` None: nothing is known of it. `at`: its dotted place in the record."""

    fields: Fields | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A path led to its real names (an alias is the field it stands for) and, where known, the field.

    `quote`: messages may show its value: the catalogue knows it and calls nothing on the way personal.
    """

    path: Path
    field: Field | None = None
    quote: bool = True

    @property
    def label(self) -> str:
        return label(self.field, self.path.dotted or ".")


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a cell stands. `levels` from the outermost row to the nearest; none: no record is in reach.

    `offers` are the things besides the row a formula may use: now, rowno, lookup. `used` gathers the
    names of the code tables met. `opened` are the places of texts that the shape reads as JSON or XML:
    what stands there and below is known to nobody. `declared` are the scheme's own lookups with what a
    miss means in each, `rules` its rule tables.
    """

    levels: tuple[Level, ...] = ()
    extra: Mapping[str, FieldType] = field(default_factory=dict)
    tables: Collection[str] | None = None
    zone: str = "Asia/Shanghai"
    offers: frozenset[str] = frozenset({"now", "lookup"})
    used: set[str] = field(default_factory=set)
    opened: frozenset[str] = frozenset()
    declared: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Rules] = field(default_factory=dict)

    def inside(self, found: Found) -> Ground:
        """The ground of the rows of the list that was found; without a field, of rows nobody knows."""
        level = self.level(found.path)
        inner = found.field.fields or None if found.field else None
        steps = [found.path.dotted] if found.path.steps else []
        row = Level(inner, ".".join([level.at, *steps] if level.at else steps))
        return replace(self, levels=(*self.levels, row), offers=self.offers | {"rowno"})

    def again(self, path: Path) -> Ground:
        """One level in, over the very row that `path` leads up to: `each: .` lists that row alone."""
        row = self.level(path)
        return replace(self, levels=(*self.levels, row), offers=self.offers | {"rowno"})

    def among(self, fields: Fields) -> Ground:
        """The ground of rows made here, one level in, that hold these fields and no others."""
        return replace(self, levels=(*self.levels, Level(fields, _MADE)), offers=self.offers | {"rowno"})

    def table(self, name: str) -> str:
        """The code table's name, noted as used. Raises Slip where tables are known and it is none."""
        own = column_of(name)[0]
        if self.tables is not None and not {name, own} & {*self.tables, *self.declared}:
            raise Slip(
                0, Say("没有对照表 {table}", table=name), Say("先建立这个对照表，或改正名字"), "unknown_table"
            )
        self.used.add(name)
        return name

    def misses(self, name: str, said: str) -> str:
        """What a miss means: as said here, else as the scheme says of that lookup, else a problem."""
        return said or self.declared.get(column_of(name)[0], "") or "problem"

    def level(self, path: Path) -> Level:
        return self.levels[-1 - path.up]

    def resolve(self, path: Path, at: int = 0) -> Found:
        """Where the path leads. Raises Slip: no such row, no such field, a list on the way without [n]."""
        if path.up >= len(self.levels):
            raise self._too_far(path, at)
        level = self.level(path)
        fields, place = level.fields, level.at
        reached: Field | None = None
        steps: list[Step] = []
        quote = True
        for number, step in enumerate(path.steps):
            place = f"{place}.{step.name}" if place else step.name
            reached = self._member(fields, step, place, path, at)
            steps.append(Step(reached.name if reached else step.name, step.index))
            quote = quote and self._quotable(reached, place)
            if reached:
                _passable(reached, step, number == len(path.steps) - 1, at)
            fields = (reached.fields or None) if reached else None
        return Found(Path(path.up, tuple(steps)), reached, quote)

    def _quotable(self, reached: Field | None, place: str) -> bool:
        """Where the catalogue is known, only what it knows and calls not personal may be quoted."""
        if self.levels[0].fields is None:
            return True
        return reached is not None and not reached.personal and place not in self.extra

    def _member(self, fields: Fields | None, step: Step, place: str, path: Path, at: int) -> Field | None:
        if place in self.extra:
            return Field(name=step.name, type=self.extra[place])
        if fields is None or place in self.opened:
            return None
        known = named(fields, step.name)
        if known is None and place.startswith(f"{_MADE}."):
            close = nearest(fields, step.name)
            do = Say("相近的有：{names}", names=close) if close else Say("写 by、sum、first、list 里的名字")
            raise Slip(at, Say("合并后的行里没有 {name}", name=step.name), do, "unknown_source")
        if known is None:
            raise Slip(
                at,
                Say("源接口没有字段 {name}", name=place),
                self._advice(fields, step.name, path),
                "unknown_source",
            )
        return known

    def _advice(self, fields: Fields, name: str, path: Path) -> Say:
        if len(path.steps) == 1:
            for up, level in enumerate(reversed(self.levels)):
                if up != path.up and level.fields and named(level.fields, name):
                    return Say("它在另一层：写 {path}", path="^" * up + "." * bool(up) + name)
            for child in fields:
                if child.fields and named(child.fields, name):
                    return Say("它在 {list} 里：用 each 逐行映射，或写明第几行", list=child.name)
        close = nearest(fields, name)
        if close:
            return Say("相近的有：{names}；确实有这个字段时写进 source.extra", names=close)
        return Say("确实有这个字段时写进 source.extra")

    def _too_far(self, path: Path, at: int) -> Slip:
        if not self.levels:
            return Slip(at, Say("这里没有源数据，不能写字段"), Say("取源数据写 from 或 formula"), "no_row")
        return Slip(
            at,
            Say("^ 太多：外面只有 {levels} 层", levels=len(self.levels) - 1),
            Say("删去多余的 ^"),
            "too_far",
        )


def _passable(reached: Field, step: Step, last: bool, at: int) -> None:
    """Rule 5: through a list only with [n]; nothing lies inside a single value."""
    if step.index is not None and reached.type != "list":
        raise Slip(
            at, Say("{label} 不是列表，没有第几行", label=label(reached)), Say("去掉方括号"), "no_list"
        )
    if last:
        return
    if reached.type == "list" and step.index is None:
        says = Say("路径穿过了列表 {label}", label=label(reached))
        raise Slip(
            at, says, Say("写明第几行，例如 {name}[0]，或用 each 逐行映射", name=reached.name), "through_list"
        )
    if reached.type not in ("list", "object"):
        raise Slip(
            at,
            Say("{label} 是单个值，里面没有字段", label=label(reached)),
            Say("删去它后面的部分"),
            "no_inside",
        )


def named(fields: Iterable[Field], name: str) -> Field | None:
    """The field of that name or alias; a real name wins over another field's alias."""
    return _index(fields if isinstance(fields, tuple) else tuple(fields)).get(name)


_indexes: dict[int, tuple[tuple[Field, ...], dict[str, Field]]] = {}


def _index(fields: tuple[Field, ...]) -> dict[str, Field]:
    """Fields by name and alias, made once for each list of a catalogue: a mapping of 500 cells asks 500 times."""
    known = _indexes.get(id(fields))
    if known is not None and known[0] is fields:
        return known[1]
    made: dict[str, Field] = {}
    for one in fields:
        for alias in one.aliases:
            made.setdefault(alias, one)
    made |= {one.name: one for one in reversed(fields)}
    if len(_indexes) >= 1000:
        _indexes.clear()
    _indexes[id(fields)] = (fields, made)
    return made


def nearest(fields: Iterable[Field], name: str) -> str:
    """At most three fields with a name or title like this one, as a message shows them."""
    names = {one.name: one for one in fields}
    titles = {one.title: one for one in names.values() if one.title}
    lower = {key.lower(): one for key, one in names.items()}
    close = [lower[key] for key in get_close_matches(name.lower(), lower, 3, 0.5)]
    close += [titles[key] for key in get_close_matches(name, titles, 3, 0.5)]
    return Words(dict.fromkeys(f"{one.title} {one.name}".strip() for one in close[:3]))


def label(known: Field | None, written: str = "") -> str:
    """「数量 goods_count」: how messages call a field."""
    return f"「{known.title} {known.name}」".replace("「 ", "「") if known else f"「{written}」"
