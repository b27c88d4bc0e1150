"""One's own account: password, sessions, tokens for programs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, redirect, url_for
from werkzeug.wrappers import Response as Answer

from engine.errors import Wrong
from engine.model.values import Problem
from engine.store import logins, people
from webui import asked, forms
from webui.fragments import answer
from webui.language import _
from webui.logins import let_in
from webui.visit import here, note
from webui.web import web

pages = Blueprint("account", __name__)

DAYS = (30, 90, 365)
MOST_TOKENS = 20


@pages.get("/account")
def show() -> Response:
    return _page()


@pages.post("/account/password")
def password() -> Response | Answer:
    """A new password ends every session; this browser gets a fresh one."""
    who, old, new = here().person, forms.raw("old", 1000), forms.raw("password", 1000)
    if new != forms.raw("again", 1000):
        return _page([Problem("again", "differs", _("两次输入的密码不一样。"))])

    def work(connection: Any) -> None:
        people.set_password(connection, who.id, old, new)
        note(connection, "person.password", who.name)

    try:
        web().store.write(work)
    except Wrong as wrong:
        return _page(wrong.problems)
    return let_in(redirect(url_for("account.show"), 303), who)


@pages.post(f"/account/logins/<{asked.IDENT}>/end")
def end_login(ident: int) -> Answer:
    who = here().person
    if not web().store.write(lambda c: logins.end(c, who.id, ident)):
        abort(404)
    return redirect(url_for("account.show"), 303)


@pages.post("/account/tokens")
def grant() -> Response:
    """The token is shown this once; only its print is kept."""
    who, title, days = here().person, forms.text("title", 80), forms.number("days", 366)
    mine = web().read(lambda c: logins.tokens(c, who.id))
    if here().login is None or not title or days not in DAYS or len(mine) >= MOST_TOKENS:
        says = _("写上用途；每人最多 {count} 个令牌。", count=MOST_TOKENS)
        return _page([Problem("title", "title", says)])
    secret = "dj_" + web().clock.code() + web().clock.code()

    def work(connection: Any) -> None:
        logins.grant(connection, who.id, title, secret, days, web().now())
        note(connection, "token.grant", title, f"{days}d")

    web().store.write(work)
    return _page(fresh=secret)


@pages.post(f"/account/tokens/<{asked.IDENT}>/revocation")
def revoke(ident: int) -> Answer:
    who = here().person

    def work(connection: Any) -> bool:
        note(connection, "token.revoke", str(ident))
        return logins.revoke(connection, who.id, ident)

    if not web().store.write(work):
        abort(404)
    return redirect(url_for("account.show"), 303)


def _page(problems: Any = (), fresh: str = "") -> Response:
    who, now = here().person, web().now()
    reply = answer(
        "account/show.html",
        who=who,
        logins=web().read(lambda c: logins.of(c, who.id, now)),
        mine=here().login,
        tokens=web().read(lambda c: logins.tokens(c, who.id)),
        wrong=forms.beside(problems),
        fresh=fresh,
        days=DAYS,
    )
    reply.status_code = 422 if problems else 200
    return reply
