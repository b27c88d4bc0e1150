"""Runs: the list of them, and one with its counts, its progress and its live log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request

from engine.model.ledger import Counts
from engine.store import overview, runs
from engine.store.schemes import Published
from webui import asked, sight
from webui.bars import Bar, bar
from webui.fragments import answer, partial, varied
from webui.language import language
from webui.visit import here
from webui.web import web

pages = Blueprint("runs", __name__)

PAGE = 50
LOG = 40
LARGE = 20_000  # counting a run of this size costs more than a second's page may
SETTLED = ("done", "skipped", "cancelled")
OPEN = ("waiting", "unknown", "refused")
LIVE = ("reading", "writing")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `whole` is what it will read, where the source said so; `each` the seconds between looks."""

    counts: Counts
    bar: Bar
    live: bool
    took: timedelta
    whole: int
    settled: int
    per_second: float
    left: timedelta | None
    each: int


@pages.get("/runs")
def listed() -> Response:
    before, schemes = asked.number("before"), sight.among()
    found = web().read(lambda c: overview.runs_before(c, before, PAGE + 1, schemes))
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return answer("runs/list.html", runs=found[:PAGE], more=more, first=before is None)


@pages.get(f"/runs/<{asked.IDENT}>")
def show(ident: int) -> Response:
    mark = web().read(lambda c: overview.marks(c, [ident])).get(ident)
    run = web().read(lambda c: runs.get(c, ident))
    scheme = sight.of(run.scheme_id if run else None)
    if mark is None or mark[0] not in LIVE or not partial():
        return _page(run, scheme)
    # Forty people may follow one run: what they all see is made once a look, not forty times.
    what = (request.full_path, mark, int(web().clock.monotonic()))
    body = web().once.of((what, language(), here().rights), lambda: _page(run, scheme).data)
    return varied(Response(body))


def _page(run: Any, scheme: Published) -> Response:
    ident, before = run.id, asked.number("before")
    log = web().read(lambda c: overview.log(c, ident, LOG + 1, before))
    return answer(
        "runs/show.html",
        "now",
        run=run,
        scheme=scheme,
        said=web().read(lambda c: runs.asked_of(c, ident)),
        progress=progress(run),
        log=log[:LOG],
        more=log[LOG - 1].id if len(log) > LOG else None,
        first=before is None,
    )


def progress(run: Any) -> Progress:
    live = run.state in LIVE
    counts = runs.counts_of(run) or web().read(lambda c: runs.count(c, run.id))
    whole = max(run.expected or 0, counts.read) if live else counts.read
    took = (run.ended_at or web().now()) - run.began_at
    settled = sum(getattr(counts, name) for name in (*SETTLED, "unknown", "refused"))
    seconds = max(took.total_seconds(), 0.001)
    rate = settled / seconds
    todo = max(0, whole - counts.unchanged - settled)
    left = timedelta(seconds=todo / rate) if live and rate > 0 and todo and seconds > 3 else None
    parts = [(name, getattr(counts, name)) for name in (*SETTLED, *OPEN, "unchanged")]
    each = 1 if counts.read <= LARGE else 5
    return Progress(counts, bar(parts, whole), live, took, whole, settled, rate, left, each)
