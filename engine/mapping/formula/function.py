"""What a function of the formula language is: a frozen line of the registry, with help and examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.mapping.formula.coded import Coded, counts, lists, numbers, texts, truths
from engine.mapping.formula.tree import Tree
from engine.mapping.ground import Ground
from engine.mapping.manual import Example, Kind, Param
from engine.mapping.plain import Value
from engine.mapping.scope import LONG_TEXT, Find, Scope, fits
from engine.say import Say, Words


@dataclass(frozen=True, slots=True)
class Args:
    """The compiled arguments of one call, where they stand, and what is known there."""

    coded: tuple[Coded, ...]
    takes: tuple[Param, ...]
    ground: Ground
    trees: tuple[Tree, ...] = ()

    def ready(self) -> tuple[Callable[[Value, Scope], Any], ...]:
        """Each argument as a closure that reads it as its parameter says."""
        return tuple(_READ[param.take](one) for one, param in zip(self.coded, self.takes, strict=True))

    def literal(self, place: int) -> str | None:
        """The text written out at that place; None where the optional argument is not there."""
        return str(self.coded[place].literal) if place < len(self.coded) else None


_READ: dict[str, Callable[[Coded], Callable[[Value, Scope], Any]]] = {
    "text": texts,
    "number": numbers,
    "count": counts,
    "truth": truths,
    "list": lists,
    "any": lambda coded: coded.find,
    "literal": lambda coded: coded.find,
    "row": lambda coded: coded.find,
    "row_truth": lambda coded: coded.find,
}

Make = Callable[[Args], Find]
"""Makes the closure of one call; raises Slip where the arguments cannot work."""


@dataclass(frozen=True, slots=True)
class Function:
    """`alias` is the Chinese name. `needs` names what must be in reach: now, rowno or lookup."""

    name: str
    alias: str
    takes: tuple[Param, ...]
    gives: Kind
    help: Say
    examples: tuple[Example, ...]
    make: Make
    needs: str = ""

    def fitted(self, count: int) -> tuple[Param, ...] | None:
        """One Param for each of `count` arguments; None where there are too few or too many."""
        plain = [param for param in self.takes if not param.many]
        many = [param for param in self.takes if param.many]
        least = sum(not param.optional for param in plain) + (
            len(many) if many and not many[0].optional else 0
        )
        if count < least or (not many and count > len(plain)):
            return None
        found = plain[:count]
        while many and len(found) < count:
            found += many
        return tuple(found[:count])


LONG = 4096
"""Texts up to here cost nothing but their step; no business value is longer."""


def eager(work: Callable[..., Value], slow: bool = False) -> Make:
    """A function all of whose arguments are read before it works; `work` takes them, then the scope.

    Long texts are charged by their length, a hundred times as much where `slow` work goes sign by sign.
    """
    shift = 3 if slow else 10

    def make(args: Args) -> Find:
        ready = args.ready()
        if len(ready) == 1:
            only = ready[0]

            def one(row: Value, scope: Scope) -> Value:
                value = only(row, scope)
                if value.__class__ is str and len(value) > LONG:
                    scope.run.spend(len(value) >> shift)
                return _made(work(value, scope=scope), scope)

            return one

        def several(row: Value, scope: Scope) -> Value:
            values = [one(row, scope) for one in ready]
            for value in values:
                if value.__class__ is str and len(value) > LONG:
                    scope.run.spend(len(value) >> shift)
            return _made(work(*values, scope=scope), scope)

        return several

    return make


def _made(value: Value, scope: Scope) -> Value:
    return fits(value, scope) if value.__class__ is str and len(value) > LONG_TEXT else value


def takes(*params: Param) -> tuple[Param, ...]:
    return params


def shows(*examples: tuple[str, object]) -> tuple[Example, ...]:
    return tuple(Example(written, gives) for written, gives in examples)


def signature(function: Function) -> Words:
    """LEFT(文本, [个数]) as the help page and messages show it."""
    said = [Words(["[", p.name, "]"], "") if p.optional else p.name for p in function.takes]
    more = ", …" if any(p.many for p in function.takes) else ""
    return Words([f"{function.name}(", Words(said, ", "), f"{more})"], "")
