"""Sentences for people: written in Chinese where they arise, told in English on demand.

A `Say` is the finished Chinese text and remembers the template it came from, so the same
sentence can be told in English from a catalogue (msgid = the Chinese template): the engine's stand in
`engine/locale/en/`, one a floor, and a connector's own in its folder as `en.po`.
What the database keeps is the finished text alone; as `Stored` its template is found again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter

LANGUAGES = ("zh", "en")
ENGINE = Path(__file__).parent

LONGEST, DEEPEST = 2_000, 6
"""Longer texts, and sentences deeper inside others, are a vendor's: no sentence of ours comes near."""

_SIGNS = {"、": ", ", "；": "; "}


class Say(str):
    """One sentence for a person. `{name}` places of the template are filled from `args`."""

    template: str
    args: dict[str, object]

    def __new__(cls, template: str, **args: object) -> Say:
        text = super().__new__(cls, template.format(**args) if args else template)
        text.template, text.args = template, args
        return text

    def __reduce__(self) -> tuple[object, ...]:
        return (_again, (self.template, self.args))


def _again(template: str, args: dict[str, object]) -> Say:
    return Say(template, **args)


class Words(str):
    """Several texts as one, each told on its own: `甲、乙` is told as `甲, 乙` in English."""

    parts: tuple[str, ...]
    between: str

    def __new__(cls, parts: Iterable[str], between: str = "、") -> Words:
        listed = tuple(parts)
        text = super().__new__(cls, between.join(listed))
        text.parts, text.between = listed, between
        return text

    def __reduce__(self) -> tuple[object, ...]:
        return (Words, (self.parts, self.between))


class Stored(str):
    """A finished sentence from the database: ours is recognised by its template, a vendor's stays as it is."""


def tell(text: str, language: str) -> str:
    """`text` in `language` ("zh" or "en"); what has no template, vendors' words say, stays as it is."""
    if language == "zh":
        return str(text)
    if isinstance(text, Stored):
        return _recognised(str(text))
    if isinstance(text, Words):
        return _SIGNS.get(text.between, text.between).join(tell(part, language) for part in text.parts)
    if not isinstance(text, Say):
        return str(text)
    template = _english().get(text.template, text.template)
    args = {
        name: tell(value, language) if isinstance(value, str) else value for name, value in text.args.items()
    }
    return template.format(**args) if args else template


@cache
def _english() -> dict[str, str]:
    from babel.messages.pofile import read_po

    told = {}
    for catalogue in catalogues():
        with catalogue.open("rb") as file:
            told.update({str(one.id): str(one.string) for one in read_po(file) if one.id and one.string})
    return told


def catalogues() -> list[Path]:
    """The files of the engine's English and of the shipped connectors'."""
    shipped = ENGINE.parent / "connectors"
    return [*sorted((ENGINE / "locale" / "en").glob("*.po")), *sorted(shipped.glob("*/en.po"))]


@lru_cache(maxsize=4096)
def _recognised(text: str, depth: int = 0) -> str:
    """English for a finished sentence; what fills its places may be sentences again."""
    if text.isascii() or len(text) > LONGEST or depth > DEEPEST:
        return text
    if text in _english():
        return _english()[text]
    for pattern, english in _patterns():
        if found := pattern.fullmatch(text):
            values = {name: _recognised(value, depth + 1) for name, value in found.groupdict().items()}
            return _filled(english, values)
    return text


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Every template with places as a pattern, the most telling first."""
    with_places = [(chinese, english) for chinese, english in _english().items() if _places(chinese)]
    with_places.sort(key=lambda pair: len(re.sub(r"\{[^}]*\}", "", pair[0])), reverse=True)
    return [(_pattern(chinese), english) for chinese, english in with_places]


def _places(template: str) -> bool:
    """Whether every `{…}` in it is a place; `{% %}` and `{value: …}` are text, of a sentence without places."""
    found = [(name, spec or "") for _, name, spec, _ in Formatter().parse(template) if name is not None]
    return bool(found) and all(name.isidentifier() and " " not in spec for name, spec in found)


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
