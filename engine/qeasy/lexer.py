"""The text behind `_function` cut into tokens: MySQL's own, `{{…}}` and `_findCollection … _endFind`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from engine.mapping.slip import FULL_WIDTH, Slip
from engine.qeasy.expression import Expression, Field, Find, Number, Pair, Text
from engine.say import Say

LONGEST = 10_000
MOST_DIGITS = 34
SIGNS = (
    "<=>",
    "<>",
    "<=",
    ">=",
    "!=",
    "&&",
    "||",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "<",
    ">",
    "(",
    ")",
    ",",
    "!",
)
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NAME = re.compile(r"[^\W0-9]\w*(?:\.[^\W0-9]\w*)*|`[^`]+`")
_BRACES = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_FIND = re.compile(
    r"_findCollection\s+find\s+(\S+)\s+from\s+(\S+)\s+where\s+(.*?)(?:\s*_endFind\b|\Z)", re.DOTALL
)
_WHERE = re.compile(r"\s*([^\s=]+)\s*=\s*(\{\{[^{}]*\}\}(?:[^\s]*)|'[^']*'|\"[^\"]*\"|[^\s]*)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


@dataclass(frozen=True, slots=True)
class Token:
    """`value` of a sign is the sign, of a name the name as written; `made` is a whole operand."""

    kind: Literal["made", "name", "sign", "end"]
    value: str
    at: int
    made: Expression | None = None


def tokens(text: str) -> list[Token]:
    """All tokens, an end token last. Raises Slip where there is none to be had."""
    if len(text) > LONGEST:
        raise Slip(LONGEST, Say("表达式超过 {most} 个字符", most=LONGEST), Say("拆成几个字段"))
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token, at = _token(text, at)
        found.append(token)
    found.append(Token("end", "", len(text)))
    return found


def _token(text: str, at: int) -> tuple[Token, int]:
    if text.startswith("_findCollection", at):
        return _find(text, at)
    if text.startswith("{{", at):
        return _braces(text, at)
    if text[at] in "'\"":
        made, end = _quoted(text, at)
        return Token("made", "", at, made), end
    if number := _NUMBER.match(text, at):
        return Token("made", "", at, Number(_number(number[0], at), at)), number.end()
    for sign in SIGNS:
        if text.startswith(sign, at):
            return Token("sign", sign, at), at + len(sign)
    if name := _NAME.match(text, at):
        return Token("name", name[0].strip("`"), at), name.end()
    raise _stranger(text, at)


def _number(text: str, at: int) -> Decimal:
    """Within bounds: 1e999999999 is short to write and long to print."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        value = Decimal("nan")
    if not value.is_finite() or abs(value.adjusted()) > MOST_DIGITS or len(text) > 2 * MOST_DIGITS:
        raise Slip(at, Say("数字太长"), Say("对照原来的表达式改写成公式"))
    return value


def _stranger(text: str, at: int) -> Slip:
    if text[at] in FULL_WIDTH:
        return Slip(at, Say("这里是全角符号 {sign}", sign=text[at]), Say("改成半角"))
    return Slip(at, Say("这里不能有 {sign}", sign=text[at]), Say("对照原来的表达式改写成公式"))


def _braces(text: str, at: int) -> tuple[Token, int]:
    """A field; zeros glued to it are the text's way to multiply: `{{LAST_SYNC_TIME}}000`."""
    field, end = braces(text, at)
    zeros = re.compile("0+").match(text, end)
    if zeros is None:
        return Token("made", "", at, field), end
    factor = Number(_number(f"1e{len(zeros[0])}", end), end)
    return Token("made", "", at, Pair("*", field, factor, at)), zeros.end()


def braces(text: str, at: int) -> tuple[Field, int]:
    """The field in `{{…}}` that begins at `at`, and its end. Raises Slip."""
    found = _BRACES.match(text, at)
    if found is None:
        raise Slip(at, Say("花括号没有合上"), Say("对照原来的表达式改写成公式"))
    said, _, pipe = found[1].partition("|")
    steps = tuple(part.strip() for part in said.split("."))
    if not all(steps):
        raise Slip(at, Say("花括号里没有写字段"), Say("写上字段名"))
    return Field(steps, at, pipe.strip()), found.end()


def _quoted(text: str, start: int) -> tuple[Text, int]:
    """A quoted text with the fields that stand in it; a quote inside is doubled or behind a backslash."""
    quote, at = text[start], start + 1
    parts: list[str | Field] = [""]
    while at < len(text):
        sign = text[at]
        if sign == quote and text[at + 1 : at + 2] != quote:
            return Text(tuple(part for part in parts if part != ""), start), at + 1
        if sign == "{" and _BRACES.match(text, at):
            field, at = braces(text, at)
            parts += [field, ""]
            continue
        if sign == "\\" and at + 1 < len(text):
            # MySQL keeps the backslash before % and _, which only LIKE gives a meaning.
            following = text[at + 1]
            sign, at = (
                _ESCAPES.get(following, following if following not in "%_" else "\\" + following),
                at + 1,
            )
        elif sign == quote:
            at += 1
        parts[-1] = f"{parts[-1]}{sign}"
        at += 1
    raise Slip(start, Say("引号没有合上"), Say("对照原来的表达式改写成公式"))


def _find(text: str, at: int) -> tuple[Token, int]:
    found, end = find(text, at)
    return Token("made", "", at, found), end


def find(text: str, at: int) -> tuple[Find, int]:
    """`_findCollection find F from S where a=b …`, and where it ends. Raises Slip."""
    said = _FIND.match(text, at)
    if said is None:
        raise Slip(at, Say("看不懂这个 _findCollection"), Say("对照原来的查询写成 lookups"))
    conditions, place = [], said.start(3)
    while text[place : said.end(3)].strip():
        one = _WHERE.match(text, place, said.end(3))
        if one is None:
            raise Slip(place, Say("看不懂 where 里的条件"), Say("对照原来的查询写成 lookups"))
        conditions.append((one[1], sought(one[2], one.start(2))))
        place = one.end()
    return Find(said[1], said[2], tuple(conditions), at), said.end()


def sought(said: str, at: int) -> Expression:
    """What a condition of a lookup compares with: a field, a text with fields in it, or a text."""
    plain = said[1:-1] if said[:1] in ("'", '"') and said[-1:] == said[:1] else said
    made = Text(pieces(plain), at)
    return made.parts[0] if len(made.parts) == 1 and isinstance(made.parts[0], Field) else made


def pieces(text: str) -> tuple[str | Field, ...]:
    """A text with `{{…}}` in it, piece by piece."""
    found: list[str | Field] = []
    at = 0
    for one in _BRACES.finditer(text):
        found += [text[at : one.start()], braces(text, one.start())[0]]
        at = one.end()
    found.append(text[at:])
    return tuple(part for part in found if part != "")
