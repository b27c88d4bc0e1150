"""People (人员): who may log in, with which role, to see which groups of schemes. For administrators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, redirect, url_for
from werkzeug.wrappers import Response as Answer

from engine.errors import Wrong
from engine.model.people import ROLES, Person
from engine.store import people, schemes
from webui import asked, forms
from webui.fragments import answer
from webui.visit import note
from webui.web import web

pages = Blueprint("people", __name__)


@pages.get("/people")
def listed() -> Response:
    return _list()


@pages.post("/people")
def add() -> Response:
    """Somebody new, with the link that lets them set a password; nobody else ever knows it."""
    name, title, role = forms.text("name"), forms.text("title", 80), forms.text("role")
    secret = _secret()

    def work(connection: Any) -> Person:
        who = people.add(connection, name, title, role, _groups(), web().now())
        people.invite(connection, secret, who.id, web().now())
        note(connection, "person.add", who.name, told(who))
        return who

    try:
        who = web().store.write(work)
    except Wrong as wrong:
        return _list(wrong.problems, {"name": name, "title": title, "role": role})
    return _one(who, link=secret)


@pages.get(f"/people/<{asked.IDENT}>")
def show(ident: int) -> Response:
    return _one(_person(ident))


@pages.post(f"/people/<{asked.IDENT}>")
def change(ident: int) -> Response | Answer:
    who = _person(ident)
    title, role, enabled = forms.text("title", 80), forms.text("role"), forms.ticked("enabled")

    def work(connection: Any) -> None:
        after = people.change(connection, ident, title, role, _groups(), enabled)
        note(connection, "person.change", who.name, f"{told(who)} → {told(after)}")

    try:
        web().store.write(work)
    except Wrong as wrong:
        return _one(who, wrong.problems)
    return redirect(url_for("people.listed"), 303)


@pages.post(f"/people/<{asked.IDENT}>/invitation")
def invite(ident: int) -> Response:
    who, secret = _person(ident), _secret()
    if not who.enabled:
        abort(404)

    def work(connection: Any) -> None:
        people.invite(connection, secret, ident, web().now())
        note(connection, "person.invite", who.name)

    web().store.write(work)
    return _one(who, link=secret)


def told(who: Person) -> str:
    """A person's rights in one line of the audit."""
    groups = "*" if who.groups is None else ",".join(who.groups)
    return f"{who.role} [{groups}]{'' if who.enabled else ' off'}"


def _list(problems: Any = (), typed: dict[str, str] | None = None) -> Response:
    reply = answer(
        "people/list.html",
        people=web().read(people.every),
        typed=typed or {"name": "", "title": "", "role": "business"},
        wrong=forms.beside(problems),
        **_choices(),
    )
    reply.status_code = 422 if problems else 200
    return reply


def _one(who: Person, problems: Any = (), link: str = "") -> Response:
    reply = answer("people/show.html", who=who, wrong=forms.beside(problems), link=link, **_choices())
    reply.status_code = 422 if problems else 200
    return reply


def _choices() -> dict[str, Any]:
    return {"roles": ROLES, "groups": web().read(schemes.teams)}


def _person(ident: int) -> Person:
    found = web().read(lambda c: people.get(c, ident))
    if found is None:
        abort(404)
    return found


def _groups() -> Sequence[str] | None:
    return None if forms.ticked("every") else forms.many("group")


def _secret() -> str:
    return web().clock.code() + web().clock.code()
