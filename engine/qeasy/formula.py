"""A MySQL expression as a formula of ours that gives what MySQL gives.

What MySQL does silently is written out: a division by zero is NULL, and so is all that is computed from it;
a quotient keeps PLACES decimals, which for amounts of two places is what MySQL keeps; a condition that is
used as a number is 1 or 0. A field that is blank in arithmetic was a broken expression there, whose text
went to the target as it was; here it is a problem of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from engine.mapping.formula.tree import Call, Chain, Compare, In, Number, Prefix, Text, Tree
from engine.mapping.slip import Slip
from engine.qeasy import expression as sql
from engine.qeasy.expression import Expression
from engine.qeasy.parts import (
    NOTHING,
    REWRITE,
    Made,
    any_zero,
    chained,
    dated,
    divides,
    is_time,
    is_zero,
    joined,
    number_of,
    numeric,
    quoted,
    whole,
    zero,
)
from engine.say import Say

PLACES = 6


class Sight(Protocol):
    """What an expression sees from where it stands. Each may raise Slip: no such thing here."""

    def field(self, field: sql.Field) -> Tree:
        """The value of one field, scope and list settled."""

    def column(self, field: sql.Field) -> tuple[Tree, Tree]:
        """A list, and what is taken of each of its rows: `{{details.qty}}` under SUM."""

    def moment(self, name: str, at: int) -> Tree:
        """LAST_SYNC_TIME, CURRENT_TIME or DAYS_AGO_n as date and time."""

    def find(self, find: sql.Find, codes: Sequence[Tree]) -> Tree:
        """A look into the records of another scheme."""


class Translator:
    """`functions` by name; each asks the translator for its arguments in turn. LIKE is one of them."""

    def __init__(self, sight: Sight, functions: Functions) -> None:
        self.sight = sight
        self.functions = functions

    # -- in which sense ----------------------------------------------------------------------------

    def value(self, of: Expression) -> Tree:
        """As a value of its own: NULL where it is NULL there."""
        return self.settled(self.made(of))

    def settled(self, made: Made) -> Tree:
        tree = Call("IF", (made.tree, whole(1), whole(0))) if made.kind == "truth" else made.tree
        tree = Call("ROUND", (tree, whole(PLACES))) if made.raw else tree
        # IF without an else gives nothing, and so the field is left out: that is what became of NULL there.
        return Call("IF", (Prefix("NOT", any_zero(made.zeros)), tree)) if made.zeros else tree

    def number(self, of: Expression) -> Made:
        """As a part of arithmetic. A quoted number is one."""
        if isinstance(of, sql.Text) and of.plain is not None:
            return Made(numeric(of.plain, of.at), "number")
        made = self.made(of)
        if made.tree == NOTHING:
            raise Slip(of.at, Say("用 NULL 计算，结果总是 NULL"), REWRITE)
        return replace(made, tree=self.settled(replace(made, zeros=()))) if made.kind == "truth" else made

    def exact(self, of: Expression) -> Made:
        """As what is rounded or only looked at right away: no need to round its quotient."""
        return replace(self.number(of), raw=False)

    def text(self, of: Expression) -> Made:
        made = self.made(of)
        return replace(made, tree=self.settled(replace(made, zeros=())), raw=False, kind="text")

    def test(self, of: Expression) -> Tree:
        """As a condition; NULL is not true."""
        made = self.made(of)
        tree = made.tree if made.kind == "truth" else Compare("<>", made.tree, whole(0))
        present = tuple(Compare("<>", zero, whole(0)) for zero in made.zeros)
        return joined("AND", (*present, tree))

    # -- what it is --------------------------------------------------------------------------------

    def made(self, of: Expression) -> Made:
        match of:
            case sql.Number(value=number):
                return Made(Number(number), "number")
            case sql.Null():
                return Made(NOTHING)
            case sql.Field():
                return self._field(of)
            case sql.Text():
                return Made(self._text(of), "text")
            case sql.Find():
                return Made(self.sight.find(of, [self.value(code) for _, code in of.where]), "text")
            case sql.Case():
                return Made(self._case(of))
            case sql.Sign(sign="-"):
                made = self.number(of.of)
                return replace(made, tree=Prefix("-", made.tree), kind="number")
            case sql.Sign():
                return self._negated(of)
            case sql.Among():
                return self._among(of)
            case sql.Pair():
                return self._pair(of)
            case sql.Call():
                return self._called(of)

    def _field(self, field: sql.Field) -> Made:
        if not is_time(field):
            tree = self.sight.field(field)
            return Made(dated(tree, field), "text") if field.pipe else Made(tree, "number")
        moment = self.sight.moment(field.steps[0], field.at)
        if field.pipe:
            return Made(dated(moment, field), "text")
        return Made(Call("TOEPOCH", (moment,)), "number")

    def _text(self, of: sql.Text) -> Tree:
        parts = [Text(part) if isinstance(part, str) else self._field(part).tree for part in of.parts]
        if not parts:
            return Text("")
        return parts[0] if len(parts) == 1 else Call("CONCAT", tuple(parts))

    def _case(self, of: sql.Case) -> Tree:
        last = self.value(of.otherwise) if of.otherwise is not None else NOTHING
        otherwise = () if last == NOTHING else (last,)
        if of.subject is None:
            if len(of.whens) == 1:
                when, then = of.whens[0]
                return Call("IF", (self.test(when), self.value(then), *otherwise))
            args = [tree for when, then in of.whens for tree in (self.test(when), self.value(then))]
            return Call("IFS", (*args, *otherwise))
        literal = not quoted(of.subject)
        args = [self.value(of.subject)]
        for when, then in of.whens:
            # A bare field is a number there, whatever quotes the number it is held against.
            same = number_of(when) if literal else None
            args += [same if same is not None else self.value(when), self.value(then)]
        return Call("SWITCH", (*args, *otherwise))

    def _negated(self, of: sql.Sign) -> Made:
        inner = of.of
        if isinstance(inner, sql.Among) and inner.items:
            made = self._among(inner)
            if isinstance(made.tree, In):
                return replace(made, tree=replace(made.tree, negated=True))
        if isinstance(inner, sql.Pair) and inner.sign in ("AND", "OR", "XOR") and divides(inner):
            raise Slip(of.at, Say("NOT 里有可能除以零的除法"), REWRITE)
        made = self.made(inner)
        truth = made if made.kind == "truth" else Made(Compare("<>", made.tree, whole(0)), zeros=made.zeros)
        return Made(Prefix("NOT", truth.tree), "truth", truth.zeros)

    def _among(self, of: sql.Among) -> Made:
        made = self.exact(of.of) if of.items else self.made(of.of)
        if not of.items:
            tree = Call("ISBLANK", (made.tree,))
            return Made(joined("OR", (*(zero(one) for one in made.zeros), tree)), "truth")
        numeric = not quoted(of.of) and all(number_of(item) is not None for item in of.items)
        items = [number_of(item) if numeric else self.value(item) for item in of.items]
        plain = [item for item in items if isinstance(item, Number | Text)]
        if len(plain) == len(items):
            return Made(In(made.tree, tuple(plain)), "truth", made.zeros)
        each = [self._pair(sql.Pair("=", of.of, item, of.at)) for item in of.items]
        zeros = tuple(zero for one in each for zero in one.zeros)
        return Made(joined("OR", tuple(one.tree for one in each)), "truth", zeros)

    def _pair(self, of: sql.Pair) -> Made:
        match of.sign:
            case "AND" | "OR":
                return Made(joined(of.sign, (self.test(of.left), self.test(of.right))), "truth")
            case "XOR":
                return Made(Compare("<>", *self._truths(of)), "truth")
            case "LIKE":
                return self._called(sql.Call("LIKE", (of.left, of.right), of.at))
            case "+" | "-" | "*":
                return self._computed(of)
            case "/":
                return self._divided(of)
            case "%" | "DIV":
                return self._remainder(of)
        return self._compared(of)

    def _truths(self, of: sql.Pair) -> tuple[Tree, Tree]:
        one, other = (Call("IF", (self.test(side), whole(1), whole(0))) for side in (of.left, of.right))
        return one, other

    def _computed(self, of: sql.Pair) -> Made:
        left, right = self.number(of.left), self.number(of.right)
        tree = chained(left.tree, of.sign, right.tree)
        return Made(tree, "number", left.zeros + right.zeros, left.raw or right.raw)

    def _divided(self, of: sql.Pair) -> Made:
        by = of.right
        if isinstance(by, sql.Call) and by.name == "NULLIF" and len(by.args) == 2 and is_zero(by.args[1]):
            by = by.args[0]
        left, right = self.number(of.left), self.number(by)
        tree = chained(left.tree, "/", right.tree)
        if isinstance(right.tree, Number):
            if not right.tree.value:
                return Made(NOTHING)
            exact = right.tree.value in (1, 10, 100, 1000)
            return Made(tree, "number", left.zeros, left.raw or not exact)
        return Made(tree, "number", (*left.zeros, *right.zeros, right.tree), raw=True)

    def _remainder(self, of: sql.Pair) -> Made:
        """The sign of MySQL's remainder is that of the dividend, of ours that of the divisor."""
        left, right = self.exact(of.left), self.exact(of.right)
        zeros = left.zeros + right.zeros + (() if isinstance(right.tree, Number) else (right.tree,))
        if isinstance(right.tree, Number) and not right.tree.value:
            return Made(NOTHING)
        if of.sign == "DIV":
            return Made(Call("ROUNDDOWN", (chained(left.tree, "/", right.tree),)), "number", zeros)
        rest = Call("MOD", (Call("ABS", (left.tree,)), Call("ABS", (right.tree,))))
        return Made(chained(Call("SIGN", (left.tree,)), "*", rest), "number", zeros)

    def _compared(self, of: sql.Pair) -> Made:
        """Two texts are compared as texts, all else as numbers."""
        if quoted(of.left) and quoted(of.right):
            left, right = self.text(of.left), self.text(of.right)
            fixed = isinstance(left.tree, Text) or isinstance(right.tree, Text)
            one = left.tree if fixed or of.sign in ("=", "<>") else Call("TEXT", (left.tree,))
            return Made(Compare(of.sign, one, right.tree), "truth", left.zeros + right.zeros)
        left, right = self._side(of.left), self._side(of.right)
        known = any(isinstance(side.tree, Number | Chain | Prefix) for side in (left, right))
        one, other = (side.tree if known else Call("NUMBER", (side.tree,)) for side in (left, right))
        return Made(Compare(of.sign, one, other), "truth", left.zeros + right.zeros)

    def _side(self, of: Expression) -> Made:
        number = number_of(of)
        return self.exact(of) if number is None else Made(number, "number")

    def _called(self, of: sql.Call) -> Made:
        make = self.functions.get(of.name)
        if make is None:
            raise Slip(of.at, Say("还不会译函数 {name}", name=of.name), REWRITE, "unknown_function")
        return make(of, self)


Make: TypeAlias = Callable[[sql.Call, Translator], Made]
Functions: TypeAlias = Mapping[str, Make]
