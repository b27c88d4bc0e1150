"""What a `value` says, as a cell of ours: a literal, a field, a text with fields in it, an expression, a look-up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.exact import decode
from engine.mapping.formula.parser import read_formula
from engine.mapping.formula.tree import Call, Name, Text, Tree, print_formula
from engine.mapping.path import print_path
from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.qeasy import expression as sql
from engine.qeasy.fields import constant
from engine.qeasy.formula import Sight
from engine.qeasy.functions import formula
from engine.qeasy.lexer import find, pieces, sought
from engine.qeasy.parser import line_and_column, read_expression
from engine.qeasy.printing import Flow, Line, Written, block
from engine.say import Say

FUNCTION, FIND, MONGO = "_function ", "_findCollection", "_mongoQuery"
_MONGO = re.compile(r"_mongoQuery\s+(\S+)\s+findField=(?:content\.)?(\S+)\s+where=(\{.*\})\s*", re.DOTALL)
_BARE = re.compile(r"[\w.]+")


@dataclass(frozen=True, slots=True)
class Cell:
    """One of `tree` (what the record gives) and `value` (fixed), then pipes as written."""

    tree: Tree | None = None
    value: Json = None
    pipes: tuple[str, ...] = ()
    missing: bool = False
    """Whether it is a problem that nothing is there."""

    @property
    def fixed(self) -> bool:
        return self.tree is None

    def piped(self, *pipes: str) -> Cell:
        return replace(self, pipes=(*self.pipes, *pipes))


def read_value(text: str, cast: str, sight: Sight) -> Cell:
    """Raises Slip, its place in `text`, for what has no equal here."""
    tree = read_words(text)
    if isinstance(tree, sql.Text) and tree.plain is not None:
        return Cell(value=constant(tree.plain, cast))
    try:
        made = formula(tree, sight)
        # What is written must be read again: formulas have limits of their own.
        read_formula(print_formula(made))
        return Cell(made)
    except Slip as slip:
        shift = len(FUNCTION) if text.startswith(FUNCTION) else 0
        raise Slip(min(slip.at + shift, len(text)), slip.says, slip.do, slip.code) from None


def read_words(text: str) -> sql.Expression:
    """A `value` as an expression; a literal is a text."""
    if text.startswith(FUNCTION):
        shift = len(FUNCTION)
        try:
            return read_expression(text[shift:])
        except Slip as slip:
            raise Slip(slip.at + shift, slip.says, slip.do, slip.code) from None
    if text.startswith(FIND):
        found, end = find(text, 0)
        if text[end:].strip():
            raise Slip(end, Say("这里多了内容"), Say("对照原来的查询写成 lookups"))
        return found
    if text.startswith(MONGO):
        return _mongo(text)
    made = sql.Text(pieces(text), 0)
    if len(made.parts) == 1 and isinstance(made.parts[0], sql.Field):
        return made.parts[0]
    return _milli(made) or made


def _milli(text: sql.Text) -> sql.Expression | None:
    """`{{CURRENT_TIME}}000`: seconds as milliseconds."""
    if len(text.parts) == 2 and isinstance(text.parts[0], sql.Field) and text.parts[1] == "000":
        return read_expression("{{" + ".".join(text.parts[0].steps) + "}}000")
    return None


def _mongo(text: str) -> sql.Find:
    """The later form of a look-up; only what compares for equality has an equal here."""
    said = _MONGO.fullmatch(text)
    where: Json = None
    if said is not None:
        try:
            where = decode(said[3])
        except (ValueError, ArithmeticError):
            where = None
    if said is None or not isinstance(where, dict):
        raise Slip(0, Say("看不懂这个 _mongoQuery"), Say("对照原来的查询写成 lookups"))
    found = []
    for name, one in where.items():
        same = one.get("$eq") if isinstance(one, dict) and len(one) == 1 else one
        if not isinstance(same, str | int):
            raise Slip(0, Say("_mongoQuery 里有相等以外的条件"), Say("对照原来的查询写成 lookups"))
        found.append((name.removeprefix("content."), sought(str(same), 0)))
    return sql.Find(said[2], said[1], tuple(found), 0)


def place_of(slip: Slip, text: str) -> Say:
    line, column = line_and_column(text, slip.at)
    return Say("第 {line} 行第 {column} 列：{says}", line=line, column=column, says=slip.says)


# -- as it is written ------------------------------------------------------------------------------


def written(cell: Cell) -> Written:
    """The shortest form that says it all."""
    if cell.tree is None:
        return Flow({"value": literal(cell.value)})
    path, pipes = _as_path(cell.tree)
    if path is not None:
        text = " | ".join([path, *pipes, *cell.pipes])
        return block(("from", text), ("missing", "problem")) if cell.missing else text
    said = print_formula(cell.tree)
    if not cell.pipes and not cell.missing:
        return f"={said}"
    pipe = Line("pipe", Flow(list(cell.pipes))) if cell.pipes else None
    return block(("formula", said), pipe, ("missing", "problem") if cell.missing else None)


def _as_path(tree: Tree) -> tuple[str | None, Sequence[str]]:
    """A path with a pipe where the formula is one."""
    match tree:
        case Name(path=path):
            return print_path(path), ()
        case Call(name="DATE" | "DATETIME" as name, args=(Name(path=path), *rest)) if len(rest) <= 1:
            form = rest[0] if rest else None
            if form is None:
                return print_path(path), (name.lower(),)
            if isinstance(form, Text):
                return print_path(path), (f"{name.lower()}({_quoted(form.value)})",)
        case Call(name="LOOKUP", args=(Text(value=table), Name(path=path))):
            return print_path(path), (f"lookup({argument(table)})",)
        case Call(name="JOIN", args=(Name(path=path), Text(value=mark))):
            return print_path(path), (f"join({_quoted(mark)})",)
    return None, ()


def literal(value: Json) -> Json:
    """A fixed value for a place where a text that begins with `=` is a formula."""
    if isinstance(value, str) and value.startswith("="):
        return "=" + _quoted(value)
    return value


def argument(text: str) -> str:
    """An argument of a pipe: bare where it is a plain name."""
    return text if _BARE.fullmatch(text) and not text[0].isdigit() else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
