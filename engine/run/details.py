"""What a list leaves out: each of its rows asked for by itself, a few at once, and made one record with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from engine.errors import Fault
from engine.model.catalog import Operation
from engine.model.values import Json, Record
from engine.say import Say
from engine.wire.path import at

MOST = 8
"""Questions under way at once, whatever the connection would bear: a list is not to crowd out the writes."""

Ask: TypeAlias = "Callable[[Mapping[str, Json]], Awaitable[list[Record]]]"


async def detailed(
    source: Operation, rows: Sequence[Record], ask: Ask, at_once: int, most: int
) -> list[Record]:
    """The first `most` rows, each once, with the fields of its detail over its own. Raises Fault.

    A list that repeats a head for each of its lines has that head asked for once.
    """
    if source.detail is None:
        return list(rows[:most])
    paths = {name: at(path) for name, path in source.detail.ask.items()}
    wanted: dict[str, tuple[Record, dict[str, Json]]] = {}
    for row in rows:
        key = str([row.get(name) for name in source.key])
        wanted.setdefault(key, (row, {name: get(row) for name, get in paths.items()}))
    turn = asyncio.Semaphore(max(1, min(MOST, at_once)))

    async def whole(row: Record, params: dict[str, Json]) -> Record:
        async with turn:
            found = await ask(params)
        if len(found) != 1:
            says = Say("明细接口对一条数据回了 {count} 条，当作没有读到，稍后自动再试。", count=len(found))
            raise Fault("broken", says)
        return {**row, **found[0]}

    tasks = [asyncio.create_task(whole(*one)) for one in list(wanted.values())[:most]]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
