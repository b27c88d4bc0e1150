"""`parser`: what is done to a value before it is sent, as pipes."""

from __future__ import annotations

from collections.abc import Sequence

from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.qeasy.ledger import Spot
from engine.qeasy.words import Cell, argument
from engine.say import Say

DEFAULT_MARK = ","


def parsed(cell: Cell, spot: Spot) -> Cell:
    """Raises Slip for a parser that has no equal here."""
    name, params = spot.at("name"), spot.at("params")
    said = name.text if name is not None else ""
    mark = params.text if params is not None and params.text else DEFAULT_MARK
    match said:
        case "ConvertObjectParser" if params is not None and params.text:
            made = wrapped(cell, [params.text])
        case "ConvertTwoStageObjectParser":
            made = wrapped(cell, _two(spot))
        case "StringToArray":
            made = _constant(cell, mark) if cell.fixed else cell.piped(f"split({_mark(mark)})")
        case "ArrayToString":
            made = cell.piped(f"join({_mark(mark)})") if not cell.fixed else cell
        case _:
            raise _unknown(spot, said)
    spot.take(deep=True)
    return made


def coded(cell: Cell, spot: Spot) -> Cell:
    """`mapping: {target, direction}`: the value through a table of code pairs, by the table's id.

    Raises Slip for what is none. From memory: no public page shows it.
    """
    table, way = spot.at("target"), spot.at("direction")
    if table is None or not table.text or cell.fixed:
        spot.leave(Say("看不懂这个 mapping"))
        raise Slip(0, Say("看不懂这个 mapping"), Say("写成 lookup 管道"))
    name = table.text + (".左" if way is not None and way.text == "reverse" else "")
    spot.take(deep=True)
    spot.note(Say("对照表 {name} 要先导入", name=table.text))
    return cell.piped(f"lookup({argument(name)}, miss=hold)")


def wrapped(cell: Cell, names: Sequence[str]) -> Cell:
    """`{FNumber: v}`; the last name is the innermost."""
    if not cell.fixed:
        return cell.piped(*(f"wrap({argument(name)})" for name in reversed(names)))
    value: Json = cell.value
    for name in reversed(names):
        value = {name: value}
    return Cell(value=value)


def _two(spot: Spot) -> list[str]:
    names = [inner.text for key in ("params1", "params2") if (inner := spot.at(key)) is not None]
    if len(names) != 2 or not all(names):
        raise _unknown(spot, "ConvertTwoStageObjectParser")
    return names


def _unknown(spot: Spot, name: str) -> Slip:
    says = Say("不会译解析器 {name}", name=name or "?")
    spot.leave(says)
    return Slip(0, says, Say("对照原来的值改写"))


def _constant(cell: Cell, mark: str) -> Cell:
    return Cell(value=[*cell.value.split(mark)] if isinstance(cell.value, str) else cell.value)


def _mark(mark: str) -> str:
    return '"' + mark.replace('"', '""') + '"'
