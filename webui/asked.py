"""What an address asks for, kept within bounds: a number the database can hold, a word of bearable length."""

from __future__ import annotations

from flask import request

HIGHEST = 2**63 - 1
IDENT = f"int(max={HIGHEST}):ident"
"""An id in a route; a number that no database holds is a page that is not there."""


def number(name: str) -> int | None:
    """A whole number of the query, None where there is none or it cannot be an id."""
    value = request.args.get(name, type=int)
    return value if value is not None and 0 <= value <= HIGHEST else None


def word(name: str, longest: int = 200) -> str:
    """A text of the query, without blanks around it."""
    return request.args.get(name, "").strip()[:longest]
