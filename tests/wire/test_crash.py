"""The two crash points of a call: the bytes are out before the one, the reply is in before the other."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.wire.vendor import Asked, Line, Vendor, http

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, sys
from engine.model.values import Call
from engine.wire.doors.http import HTTPDoor
from engine.wire.hosts import HostRule

async def go(port):
    async with HTTPDoor(frozenset({("127.0.0.1", port)})) as door:
        call = Call("POST", f"http://127.0.0.1:{port}/save", body=b"x" * 900_000)
        await door.send(call, HostRule.of(["127.0.0.1"]), 30)

asyncio.run(go(int(sys.argv[1])))
"""


@pytest.mark.parametrize("point", ["request.sent", "reply.received"])
def test_a_process_killed_at_a_point_has_sent_its_whole_request(point: str):
    async def go() -> tuple[Vendor, int, bool]:
        answered = False

        async def answer(asked: Asked, line: Line) -> None:
            nonlocal answered
            if point == "reply.received":
                line.write(http(b"{}"))
                answered = True
            else:
                await line.reader.read()  # silent: whoever waits for a reply waits for ever

        async with Vendor(answer) as vendor:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                PROGRAM,
                str(vendor.port),
                cwd=ROOT,
                env={**os.environ, "DUIJIE_CRASH_AT": f"{point}:1"},
            )
            await asyncio.wait_for(process.wait(), 60)
            while not vendor.asked:
                await asyncio.sleep(0)
            return vendor, process.returncode or 0, answered

    vendor, code, answered = asyncio.run(go())
    assert code == -signal.SIGKILL
    assert len(vendor.asked[0].body) == 900_000
    assert answered is (point == "reply.received")
