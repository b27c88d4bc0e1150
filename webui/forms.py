"""Reading a form: what was typed, within bounds, and the problems beside their fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import abort, request

from engine.model.values import Problem


def text(name: str, longest: int = 200) -> str:
    """One line as it was typed, without blanks around it. A sign no database takes is no form of ours."""
    return raw(name, longest).strip()


def raw(name: str, longest: int = 200) -> str:
    value = request.form.get(name, "")
    if "\0" in value or len(value) > longest:
        abort(400)
    return value


def many(name: str, most: int = 500) -> list[str]:
    values = request.form.getlist(name)
    if len(values) > most or any("\0" in value or len(value) > 200 for value in values):
        abort(400)
    return values


def number(name: str, most: int) -> int | None:
    """A whole number from 1 to `most`; None where it is none."""
    value = text(name, 20)
    return int(value) if value.isascii() and value.isdigit() and 0 < int(value) <= most else None


def ticked(name: str) -> bool:
    return request.form.get(name) == "on"


def beside(problems: Iterable[Problem]) -> Mapping[str, Problem]:
    """The first problem of each field, for the page to show beside it."""
    told: dict[str, Problem] = {}
    for problem in problems:
        told.setdefault(problem.path, problem)
    return told
