"""What a command has at hand: surroundings, clock, terminal, the opened store, and how it reads files."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from engine.cli.show import Terminal
from engine.clock import Clock
from engine.errors import Wrong
from engine.model.values import Problem
from engine.registry import Registry
from engine.say import Say, Words
from engine.services import Services
from engine.settings import Settings
from engine.store import connections, receivers, schemes
from engine.store.schemes import Published
from engine.store.store import Store


class Web(Protocol):
    """Serves the pages on a port of this machine while it is entered; gives their address. OSError: port taken."""

    def __call__(
        self, services: Services, port: int, *, guests: bool = False, public: str = ""
    ) -> AbstractContextManager[str]:
        """`guests`: no login, and only looking. `public`: the https address of a server in front of us."""


SETTLED, SOME, WRONG, FAULT = 0, 1, 2, 3
"""Exit codes: all settled well; some refused or unknown; wrong input; a connection at fault."""


@dataclass(frozen=True)
class Desk:
    settings: Settings
    clock: Clock
    terminal: Terminal
    hide: Callable[[list[str]], None]
    web: Web | None = None

    def registry(self) -> Registry:
        return Registry.read(self.settings.connectors)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store of DUIJIE_HOME, made on first use. Raises Wrong where it cannot be opened."""
        store = Store.open(self.settings, self.clock)
        try:
            self.hide(store.read(lambda read: _secrets(read, store)))
            yield store
        finally:
            store.close()

    def allowing(self, pairs: Sequence[str]) -> Desk:
        """The same with these host:port pairs open to calls. Raises Wrong naming each that is none."""
        read = [(pair, _pair(pair)) for pair in pairs]
        wrong = [_no_pair(pair) for pair, found in read if found is None]
        if wrong:
            raise Wrong(wrong)
        opened = frozenset(found for _, found in read if found is not None)
        return replace(self, settings=replace(self.settings, allow=self.settings.allow | opened))

    def services(self) -> Services:
        """Everything a working process needs; open it inside the event loop."""
        services = Services.open(self.settings, self.clock)
        self.hide(services.store.read(lambda read: _secrets(read, services.store)))
        return services


def _secrets(connection: Any, store: Store) -> list[str]:
    """What no log may hold."""
    return connections.secrets(connection, store.vault) + receivers.secrets(connection, store.vault)


def _pair(text: str) -> tuple[str, int] | None:
    host, colon, port = text.rpartition(":")
    good = bool(colon and host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536
    return (host.strip("[]").lower(), int(port)) if good else None


def _no_pair(text: str) -> Problem:
    return Problem(
        "--allow",
        "pair",
        Say("--allow 要写成 主机:端口，不是 {text}。", text=text),
        Say("例如 127.0.0.1:8800"),
    )


def scheme_of(store: Store, code: str) -> Published:
    """The published scheme. Raises Wrong where there is none of that code, naming those there are."""
    found = store.read(lambda read: schemes.published(read, code))
    if found is not None:
        return found
    known = Words(one.code for one in store.read(schemes.every))
    says = Say("没有已发布的方案 {code}。", code=code)
    offer = Say("已发布的有：{known}。", known=known) if known else Say("先用 duijie publish FILE 发布一个。")
    raise Wrong([Problem("SCHEME", "no_scheme", says, offer)])


def text_of(file: str) -> str:
    """A text file in UTF-8. Raises Wrong where it cannot be read as one."""
    return decoded(file, bytes_of(file))


def decoded(file: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        says = Say("{file} 第 {line} 行不是 UTF-8 文字。", file=file, line=line)
        raise Wrong([Problem(file, "encoding", says, Say("另存为 UTF-8 后再试。"))]) from None


def bytes_of(file: str) -> bytes:
    """A file's content. Raises Wrong where there is none to be read."""
    try:
        return Path(file).read_bytes()
    except FileNotFoundError:
        says = Say("没有文件 {file}。", file=file)
    except IsADirectoryError:
        says = Say("{file} 是文件夹，不是文件。", file=file)
    except OSError as error:
        says = Say("文件 {file} 读不出来：{why}。", file=file, why=error.strerror or type(error).__name__)
    raise Wrong([Problem(file, "file", says, Say("核对路径和权限。"))])


@contextmanager
def until_told(stop: Callable[[], None]) -> Iterator[list[signal.Signals]]:
    """Call `stop` at Ctrl-C or SIGTERM instead of dying; the list then holds the signal. Inside a running loop."""
    told: list[signal.Signals] = []
    loop = asyncio.get_running_loop()

    def hear(number: signal.Signals) -> None:
        told.append(number)
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, hear, number)
    try:
        yield told
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
