"""Pages for what went wrong: nothing here by that name, and a fault of ours with a number to ask about (S22)."""

from __future__ import annotations

import logging

from flask import Flask, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from engine.errors import Wrong
from webui.web import web

log = logging.getLogger("duijie.web")


def tell(app: Flask) -> None:
    """Every error gets a page; the traceback goes to the log and nowhere else."""
    app.register_error_handler(404, _missing)
    app.register_error_handler(403, _forbidden)
    app.register_error_handler(421, _foreign)
    app.register_error_handler(Exception, _broken)


def _missing(_: Exception) -> Response:
    return make_response(render_template("trouble/missing.html"), 404)


def _forbidden(_: Exception) -> Response:
    return make_response(render_template("trouble/forbidden.html"), 403)


def _foreign(_: Exception) -> Response:
    """Told in plain text: whoever reads this did not come for our pages."""
    return Response("421: unknown host name\n", 421, mimetype="text/plain")


def _broken(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException):
        return error
    ident = web().clock.code()[:8]
    log.error("page failed", exc_info=error, extra={"error_id": ident, "path": request.path})
    problems = error.problems if isinstance(error, Wrong) else ()
    try:
        return make_response(render_template("trouble/broken.html", ident=ident, problems=problems), 500)
    except Exception as again:  # the error page itself fails: say so in one plain line
        current_app.logger.error("error page failed", exc_info=again, extra={"error_id": ident})
        return Response(f"500: {ident}\n", 500, mimetype="text/plain")
