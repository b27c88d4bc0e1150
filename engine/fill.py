"""Filling a lookup: what a new text of it changes, and the release of who waited for it.

The command line and the pages do it by these functions.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.store import lookups, runs, schemes
from engine.store.lookups import Columns, Pair

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Difference:
    """What new pairs change of the stored table."""

    added: list[Pair]
    changed: list[tuple[Pair, Pair]]
    removed: list[Pair]

    @classmethod
    def of(cls, before: Sequence[Pair], after: Sequence[Pair]) -> Difference:
        old, new = {_key(pair): pair for pair in before}, {_key(pair): pair for pair in after}
        changed = [(old[code], pair) for code, pair in new.items() if code in old and old[code] != pair]
        added = [pair for code, pair in new.items() if code not in old]
        return cls(added, changed, [pair for code, pair in old.items() if code not in new])

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def _key(pair: Pair) -> tuple[str, str]:
    return pair.left, pair.since


def replace(
    write: Any, table: str, pairs: Sequence[Pair], columns: Columns, by: str, now: datetime
) -> tuple[Difference, list[str]]:
    """Keep the table where it differs; gives the schemes whose held documents are tried again."""
    difference = Difference.of(lookups.pairs(write, table), pairs)
    stands = next((one.columns for one in lookups.tables(write) if one.code == table), None)
    if not difference and stands == columns:
        return difference, []
    lookups.replace(write, table, pairs, now, columns)
    released = []
    for ident in lookups.release(write, table):
        published = schemes.by_id(write, ident)
        if published is not None:
            runs.begin_push(write, ident, published.version, by, now)
            released.append(published.code)
    return difference, released


def merged(before: Sequence[Pair], rows: Iterable[Pair]) -> list[Pair]:
    """The table with these rows in it: a known left code is changed, or taken out where its right is empty."""
    told = {pair.left: pair for pair in before}
    for row in rows:
        if row.left and row.right:
            told[row.left] = row
        else:
            told.pop(row.left, None)
    return list(told.values())


def written(pairs: Sequence[Pair]) -> bytes:
    """The table as a CSV file that Excel opens as it is.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it; `plain` takes it off again.
    """
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(("left", "right", "title"))
    rows.writerows([_safe(cell) for cell in (pair.left, pair.right, pair.title)] for pair in pairs)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def plain(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs as they were before `written` guarded them."""
    return [
        dataclasses.replace(pair, left=_unsafe(pair.left), right=_unsafe(pair.right), title=_unsafe(pair.title))
        for pair in pairs
    ]


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.lstrip("'").startswith(_FORMULA) else cell


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell
