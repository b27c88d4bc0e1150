"""The vendors' simulators, and a command line whose connections point at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.cli import main
from engine.clock import Clock
from engine.model.values import Json
from engine.registry import Registry
from engine.settings import Settings
from engine.store.connections import Account
from engine.store.store import Store
from engine.vendors import Vendors, put_up, register
from flows.demo.orders import orders
from flows.demo.products import products
from flows.demo.stockins import others, purchases
from tests.cli.build import Duijie, Said


@pytest.fixture
def duijie(home: Path, capsys: pytest.CaptureFixture[str]) -> Duijie:
    def call(*argv: object) -> Said:
        capsys.readouterr()
        code = main([str(part) for part in argv])
        return Said(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def simulators() -> Iterator[Vendors]:
    with put_up(options=["yonbip.shows_after=0", "wdt.per_minute=6000"]) as vendors:
        yield vendors


@pytest.fixture
def shop(simulators: Vendors, home: Path) -> list[str]:
    """Both vendors fresh and full; gives the options that open them to a command."""
    simulators.direct("reset", {})
    settings, clock = Settings.read(), Clock()
    store = Store.open(settings, clock)
    registry = Registry.read(settings.connectors)
    for account, secrets in [*simulators.accounts(registry), kingdee(simulators, registry)]:
        register(store, account, secrets, clock.now())
    store.close()
    now = datetime.now(UTC)
    span = (now - timedelta(hours=5), now - timedelta(hours=1))
    simulators.direct("wdt/orders", {"orders": [*orders(6, 5, *span)]})
    simulators.direct("wdt/rows", {"of": "wdt.stockin.order.query", "rows": [*others(6, 7, *span)]})
    simulators.direct(
        "wdt/rows", {"of": "wdt.stockin.order.query.purchase", "rows": [*purchases(6, 9, *span)]}
    )
    simulators.direct("yonbip/products", {"products": [*products(6, 11, *span)]})
    return [part for pair in simulators.told["allow"] for part in ("--allow", str(pair))]


def kingdee(simulators: Vendors, registry: Registry) -> tuple[Account, dict[str, str]]:
    """A connection to the simulator of 金蝶."""
    facts = simulators.told["simulators"]["k3cloud"]["connections"]["signed"]
    connector = registry.connector("k3cloud")
    assert connector is not None
    hidden = {setting.name for setting in connector.channels["signed"].settings if setting.secret}
    settings = {key: value for key, value in facts["settings"].items() if key not in hidden}
    secrets = {key: value for key, value in facts["settings"].items() if key in hidden}
    options: dict[str, Json] = {"hosts": ["127.0.0.1"], "base": facts["base"], "settle": "1s"}
    return Account("k3-main", "k3cloud", "signed", "模拟器", settings, tuple(secrets), options), secrets


Imports = Callable[..., Path]


@pytest.fixture
def bring(duijie: Duijie, tmp_path: Path) -> Imports:
    """A sample imported to a file of its own, checked and published; gives the file."""

    def imported(
        sample: str, *options: str, code: str = "", source: str = "wdt-main", target: str = "bip-main"
    ) -> Path:
        code = code or sample.partition("-")[2]
        out = tmp_path / f"{code}.yaml"
        begin = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
        ends = ("--source", source, "--target", target, "--begin", begin)
        said = duijie(
            "import", "qeasy", SAMPLES / f"{sample}.json", "-o", out, "--code", code, *ends, *options
        )
        assert said.code in (0, 1), said.err
        said = duijie("publish", out)
        assert said.code == 0, said.out + said.err
        return out

    return imported


SAMPLES = Path(__file__).parent / "samples"
