"""Why documents wait for a person, by cause: sentences that differ only in a document's number are one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.store.overview import Cause, Wanted

NEEDY: tuple[tuple[str, Wanted], ...] = (
    ("unknown", Wanted(state="unknown")),
    ("refused", Wanted(state="refused")),
    ("held", Wanted(held=True)),
)
LOOKED = 1000
"""The newest documents of a heap whose reasons are read."""

# A number of a document, or another long code: what differs between sentences that say the same.
_PARTICULAR = re.compile(r"[A-Za-z]*[-_]?\d[\w-]{3,}", re.ASCII)


def meaning(kind: str, reason: str) -> str:
    """The reason without what is one document's own; a missing code is a cause of its own."""
    return reason if kind == "held" else _PARTICULAR.sub("…", reason)


def merged(kind: str, causes: Iterable[Cause]) -> list[tuple[str, Cause]]:
    """Each cause with the words that find its documents, `…` standing for any text; the largest first."""
    by_meaning: dict[str, list[Cause]] = {}
    for cause in causes:
        by_meaning.setdefault(meaning(kind, cause.reason), []).append(cause)
    found = [_one(sense, same) for sense, same in by_meaning.items()]
    return sorted(found, key=lambda one: -one[1].count)


def _one(sense: str, same: Sequence[Cause]) -> tuple[str, Cause]:
    about = same[0].reason if len(same) == 1 else sense
    count, newest = sum(one.count for one in same), max(one.newest for one in same)
    return about, replace(same[0], reason=about, count=count, newest=newest)
