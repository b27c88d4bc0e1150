"""Answering: the whole page, or for htmx one named block of the same template."""

from __future__ import annotations

from flask import Response, current_app, make_response, render_template, request


def answer(template: str, block: str | None = None, **shown: object) -> Response:
    """The page; for htmx only `block` of it, rendered with the same values.

    A block is rendered alone, so what it imports it imports inside itself.
    """
    html = _block(template, block, shown) if block and partial() else render_template(template, **shown)
    return varied(make_response(html))


def varied(response: Response) -> Response:
    """What is kept of it depends on who asked, and for what."""
    response.vary.update(("HX-Request", "Cookie"))
    return response


def partial() -> bool:
    """Whether htmx asks for a part; a restored page of the history and a boosted link want the whole."""
    whole = ("HX-History-Restore-Request", "HX-Boosted")
    return request.headers.get("HX-Request") == "true" and not any(name in request.headers for name in whole)


def _block(template: str, block: str, shown: dict[str, object]) -> str:
    found = current_app.jinja_env.get_template(template)
    current_app.update_template_context(shown)
    return "".join(found.blocks[block](found.new_context(shown)))
