"""Processes that stay: `up` (clock, worker and pages), `worker` (worker alone), `simulate` (the vendors)."""

from __future__ import annotations

import asyncio
import re
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta

from engine.cli.desk import SETTLED, Desk, Web, until_told
from engine.cli.parser import Commands, argument
from engine.cli.prune import days_of
from engine.cli.run import allowing
from engine.cli.show import Terminal
from engine.cli.work import working
from engine.errors import Wrong
from engine.model.values import Problem
from engine.prune import daily
from engine.run.alerts import Watch
from engine.run.schedule import Clockwork
from engine.run.worker import Worker
from engine.say import Say, Words
from engine.services import Services
from engine.store import connections, people
from engine.store.store import Store
from engine.vendors import LOCAL, MAIN, Silent, Vendors, put_up, register

PORT = 8650


def add(commands: Commands, *, pages: bool) -> None:
    """`up` only where there are pages to show: the engine alone has no web."""
    if pages:
        command = commands.add("up", Say("启动：按计划运行已发布的方案，并开网页"), up)
        simulated = Say("同时启动厂商模拟器，并登记连到它们的连接")
        argument(command, "--simulate", action="store_true", says=simulated)
        argument(command, "--port", metavar="PORT", default=str(PORT), says=Say("网页的端口，只在本机"))
        keep = Say("每天清理定案超过 N 天的旧数据，同 duijie prune；不写就不清理")
        argument(command, "--keep", metavar="N", default="", says=keep)
        public = Say("别人从哪个 https 地址打开，前面有反向代理时写")
        argument(command, "--public", metavar="URL", default="", says=public)
        allowing(command)
    allowing(commands.add("worker", Say("只做运行，不要时钟和网页；可以开几个"), worker))
    command = commands.add("simulate", Say("启动厂商模拟器，只在本机"), simulate)
    argument(command, "--seed", metavar="N", default="1", says=Say("同一个种子给同一串故障"))
    argument(command, "--only", metavar="NAMES", default="", says=Say("只开这些，用逗号分开"))
    option = Say("模拟器的设置，如 yonbip.keys=ignored")
    argument(
        command,
        "--set",
        dest="options",
        action="append",
        default=[],
        metavar="NAME.OPTION=VALUE",
        says=option,
    )


def up(asked: Namespace, desk: Desk) -> int:
    """Until Ctrl-C or SIGTERM."""
    port, public = port_of(asked.port), public_of(asked.public)
    keep = days_of("--keep", asked.keep) if asked.keep else None
    with ExitStack() as stack:
        desk = desk.allowing(asked.allow)
        if asked.simulate:
            desk = stack.enter_context(_simulated(desk))
        return asyncio.run(working(desk, lambda services: _up(desk, services, port, public, keep)))


async def _up(desk: Desk, services: Services, port: int, public: str, keep: timedelta | None) -> int:
    worker = services.worker()
    loop = asyncio.get_running_loop()
    clockwork = Clockwork(services.store, desk.clock, worker.holder, lambda: _ring(loop, worker))
    with ExitStack() as stack:
        if desk.web is not None:
            local = _pages(stack, desk.web, services, port, public)
            address = public or local
            first = _first(services)
            welcome = f"{address}/invitation/{first}" if first else None
            desk.terminal.object({"address": address, "welcome": welcome})
            desk.terminal.line(Say("网页：{address}  停止：Ctrl-C", address=address))
            if welcome:
                desk.terminal.line(Say("还没有管理员。30 分钟内打开这个链接建立第一位：{link}", link=welcome))
        clockwork.start()
        stack.callback(clockwork.stop)
        watch = Watch(services.store, desk.clock, services.door, worker.holder, public)
        pruning = None if keep is None else asyncio.create_task(_prune(services, worker, keep))
        try:
            return await _serve(worker, watch)
        finally:
            worker.stop()
            if pruning is not None:
                await pruning


async def _prune(services: Services, worker: Worker, keep: timedelta) -> None:
    await daily(services.store, services.flows, services.clock, keep, worker.holder, worker.stopping)


def _first(services: Services) -> str | None:
    """The secret of the link that makes the first administrator; None where there is one already."""
    if services.store.read(people.admins):
        return None
    secret, now = services.clock.code() + services.clock.code(), services.clock.now()
    services.store.write(lambda write: people.invite(write, secret, None, now))
    return secret


def _ring(loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
    """From the clock's thread into the worker's loop."""
    loop.call_soon_threadsafe(worker.ring)


def _pages(stack: ExitStack, web: Web, services: Services, port: int, public: str) -> str:
    """The address of the pages, open until the stack unwinds. Raises Wrong where the port is taken."""
    try:
        return stack.enter_context(web(services, port, public=public))
    except OSError:
        says = Say("端口 {port} 已被占用。", port=port)
        raise Wrong([Problem("--port", "port_taken", says, Say("用 --port 另选一个。"))]) from None


async def _serve(worker: Worker, watch: Watch | None = None) -> int:
    """Work until told to stop; calls under way are finished first."""
    with until_told(worker.stop) as told:
        watching = asyncio.create_task(watch.run(worker.stopping)) if watch else None
        await worker.serve()
        if watching:
            await watching
    return 128 + told[0] if told else SETTLED


@contextmanager
def _simulated(desk: Desk) -> Iterator[Desk]:
    """The simulators beside us, and the starter's connections to them; a real account is never replaced."""
    with put_up() as vendors:
        desk = replace(desk, settings=replace(desk.settings, allow=desk.settings.allow | vendors.allow))
        with desk.store() as store:
            _only_simulated(desk, store)
            for account, secrets in vendors.accounts(desk.registry()):
                register(store, account, secrets, desk.clock.now())
        desk.terminal.note(Say("模拟器已启动，连接 {names} 指向它们。", names=Words(MAIN)))
        yield desk


def _only_simulated(desk: Desk, store: Store) -> None:
    """Raises Wrong where one of the names belongs to an account that is not a simulator's."""
    found = store.read(lambda read: connections.every(read, store.vault))
    real = [one.code for one in found if one.code in MAIN and one.options.get("hosts") != LOCAL]
    if real:
        says = Say("连接 {names} 是真实账号，不会换成模拟器。", names=Words(real))
        do = Say("另用一个 DUIJIE_HOME，或不带 --simulate 启动。")
        raise Wrong([Problem("--simulate", "real_account", says, do)])


def worker(asked: Namespace, desk: Desk) -> int:
    desk = desk.allowing(asked.allow)

    async def work(services: Services) -> int:
        desk.terminal.note(Say("正在等任务。停止：Ctrl-C"))
        return await _serve(services.worker())

    return asyncio.run(working(desk, work))


def port_of(text: str) -> int:
    """A port number. Raises Wrong where it is none."""
    if text.isascii() and text.isdigit() and int(text) < 65536:
        return int(text)
    raise Wrong([Problem("--port", "port", Say("--port 要是 0 到 65535 的整数，不是 {text}。", text=text))])


def public_of(text: str) -> str:
    """The https address in front of us, without a path. Raises Wrong where it is none."""
    found = re.fullmatch(r"https://[a-z0-9.-]+(:\d{1,5})?", text.strip().rstrip("/").lower())
    if found or not text:
        return found[0] if found else ""
    says = Say("--public 要写成 https://主机名，不是 {text}。", text=text)
    raise Wrong(
        [Problem("--public", "public", says, Say("前面要有一个带证书的反向代理，它把请求转到本机的端口。"))]
    )


def simulate(asked: Namespace, desk: Desk) -> int:
    """The vendors until Ctrl-C, with what another command needs to reach them."""
    if not (asked.seed.isascii() and asked.seed.isdigit()):
        raise Wrong([Problem("--seed", "seed", Say("--seed 要是整数，不是 {text}。", text=asked.seed))])
    folders = desk.settings.connectors[1:]
    try:
        with put_up(seed=int(asked.seed), only=asked.only, options=asked.options, folders=folders) as vendors:
            return asyncio.run(_until_stopped(lambda: _introduce(desk.terminal, vendors)))
    except Silent as silent:
        raise Wrong(
            [Problem("simulate", "simulate", Say("模拟器没有启动：{words}", words=str(silent)))]
        ) from None


def _introduce(terminal: Terminal, vendors: Vendors) -> None:
    terminal.object(dict(vendors.told))
    for name, facts in vendors.told["simulators"].items():
        terminal.line(f"{name}  {facts['base']}")
        for code, how in facts["connections"].items():
            settings = " ".join(f"{key}={value}" for key, value in how["settings"].items())
            terminal.line(
                Say(
                    "  {code}：通道 {channel}，地址 {base}，{settings}",
                    code=code,
                    channel=how["channel"],
                    base=how["base"] or "-",
                    settings=settings,
                )
            )
    allow = " ".join(f"--allow {pair}" for pair in vendors.told["allow"])
    terminal.line(Say("别的命令加上：{allow}", allow=allow))
    terminal.line(Say("导演：{admin}  停止：Ctrl-C", admin=str(vendors.told["admin"])))


async def _until_stopped(introduce: Callable[[], None]) -> int:
    """Who is told where we are may stop us at once: the signals are heard before."""
    stop = asyncio.Event()
    with until_told(stop.set) as told:
        introduce()
        await stop.wait()
    return 128 + told[0]
