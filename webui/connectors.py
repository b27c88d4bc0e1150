"""The connector browser (接口目录): vendors, their operations, every field with title, type and marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flask import Blueprint, Response, abort, redirect, url_for

from engine.model.catalog import Field, Operation
from webui.fragments import answer
from webui.web import web

pages = Blueprint("connectors", __name__)


class Row(NamedTuple):
    """A field and how deep it stands."""

    depth: int
    field: Field


@pages.get("/connectors")
def listed() -> Response:
    registry = web().registry
    operations = sorted(registry.operations.values(), key=lambda one: one.operation)
    by_connector = {name: [one for one in operations if one.connector == name] for name in sorted(registry.connectors)}
    return answer(
        "connectors/list.html",
        connectors=[(registry.connectors[name], found) for name, found in by_connector.items()],
        problems=registry.problems,
    )


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
