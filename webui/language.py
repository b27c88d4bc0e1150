"""Chinese as it is written in the pages, English from webui/locale/en.po (msgid = the Chinese).

What the engine keeps in the database are finished Chinese sentences. In English they are told again:
the template they were made from is found in the engine's catalogue and filled with the same values.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po
from flask import g, has_request_context, request

import engine
from engine.say import LANGUAGES

COOKIE = "language"
OWN = Path(__file__).parent / "locale" / "en.po"
ENGINE = Path(engine.__file__).parent / "locale" / "en.po"


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
    return _english(text) if text and language() == "en" else text


@cache
def catalogue(path: Path) -> dict[str, str]:
    """English by Chinese."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}


@lru_cache(maxsize=4096)
def _english(text: str) -> str:
    known = catalogue(ENGINE)
    if text in known:
        return known[text]
    for pattern, english in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return _filled(english, {name: _english(value) for name, value in found.groupdict().items()})
    return text


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Every template with places as a pattern, the most telling first."""
    templates = [(chinese, english) for chinese, english in catalogue(ENGINE).items() if "{" in chinese]
    templates.sort(key=lambda pair: len(re.sub(r"\{[^}]*\}", "", pair[0])), reverse=True)
    return [(_pattern(chinese), english) for chinese, english in templates]


def _pattern(template: str) -> re.Pattern[str]:
    parts, seen = [], set()
    for literal, name, _spec, _how in Formatter().parse(template):
        parts.append(re.escape(literal))
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.*?)")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)


def _filled(template: str, values: dict[str, str]) -> str:
    parts = Formatter().parse(template)
    return "".join(literal + (values.get(name, "") if name else "") for literal, name, _spec, _how in parts)
