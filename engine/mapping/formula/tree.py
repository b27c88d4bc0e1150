"""A formula as a tree of frozen values, and the tree printed again: reading the print gives the same tree.

Sums, products, joins, ANDs and ORs are flat, so that the depth of a tree is the nesting a person wrote.
`at` is the column in the text, which two equal trees need not share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from engine.mapping.path import Path, print_path


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name or longer path: what stands there in the record."""

    path: Path
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its English name, also where its Chinese alias was written."""

    name: str
    args: tuple[Tree, ...] = ()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """`first` and then, from left to right, (sign, part): signs + - or * /, or & or AND or OR alone."""

    first: Tree
    rest: tuple[tuple[str, Tree], ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Prefix:
    """`-` or NOT before `of`."""

    sign: str
    of: Tree
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    sign: str
    left: Tree
    right: Tree
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class In:
    """`of` IN (literals), or NOT IN."""

    of: Tree
    items: tuple[Text | Number, ...]
    negated: bool = False
    at: int = field(default=0, compare=False)


Tree: TypeAlias = Number | Text | Truth | Name | Call | Chain | Prefix | Compare | In

POWERS = {"OR": 1, "AND": 2, "NOT": 3, "=": 4, "<>": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "IN": 4, "&": 5}
POWERS |= {"+": 6, "-": 6, "*": 7, "/": 7, "negative": 8}
"""How tightly a sign binds; the higher the tighter."""


def parts(tree: Tree) -> tuple[Tree, ...]:
    """The trees right below this one."""
    match tree:
        case Call(args=args):
            return args
        case Chain(first=first, rest=rest):
            return (first, *(part for _, part in rest))
        case Prefix(of=of) | In(of=of):
            return (of,)
        case Compare(left=left, right=right):
            return left, right
        case _:
            return ()


def every(tree: Tree) -> Iterator[Tree]:
    """This tree and all below it."""
    yield tree
    for part in parts(tree):
        yield from every(part)


def print_formula(tree: Tree) -> str:
    match tree:
        case Number(value=number):
            return format(number, "f")
        case Text(value=text):
            return '"' + text.replace('"', '""') + '"'
        case Truth(value=truth):
            return "TRUE" if truth else "FALSE"
        case Name(path=path):
            return print_path(path, formula=True)
        case Call(name=name, args=args):
            return f"{name}({', '.join(print_formula(arg) for arg in args)})"
        case Chain(first=first, rest=rest):
            power = POWERS[rest[0][0]] + 1
            return _under(first, power) + "".join(f" {sign} {_under(part, power)}" for sign, part in rest)
        case Prefix(sign=sign, of=of):
            return "-" + _under(of, POWERS["negative"]) if sign == "-" else "NOT " + _under(of, POWERS["NOT"])
        case Compare(sign=sign, left=left, right=right):
            return f"{_under(left, 5)} {sign} {_under(right, 5)}"
        case In(of=of, items=items, negated=negated):
            word = "NOT IN" if negated else "IN"
            return f"{_under(of, 5)} {word} ({', '.join(print_formula(item) for item in items)})"


def _under(tree: Tree, power: int) -> str:
    """The part printed, in brackets where it binds less than its place needs."""
    match tree:
        case Chain(rest=rest):
            own = POWERS[rest[0][0]]
        case Prefix(sign=sign):
            own = POWERS["negative" if sign == "-" else "NOT"]
        case Compare() | In():
            own = POWERS["="]
        case _:
            own = 9
    return print_formula(tree) if own >= power else f"({print_formula(tree)})"
