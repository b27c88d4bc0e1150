"""Every key of the metadata and what became of it. A key that nobody took is told as left: none is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.model.values import Json
from engine.say import Say

Place = tuple[str | int, ...]
UNKNOWN = Say("不认识这个键")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said about a place of the metadata. `left`: it was not translated, and `value` is what it held."""

    at: str
    says: Say
    left: bool = False
    value: Json = None


@dataclass
class Ledger:
    """The keys that were translated, and what there is to say."""

    whole: Json
    name: str = ""
    taken: set[Place] = field(default_factory=set)
    told: dict[Place, Say] = field(default_factory=dict)
    notes: list[Remark] = field(default_factory=list)

    @property
    def root(self) -> Spot:
        return Spot(self.whole, (), self)

    def remarks(self) -> list[Remark]:
        """What was left, in the order of the metadata, then the notes."""
        return [*self._left(self.whole, (), UNKNOWN), *self.notes]

    def _left(self, value: Json, place: Place, says: Say) -> Iterator[Remark]:
        """The largest pieces no key of which was taken."""
        for key, inner, is_key in _members(value):
            here = (*place, key)
            because = self.told.get(here, says)
            if is_key and here not in self.taken:
                yield Remark(self.written(here), self._why(here, because), True, inner)
            else:
                yield from self._left(inner, here, because)

    def _why(self, place: Place, says: Say) -> Say:
        """What was said of it, else of the first thing in it."""
        if says is not UNKNOWN:
            return says
        return next((told for here, told in self.told.items() if here[: len(place)] == place), UNKNOWN)

    def written(self, place: Place) -> str:
        """`target.request[3].parser`."""
        out = self.name
        for key in place:
            out += f"[{key}]" if isinstance(key, int) else f".{key}" if out else key
        return out

    def count(self) -> tuple[int, int]:
        """How many keys there are, and how many of them were translated."""
        keys = list(_keys(self.whole, ()))
        return len(keys), sum(key in self.taken for key in keys)


@dataclass(frozen=True, slots=True)
class Spot:
    """One place of the metadata: what stands there, and the ledger it is taken in.

    `beside` holds members that belong to this one though they stand next to it.
    """

    value: Json
    place: Place
    ledger: Ledger
    beside: Spot | None = None

    def at(self, key: str) -> Spot | None:
        """The member `key` of an object; None where there is none."""
        if not isinstance(self.value, dict) or key not in self.value:
            return self.beside.at(key) if self.beside is not None else None
        return Spot(self.value[key], (*self.place, key), self.ledger)

    def items(self) -> list[Spot]:
        """The items of a list, the members of an object; none of anything else."""
        return [Spot(inner, (*self.place, key), self.ledger) for key, inner, _ in _members(self.value)]

    @property
    def key(self) -> str:
        return str(self.place[-1]) if self.place else ""

    @property
    def text(self) -> str:
        """What stands here as a text; "" for anything but one."""
        return self.value if isinstance(self.value, str) else ""

    def take(self, *, deep: bool = False) -> Json:
        """Translated: this key and the ones it stands in; `deep`, all below it too."""
        for size in range(1, len(self.place) + 1):
            self.ledger.taken.add(self.place[:size])
        if deep:
            self.ledger.taken.update(_keys(self.value, self.place))
        return self.value

    def taken(self, key: str) -> Json:
        """The value of a member, taken; None where there is none."""
        inner = self.at(key)
        return inner.take() if inner is not None else None

    def leave(self, says: Say) -> None:
        """Why this is not translated."""
        self.ledger.told[self.place] = says

    def note(self, says: Say) -> None:
        """Translated, and a person should look at it."""
        self.ledger.notes.append(Remark(self.ledger.written(self.place), says))


def _members(value: Json) -> list[tuple[str | int, Json, bool]]:
    if isinstance(value, dict):
        return [(key, inner, True) for key, inner in value.items()]
    if isinstance(value, list):
        return [(place, inner, False) for place, inner in enumerate(value)]
    return []


def _keys(value: Json, place: Place) -> Iterator[Place]:
    for key, inner, is_key in _members(value):
        if is_key:
            yield (*place, key)
        yield from _keys(inner, (*place, key))
