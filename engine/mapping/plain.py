"""What a value of a record reads as: blank, text digit by digit, an exact number. Nothing is guessed.

Every reader gives None where the value is no such thing; the caller knows the column and says so.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from enum import Enum
from typing import Final, TypeAlias

from engine.model.values import Json


class Missing(Enum):
    """What a record does not hold at all, which is neither null nor ""."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
Value: TypeAlias = "Json | Missing"

EXACT = Context(
    prec=34, rounding=ROUND_HALF_UP, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""The arithmetic of formulas: 34 digits, half up, nothing silent; its methods touch no thread's state."""

TRUE = ("true", "1", "y", "yes", "t", "是")
FALSE = ("false", "0", "n", "no", "f", "否")
"""How vendors write a truth."""

DIGITS = "0123456789.-"
LONGEST_NUMBER = 1000
"""Numbers with more digits or a larger exponent are no business; they are not turned into text."""


def blank(value: Value) -> bool:
    """Missing, null and "" are one in formulas and pipes (rule 10)."""
    return value is MISSING or value is None or value == ""


def as_text(value: Value) -> str | None:
    """Text as it is, a number digit by digit (never 1E+3), a truth as true or false; blank is ""."""
    if value.__class__ is str:
        return value
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() < 3 * LONGEST_NUMBER else None
    return digits(value) if isinstance(value, Decimal) else None


def digits(value: Decimal) -> str | None:
    """1E+3 is 1000 and 30.0000 stays 30.0000; None for what is no finite number of bearable length."""
    text = str(value)
    if text.strip(DIGITS) == "":
        return text
    if not value.is_finite() or abs(value.adjusted()) > LONGEST_NUMBER:
        return None
    return format(value, "f")


def as_number(value: Value) -> Decimal | None:
    """A number as Decimal, also from text that is one: `-12.50`, not ` 12`, `1,000`, `1e3` or `１２`."""
    if isinstance(value, str):
        if value.strip(DIGITS):
            return None
        try:
            return Decimal(value)
        except InvalidOperation:
            return None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return None


def as_integer(value: Value) -> int | None:
    """A whole number as int: 30.0000 is 30, 2.5 is none."""
    if value.__class__ is int:
        return value
    number = as_number(value)
    if number is None or number.adjusted() > LONGEST_NUMBER:
        return None
    whole = int(number)
    return whole if whole == number else None


def shown(value: Value) -> str:
    """The value as a message quotes it: short, in one line."""
    text = as_text(value)
    if text is None:
        return "{…}" if isinstance(value, dict) else "[…]" if isinstance(value, list) else "…"
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"
