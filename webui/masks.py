"""Personal data out of what a page shows (S15): by the catalogue's marks, by name, and by value wherever it went."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.model.catalog import Field
from engine.model.values import Json
from engine.wire.redact import PERSONAL, mask

_KNOWN = frozenset(name.lower() for name in PERSONAL)
_RECEIVER = re.compile(r"(?i)^(receiver|consignee|buyer|recipient|sender)_?(?!(id|no|code)$)\w+$")
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_SHORTEST = 2  # a single sign would be found everywhere


@dataclass(frozen=True)
class Mask:
    """Knows the names of personal members and the very values this document's sources hold under them."""

    names: frozenset[str] = frozenset()
    values: tuple[str, ...] = ()
    bare: bool = False
    """Hides nothing: for somebody with the right, whose looking stands in the audit."""

    @classmethod
    def of(cls, fields: Iterable[Field], records: Iterable[Json]) -> Mask:
        """A mask for everything made of these records."""
        bare = cls(frozenset(name.lower() for name in _personal(fields)))
        found = {value for record in records for value in bare._values(record, False)}
        return cls(bare.names, tuple(sorted(found, key=len, reverse=True)))

    def hides(self, name: str) -> bool:
        return not self.bare and self._personal(name)

    def _personal(self, name: str) -> bool:
        return name.lower() in self.names or name.lower() in _KNOWN or bool(_RECEIVER.match(name))

    def value(self, text: str) -> str:
        """A personal value: just enough of it to be recognised."""
        return mask(text)

    def text(self, text: str) -> str:
        """Any text, without the personal values it repeats and without mobile numbers."""
        for value in self.values:
            if value in text:
                text = text.replace(value, mask(value))
        return text if self.bare else _MOBILE.sub(r"\1****\2", text)

    def _values(self, value: Json, hidden: bool) -> Iterator[str]:
        if isinstance(value, dict):
            for name, below in value.items():
                yield from self._values(below, hidden or self.hides(name))
        elif isinstance(value, list):
            for below in value:
                yield from self._values(below, hidden)
        elif hidden and value is not None and not isinstance(value, bool) and len(str(value)) >= _SHORTEST:
            yield str(value)


def _personal(fields: Iterable[Field]) -> Iterator[str]:
    for field in fields:
        if field.personal:
            yield field.name
        yield from _personal(field.fields)
