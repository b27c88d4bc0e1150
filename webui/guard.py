"""What every request must pass and every reply must carry, until people with rights exist (S1, S7).

Only the names the server was told answer (so no foreign page reaches us by rebinding a name), only
GET and HEAD do anything, and nothing in a page may come from elsewhere or run inline.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
METHODS = ("GET", "HEAD")


def protect(app: Flask, host_names: frozenset[str]) -> None:
    """Put the guard before every route and its headers on every reply."""
    known = frozenset(name.lower() for name in host_names)

    @app.before_request
    def admit() -> None:
        if not _named(request.host, known):
            abort(421)
        if "\0" in request.path or any("\0" in value for value in request.args.values()):
            abort(400)  # no database takes it, nothing of ours is named so
        if request.method not in METHODS:
            abort(405, response=_refused())

    @app.after_request
    def seal(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def _named(host: str, known: frozenset[str]) -> bool:
    """Whether a Host header is one of the names, given with the port or without."""
    host = host.lower()
    try:
        bare = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return host in known or bare in known


def _refused() -> Response:
    reply = Response("405: read-only\n", 405, mimetype="text/plain")
    reply.headers["Allow"] = ", ".join(METHODS)
    return reply
