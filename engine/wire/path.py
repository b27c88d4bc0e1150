"""Dotted paths of catalogues ("data.recordList", "errors.0.message") as functions, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from engine.exact import encode
from engine.model.values import Json

At: TypeAlias = "Callable[[Json], Json]"


def at(path: str) -> At:
    """What stands at `path`, None where nothing does; the empty path and `.` are the value itself."""
    steps = path.split(".") if path not in ("", ".") else []
    if len(steps) == 1:
        return lambda value: _step(value, path)

    def walk(value: Json) -> Json:
        for step in steps:
            value = _step(value, step)
        return value

    return walk


def _step(value: Json, step: str) -> Json:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list):
        if step.isdecimal() and int(step) < len(value):
            return value[int(step)]
        if step == "-1" and value:
            return value[-1]
    return None


def placed(params: Mapping[str, Json], path: str, value: Json) -> dict[str, Json]:
    """`params` with `value` at a dotted place, page.pageIndex say; what else stands on the way stays."""
    first, _, rest = path.partition(".")
    if not rest:
        return {**params, first: value}
    inner = params.get(first)
    return {**params, first: placed(inner if isinstance(inner, dict) else {}, rest, value)}


def text(value: Json) -> str | None:
    """A scalar as vendors compare it: codes come as text or number and mean the same; None for null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else encode(value).decode()
