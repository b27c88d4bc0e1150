"""Trial (试运行): read a few records, show what would be sent, send nothing, keep nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.mapping.compile import Lookups, Mapped
from engine.model.ledger import RunAsked
from engine.model.values import Record, Window
from engine.run.flow import Flow
from engine.run.pull import first_moment, window_params
from engine.wire.paging import Walk, cut
from engine.wire.talk import Talk

MOST = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """One record and what the mapping makes of it."""

    number: str
    record: Record
    mapped: Mapped


async def trial(flow: Flow, talk: Talk, lookups: Lookups, asked: RunAsked, now: datetime) -> list[Tried]:
    """Read at most `asked.limit` (20) records of the newest windows and map them. Raises Fault."""
    most = min(asked.limit or MOST, MOST)
    tried: list[Tried] = []
    for window in reversed(_windows(flow, asked, now)):
        tried += await _window(flow, talk, lookups, asked, window, now, most - len(tried))
        if len(tried) >= most:
            break
    return tried


def _windows(flow: Flow, asked: RunAsked, now: datetime) -> Sequence[Window]:
    span = flow.source.window
    if span is None:
        return [Window(now, now)]
    since = first_moment(flow.scheme.source.begin, span, now)
    chosen = asked.span or Window(since, now.replace(microsecond=0))
    return cut(chosen.since, chosen.until, span.longest)


async def _window(
    flow: Flow, talk: Talk, lookups: Lookups, asked: RunAsked, window: Window, now: datetime, most: int
) -> list[Tried]:
    step = Walk(flow.source.pages).first()
    page = await talk.page(flow.source, window_params(flow, window, asked), step.number, step.size)
    number = flow.source.number or ""
    rows = page.rows[:most]
    return [Tried(str(row.get(number, "")), row, flow.mapping.apply(row, lookups, now)) for row in rows]
