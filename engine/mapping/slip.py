"""A place in a written cell that cannot be read, and the full-width signs that cause most of them."""

from __future__ import annotations

import re

from engine.say import Say

FULL_WIDTH = dict(zip("（），＝｜“”‘’＋－＊／＜＞＆；．［］", "(),=|\"\"''+-*/<>&;.[]", strict=True))
CLOSES = {'"': '"', "'": "'", "“": "”", "‘": "’"}


class Slip(Exception):
    """What was written cannot be read at `at`, from 0. `do` is the next step, often the mended text."""

    def __init__(self, at: int, says: Say, do: str = "", code: str = "syntax") -> None:
        super().__init__(says)
        self.at = at
        self.says = says
        self.do = do
        self.code = code


def unexpected(text: str, at: int) -> Slip:
    """The Slip for a sign that belongs nowhere; for a full-width one with the whole text mended."""
    if at >= len(text):
        return Slip(at, Say("写到一半就结束了"), Say("补全后面的内容"))
    sign = text[at]
    if sign in FULL_WIDTH:
        return Slip(
            at,
            Say("这里是全角符号 {sign}", sign=sign),
            Say("改成半角：{mended}", mended=narrow(text)),
            "full_width",
        )
    if text.startswith("{{", at) or text.startswith("}}", at):
        return Slip(at, Say("单元里不用 {{…}}"), Say("改写成：{mended}", mended=translated(text)), "braces")
    return Slip(at, Say("这里不能有 {sign}", sign=sign), Say("字段名里的特殊符号前面加反斜杠，文本放进引号"))


def narrow(text: str) -> str:
    """Full-width punctuation outside quotes made half-width."""
    out, closes = [], ""
    for sign in text:
        if not closes:
            closes = CLOSES.get(sign, "")
        elif sign == closes:
            closes = ""
        else:
            out.append(sign)
            continue
        out.append(FULL_WIDTH.get(sign, sign))
    return "".join(out)


def translated(text: str) -> str:
    """`旺店通{{no}}` as our cell: =CONCAT("旺店通", no); a lone `{{no}}` as the bare path."""
    parts = [part for part in re.split(r"(\{\{.*?\}\})", text) if part]
    if len(parts) == 1:
        return parts[0].strip("{} ")
    said = [
        part[2:-2].strip() if part.startswith("{{") else '"' + part.replace('"', '""') + '"' for part in parts
    ]
    return "=CONCAT(" + ", ".join(said) + ")"
