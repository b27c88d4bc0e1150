"""Suggestions in the editor: likely sources of a target field, learnt from what published schemes and starters do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from engine.errors import Wrong
from engine.mapping.suggest import Accepted, Suggester, Suggestion
from engine.store.drafts import Draft
from webui import sight
from webui.drafts import starters, starting
from webui.places import Names
from webui.placing import Asked, place
from webui.rules import reading
from webui.targets import Row, Sheet, rows_of, sheet
from webui.web import web

SHOWN = 5
MOST = 200
"""Fields that are filled at once."""


def suggested(draft: Draft, laid: Sheet, row: Row | None) -> list[Suggestion]:
    """The likeliest sources of a target field that is open or wrong; none where nothing is known of it."""
    if row is None or row.holds or row.field is None or laid.source is None or (row.how and not row.wrong):
        return []
    return _suggester(draft, laid).of(row.to, _lists(laid))[:SHOWN]


def taken(draft: Draft) -> tuple[str, int]:
    """The text with every open field filled that has a sure suggestion, and how many those were.

    A field whose place asks a question of its own is left to a person.
    """
    laid = sheet(draft, judged=False)
    text, count = draft.text, 0
    if laid.source is None:
        return text, count
    chosen = _suggester(draft, laid)
    for row in [row for row in laid.rows if not row.how and not row.holds][:MOST]:
        best = chosen.of(row.to, _lists(laid))[:1]
        if not best or not best[0].sure:
            continue
        try:
            made = place(replace(draft, text=text), row.to, best[0].source)
        except Wrong:
            continue
        if not isinstance(made, Asked):
            text, count = made, count + 1
    return text, count


def _suggester(draft: Draft, laid: Sheet) -> Suggester:
    source, target = laid.source, laid.target
    given, wanted = (source.give if source else ()), (target.fields if target else ())
    names = (source.operation if source else "", target.operation if target else "")
    return Suggester(names[0], given, names[1], wanted, list(_history(draft)))


def _lists(laid: Sheet) -> dict[Names, Names]:
    """Which source list the rows of each target list come from."""
    return {row.to: row.reads[0] for row in laid.rows if row.how == "rows" and row.reads}


def _history(draft: Draft) -> Iterator[Accepted]:
    """What published schemes of this person's and the starters do; a draft does not teach itself."""
    for one in sight.seen():
        if one.code != draft.code:
            yield from _accepted(one.text)
    for code in starters():
        if code != draft.code:
            yield from _accepted(starting(code))


@lru_cache(maxsize=512)
def _accepted(text: str) -> tuple[Accepted, ...]:
    """The pairs of one text: every cell that reads one source field."""
    scheme = reading(text)
    if scheme is None or scheme.target is None:
        return ()
    target = web().registry.operation(scheme.target.operation)
    if target is None:
        return ()
    rows = rows_of(scheme, target.fields)
    source = scheme.source.operation
    return tuple(Accepted(source, row.reads[0], target.operation, row.to) for row in rows if _one(row))


def _one(row: Row) -> bool:
    return row.how == "from" and len(row.reads) == 1 and row.field is not None
