"""How much stands where, in the text format that Prometheus reads (version 0.0.4): counts and ages, no content.

A program asks with the token of a person and is told of the schemes which that person sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from engine.settings import VERSION
from engine.store import condition, overview, schemes
from engine.store.schemes import Published
from webui import sight
from webui.standing import Tally, tallies
from webui.web import web

pages = Blueprint("metrics", __name__)

TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """One measure: its name, what it means, and a value for each set of labels."""

    name: str
    says: str
    values: tuple[tuple[dict[str, str], float], ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is told of the schemes, found in one transaction."""

    cursors: dict[int, datetime]
    runs: dict[int, Any]
    due: dict[int, datetime]
    jobs: dict[tuple[int, str, str], int]


@pages.get("/metrics")
def show() -> Response:
    told = sight.seen()
    idents = tuple(one.id for one in told)
    seen = web().counted(("metrics", idents), lambda c: _seen(c, idents))
    return Response(exposition(_families(told, tallies(told), seen, web().now())), content_type=TYPE)


def exposition(families: Iterable[Family]) -> str:
    """The text: for each family a line of help, its type, and its values."""
    lines = []
    for one in families:
        lines += [f"# HELP {one.name} {one.says}", f"# TYPE {one.name} gauge"]
        lines += [f"{one.name}{_labels(labels)} {value:.15g}" for labels, value in one.values]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _seen(connection: Any, idents: Sequence[int]) -> Seen:
    runs = {ident: row for ident, row in overview.last_runs(connection).items() if ident in idents}
    return Seen(
        {ident: moment for ident, moment in schemes.cursors(connection).items() if ident in idents},
        runs,
        condition.oldest_due(connection, idents),
        condition.jobs(connection, idents),
    )


def _families(
    told: Sequence[Published], counts: dict[int, Tally], seen: Seen, now: datetime
) -> Iterator[Family]:
    code = {one.id: {"scheme": one.code} for one in told}

    def of(name: str, says: str, values: Iterable[tuple[int, dict[str, str], float]]) -> Family:
        rows = tuple(({**code[ident], **labels}, value) for ident, labels, value in values)
        return Family(f"duijie_{name}", says, rows)

    def since(moments: dict[int, datetime]) -> list[tuple[int, dict[str, str], float]]:
        return [(ident, {}, max(0.0, (now - at).total_seconds())) for ident, at in moments.items()]

    yield Family("duijie_info", "The program.", (({"version": VERSION}, 1),))
    states = [(one.id, {"state": state}, n) for one in told for state, n in counts[one.id].states.items()]
    yield of("documents", "Documents by state.", states)
    held = [(one.id, {}, counts[one.id].held) for one in told]
    yield of("documents_held", "Documents that wait for a code in a lookup.", held)
    unplanned = [(one.id, {}, counts[one.id].unplanned) for one in told]
    yield of("records_unplanned", "Records that were read and are not mapped yet.", unplanned)
    yield of("oldest_due_seconds", "How long the oldest document that is due has been due.", since(seen.due))
    yield of("scheme_lag_seconds", "How far the scheme's cursor is behind the clock.", since(seen.cursors))
    enabled = [(one.id, {}, int(one.enabled)) for one in told]
    yield of("scheme_enabled", "1 where the scheme runs by its schedule, 0 where it is paused.", enabled)
    doubted = [(one.id, {}, int(one.doubted_at is not None)) for one in told]
    yield of("scheme_doubted", "1 where a restored scheme still looks before it sends.", doubted)
    began = [(ident, {}, row.began_at.timestamp()) for ident, row in seen.runs.items()]
    yield of("last_run_began_timestamp_seconds", "When the newest run began.", began)
    failed = [(ident, {}, int(row.fault is not None)) for ident, row in seen.runs.items()]
    yield of("last_run_failed", "1 where the newest run met a fault.", failed)
    jobs = [(ident, {"kind": kind, "state": state}, n) for (ident, kind, state), n in seen.jobs.items()]
    yield of("jobs", "Jobs in the queue by loop and state.", jobs)
