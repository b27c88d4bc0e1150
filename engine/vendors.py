"""The vendors' simulators as a child process: started, reached by their director, registered as connections.

The system picks the ports; they are opened to this very process only, in memory. The child dies
with its parent.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.errors import DuijieError
from engine.exact import decode, encode
from engine.model.values import Json
from engine.registry import Registry
from engine.settings import SHIPPED
from engine.store import connections
from engine.store.connections import Account
from engine.store.store import Store

MAIN = {"wdt-main": ("wdt", "qimen"), "bip-main": ("yonbip", "default")}
"""The connections of the starter, by code: connector, and which of the simulator's accounts."""

QUICK: dict[str, dict[str, Json]] = {
    "wdt-main": {},
    "bip-main": {"limits": {"per_second": None, "at_once": 16}, "settle": "2s"},
}
"""What differs from a real account: nobody has to be spared, and a saved document shows within two seconds."""

LOCAL: list[Json] = ["127.0.0.1"]
"""The one host a simulator's account may be called at; no real account has it."""


class Silent(DuijieError):
    """The simulators did not start, or do not answer their director."""


@dataclass(frozen=True)
class Vendors:
    """Simulators that are up. `told` is the line they said at their start."""

    told: Mapping[str, Any]

    @property
    def allow(self) -> frozenset[tuple[str, int]]:
        pairs = (str(pair).rpartition(":") for pair in self.told["allow"])
        return frozenset((host, int(port)) for host, _, port in pairs)

    def direct(self, steps: str, given: Mapping[str, Json] | None = None) -> Any:
        """One of the director's calls, see engine.simulate.server. Raises Silent where it is refused."""
        admin = urlsplit(str(self.told["admin"]))
        wire = HTTPConnection(str(admin.hostname), admin.port, timeout=60)
        try:
            if given is None:
                wire.request("GET", f"{admin.path}/{steps}")
            else:
                wire.request("POST", f"{admin.path}/{steps}", encode(dict(given)))
            reply = wire.getresponse()
            answer: Any = decode(reply.read())
        except OSError as error:
            raise Silent(f"{steps}: {error}") from error
        finally:
            wire.close()
        if reply.status != 200:
            raise Silent(f"{steps}: {answer}")
        return answer

    def accounts(self, registry: Registry) -> list[tuple[Account, dict[str, str]]]:
        """The starter's connections to these simulators, each with its invented secrets."""
        return [self._account(registry, code) for code in MAIN]

    def _account(self, registry: Registry, code: str) -> tuple[Account, dict[str, str]]:
        connector, name = MAIN[code]
        facts = self.told["simulators"][connector]["connections"][name]
        found = registry.connector(connector)
        known = found.channels[facts["channel"]].settings if found else ()
        secret = {setting.name for setting in known if setting.secret}
        settings = {key: value for key, value in facts["settings"].items() if key not in secret}
        secrets = {key: value for key, value in facts["settings"].items() if key in secret}
        options: dict[str, Json] = {**QUICK[code], "hosts": LOCAL}
        if facts["base"]:
            options["base"] = facts["base"]
        account = Account(code, connector, facts["channel"], "模拟器", settings, tuple(secrets), options)
        return account, secrets


def register(store: Store, account: Account, secrets: Mapping[str, str], now: datetime) -> None:
    """Keep a simulator's account as a connection."""
    store.write(lambda write: connections.save(write, store.vault, account, secrets, now))


@contextmanager
def put_up(
    *, seed: int = 1, only: str = "", options: Sequence[str] = (), folders: Sequence[Path] = ()
) -> Iterator[Vendors]:
    """Simulators for the time of the block. Raises Silent with their own words where they do not start."""
    command = [sys.executable, "-m", "engine.simulate", "--seed", str(seed), "--only", only]
    command += [part for option in options for part in ("--set", option)]
    command += [part for folder in folders for part in ("--connectors", str(folder))]
    # A session of its own: Ctrl-C is for us, the simulators must outlive our last calls.
    child = subprocess.Popen(  # noqa: S603  (our own module, no shell)
        command, cwd=SHIPPED, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        yield Vendors(_first_line(child))
    finally:
        child.terminate()
        child.communicate()


def _first_line(child: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    line = child.stdout.readline() if child.stdout else b""
    if not line:
        _, words = child.communicate()
        raise Silent(words.decode("utf-8", "replace").strip())
    told: Any = decode(line)
    return dict(told)
