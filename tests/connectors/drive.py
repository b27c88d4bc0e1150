"""Drive an auth without a network: its calls are answered by whatever the test hands over."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import cast

from engine.model.values import Call, Json, Record, Reply
from engine.registry import Registry
from engine.simulate.frame import Answer, Heard, Simulator
from engine.simulate.load import simulator
from engine.wire.auth import Auth, Tokens
from engine.wire.tokens import MemoryTokens, Ring

ROOT = Path(__file__).parents[2]
CONNECTORS = ROOT / "connectors"
NOW = datetime(2026, 11, 20, 2, 0, 0, tzinfo=UTC)


def fresh_tokens() -> Tokens:
    return Ring(MemoryTokens(), "test")


def signed(
    auth: Auth,
    call: Call,
    settings: Mapping[str, str],
    now: datetime = NOW,
    *,
    tokens: Tokens | None = None,
    answer: Callable[[Call], Reply] | None = None,
) -> Call:
    """The call as the auth signs it; calls it sends first go to `answer`."""
    signing = auth.sign(call, settings, tokens or fresh_tokens(), now)
    try:
        asked = next(signing)
        while True:
            assert answer is not None, f"nothing was expected to be sent first: {asked.url}"
            asked = signing.send(answer(asked))
    except StopIteration as end:
        return cast(Call, end.value)


def fresh(name: str, seed: int = 1, **options: Json) -> Simulator:
    """A simulator as it is found, by its folder."""
    return simulator([CONNECTORS], name, options, seed)


def asks(shop: Simulator, now: datetime = NOW) -> Callable[[Call], Reply]:
    """Send calls to a simulator as to a vendor."""
    return lambda call: said(shop, call, now).reply()


def said(shop: Simulator, call: Call, now: datetime = NOW) -> Answer:
    return shop.hear(Heard.of(call), now)


def auth_of(name: str, channel: str) -> Auth:
    """What signs the calls of a shipped connector's channel."""
    auth = registry().auth(name, channel)
    assert auth is not None
    return auth


@cache
def registry() -> Registry:
    return Registry.read([CONNECTORS])


def settings_of(shop: Simulator, connection: str) -> tuple[str, dict[str, str]]:
    """Base address and settings of one of a simulator's connections, at http://vendor.test."""
    facts = cast(Record, shop.connections("http://vendor.test")[connection])
    settings = {name: str(value) for name, value in cast(Record, facts["settings"]).items()}
    return str(facts["base"] or ""), settings


def module(path: Path) -> object:
    """The module in a file, freshly run."""
    name, beside = f"_fresh_{path.parent.name}_{path.stem}", [str(path.parent)]
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=beside)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made
