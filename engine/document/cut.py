"""Where YAML silently cuts a value short: told with the line as it should be written.

A plain scalar ends at ` #`, and inside `[…]` and `{…}` also at a comma or bracket, even in the middle
of `CONCAT("a, b")`. YAML says nothing; the rest is a comment, another entry or a strange error.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.document.node import Scalar
from engine.document.quote import is_open, single, whole
from engine.mapping.slip import translated
from engine.say import Say

_LONGEST = 300
# How far a line is looked at: a hostile one may be a megabyte long and cut at every second sign.
_FAR = 8192


@dataclass(frozen=True, slots=True)
class Cut:
    """What was cut: `until` is the offset up to which the text was meant as one value."""

    code: str
    says: Say
    do: Say
    until: int


def cut(text: str, node: Scalar, flow: bool) -> Cut | None:
    """Is this plain scalar only the beginning of what was meant?"""
    written = text[node.start : node.end]
    if node.style or len(written) > _FAR or not is_open(written):
        return None
    behind = text[node.end : line_end(text, node.end)]
    by_comment = behind[:1] in (" ", "\t") and behind.lstrip(" \t").startswith("#")
    if not (by_comment or flow):
        return None
    meant = whole(text[node.start : line_end(text, node.end)], flow)
    do = Say("整段放进单引号：{line}", line=mended(text, node.start, meant))
    until = node.start + len(meant)
    if by_comment:
        return Cut(
            "cut_by_comment", Say("YAML 把 # 之后当成注释，只读到“{part}”", part=clip(written)), do, until
        )
    return Cut(
        "cut_by_comma",
        Say("在 [ ] 或 {{ }} 里，YAML 只读到“{part}”，后面被切开了", part=clip(written)),
        do,
        until,
    )


def without_value(text: str, key: Scalar, hole: Scalar, before: Scalar | None) -> tuple[Say, Say]:
    """What to say of an entry of a `{…}` that has no value: `before` is the plain value ahead of it."""
    says = Say("“{key}”没有值", key=clip(key.text))
    if ":" in key.text.strip(":"):
        name, _, rest = key.text.partition(":")
        line = mended(text, key.start, text[key.start : key.end], f"{name}: {rest}")
        return says, Say("冒号后面要有一个空格：{line}", line=line)
    if hole.start <= key.end and before is not None and isinstance(before.value, str):
        meant = whole(text[before.start : line_end(text, key.end)], flow=False)
        meant = meant[: max(len(meant.rstrip("]} ")), key.end - before.start)]
        line = mended(text, before.start, meant)
        return says, Say(
            "写成“{key}: 值”；如果逗号是文字的一部分，整段放进单引号：{line}", key=clip(key.text), line=line
        )
    part = text[key.start : max(key.end, hole.start)].rstrip()
    return says, Say("写成：{line}", line=mended(text, key.start, part, f"{key.text}: …"))


def braces(text: str, start: int) -> tuple[Say, Say]:
    """What to say of `{{field}}` written where a path or formula belongs; `start` is its first brace."""
    meant = text[start : line_end(text, start)].strip()
    says = Say("这里不用 {{…}} 取字段")
    if meant.count("{{") == meant.count("}}"):
        return says, Say("写成：{cell}", cell=clip(translated(meant), _LONGEST))
    return says, Say("直接写字段路径，不要花括号")


def mended(text: str, start: int, part: str, by: str | None = None) -> str:
    """The line around `start` with `part` replaced, by `part` in single quotes where nothing is given."""
    end = line_end(text, start + len(part))
    joined = " ".join(line.strip() for line in part.splitlines())
    before = text[line_begin(text, start) : start]
    line = before + (single(joined) if by is None else by) + text[start + len(part) : end]
    return clip(line.strip(), _LONGEST)


def line_begin(text: str, offset: int) -> int:
    """The offset at which the line of `offset` begins; of an endless line only the last part."""
    near = max(offset - _FAR, 0)
    return max(text.rfind("\n", near, offset) + 1, text.rfind("\r", near, offset) + 1, near)


def line_end(text: str, offset: int) -> int:
    """The offset of the line break (or end of text) at or after `offset`; of an endless line, not too far."""
    far = min(offset + _FAR, len(text))
    ends = [place for place in (text.find("\n", offset, far), text.find("\r", offset, far)) if place >= 0]
    return min(ends, default=far)


def clip(text: str, most: int = 60) -> str:
    """`text` short enough for a sentence."""
    return text if len(text) <= most else text[: most - 1] + "…"
