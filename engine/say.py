"""Sentences for people: written in Chinese where they arise, told in English on demand.

A `Say` is the finished Chinese text and remembers the template it came from, so the same
sentence can be told in English from `engine/locale/en.po` (msgid = the Chinese template).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")


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


def tell(text: str, language: str) -> str:
    """`text` in `language` ("zh" or "en"); what has no template, vendors' words say, stays as it is."""
    if language == "zh" or not isinstance(text, Say):
        return str(text)
    template = _english().get(text.template, text.template)
    args = {
        name: tell(value, language) if isinstance(value, str) else value for name, value in text.args.items()
    }
    return template.format(**args) if args else template


@cache
def _english() -> dict[str, str]:
    from babel.messages.pofile import read_po

    with (Path(__file__).parent / "locale" / "en.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}
