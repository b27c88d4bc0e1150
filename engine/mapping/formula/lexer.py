"""Formula text cut into tokens; names with dots, brackets and backslashes are one token each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from engine.mapping.cell import LONGEST_CELL, read_text
from engine.mapping.path import KEYWORDS, Path, read_path
from engine.mapping.slip import Slip
from engine.say import Say

SIGNS = ("<=", ">=", "<>", "+", "-", "*", "/", "&", "=", "<", ">", "(", ")", ",")
MISTAKES = {"==": "=", "!=": "<>", "&&": "AND", "||": "OR"}
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` sign: `value` is the sign or the keyword. kind end: the text is over."""

    kind: Literal["number", "text", "path", "function", "sign", "end"]
    value: str | Decimal | Path
    at: int


def tokens(text: str) -> list[Token]:
    """All tokens, an end token last. Raises Slip."""
    if len(text) > LONGEST_CELL:
        raise Slip(LONGEST_CELL, Say("公式超过 {most} 个字符", most=LONGEST_CELL), Say("拆成几个单元"))
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
    sign = text[at]
    if sign in "\"'":
        said, end = read_text(text, at)
        return Token("text", said, at), end
    if sign.isascii() and sign.isdigit():
        return _number(text, at)
    if text[at : at + 2] in MISTAKES:
        right = MISTAKES[text[at : at + 2]]
        raise Slip(at, Say("公式里没有 {sign}", sign=text[at : at + 2]), Say("写成 {right}", right=right))
    for known in SIGNS:
        if text.startswith(known, at):
            return Token("sign", known, at), at + len(known)
    if sign == "|":
        raise Slip(
            at,
            Say("公式里没有竖线 |"),
            Say('连接文本用 &，管道改写成函数，例如 LOOKUP("仓库", warehouse_no)'),
        )
    return _word(text, at)


def _number(text: str, at: int) -> tuple[Token, int]:
    match = _NUMBER.match(text, at)
    end = match.end() if match else at
    follows = text[end : end + 1]
    if follows.isalnum() or (follows != "" and follows in "_\\."):
        raise Slip(at, Say("数字后面直接跟着别的字符"), Say("以数字开头的字段名前面加反斜杠，例如 \\1号仓"))
    return Token("number", Decimal(text[at:end]), at), end


def _word(text: str, at: int) -> tuple[Token, int]:
    path, end = read_path(text, at, formula=True)
    if text[at] in "\\^." or len(path.steps) != 1 or path.steps[0].index is not None:
        return Token("path", path, at), end
    name = path.steps[0].name
    if name in KEYWORDS and "\\" not in text[at:end]:
        return Token("sign", name, at), end
    if text[end:].lstrip().startswith(("(", "（")) and "\\" not in text[at:end]:
        return Token("function", name, at), end
    if name.upper() in KEYWORDS and "\\" not in text[at:end] and _operator_like(text, end):
        raise Slip(
            at,
            Say("{name} 要大写", name=name),
            Say("写成 {right}；真是字段名时写 \\{name}", right=name.upper(), name=name),
        )
    return Token("path", path, at), end


def _operator_like(text: str, end: int) -> bool:
    """A lower-case and/or/not/in before another operand is meant as the word, not as a field."""
    rest = text[end:].lstrip()
    return rest != "" and (rest[0].isalnum() or rest[0] in "_\\\"'(^")
