"""Functions that shape a text for its reader: width, bytes, hidden signs, half-width, what must not be seen."""

from __future__ import annotations

from codecs import getincrementaldecoder

from engine.mapping.formula.function import Function, eager, shows, takes
from engine.mapping.manual import Param
from engine.mapping.scope import LONGEST_TEXT, Scope, Trouble, fits
from engine.say import Say

_WHOLE = getincrementaldecoder("gb18030")
"""Decodes the signs that are there whole and leaves a cut one out."""

WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
"""Full-width signs and the half-width ones they stand for."""


def bearable(size: int) -> None:
    """Told before the text is made, so that no memory is taken for one that is too long."""
    if size > LONGEST_TEXT:
        raise Trouble(
            "too_long", Say("算出的文本超过 {most} 个字符", most=LONGEST_TEXT), Say("改小长度或次数")
        )


def pad_left(text: str, size: int, sign: str = "0", *, scope: Scope) -> str:
    bearable(size)
    return fits(_filling(size - len(text), sign) + text, scope)


def pad_right(text: str, size: int, sign: str = " ", *, scope: Scope) -> str:
    bearable(size)
    return fits(text + _filling(size - len(text), sign), scope)


def _filling(size: int, sign: str) -> str:
    if len(sign) != 1:
        raise Trouble("padding", Say("补位要用一个字符"), Say("例如 0 或空格"))
    return sign * size


def repeated(text: str, count: int, *, scope: Scope) -> str:
    bearable(len(text) * max(count, 0))
    return fits(text * count, scope)


def clean(text: str, *, scope: Scope) -> str:
    """Line breaks and tabs become one blank, other signs nobody sees go away, blanks are not doubled."""
    seen = "".join(
        " " if sign in "\t\r\n" else sign for sign in text if sign.isprintable() or sign in "\t\r\n"
    )
    return " ".join(seen.split())


def narrow(text: str, *, scope: Scope) -> str:
    return text.translate(WIDE)


def byte_count(text: str, *, scope: Scope) -> int:
    return len(text.encode("gb18030", "replace"))


def left_bytes(text: str, most: int, *, scope: Scope) -> str:
    """The longest beginning of at most so many bytes; no sign is cut in two."""
    data = text.encode("gb18030", "replace")
    return text if len(data) <= most else _WHOLE().decode(data[: max(most, 0)])


def masked(text: str, head: int = 1, tail: int = 0, *, scope: Scope) -> str:
    """The first and last signs, stars between; at least one star, so that nothing is shown whole."""
    head, tail = max(head, 0), max(tail, 0)
    if len(text) <= head + tail:
        head, tail = min(head, max(len(text) - 1, 0)), 0
    return text[:head] + "*" * (len(text) - head - tail) + (text[-tail:] if tail else "")


def capital(text: str, *, scope: Scope) -> str:
    return fits(text[:1].upper() + text[1:], scope)


def backwards(text: str, *, scope: Scope) -> str:
    return text[::-1]


TEXT = Param(Say("文本"), "text")
SIZE = Param(Say("长度"), "count")
SIGN = Param(Say("字符"), "text", optional=True)
FUNCTIONS = (
    Function("PADLEFT", "左补", takes(TEXT, SIZE, SIGN), "text", Say("左边补足到几位，不写字符补 0；够长就不变"),
        shows(('PADLEFT("7", 4)', "0007")), eager(pad_left)),
    Function("PADRIGHT", "右补", takes(TEXT, SIZE, SIGN), "text", Say("右边补足到几位，不写字符补空格"),
        shows(('PADRIGHT("CK", 4, "-")', "CK--")), eager(pad_right)),
    Function("REPEAT", "重复", takes(TEXT, Param(Say("次数"), "count")), "text", Say("文本重复几次"),
        shows(('REPEAT("*", 3)', "***")), eager(repeated)),
    Function("CLEAN", "清理", takes(TEXT), "text", Say("换行和制表符变成空格，去掉看不见的字符和多余的空格"),
        shows(('CLEAN("  a   b ")', "a b")), eager(clean, slow=True)),
    Function("NARROW", "半角", takes(TEXT), "text", Say("全角字母、数字、标点变成半角"),
        shows(('NARROW("ＣＫ０１（上）")', "CK01(上)")), eager(narrow, slow=True)),
    Function("BYTES", "字节数", takes(TEXT), "number", Say("按国标编码占几个字节，一个汉字 2 个"),
        shows(('BYTES("出库CK")', 6)), eager(byte_count, slow=True)),
    Function("LEFTBYTES", "左取字节", takes(TEXT, SIZE), "text", Say("左边最多几个字节，一个汉字 2 个，不切半个字"),
        shows(('LEFTBYTES("出库单", 5)', "出库")), eager(left_bytes, slow=True)),
    Function("MASK", "打码",
        takes(TEXT, Param(Say("留前几位"), "count", optional=True), Param(Say("留后几位"), "count", optional=True)),
        "text", Say("中间换成星号，不写就留第一个字"),
        shows(('MASK("13800000000", 3, 4)', "138****0000"), ('MASK("某某某")', "某**")), eager(masked)),
    Function("CAPITAL", "首字母大写", takes(TEXT), "text", Say("第一个字母变成大写，其余不变"),
        shows(('CAPITAL("insert")', "Insert")), eager(capital)),
    Function("BACKWARDS", "倒序", takes(TEXT), "text", Say("文本倒过来"), shows(('BACKWARDS("abc")', "cba")),
        eager(backwards)),
)  # fmt: skip
