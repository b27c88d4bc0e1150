"""A command line with a home of its own, and the vendors' simulators where a test needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.clock import Clock
from engine.registry import Registry
from engine.settings import Settings
from engine.store.store import Store
from engine.vendors import Vendors, put_up, register
from flows.demo.orders import orders
from tests.cli.build import STARTER, Duijie, Said, tables


@pytest.fixture
def duijie(home: Path, capsys: pytest.CaptureFixture[str]) -> Duijie:
    def call(*argv: object) -> Said:
        capsys.readouterr()
        code = main([str(part) for part in argv])
        return Said(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def simulators() -> Iterator[Vendors]:
    """One pair for a whole file; `shop` gives each test fresh ones."""
    with put_up(options=["yonbip.shows_after=0"]) as vendors:
        yield vendors


@pytest.fixture
def shop(simulators: Vendors, duijie: Duijie, home: Path) -> Callable[[int], list[str]]:
    """The starter published, its connections pointing at fresh simulators; call it to add orders.

    Gives the options that open the simulators to a command.
    """
    simulators.direct("reset", {})
    settings, clock = Settings.read(), Clock()
    store = Store.open(settings, clock)
    for account, secrets in simulators.accounts(Registry.read(settings.connectors)):
        register(store, account, secrets, clock.now())
    store.close()
    tables(duijie)
    assert duijie("publish", STARTER).code == 0

    def stock(count: int) -> list[str]:
        now = datetime.now(UTC)
        made: list[Any] = orders(count, 5, now - timedelta(hours=5), now - timedelta(hours=1))
        simulators.direct("wdt/orders", {"orders": made})
        return [part for pair in simulators.told["allow"] for part in ("--allow", str(pair))]

    return stock
