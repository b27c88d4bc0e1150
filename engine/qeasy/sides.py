"""Which side a page of metadata is of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from engine.errors import Wrong
from engine.model.values import Json, Problem
from engine.qeasy.ledger import Ledger, Spot
from engine.say import Say

Side = Literal["source", "target"]
DEEPEST = 60
QUERY, EXECUTE = ("QUERY",), ("EXECUTE", "WRITE", "CREATE", "UPDATE")
OF_SOURCE = ("condition", "beatFlat", "formatResponse", "omissionRemedy", "pagination", "idCheck", "number")
OF_TARGET = (
    "groupCalculate",
    "callBackStrategy",
    "distributionOrg",
    "mapping",
    "autoCheck",
    "primaryWriteback",
)


def sides_of(ledgers: Sequence[Ledger]) -> dict[Side, Spot]:
    found: dict[Side, Spot] = {}
    for ledger in ledgers:
        if deeper(ledger.whole, DEEPEST):
            raise _wrong(Say("元数据套得超过 {most} 层", most=DEEPEST), Say("核对文件。"))
        if not isinstance(ledger.whole, dict):
            raise _wrong(Say("不是轻易云的元数据"), Say("要是一个 JSON 对象，从源码视图复制"))
        for side, spot in _parts(ledger.root):
            if side in found:
                raise _wrong(
                    Say("两份元数据都是同一侧的"), Say("一份源平台的（QUERY），一份目标平台的（EXECUTE）")
                )
            found[side] = spot
            ledger.name = ledger.name or (side if len(ledgers) > 1 else "")
    return found


def deeper(value: Json, most: int) -> bool:
    """Is it nested more than `most` levels deep? Without going deep itself."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
        if not level:
            return False
    return True


def _parts(root: Spot) -> Iterator[tuple[Side, Spot]]:
    """A page of one side; or both in one object, the target's further keys beside them."""
    both = {
        side: spot
        for side in ("source", "target")
        if (spot := root.at(side)) and isinstance(spot.value, dict)
    }
    if not both:
        yield side_of(root), root
        return
    for side in ("source", "target"):
        spot = both.get(side)
        if spot is not None:
            spot.take()
            yield side, replace(spot, beside=root if side == "target" else None)


def side_of(spot: Spot) -> Side:
    """`effect`, `type`; else by the keys only one side has; else by whether values name fields of a record."""
    for key in ("effect", "type"):
        one = spot.at(key)
        said = one.text.upper() if one is not None else ""
        if said in QUERY or said in EXECUTE:
            return "source" if said in QUERY else "target"
    if any(spot.at(key) is not None for key in OF_SOURCE):
        return "source"
    if any(spot.at(key) is not None for key in OF_TARGET):
        return "target"
    request = spot.at("request")
    if request is not None and isinstance(request.value, dict):
        return "target"
    operation = spot.at("operation")
    batch = operation is not None and operation.at("rowsKey") is not None
    return "target" if batch else "source"


def _wrong(says: Say, do: Say) -> Wrong:
    return Wrong([Problem("FILE", "qeasy", says, do)])
