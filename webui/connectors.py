"""The connector browser (接口目录): vendors, their operations, every field with title, type and marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flask import Blueprint, Response, abort, redirect, url_for

from engine.model.catalog import Field, Operation
from webui import asked
from webui.fragments import answer
from webui.initials import initials
from webui.web import web

pages = Blueprint("connectors", __name__)

MOST_FIELDS = 6


class Row(NamedTuple):
    """A field and how deep it stands."""

    depth: int
    field: Field


class Hit(NamedTuple):
    """An operation that was found, and the fields of it that were: path and field."""

    operation: Operation
    fields: list[tuple[str, Field]]


@pages.get("/connectors")
def listed() -> Response:
    """Every operation by connector; with a word those that it names, or whose fields it names."""
    registry, word = web().registry, asked.word("q", 60)
    operations = sorted(registry.operations.values(), key=lambda one: one.operation)
    hits = [hit for one in operations if (hit := found(one, word)) is not None]
    by_connector = {name: [hit for hit in hits if hit.operation.connector == name] for name in registry.connectors}
    return answer(
        "connectors/list.html",
        connectors=[(registry.connectors[name], by_connector[name]) for name in sorted(by_connector)],
        count=len(hits),
        sought=word,
        problems=registry.problems,
    )


def found(operation: Operation, word: str) -> Hit | None:
    """Where a word, Chinese, a vendor's own or the first letters of a Chinese title, names it or fields of it."""
    if not word:
        return Hit(operation, [])
    named = [operation.operation, *operation.aliases]
    own = any(fits(name, operation.title, word) for name in named)
    parts = (operation.ask, operation.fields, operation.give)
    fields = [(path, field) for part in parts for path, field in _paths(part) if fits(field.name, field.title, word)]
    return Hit(operation, fields[:MOST_FIELDS]) if own or fields else None


def fits(name: str, title: str, word: str) -> bool:
    word = word.lower()
    return word in name.lower() or word in title.lower() or word in initials(title)


def _paths(fields: tuple[Field, ...], above: str = "") -> Iterator[tuple[str, Field]]:
    """Each field with its path, depth first."""
    for field in fields:
        path = f"{above}.{field.name}" if above else field.name
        yield path, field
        yield from _paths(field.fields, path)


@pages.get("/connectors/<path:name>")
def show(name: str) -> Response:
    operation = web().registry.operation(name)
    if operation is None:
        abort(404)
    if operation.operation != name:
        return redirect(url_for("connectors.show", name=operation.operation), 301)  # type: ignore[return-value]
    connector = web().registry.connector(operation.connector)
    return answer("connectors/show.html", operation=operation, connector=connector, parts=_parts(operation))


def _parts(operation: Operation) -> list[tuple[str, list[Row]]]:
    """The field lists of an operation, by what they are, without the empty ones."""
    parts = {"ask": operation.ask, "fields": operation.fields, "give": operation.give}
    return [(name, list(_rows(fields, 0))) for name, fields in parts.items() if fields]


def _rows(fields: tuple[Field, ...], depth: int) -> Iterator[Row]:
    for field in fields:
        yield Row(depth, field)
        yield from _rows(field.fields, depth + 1)
