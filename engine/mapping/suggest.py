"""Likely sources for target fields: by what names and titles mean, by kind, by place, by what others accepted.

Pure: fields and history in, scores and reasons out. A score is between 0 and 1; from `SURE` on, and with
nothing close behind it, a suggestion may be taken without asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.mapping.concepts import PLAIN, concepts
from engine.model.catalog import Field
from engine.say import Say, Words

Names: TypeAlias = "tuple[str, ...]"

MOST = 7
LEAST = 0.25
SURE = 0.75
NAMED = 0.8
CLEAR = 0.2
"""How far a sure one must be ahead of the next."""

_KINDS = {"integer": "number", "decimal": "number", "date": "moment", "datetime": "moment", "boolean": "yes"}
_WEIGHT = {True: 0.35, False: 1.0}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A pair that somebody accepted in another scheme: operations and paths of both sides."""

    source: str
    given: Names
    target: str
    wanted: Names


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A source field for a target field, and why."""

    source: Names
    score: float
    reasons: tuple[str, ...]
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field that holds a value. `own` is its innermost list, () for the record; `means` what it is about."""

    names: Names
    field: Field
    own: Names
    means: frozenset[str]
    near: frozenset[str]
    """What the objects around it are about: a name in receiverInfo is a receiver's."""


@dataclass
class Suggester:
    """Compiled once for two operations, asked for each target field."""

    source: str
    given: Sequence[Field]
    target: str
    wanted: Sequence[Field]
    history: Sequence[Accepted] = ()
    _leaves: list[Leaf] = field(init=False)
    _targets: dict[Names, Leaf] = field(init=False)
    _past: dict[Names, list[Accepted]] = field(init=False)

    def __post_init__(self) -> None:
        self._leaves = list(leaves(self.given))
        self._targets = {leaf.names: leaf for leaf in leaves(self.wanted)}
        self._past = {}
        for one in self.history:
            if one.target == self.target:
                self._past.setdefault(one.wanted, []).append(one)

    def of(self, wanted: Names, rows: Mapping[Names, Names] | None = None) -> list[Suggestion]:
        """The best, best first, at most MOST. `rows`: which source list the rows of a target list come from."""
        target = self._targets.get(wanted)
        if target is None:
            return []
        own = (rows or {}).get(target.own)
        scored = [made for leaf in self._leaves if (made := self._judged(leaf, target, own)) is not None]
        scored.sort(key=lambda one: (-one.score, one.source))
        best = scored[:MOST]
        if target.field.values:
            return best  # the same word, other codes: a person looks
        if best and best[0].score >= SURE and (len(best) < 2 or best[0].score - best[1].score >= CLEAR):
            best[0] = Suggestion(best[0].source, best[0].score, best[0].reasons, sure=True)
        return best

    def every(self, rows: Mapping[Names, Names] | None = None) -> dict[Names, list[Suggestion]]:
        """For all target fields that hold a value."""
        return {wanted: self.of(wanted, rows) for wanted in self._targets}

    def _judged(self, leaf: Leaf, target: Leaf, own: Names | None) -> Suggestion | None:
        kind = _fit(leaf.field, target.field)
        alike, shared = _alike(leaf, target)
        past = self._learnt(leaf, target)
        score = min(1.0, max(alike, past) + 0.15 * min(alike, past)) * kind * _place(leaf, target, own)
        if "name" in leaf.means and "name" not in target.means | target.near:
            score *= NAMED  # what is not asked for by name is asked for by code
        if target.field.values and leaf.field.values != target.field.values:
            score *= NAMED  # codes of one vendor are none of another's
        if score < LEAST:
            return None
        return Suggestion(leaf.names, round(score, 3), tuple(_reasons(leaf, target, shared, past)))

    def _learnt(self, leaf: Leaf, target: Leaf) -> float:
        """How much accepted pairs speak for it: the very field most, then one of its name."""
        best = 0.0
        for one in self._past.get(target.names, ()):
            if one.source == self.source and one.given == leaf.names:
                best = max(best, 0.95)
            elif one.given[-1] == leaf.names[-1]:
                best = max(best, 0.8)
            else:
                known = concepts(one.given[-1])
                best = max(best, 0.6 * _overlap(known, leaf.means))
        return best


def leaves(
    fields: Sequence[Field], above: Names = (), own: Names = (), near: frozenset[str] = frozenset()
) -> Iterator[Leaf]:
    """Every field that holds a value itself."""
    for one in fields:
        names = (*above, one.name)
        if one.fields:
            inner = names if one.type == "list" else own
            about = concepts(one.name) | concepts(one.title)
            yield from leaves(one.fields, names, inner, near | about)
        elif one.type not in ("object", "list"):
            yield Leaf(names, one, own, concepts(one.name) | concepts(one.title), near)


def _alike(leaf: Leaf, target: Leaf) -> tuple[float, frozenset[str]]:
    """How much two fields mean the same, and what they share."""
    if leaf.field.title and leaf.field.title == target.field.title and leaf.field.name == target.field.name:
        return 1.0, target.means
    titles = _overlap(concepts(leaf.field.title), concepts(target.field.title))
    names = _overlap(concepts(leaf.field.name), concepts(target.field.name))
    whole = _overlap(leaf.means, target.means | (target.near & leaf.means))
    same_kind = 0.3 if _KINDS.get(leaf.field.type) == _KINDS.get(target.field.type) == "moment" else 0.0
    return max(whole, 0.92 * titles, 0.92 * names, same_kind), leaf.means & (target.means | target.near)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared meaning by all meaning; what nearly every field has counts little."""
    if not one or not other:
        return 0.0
    both, every = _weight(one & other), _weight(one | other)
    return both / every if every else 0.0


def _weight(means: frozenset[str]) -> float:
    return sum(_WEIGHT[one in PLAIN] for one in means)


def _fit(given: Field, wanted: Field) -> float:
    """Whether a value of this kind can stand there."""
    one, other = (_KINDS.get(each.type, "text") for each in (given, wanted))
    if one == other:
        return 1.0
    return (
        0.9
        if other == "text" and one == "number"
        else 0.75
        if "text" in (one, other) and "moment" not in (one, other)
        else 0.45
    )


def _place(leaf: Leaf, target: Leaf, own: Names | None) -> float:
    """A header field from the header, a line from the list its rows come from."""
    if bool(leaf.own) != bool(target.own):
        return 0.7 if target.own else 0.6
    if own is not None and leaf.own:
        return 1.0 if leaf.own == own else 0.7
    return 1.0


def _reasons(leaf: Leaf, target: Leaf, shared: frozenset[str], past: float) -> Iterator[str]:
    if past >= 0.8:
        yield Say("别的方案这样填过")
    if leaf.field.title and leaf.field.title == target.field.title:
        yield Say("标签相同：{title}", title=target.field.title)
    elif leaf.field.name.lower() == target.field.name.lower():
        yield Say("名字相同：{name}", name=target.field.name)
    elif shared:
        yield Say(
            "意思相近：{words}",
            words=Words(
                sorted({leaf.field.title or leaf.field.name, target.field.title or target.field.name})
            ),
        )
