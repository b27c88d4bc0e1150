"""Logging in and out. Whoever is wrong hears the same, as quickly, whatever was wrong (S3, S4)."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.wrappers import Response as Answer

from engine.model.people import Deed, Person
from engine.store import audit, logins, passwords, people
from webui import forms
from webui.fragments import answer
from webui.guard import Doors
from webui.language import _
from webui.look import own
from webui.visit import here, visit
from webui.web import web

pages = Blueprint("logins", __name__)

TOLD = (5, 10, 20, 50, 100)
"""The wrong tries in a row that stand in the audit."""


@pages.get("/login")
def show() -> Response | Answer:
    if visit() is not None:
        return redirect(own(request.args.get("back", "/")), 303)
    return _form("")


@pages.post("/login")
def begin() -> Response | Answer:
    name, password = forms.text("name"), forms.raw("password", 1000)
    now, address = web().now(), doors().address()
    wait = web().store.write(lambda c: logins.tries(c, name, address, now))
    if wait is not None:
        return _form(_("试得太多了，请过 {seconds} 秒再试。", seconds=_seconds(wait)), 429, wait)
    stored = web().read(lambda c: logins.password_of(c, name))
    if not passwords.fits(stored, password):
        web().store.write(lambda c: _failed(c, name, address))
        return _form(_("登录名或密码不对。"), 422)
    return _entered(name, password)


@pages.post("/logout")
def end() -> Answer:
    found = here()
    login = found.login
    if login is not None:
        web().store.write(lambda c: logins.end(c, found.person.id, login.id))
    reply = redirect("/login", 303)
    reply.delete_cookie(doors().cookie(), path="/", secure=doors().secure(), httponly=True, samesite="Lax")
    return reply


def doors() -> Doors:
    found: Doors = current_app.extensions["duijie-doors"]
    return found


def let_in(reply: Answer, who: Person) -> Answer:
    """A new session for `who`, in a cookie that only we and only pages of ours can use."""
    secret, now = web().clock.code() + web().clock.code(), web().now()
    browser = request.headers.get("User-Agent", "")
    web().store.write(lambda c: logins.enter(c, who, secret, doors().address(), browser, now))
    return _cookie(reply, secret)


def _entered(name: str, password: str) -> Answer:
    secret, now = web().clock.code() + web().clock.code(), web().now()
    address, browser = doors().address(), request.headers.get("User-Agent", "")

    def work(connection: Any) -> Person | None:
        who = logins.begin(connection, name, password, secret, address, browser, now)
        if who is not None:
            audit.note(connection, Deed(who.name, "login", who.name, "", address), now)
        return who

    if web().store.write(work) is None:
        return _form(_("登录名或密码不对。"), 422)
    return _cookie(redirect(own(forms.raw("back", 2000)), 303), secret)


def _cookie(reply: Answer, secret: str) -> Answer:
    """No lifetime: it ends with the browser, and with the session behind it."""
    reply.set_cookie(
        doors().cookie(), secret, path="/", secure=doors().secure(), httponly=True, samesite="Lax"
    )
    return reply


def _failed(connection: Any, name: str, address: str) -> None:
    count = logins.failed(connection, name, web().now())
    known = people.by_name(connection, name) if count in TOLD else None
    if known is not None:
        deed = Deed(known.name, "login.failed", known.name, str(count), address)
        audit.note(connection, deed, web().now())


def _form(says: str, status: int = 200, wait: timedelta | None = None) -> Response:
    back = own(request.values.get("back", "/"))
    ready = web().read(people.admins) > 0
    reply = answer(
        "logins/show.html", says=says, name=request.form.get("name", "")[:80], back=back, ready=ready
    )
    reply.status_code = status
    if wait is not None:
        reply.headers["Retry-After"] = str(_seconds(wait))
    return reply


def _seconds(wait: timedelta) -> int:
    return max(1, ceil(wait.total_seconds()))
