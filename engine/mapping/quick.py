"""Shortcuts for the cells schemes are full of: the same meaning as the general way, with fewer calls.

Each looks for the plain case (the name is there and holds what its place wants) and leaves everything
else to `slow`, the general closure, which starts over. Half of a mapping's time went into those calls.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from engine.mapping.cell import PipeCall
from engine.mapping.plain import DIGITS, EXACT, MISSING
from engine.mapping.scope import Find, Scope
from engine.model.catalog import Field

Row: TypeAlias = Any
"""A row by name; what is none fails with one of ABSENT and goes the slow way."""

ABSENT = (KeyError, TypeError, AttributeError)
MARKS = ("-- ::", "--T::")
"""Every third sign of `2026-01-02 03:04:05` from the fifth on."""


def quick(
    up: int, name: str, pipes: tuple[PipeCall, ...], field: Field | None, missing: str, slow: Find
) -> Find:
    """`slow`, or a closure that needs it for the unusual only. `name` is in the row `up` levels out."""
    if field is None or (field.type == "text" and field.longest is not None and not field.guess):
        return slow
    kind = field.type
    if not pipes:
        if kind in ("text", "id"):
            blank_too = kind == "text" and missing != "problem"
            return _outer_text(name, slow) if up == 1 else _text(name, blank_too, slow) if up == 0 else slow
        return _decimal(name, slow) if kind == "decimal" and up == 0 else slow
    if up or len(pipes) > 1:
        return slow
    pipe = pipes[0]
    match pipe.name, pipe.args:
        case (("date" | "日期"), ()) if kind in ("date", "text"):
            return _day(name, missing, slow)
        case (("lookup" | "查对照表"), (table, *_)) if kind in ("text", "id") and table.name in (
            None,
            "table",
        ):
            return _looked_up(name, str(table.value), slow)
        case (("decimal" | "小数"), (places,)) if kind == "decimal" and isinstance(places.value, Decimal):
            return _rounded(name, int(places.value), slow)
    return slow


def _text(name: str, blank_too: bool, slow: Find) -> Find:
    def text(row: Row, scope: Scope) -> Any:
        try:
            value = row[name]
        except ABSENT:
            return slow(row, scope)
        return value if value.__class__ is str and (value or blank_too) else slow(row, scope)

    return text


def _outer_text(name: str, slow: Find) -> Find:
    def text(row: Row, scope: Scope) -> Any:
        try:
            value = scope.up.row[name]  # type: ignore[union-attr, index, call-overload]  # the unusual is ABSENT
        except ABSENT:
            return slow(row, scope)
        return value if value.__class__ is str and value else slow(row, scope)

    return text


def _decimal(name: str, slow: Find) -> Find:
    def decimal(row: Row, scope: Scope) -> Any:
        try:
            value = row[name]
            if value.__class__ is str and not value.strip(DIGITS):
                return Decimal(value)
        except (*ABSENT, InvalidOperation):
            pass
        return slow(row, scope)

    return decimal


def _rounded(name: str, places: int, slow: Find) -> Find:
    quantum, quantize = Decimal(1).scaleb(-places), EXACT.quantize

    def decimal(row: Row, scope: Scope) -> Any:
        try:
            value = row[name]
            if value.__class__ is str and not value.strip(DIGITS):
                return quantize(Decimal(value), quantum)
        except (*ABSENT, InvalidOperation):
            pass
        return slow(row, scope)

    return decimal


def _day(name: str, missing: str, slow: Find) -> Find:
    no_day = MISSING if missing == "omit" else None
    moment = datetime.fromisoformat

    def day(row: Row, scope: Scope) -> Any:
        try:
            value = row[name]
            if value.__class__ is str and len(value) == 19 and value[4::3] in MARKS:
                if no_day and value.startswith("0000-00-00"):
                    return no_day
                moment(value)
                return value[:10]
        except (*ABSENT, ValueError):
            pass
        return slow(row, scope)

    return day


def _looked_up(name: str, table: str, slow: Find) -> Find:
    def look(row: Row, scope: Scope) -> Any:
        try:
            code = row[name]
            if code.__class__ is str and code:
                found = scope.run.lookups[table][code]
                if found and found.__class__ is str:
                    return found
        except ABSENT:
            pass
        return slow(row, scope)

    return look
