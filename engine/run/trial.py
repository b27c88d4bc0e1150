"""Trial (试运行): read a few records, show what would be sent, send nothing, keep nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.mapping.compile import Mapped
from engine.mapping.preview import Previewed, compile_preview
from engine.model.ledger import RunAsked
from engine.model.values import Json, Record, Window
from engine.run.answers import Answers
from engine.run.details import detailed
from engine.run.flow import Flow
from engine.run.pull import first_moment, wanted, window_params
from engine.say import Words
from engine.store.lookups import Tables
from engine.wire.paging import Step, Walk, cut
from engine.wire.talk import Talk

MOST = 20
PAGES = 50
"""Pages of a window that are looked through for one record."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One document and the numbers of the records behind it, or what became of a record instead.

    `made` tells of every place of the document how it came about.
    """

    number: str
    record: Record
    made: Previewed

    @property
    def mapped(self) -> Mapped:
        return self.made.mapped


@dataclass(frozen=True, slots=True)
class Trial:
    """How many records were read, and what the mapping makes of them."""

    read: int
    tried: list[Tried]
    window: Window | None = None
    """Where the oldest of them was found; None where the source is not read by time."""


async def trial(
    flow: Flow, talk: Talk, answers: Answers, tables: Tables, asked: RunAsked, now: datetime
) -> Trial:
    """Read at most `asked.limit` (20) records of the newest windows, or the one asked for, and map them.

    Raises Fault.
    """
    most = 1 if asked.only else min(asked.limit or MOST, MOST)
    records: list[Record] = []
    found: Window | None = None
    for window in reversed(_windows(flow, asked, now)):
        rows = await _window(flow, talk, asked, window, most - len(records))
        records += rows
        found = window if rows and flow.source.window else found
        if len(records) >= most:
            break
    preview = compile_preview(flow.scheme, flow.source, flow.target, None)
    made = await answers.found(lambda seen: preview.of(records, seen, now), tables) if preview else []
    if answers.fault is not None:
        raise answers.fault
    return Trial(len(records), [_tried(flow, records, one) for one in made], found)


def _tried(flow: Flow, records: Sequence[Record], made: Previewed) -> Tried:
    number = flow.source.number or ""
    numbers = Words(str(records[place].get(number, "")) for place in made.sources)
    return Tried(numbers, records[made.sources[0]], made)


def _windows(flow: Flow, asked: RunAsked, now: datetime) -> Sequence[Window]:
    span = flow.source.window
    if span is None:
        return [Window(now, now)]
    since = first_moment(flow.scheme.source.begin, span, now)
    chosen = asked.span or Window(since, now.replace(microsecond=0))
    return cut(chosen.since, chosen.until, span.longest)


async def _window(flow: Flow, talk: Talk, asked: RunAsked, window: Window, most: int) -> list[Record]:
    rows = await _listed(flow, talk, asked, window)
    if flow.detail is None:
        return rows[:most]
    detail, first = flow.detail, Walk(flow.detail.pages).first()

    async def ask(params: Mapping[str, Json]) -> list[Record]:
        return (await talk.page(detail, params, first.number, first.size, first.token)).rows

    return await detailed(flow.source, rows, ask, talk.link.limits.at_once, most)


async def _listed(flow: Flow, talk: Talk, asked: RunAsked, window: Window) -> list[Record]:
    """The rows of a window's first page; where one record is looked for, of the page that has it."""
    params, walk = window_params(flow, window, asked), Walk(flow.source.pages)
    step: Step | None = walk.first()
    for _ in range(PAGES if asked.only else 1):
        if step is None:
            break
        page = await talk.page(flow.source, params, step.number, step.size, step.token)
        if rows := wanted(flow, page.rows, asked.only):
            return rows
        step = walk.after(step, len(page.rows), page.total, page.next)
    return []
