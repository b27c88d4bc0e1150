"""Simulators as a process of their own: `duijie simulate`, `python -m engine.simulate`.

Every simulator gets a port on 127.0.0.1, chosen by the system; one more port is the director's,
behind a path nobody can guess. One JSON line on stdout tells them all:

    {"pid": …, "admin": "http://127.0.0.1:p/<secret>", "allow": ["127.0.0.1:p", …],
     "simulators": {"wdt": {"base": "http://127.0.0.1:p", "connections": {…}, "behaviours": […]}, …}}

The director's calls, JSON in and out, 400 with {"says": …} where something is wrong:

    GET  /report?full=1               every stage's report
    POST /time      {"seconds": n}    move the simulated clock to n seconds ahead of the real one
    POST /reset                       all as it began: no orders, documents, faults; the real clock
    POST /<name>/faults     {"seed", "rates": {kind: share}, "slow", "retry_after"}
    POST /<name>/latency    {"seconds": s, "at_once": n or null}
    POST /<name>/kill       {"pid", "nth", "when": "before"|"after", "purpose": "save"}; {} takes it back
    POST /<name>/clear                journal and ledger empty, documents stay
    POST /<name>/<deed>               what the simulator itself can be told: settings, orders, change, …

It ends when its parent dies, after --for SECONDS, or on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from engine.clock import Clock
from engine.exact import decode, encode
from engine.model.values import Json, Record
from engine.say import Say, tell
from engine.settings import Settings
from engine.simulate.faults import FaultPlan, Kill
from engine.simulate.frame import Heard
from engine.simulate.load import simulator, stages
from engine.simulate.stage import Stage, Turn

CONNECTORS = Path(__file__).resolve().parents[2] / "connectors"
FORM = "application/x-www-form-urlencoded"


class Theatre:
    """All stages, the clock they share, and what the director may ask."""

    def __init__(
        self, folders: Sequence[Path], seed: int, options: Mapping[str, Record], only: Sequence[str] = ()
    ) -> None:
        self.folders, self.seed, self.options = folders, seed, options
        self.stages = stages(folders, seed, options, only)
        self.clock = Clock()
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return self.clock.now() + self.ahead

    def direct(self, steps: Sequence[str], given: Record, full: bool) -> Json:
        """One of the director's calls. ValueError, in Chinese, for what nobody here can do."""
        if steps == ["report"]:
            return {name: stage.report(full=full) for name, stage in self.stages.items()}
        if steps == ["time"]:
            self.ahead = timedelta(seconds=_number(given, "seconds", 0))
            return {"now": self.now().isoformat()}
        if steps == ["reset"]:
            self.ahead = timedelta(0)
            for name, stage in self.stages.items():
                fresh = simulator(self.folders, name, self.options.get(name, {}), self.seed)
                stage.begin(fresh, FaultPlan(self.seed))
            return {}
        if len(steps) == 2 and steps[0] in self.stages:
            return self._tell(self.stages[steps[0]], steps[1], given)
        raise ValueError(Say("没有这个地址，模拟器有：{names}", names=" ".join(self.stages)))

    def _tell(self, stage: Stage, deed: str, given: Record) -> Json:
        if deed == "faults":
            stage.plan = _plan(given, self.seed)
        elif deed == "latency":
            stage.latency = _number(given, "seconds", 0)
            stage.at_once = int(_number(given, "at_once", 0)) or None
        elif deed == "kill":
            stage.kill = _kill(given)
        elif deed == "clear":
            stage.clear()
        else:
            return stage.simulator.tell(deed, given, self.now())
        return {}


def _plan(given: Record, seed: int) -> FaultPlan:
    rates = given.get("rates") or {}
    if not isinstance(rates, dict):
        raise ValueError(Say("rates 写成 {故障: 比例}"))
    shares = {name: _number(rates, name, 0) for name in rates}
    slow, retry_after = _number(given, "slow", 1), int(_number(given, "retry_after", 1))
    return FaultPlan(int(_number(given, "seed", seed)), shares, slow=slow, retry_after=retry_after)


def _kill(given: Record) -> Kill | None:
    if not given:
        return None
    when, purpose = str(given.get("when", "after")), str(given.get("purpose", "save"))
    pid, nth = int(_number(given, "pid", 0)), int(_number(given, "nth", 1))
    if when not in ("before", "after") or pid <= 1:
        raise ValueError(Say("kill 要有 pid，when 是 before 或 after"))
    return Kill(pid, nth, when, purpose)


def _number(given: Mapping[str, Json], name: str, default: float) -> float:
    value = given.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(Say("{name} 要是数字", name=name))
    return float(value)


def _vendor(theatre: Theatre, stage: Stage) -> web.Server:
    """The vendor's own door."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        heard = await _heard(request)
        turn = stage.hear(heard, theatre.now())
        try:
            reply = await _acted(request, turn, theatre.clock)
            reply.headers["Date"] = format_datetime(theatre.now(), usegmt=True)
            return reply
        finally:
            stage.left()

    return web.Server(answer)


async def _heard(request: web.BaseRequest) -> Heard:
    body = await request.content.read()  # `request.read` stops at 1 MB
    headers = {name.lower(): value for name, value in request.headers.items()}
    form = body.decode("utf-8", "replace") if headers.get("content-type", "").startswith(FORM) else ""
    fields = dict(parse_qsl(form, keep_blank_values=True))
    return Heard(request.method, request.path, dict(request.query), fields, headers, body)


async def _acted(request: web.BaseRequest, turn: Turn, clock: Clock) -> web.StreamResponse:
    if turn.kill:
        os.kill(turn.kill, signal.SIGKILL)
    if turn.wait:
        await clock.sleep(turn.wait)
    if turn.answer is None:
        _reset(request)
        return web.Response(status=500)
    return web.Response(status=turn.answer.status, body=turn.answer.body, headers=turn.answer.headers)


def _reset(request: web.BaseRequest) -> None:
    """A hard reset: the caller sees its connection break, never a tidy end."""
    transport = request.transport
    if transport is None:
        return
    wire = transport.get_extra_info("socket")
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _admin(theatre: Theatre, secret: str) -> web.Server:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        first, *steps = [step for step in request.path.split("/") if step] or [""]
        if first != secret:
            return web.Response(status=404)
        try:
            body = await request.content.read()
            given = decode(body) if body else {}
            if not isinstance(given, dict):
                raise ValueError(Say("请求体要是 JSON 对象"))
            told = theatre.direct(steps, given, request.query.get("full") == "1")
        except ValueError as wrong:
            return _json({"says": str(wrong)}, 400)
        return _json(told)

    return web.Server(answer)


def _json(data: Json, status: int = 200) -> web.Response:
    return web.Response(status=status, body=encode(data), content_type="application/json")


async def serve(theatre: Theatre, *, parent: int, port_file: Path | None, seconds: float | None) -> None:
    """Serve until the parent dies, the time is over or a signal comes; tell where on stdout first."""
    runners: list[web.ServerRunner] = []
    secret = theatre.clock.code()
    bases = {name: await _open(_vendor(theatre, stage), runners) for name, stage in theatre.stages.items()}
    admin = await _open(_admin(theatre, secret), runners)
    line: Record = {"pid": os.getpid(), "admin": f"{admin}/{secret}"}
    line["allow"] = [base.removeprefix("http://") for base in bases.values()]
    line["simulators"] = {name: _facts(stage, bases[name]) for name, stage in theatre.stages.items()}
    stop = _stop()
    _publish(encode(line) + b"\n", port_file)
    await _over(stop, parent, seconds)
    for runner in runners:
        await runner.cleanup()


def _facts(stage: Stage, base: str) -> Record:
    behaviours: list[Json] = [{"does": one.does, "grade": one.grade} for one in stage.simulator.behaviours]
    return {"base": base, "connections": stage.simulator.connections(base), "behaviours": behaviours}


async def _open(server: web.Server, runners: list[web.ServerRunner]) -> str:
    """Listen on a free port of 127.0.0.1 and give back its base address."""
    runner = web.ServerRunner(server, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    runners.append(runner)
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


def _publish(line: bytes, port_file: Path | None) -> None:
    if port_file:
        fresh = port_file.with_suffix(".new")
        fresh.write_bytes(line)
        fresh.replace(port_file)
    sys.stdout.buffer.write(line)
    sys.stdout.flush()


def _stop() -> asyncio.Event:
    """Set by a signal. Made before anybody is told where we are: who knows may stop us."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _over(stop: asyncio.Event, parent: int, seconds: float | None) -> None:
    """Wait for the end: whichever of signal, time and the parent's death comes first."""
    if seconds is not None:
        asyncio.get_running_loop().call_later(seconds, stop.set)
    while not stop.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stop.wait(), 0.5)
        except TimeoutError:
            continue


def parser(language: str) -> argparse.ArgumentParser:
    """The options of `python -m engine.simulate`."""
    made = argparse.ArgumentParser(
        prog="engine.simulate", description=tell(Say("厂商模拟器，只在本机"), language)
    )

    def option(*names: str, says: Say, **how: Any) -> None:
        made.add_argument(*names, help=tell(says, language), **how)

    option("--seed", type=int, default=1, says=Say("同一个种子给同一串故障"))
    option("--only", default="", says=Say("只开这些，用逗号分开"))
    option("--set", action="append", default=[], says=Say("模拟器的设置，如 yonbip.keys=ignored"))
    option("--orders", type=Path, says=Say("旺店通的出库单：JSON 列表的文件"))
    option("--connectors", type=Path, action="append", default=[], says=Say("更多的连接器目录"))
    option("--port-file", type=Path, says=Say("把那一行 JSON 也写进这个文件"))
    option("--for", dest="seconds", type=float, says=Say("多少秒后自己结束"))
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Serve; 2 for wrong options."""
    parent = os.getppid()  # asked first: it may be gone before the first call comes
    language = Settings.read().language
    asked = parser(language).parse_args(argv)
    only = [name for name in asked.only.split(",") if name]
    try:
        theatre = Theatre([CONNECTORS, *asked.connectors], asked.seed, _options(asked.set), only)
        if asked.orders:
            theatre.direct(["wdt", "orders"], {"orders": decode(asked.orders.read_bytes())}, full=False)
    except (ValueError, OSError) as wrong:
        says = wrong.args[0] if isinstance(wrong, ValueError) and wrong.args else str(wrong)
        sys.stderr.write(f"{tell(says, language)}\n")
        return 2
    asyncio.run(serve(theatre, parent=parent, port_file=asked.port_file, seconds=asked.seconds))
    return 0


def _options(pairs: Sequence[str]) -> dict[str, Record]:
    """["yonbip.keys=ignored"] as {"yonbip": {"keys": "ignored"}}; numbers and true/false are read as JSON."""
    found: dict[str, Record] = {}
    for pair in pairs:
        place, equals, text = pair.partition("=")
        name, dot, option = place.partition(".")
        if not (equals and dot and option):
            raise ValueError(Say("--set 写成 yonbip.keys=ignored，不是 {pair}", pair=pair))
        found.setdefault(name, {})[option] = _scalar(text)
    return found


def _scalar(text: str) -> Json:
    try:
        return decode(text)
    except ValueError:
        return text
