"""Chinese as it is written in the pages, English from webui/locale/en.po (msgid = the Chinese).

What the engine keeps in the database are finished Chinese sentences; in English the engine tells them again.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from flask import g, has_request_context, request

from engine.say import LANGUAGES, Say, Stored, tell

COOKIE = "language"
OWN = Path(__file__).parent / "locale" / "en.po"


def language() -> str:
    """The reader's language: as chosen by the switch, else Chinese."""
    if not has_request_context():
        return LANGUAGES[0]
    if "language" not in g:
        chosen = request.cookies.get(COOKIE)
        g.language = chosen if chosen in LANGUAGES else LANGUAGES[0]
    return str(g.language)


def translate(text: str, **args: object) -> str:
    """A sentence of the pages in the reader's language, `{name}` places filled; `_` in views and templates."""
    told = catalogue(OWN).get(text, text) if language() == "en" else text
    return told.format(**args) if args else told


_ = translate


def mark(text: str) -> str:
    """A sentence that is translated later: marks it for the catalogue and gives it back."""
    return text


def retold(text: str) -> str:
    """A stored sentence of the engine's in the reader's language; vendors' words stay as they are."""
    return tell(text if isinstance(text, Say) else Stored(text), language()) if text else text


@cache
def catalogue(path: Path) -> dict[str, str]:
    """English by Chinese."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}
