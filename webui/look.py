"""How the pages look to this reader: language and theme, kept in cookies of their own."""

from __future__ import annotations

import re

from flask import Blueprint, Response, redirect, request

from engine.say import LANGUAGES
from webui import language

pages = Blueprint("look", __name__)

THEMES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600
CHOICES = {language.COOKIE: LANGUAGES, "theme": THEMES}

# One slash and then no second one: a path of our own, whatever a browser makes of backslashes or blanks.
_OWN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


@pages.get("/look")
def choose() -> Response:
    """Keep what was chosen and go back to the page it was chosen on."""
    back = request.args.get("back", "/")
    response = redirect(own(back), 303)
    for name, allowed in CHOICES.items():
        chosen = request.args.get(name)
        if chosen in allowed:
            response.set_cookie(name, chosen, max_age=YEAR, httponly=True, samesite="Lax")
    return response  # type: ignore[return-value]  # werkzeug's redirect says less than it gives


def own(address: str) -> str:
    """The address where it is a page of ours, else the first page: nobody is led elsewhere."""
    return address if _OWN.fullmatch(address) else "/"


def theme() -> str:
    """The reader's theme; "auto" follows the system."""
    chosen = request.cookies.get("theme", "auto")
    return chosen if chosen in THEMES else "auto"


def here() -> str:
    """This page's own address, to come back to."""
    return request.full_path.rstrip("?") if request.query_string else request.path
