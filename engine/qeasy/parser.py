"""Tokens to tree, as MySQL binds: OR, XOR, AND, NOT, BETWEEN and CASE, comparisons, + -, * / DIV %, minus.

Recursive descent, one method a level; whatever is not scalar (SELECT, subqueries, assignments) is a Slip.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from engine.mapping.slip import Slip
from engine.qeasy.expression import Among, Call, Case, Expression, Field, Null, Number, Pair, Sign
from engine.qeasy.lexer import Token, tokens
from engine.say import Say

DEEPEST = 40
WIDEST = 100
"""So many parts are joined by signs of one level, at most."""
RESERVED = {
    "AND", "OR", "XOR", "NOT", "BETWEEN", "IN", "LIKE", "IS", "NULL", "CASE", "WHEN", "THEN", "ELSE", "END",
    "DIV", "MOD", "REGEXP", "RLIKE", "SELECT", "FROM", "WHERE", "AS", "INTERVAL",
}  # fmt: skip
COMPARES = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
UNITS = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")
BARE_CALLS = ("CURRENT_DATE", "CURRENT_TIMESTAMP", "LOCALTIME")
Level = Callable[[], Expression]
_ONE, _ZERO = Decimal(1), Decimal(0)


def read_expression(text: str) -> Expression:
    """The tree of what stands behind `_function `. Raises Slip at the first place that cannot be read."""
    reader = _Reader(tokens(text))
    made = reader.either()
    if reader.next.kind != "end":
        raise Slip(reader.next.at, Say("这里多了内容，或前面缺一个运算符"), _REWRITE)
    return made


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Both from 1."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


_REWRITE = Say("对照原来的表达式改写成公式")


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.found[self.place]

    def take(self) -> Token:
        self.place += 1
        return self.found[self.place - 1]

    def word(self, *words: str) -> str:
        """The next token's word in capitals where it is one of these; it is taken."""
        said = self.next.value.upper() if self.next.kind == "name" else ""
        if said in words:
            self.take()
            return said
        return ""

    def sign(self, *signs: str) -> str:
        if self.next.kind == "sign" and self.next.value in signs:
            return self.take().value
        return ""

    def expect(self, mark: str) -> None:
        if not (self.sign(mark) or self.word(mark)):
            raise Slip(
                self.next.at, Say("这里要有 {sign}", sign=mark), Say("检查括号、逗号和 case … end 是否成对")
            )

    # -- from loose to tight -----------------------------------------------------------------------

    def either(self) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Slip(self.next.at, Say("表达式嵌套超过 {most} 层", most=DEEPEST), _REWRITE)
        made = self._row(self._exclusive, {"OR": "OR", "||": "OR"})
        self.depth -= 1
        return made

    def _exclusive(self) -> Expression:
        return self._row(self._both, {"XOR": "XOR"})

    def _both(self) -> Expression:
        return self._row(self._negated, {"AND": "AND", "&&": "AND"})

    def _negated(self) -> Expression:
        at = self.next.at
        return Sign("NOT", self._deeper(self._negated), at) if self.word("NOT") else self._compared()

    def _compared(self) -> Expression:
        made = self._sum()
        for _ in range(WIDEST):
            at = self.next.at
            if self.sign("<=>"):
                raise Slip(at, Say("不支持 <=>"), _REWRITE)
            if sign := self.sign(*COMPARES):
                made = Pair(COMPARES[sign], made, self._sum(), at)
            elif self.word("IS"):
                negated = bool(self.word("NOT"))
                self.expect("NULL")
                made = _maybe(Among(made, (), at), negated)
            elif (looser := self._looser(made)) is not None:
                made = looser
            else:
                return made
        raise self._too_wide()

    def _looser(self, of: Expression) -> Expression | None:
        """[NOT] BETWEEN, IN, LIKE behind `of`; None where there is none of them."""
        at, start = self.next.at, self.place
        negated = bool(self.word("NOT"))
        if self.word("BETWEEN"):
            low = self._sum()
            self.expect("AND")
            inside = Pair("AND", Pair(">=", of, low, at), Pair("<=", of, self._sum(), at), at)
            return _maybe(inside, negated)
        if self.word("IN"):
            return _maybe(Among(of, self._args(), at), negated)
        if self.word("LIKE"):
            return _maybe(Pair("LIKE", of, self._sum(), at), negated)
        if word := self.word("REGEXP", "RLIKE"):
            raise Slip(
                at, Say("没有正则表达式：{word}", word=word), Say("用 MATCHES、CONTAINS、STARTSWITH 改写")
            )
        self.place = start
        return None

    def _sum(self) -> Expression:
        return self._row(self._product, {"+": "+", "-": "-"})

    def _product(self) -> Expression:
        return self._row(self._signed, {"*": "*", "/": "/", "%": "%", "DIV": "DIV", "MOD": "%"})

    def _row(self, inner: Level, signs: dict[str, str]) -> Expression:
        """Parts of one level joined by its signs, from left to right."""
        made = inner()
        for _ in range(WIDEST):
            at = self.next.at
            sign = self.sign(*signs) or self.word(*signs)
            if not sign:
                return made
            made = Pair(signs[sign], made, inner(), at)
        raise self._too_wide()

    def _too_wide(self) -> Slip:
        return Slip(self.next.at, Say("连着超过 {most} 个运算", most=WIDEST), _REWRITE)

    def _signed(self) -> Expression:
        at = self.next.at
        sign = self.sign("-", "+", "!")
        if not sign:
            return self._operand()
        of = self._deeper(self._signed)
        if sign == "+":
            return of
        return Sign("-" if sign == "-" else "NOT", of, at)

    def _deeper(self, level: Level) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Slip(self.next.at, Say("表达式嵌套超过 {most} 层", most=DEEPEST), _REWRITE)
        made = level()
        self.depth -= 1
        return made

    # -- operands ----------------------------------------------------------------------------------

    def _operand(self) -> Expression:
        token = self.take()
        if token.made is not None:
            return token.made
        if token.kind == "name":
            return self._named(token)
        if token.value == "(":
            made = self.either()
            self.expect(")")
            return made
        if token.kind == "end":
            raise Slip(token.at, Say("表达式写到一半就结束了"), _REWRITE)
        raise Slip(token.at, Say("这里不能有 {sign}", sign=token.value), _REWRITE)

    def _named(self, token: Token) -> Expression:
        name = token.value.upper()
        opens = self.next.kind == "sign" and self.next.value == "("
        if name == "CASE":
            return self._case(token.at)
        if name == "NULL":
            return Null(token.at)
        if name in ("TRUE", "FALSE"):
            # In MySQL the words are the numbers 1 and 0, and that is what is sent.
            return Number(_ONE if name == "TRUE" else _ZERO, token.at)
        if name in ("CAST", "CONVERT") and opens:
            return self._cast(name, token.at)
        if opens and (name not in RESERVED or name == "MOD"):
            return Call(name, self._args(), token.at)
        if name in BARE_CALLS:
            return Call(name, (), token.at)
        if name in RESERVED:
            raise Slip(token.at, Say("这里不能有 {sign}", sign=token.value), _REWRITE)
        return Field(tuple(token.value.split(".")), token.at, bare=True)

    def _args(self) -> tuple[Expression, ...]:
        self.expect("(")
        if self.sign(")"):
            return ()
        args = [self._argument()]
        while self.sign(","):
            args.append(self._argument())
        self.expect(")")
        return tuple(args)

    def _argument(self) -> Expression:
        at = self.next.at
        if self.sign("*"):
            # COUNT(*)
            return Number(_ONE, at)
        if not self.word("INTERVAL"):
            return self.either()
        count, unit = self.either(), self.word(*UNITS)
        if not unit:
            raise Slip(self.next.at, Say("INTERVAL 后面要有单位"), _REWRITE)
        return Call("INTERVAL", (count,), at, unit)

    def _cast(self, name: str, at: int) -> Expression:
        """CAST(x AS type) and CONVERT(x, type); of the type its name and numbers count."""
        self.expect("(")
        of = self.either()
        self.expect("AS" if name == "CAST" else ",")
        unit = self.take().value.upper()
        sizes = self._args() if self.next.value == "(" else ()
        self.word("INTEGER")
        self.expect(")")
        return Call("CAST", (of, *sizes), at, unit)

    def _case(self, at: int) -> Expression:
        subject = None if self.next.value.upper() == "WHEN" else self.either()
        whens = []
        while self.word("WHEN"):
            when = self.either()
            self.expect("THEN")
            whens.append((when, self.either()))
        otherwise = self.either() if self.word("ELSE") else None
        self.expect("END")
        if not whens:
            raise Slip(at, Say("case 里没有 when"), _REWRITE)
        return Case(subject, tuple(whens), otherwise, at)


def _maybe(of: Expression, negated: bool) -> Expression:
    return Sign("NOT", of, of.at) if negated else of
