"""One cell made into one closure: find a value, pipe it, dress it for its field, settle what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from engine.mapping.cell import PipeCall, ShortCell, print_pipe, read_cell, read_pipe
from engine.mapping.dress import Wear, constant, wear
from engine.mapping.formula.coded import Coded
from engine.mapping.formula.compile import compile_condition, compile_formula
from engine.mapping.formula.parser import read_formula
from engine.mapping.formula.tree import Name
from engine.mapping.ground import Ground, label
from engine.mapping.manual import Kind
from engine.mapping.path import print_path
from engine.mapping.pipes import compile_pipe, piped
from engine.mapping.plain import MISSING, Value
from engine.mapping.query import compile_jmespath, compile_jsonpath
from engine.mapping.quick import quick
from engine.mapping.remarks import Remarks
from engine.mapping.scope import Dress, Find, Scope, Trouble
from engine.mapping.slip import Slip
from engine.mapping.template import compile_template
from engine.model.catalog import Field
from engine.model.scheme import Cell
from engine.model.values import Json
from engine.say import Say, Words

Truth = Callable[[Value, Scope], bool]


@dataclass(frozen=True, slots=True)
class Story:
    """A cell part by part, for previews: where its value comes from, then each pipe, as they are written.

    `maybe`: it has a `when`, so it may be left out without any of them.
    """

    source: tuple[str, Find]
    pipes: tuple[tuple[str, Dress], ...] = ()
    maybe: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """A compiled cell. `constant` is its value where no record is needed to know it."""

    find: Find
    cost: int
    constant: Value = MISSING
    story: Story | None = None


def compile_cell(
    cell: Cell, path: str, field: Field | None, ground: Ground, remarks: Remarks
) -> Filled | None:
    """The closure that gives the target's value or missing; None where problems were told."""
    when = _when(cell, path, ground, remarks)
    if cell.how == "value" and not (isinstance(cell.value, str) and cell.value.startswith("=")):
        return _constant(cell, path, field, when, remarks)
    found = _piped(cell, path, ground, remarks)
    if found is None or when is None or not _fits(cell, path, field, found, remarks):
        return None
    missing = cell.missing or ("problem" if field and field.required else "omit")
    find = _settled(found.coded.find, wear(field, found.formed, found.coded.quote, ground.zone), missing)
    if found.near is not None:
        find = quick(*found.near, found.pipes, field, missing, find)
    elif (
        found.kind == "text"
        and field
        and field.type == "text"
        and missing == "omit"
        and field.longest is None
    ):
        find = found.coded.find
    story = replace(found.story, maybe=when is not ALWAYS)
    return Filled(_guarded(find, when[0], field), found.coded.cost + when[1], story=story)


def compile_value(text: str, path: str, ground: Ground, remarks: Remarks) -> Coded | None:
    """A short cell as a value with no target of its own: a key, a sum; None where problems were told."""
    cell = Cell(how="formula", text=text[1:]) if text.startswith("=") else Cell(how="from", text=text)
    found = _piped(cell, path, ground, remarks)
    return replace(found.coded, kind=found.kind) if found else None


def always(row: Value, scope: Scope) -> bool:
    return True


ALWAYS: tuple[Truth, int] = (always, 0)


def _when(cell: Cell, path: str, ground: Ground, remarks: Remarks) -> tuple[Truth, int] | None:
    return ALWAYS if cell.when is None else condition(cell.when, f"{path}.when", ground, remarks)


def condition(text: str, path: str, ground: Ground, remarks: Remarks) -> tuple[Truth, int] | None:
    """A `where` or `when` with its cost; None where a problem was told."""
    try:
        return compile_condition(read_formula(text), ground)
    except Slip as slip:
        remarks.slip(path, slip, text)
        return None


def _constant(
    cell: Cell, path: str, field: Field | None, when: tuple[Truth, int] | None, remarks: Remarks
) -> Filled | None:
    """`{value: …}` typed by its field now, so that a wrong one is known before any record."""
    try:
        value = constant(cast(Json, cell.value), field)
    except Trouble as trouble:
        remarks.add(path, trouble.code, trouble.says, Say("改成目标字段要的类型"))
        return None
    if cell.pipe:
        remarks.add(path, "pipe", Say("固定值不用管道"), Say("直接写结果，或用 formula"))
        return None
    if value is None and field and field.required:
        remarks.add(path, "required", Say("{field} 是必填，不能是 null", field=label(field)), Say("写一个值"))
        return None
    if field and field.values and isinstance(value, str) and value not in field.values:
        known = Words(f"{code} {title}".strip() for code, title in list(field.values.items())[:8])
        remarks.add(
            path,
            "unlisted",
            Say("{value} 不在接口列出的值里", value=value),
            Say("列出的有：{known}", known=known),
            weight="warning",
        )
    if when is None:
        return None
    if when is ALWAYS:
        return Filled(lambda row, scope: value, 0, value)
    return Filled(_guarded(lambda row, scope: value, when[0], field), when[1])


@dataclass(frozen=True, slots=True)
class _Piped:
    """A value found and piped: `coded` gives it, `kind` and `formed` tell what came out of the last pipe."""

    coded: Coded
    kind: Kind
    formed: bool
    near: tuple[int, str] | None
    pipes: tuple[PipeCall, ...]
    story: Story


def _piped(cell: Cell, path: str, ground: Ground, remarks: Remarks) -> _Piped | None:
    """The problems of the text and of every pipe are told together."""
    before = len(remarks.problems)
    coded, short = Coded(lambda row, scope: MISSING, "any", ""), None
    calls: list[tuple[PipeCall, str, str, str]] = []
    try:
        short = read_cell(cell.text) if cell.how == "from" else None
        calls += [(call, path, cell.text, cell.how) for call in (short.pipes if short else ())]
        coded = _found(cell, short, ground)
    except Slip as slip:
        remarks.slip(path, slip, cell.text, cell.how)
    for number, written in enumerate(cell.pipe):
        place = f"{path}.pipe[{number}]"
        try:
            calls.append((read_pipe(written), place, written, ""))
        except Slip as slip:
            remarks.slip(place, slip, written)
    pressed = []
    for call, place, text, how in calls:
        try:
            pressed.append(compile_pipe(call, ground, coded.label, coded.quote))
        except Slip as slip:
            remarks.slip(place, slip, text, how)
    if len(remarks.problems) > before:
        return None
    find = piped(coded.find, tuple(one.dress for one in pressed))
    last = pressed[-1] if pressed else None
    kind, formed = (last.gives, last.formed) if last else (coded.kind, False)
    said = print_path(short.path) if short else f"={cell.text}" if cell.how == "formula" else cell.text
    told = tuple((print_pipe(call), one.dress) for (call, *_), one in zip(calls, pressed, strict=True))
    story = Story((said or str(cell.value), coded.find), told)
    return _Piped(coded.giving(find), kind, formed, coded.near, tuple(call for call, *_ in calls), story)


def _found(cell: Cell, short: ShortCell | None, ground: Ground) -> Coded:
    """The value before any pipe. Raises Slip."""
    if short is not None:
        return compile_formula(Name(short.path, short.at), ground)
    match cell.how:
        case "formula":
            return compile_formula(read_formula(cell.text), ground)
        case "value":
            return compile_formula(read_formula(str(cell.value)[1:]), replace(ground, levels=()))
        case "template":
            return compile_template(cell.text, ground)
        case "jmespath":
            return compile_jmespath(cell.text)
        case "jsonpath":
            return compile_jsonpath(cell.text)
    raise Slip(0, Say("ignore 不产生值"))


def _fits(cell: Cell, path: str, field: Field | None, found: _Piped, remarks: Remarks) -> bool:
    """What can be known of the type before any record."""
    if field is None:
        return True
    if found.kind == "list" and field.type not in ("list", "object"):
        do = Say("用 join 连接成文本，写明第几行，或用 COLUMN、SUM 计算")
        remarks.add(
            path,
            "type",
            Say("{label} 是列表，{field} 只要单个值", label=found.coded.label, field=label(field)),
            do,
        )
        return False
    if cell.missing == "blank" and field.type != "text":
        remarks.add(
            path,
            "missing",
            Say("{field} 不是文本，不能用空文本代替", field=label(field)),
            Say("写 missing: null 或 omit"),
        )
        return False
    return True


def _settled(find: Find, dress: Wear, missing: str) -> Find:
    """Missing stays, becomes null or "", or is a problem; where a value is needed, null and "" are none."""
    if missing == "omit":
        return lambda row, scope: dress(find(row, scope))
    if missing == "problem":

        def needed(row: Value, scope: Scope) -> Value:
            value = dress(find(row, scope))
            if value is MISSING or value is None or value == "":
                raise no_value()
            return value

        return needed
    otherwise = None if missing == "null" else ""

    def settled(row: Value, scope: Scope) -> Value:
        value = dress(find(row, scope))
        return otherwise if value is MISSING else value

    return settled


def no_value() -> Trouble:
    return Trouble("required", Say("没有值，而这里必须有"), Say("补全源数据，或用 default 给出默认值"))


def _guarded(find: Find, when: Truth, field: Field | None) -> Find:
    """`when` false leaves the cell out; a required field then has no value."""
    if when is always:
        return find
    required = field is not None and field.required

    def guarded(row: Value, scope: Scope) -> Value:
        if when(row, scope):
            return find(row, scope)
        if required:
            raise no_value()
        return MISSING

    return guarded
