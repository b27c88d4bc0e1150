"""Invitations: a link that sets a password once, and the first of all, which makes the first administrator."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, redirect
from werkzeug.wrappers import Response as Answer

from engine.errors import Wrong
from engine.model.people import Deed, Person
from engine.model.values import Problem
from engine.store import audit, people
from webui import forms
from webui.fragments import answer
from webui.language import _
from webui.logins import doors, let_in
from webui.web import web

pages = Blueprint("invitations", __name__)


@pages.get("/invitation/<secret>")
def show(secret: str) -> Response:
    return _form(secret, [])


@pages.post("/invitation/<secret>")
def accept(secret: str) -> Response | Answer:
    password = forms.raw("password", 1000)
    if password != forms.raw("again", 1000):
        return _form(secret, [Problem("again", "differs", _("两次输入的密码不一样。"))])
    name, title = forms.text("name"), forms.text("title")
    now, address = web().now(), doors().address()

    def work(connection: Any) -> Person:
        who = people.accept(connection, secret, name, title, password, now)
        audit.note(connection, Deed(who.name, "person.password", who.name, "invitation", address), now)
        return who

    try:
        who = web().store.write(work)
    except Wrong as wrong:
        return _form(secret, wrong.problems)
    return let_in(redirect("/", 303), who)


def _form(secret: str, problems: Any) -> Response:
    holds, who = web().read(lambda c: people.invited(c, secret, web().now()))
    if not holds:
        abort(404)
    typed = {"name": forms.text("name"), "title": forms.text("title")}
    reply = answer("invitations/show.html", who=who, typed=typed, wrong=forms.beside(problems), secret=secret)
    reply.status_code = 422 if problems else 200
    return reply
