"""`connection test`: what came of one harmless call, told on the terminal."""

from __future__ import annotations

from engine.cli.desk import FAULT, SETTLED, Desk
from engine.model.values import Json
from engine.probe import Probed, probe as probed
from engine.services import Services


async def probe(desk: Desk, services: Services, code: str, wanted: str | None = None) -> int:
    """Make the call and tell what came of it; gives the exit code."""
    found = await probed(services, code, wanted)
    desk.terminal.object(_json(desk, code, found))
    for line in found.lines:
        desk.terminal.line(line)
    for note in found.notes:
        desk.terminal.note(note)
    return SETTLED if found.works else FAULT


def _json(desk: Desk, code: str, found: Probed) -> dict[str, Json]:
    ahead = None if found.ahead is None else round(found.ahead.total_seconds())
    answer: dict[str, Json] = {"connection": code, "works": found.works}
    if found.fault is None:
        return {**answer, "operation": found.operation, "clock_ahead": ahead}
    fault, do = found.fault, desk.terminal.told(found.do) if found.do else ""
    told: dict[str, Json] = {"kind": fault.kind, "code": fault.code, "says": desk.terminal.told(fault.says)}
    return {**answer, "fault": {**told, "part": found.part or None, "do": do}, "clock_ahead": ahead}
