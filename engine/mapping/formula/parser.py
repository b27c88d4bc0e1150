"""Tokens to tree. Precedence from loose to tight: OR, AND, NOT, comparisons and IN, &, + -, * /, minus."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from engine.mapping.formula.functions import FUNCTIONS, nearest_function
from engine.mapping.formula.lexer import Token, tokens
from engine.mapping.formula.tree import (
    POWERS,
    Call,
    Chain,
    Compare,
    In,
    Name,
    Number,
    Prefix,
    Text,
    Tree,
    Truth,
)
from engine.mapping.path import Path
from engine.mapping.slip import Slip
from engine.say import Say

DEEPEST = 50
COMPARES = ("=", "<>", "<", "<=", ">", ">=")


def read_formula(text: str) -> Tree:
    """The tree of an expression without its `=`. Raises Slip at the first place that cannot be read."""
    reader = _Reader(tokens(text))
    tree = reader.expression(0)
    reader.expect_end()
    return tree


class _Reader:
    def __init__(self, found: Sequence[Token]) -> None:
        self.found = found
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.found[self.place]

    def take(self) -> Token:
        self.place += 1
        return self.found[self.place - 1]

    def sees(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.value in signs

    def expect(self, sign: str) -> None:
        if not self.sees(sign):
            raise Slip(self.next.at, Say("这里要有 {sign}", sign=sign), Say("检查括号和逗号是否成对"))
        self.take()

    def expect_end(self) -> None:
        if self.next.kind != "end":
            raise Slip(
                self.next.at,
                Say("这里多了内容，或前面缺一个运算符"),
                Say("连接文本用 &，并且用 AND，或者用 OR"),
            )

    def expression(self, power: int) -> Tree:
        """The longest expression all of whose signs bind tighter than `power`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Slip(self.next.at, Say("公式嵌套超过 {most} 层", most=DEEPEST), Say("拆成几个单元"))
        left = self._operand()
        while (own := self._power()) > power:
            left = self._compare(left) if own == POWERS["="] else self._chain(left, own)
        self.depth -= 1
        return left

    def _power(self) -> int:
        """How tightly the next sign binds; 0 where it ends the expression. NOT here begins NOT IN."""
        if self.next.kind != "sign":
            return 0
        sign = cast(str, self.next.value)
        return POWERS["IN"] if sign == "NOT" else POWERS.get(sign, 0)

    def _chain(self, first: Tree, power: int) -> Tree:
        at, rest = self.next.at, []
        while self._power() == power:
            sign = cast(str, self.take().value)
            rest.append((sign, self.expression(power)))
        return Chain(first, tuple(rest), at)

    def _compare(self, left: Tree) -> Tree:
        at = self.next.at
        if isinstance(left, Compare | In) and self.found[self.place - 1].value != ")":
            raise Slip(at, Say("不能连着比较"), Say("写成 a < b AND b < c"))
        if self.sees("IN", "NOT"):
            return self._in(left)
        sign = cast(str, self.take().value)
        return Compare(sign, left, self.expression(POWERS["="]), at)

    def _in(self, left: Tree) -> Tree:
        at, negated = self.next.at, self.sees("NOT")
        if negated:
            self.take()
        self.expect("IN")
        self.expect("(")
        items = [self._literal()]
        while self.sees(","):
            self.take()
            items.append(self._literal())
        self.expect(")")
        return In(left, tuple(items), negated, at)

    def _literal(self) -> Text | Number:
        negative = self.sees("-") and bool(self.take())
        token = self.take()
        if token.kind == "number":
            value = cast(Decimal, token.value)
            return Number(-value if negative else value, token.at)
        if token.kind != "text" or negative:
            raise Slip(
                token.at, Say("IN 的括号里只能是数字或带引号的文本"), Say("例如 status IN ('95', '110')")
            )
        return Text(cast(str, token.value), token.at)

    def _operand(self) -> Tree:
        token = self.take()
        match token.kind:
            case "number":
                return Number(cast(Decimal, token.value), token.at)
            case "text":
                return Text(cast(str, token.value), token.at)
            case "path":
                return Name(cast(Path, token.value), token.at)
            case "function":
                return self._call(cast(str, token.value), token.at)
            case "end":
                raise Slip(token.at, Say("公式写到一半就结束了"), Say("补全后面的内容"))
        return self._signed(token)

    def _signed(self, token: Token) -> Tree:
        match token.value:
            case "TRUE" | "FALSE":
                return Truth(token.value == "TRUE", token.at)
            case "-":
                return Prefix("-", self.expression(POWERS["negative"] - 1), token.at)
            case "NOT":
                return Prefix("NOT", self.expression(POWERS["NOT"] - 1), token.at)
            case "(":
                inner = self.expression(0)
                self.expect(")")
                return inner
            case "AND" | "OR" if self.sees("("):
                args = self._args()
                first, *rest = args
                sign = cast(str, token.value)
                return Chain(first, tuple((sign, arg) for arg in rest), token.at) if rest else first
        raise Slip(token.at, Say("这里不能有 {sign}", sign=token.value), Say("前面缺一个值或字段"))

    def _call(self, name: str, at: int) -> Tree:
        known = FUNCTIONS.get(name) or FUNCTIONS.get(name.upper())
        if known is None:
            raise Slip(at, Say("没有函数 {name}", name=name), nearest_function(name), "unknown_function")
        return Call(known.name, self._args(allow_none=True), at)

    def _args(self, allow_none: bool = False) -> tuple[Tree, ...]:
        self.expect("(")
        if allow_none and self.sees(")"):
            self.take()
            return ()
        args = [self.expression(0)]
        while self.sees(","):
            self.take()
            args.append(self.expression(0))
        self.expect(")")
        return tuple(args)
