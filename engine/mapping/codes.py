"""Code tables as a mapping sees them, and lookups of which only a part is known yet.

A table is a mapping from the code to an entry. Several keys make one code: a JSON list. A name may
say which column it gives: `店铺.客户`; `仓库.左` gives the left one, so it is looked into backwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from engine.exact import decode, encode
from engine.mapping.entry import Entry, Span, entry_of
from engine.mapping.scope import Trouble
from engine.say import Say

DEFAULT = "*"
"""The code of the row for all codes that have none of their own."""

UNANSWERED = "unanswered"
"""The problem of a record that asked what nobody has looked up yet: it is mapped again with the answer."""

LEFT, RIGHT = "左", "右"
ALIASES = {"left": LEFT, "right": RIGHT}


class Partial(dict[str, Entry]):
    """A table of which only some codes are known: another scheme's records, or a vendor to be asked.

    Whoever looks up an unknown code leaves it in `asked`, for someone else to find out before the
    record is mapped again. So a mapping stays pure, and says what it needs by needing it.
    """

    def __init__(self, known: Mapping[str, Entry] | None = None) -> None:
        super().__init__(known or {})
        self.asked: dict[str, None] = {}

    def __missing__(self, code: str) -> Entry:
        self.asked[code] = None
        raise Trouble(UNANSWERED, Say("还没有查到 {code}", code=shown_code(code)), Say("稍后再试"))


def joined(parts: Sequence[str]) -> str:
    """Several keys as one code: a single one as it is, more as a JSON list."""
    return parts[0] if len(parts) == 1 else encode(list(parts)).decode()


def parted(code: str, count: int) -> tuple[str, ...]:
    """The other way round."""
    found = decode(code) if count > 1 else None
    return tuple(str(part) for part in found) if isinstance(found, list) else (code,)


def shown_code(code: str) -> str:
    """A code as a message shows it; several keys with a slash between."""
    if not code.startswith('["'):
        return code
    try:
        found = decode(code)
    except ValueError:
        return code
    return " / ".join(str(part) for part in found) if isinstance(found, list) else code


def column_of(name: str) -> tuple[str, str]:
    """The table's own name and the column it is to give, "" for the first."""
    table, dot, column = name.rpartition(".")
    return (table, column) if dot and table and column else (name, "")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: its keys, its columns, and the days between which it holds, both included."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """A whole code table: the names of its columns, and its rows."""

    keys: tuple[str, ...] = (LEFT,)
    gives: tuple[str, ...] = (RIGHT,)
    lines: tuple[Line, ...] = ()

    def giving(self, column: str = "") -> dict[str, Entry]:
        """The table as one looks into it: by its keys for one of its columns, or backwards for a key.

        KeyError where it has no such column, or is to be looked into backwards and gives several.
        """
        wanted = ALIASES.get(column, column)
        if not wanted or wanted in self.gives:
            place = self.gives.index(wanted) if wanted else 0
            return _entries((joined(line.left), line.right[place], line) for line in self.lines)
        if wanted not in self.keys or len(self.gives) > 1:
            raise KeyError(column)
        place = self.keys.index(wanted)
        back = (line for line in self.lines if DEFAULT not in line.left)
        return _entries((line.right[0], line.left[place], line) for line in back)


def _entries(rows: Iterable[tuple[str, str, Line]]) -> dict[str, Entry]:
    spans: dict[str, list[Span]] = {}
    for code, gives, line in rows:
        spans.setdefault(_default(code), []).append(Span(line.since, line.until, gives))
    return {code: entry_of(found) for code, found in spans.items()}


def _default(code: str) -> str:
    """A row all of whose keys are `*` is the default row, however many there are."""
    return DEFAULT if code.startswith('["*"') and set(parted(code, 2)) == {DEFAULT} else code
