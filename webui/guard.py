"""What every request must pass and every reply must carry (S1, S4–S7, S20).

In this order: a name of ours (so no foreign page reaches us by rebinding one), a method we know, somebody who
is logged in, a form of ours, the right the route asks for. What is not answered is told in the same words
whether it exists or not.
"""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.model.people import RIGHTS
from engine.store import logins
from webui import look
from webui.rights import OPEN, OWN, ROUTES
from webui.visit import Visit, guest, key_of, visit
from webui.web import web

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
SAFE = ("GET", "HEAD")
METHODS = (*SAFE, "POST")
PER_SECOND = 60
FORM_KEY = "form_key"


@dataclass(frozen=True)
class Doors:
    """How the pages are reached. `names` of this machine; `public` the https address in front of us, or "".

    `guests` True: no login, and nothing but looking. Only for pages on loopback whose data is a demo's.
    """

    names: frozenset[str]
    public: str = ""
    guests: bool = False

    @property
    def public_host(self) -> str:
        return urlsplit(self.public).netloc.lower()

    def known(self, host: str) -> bool:
        """Whether a Host header is one of the names, given with the port or without."""
        host = host.lower()
        try:
            bare = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return host in self.names or bare in self.names or bool(host and host == self.public_host)

    def secure(self) -> bool:
        """Whether this request came over https, through the server in front of us."""
        return bool(self.public) and request.host.lower() == self.public_host

    def cookie(self) -> str:
        return "__Host-session" if self.secure() else "session"

    def address(self) -> str:
        """Who asks: of what the server in front of us forwards, the last is what it saw itself."""
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return (forwarded[:64] if self.secure() and forwarded else request.remote_addr) or ""


@dataclass
class Pace:
    """Requests of one session in this second; more than 60 wait for the next."""

    _told: dict[str, tuple[int, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def over(self, who: str, second: int) -> bool:
        with self._lock:
            if len(self._told) > 1000:
                self._told.clear()
            at, count = self._told.get(who, (second, 0))
            count = count + 1 if at == second else 1
            self._told[who] = (second, count)
            return count > PER_SECOND


def protect(app: Flask, doors: Doors) -> None:
    """Put the guard before every route and its headers on every reply."""
    pace = Pace()

    @app.before_request
    def admit() -> Answer | None:
        if not doors.known(request.host):
            abort(421)
        if "\0" in request.path or any("\0" in value for value in request.args.values()):
            abort(400)  # no database takes it, nothing of ours is named so
        if request.method not in (SAFE if doors.guests else METHODS):
            abort(405, response=_refused(doors))
        if request.blueprint == "health":
            g.visit = None  # answered to anybody, and also while the store, which knows people, is away
            return None
        g.visit = guest(doors.address()) if doors.guests else _visit(doors)
        if _asks() == OPEN:
            return _ours() if request.method not in SAFE else None
        return _entitled(pace)

    @app.after_request
    def seal(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        if doors.secure():
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def _asks() -> str:
    """The right this route asks for; what is no route at all is for those who are logged in."""
    return ROUTES.get(request.endpoint, "people") if request.endpoint else OWN


def _visit(doors: Doors) -> Visit | None:
    """Who brought this session or this token; a session is kept awake by what its person does, not by polling."""
    now, address = web().now(), doors.address()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and token:
        granted = web().read(lambda c: logins.granted(c, token, now))
        if granted is None:
            return None
        if granted[0].seen_at is None or now - granted[0].seen_at > logins.TOUCH:
            web().store.write(lambda c: logins.used(c, granted[0].id, now))
        return Visit(granted[1], RIGHTS[granted[1].role], address=address)
    secret = request.cookies.get(doors.cookie(), "")
    found = web().read(lambda c: logins.found(c, secret, now)) if secret else None
    if found is None:
        return None
    login, who = found
    if now - login.seen_at > logins.TOUCH and "HX-Request" not in request.headers and request.endpoint != "live.follow":
        web().store.write(lambda c: logins.touch(c, login.id, now))
    return Visit(who, RIGHTS[who.role], login, key_of(secret), address)


def _entitled(pace: Pace) -> Answer | None:
    """None where the request may go on."""
    found = visit()
    if found is None:
        return _to_login()
    if not found.guest and pace.over(found.key or found.person.name, int(web().clock.monotonic())):
        return Response("429: too many requests\n", 429, mimetype="text/plain", headers={"Retry-After": "1"})
    if request.method not in SAFE and found.login is not None and (wrong := _ours() or _keyed(found)):
        return wrong
    asks = _asks()
    if asks != OWN and asks not in found.rights:
        abort(403)
    return None


def _to_login() -> Answer:
    """Whoever asks for a page is led to the login; a program and a part of a page are told."""
    if "Authorization" in request.headers or request.method not in SAFE:
        return Response("401: log in first\n", 401, mimetype="text/plain")
    back = look.here()
    address = url_for("logins.show", back=back if back != "/" else None)
    if "HX-Request" in request.headers:
        return Response("", 401, headers={"HX-Redirect": address})
    return redirect(address, 303)


def _ours() -> Answer | None:
    """A form must come from a page of ours: the browser says so itself (S5)."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        return _foreign()
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        return _foreign()
    return _foreign() if site is None and origin is None else None


def _keyed(found: Visit) -> Answer | None:
    """And it must carry the key of this very session."""
    brought = request.headers.get("X-Form-Key") or request.form.get(FORM_KEY, "")
    return None if hmac.compare_digest(brought.encode(), found.key.encode()) else _foreign()


def _foreign() -> Answer:
    return make_response(
        Response("403: this form is not from a page of ours; load it again\n", 403, mimetype="text/plain")
    )


def _refused(doors: Doors) -> Response:
    reply = Response("405: read-only\n" if doors.guests else "405\n", 405, mimetype="text/plain")
    reply.headers["Allow"] = ", ".join(SAFE if doors.guests else METHODS)
    return reply
