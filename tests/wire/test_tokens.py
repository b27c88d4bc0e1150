"""Tokens shared through the store, at hand in the process, dropped only where they are worthless."""

from __future__ import annotations

from datetime import timedelta

from engine.wire.tokens import MemoryTokens, Ring
from tests.wire.build import NOW

LATER = NOW + timedelta(hours=1)


class Counting(MemoryTokens):
    """Counts the looks into the store."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def load(self, connection: str):  # type: ignore[no-untyped-def]
        self.looks += 1
        return super().load(connection)


def test_the_store_is_looked_into_once_and_not_for_every_call():
    store = Counting()
    store.keep("a", "t", "one", LATER)
    ring = Ring(store, "a")
    assert [ring.fresh("t", NOW) for _ in range(1000)] == ["one"] * 1000
    assert store.looks == 1


def test_a_token_is_fresh_until_its_moment_and_only_for_its_connection():
    store = MemoryTokens()
    Ring(store, "a").keep("t", "one", LATER)
    assert Ring(store, "a").fresh("t", LATER - timedelta(seconds=1)) == "one"
    assert Ring(store, "a").fresh("t", LATER) is None
    assert Ring(store, "b").fresh("t", NOW) is None


def test_a_worthless_token_is_dropped_for_everybody():
    store = MemoryTokens()
    ring = Ring(store, "a")
    ring.keep("t", "one", LATER)
    ring.keep("gateway_url", "https://g", LATER)
    ring.forget({"t": "one"})
    assert ring.fresh("t", NOW) is None
    assert Ring(store, "a").fresh("t", NOW) is None
    assert ring.fresh("gateway_url", NOW) == "https://g"


def test_a_token_somebody_replaced_meanwhile_is_kept():
    store = MemoryTokens()
    ring = Ring(store, "a")
    ring.keep("t", "one", LATER)
    Ring(store, "a").keep("t", "two", LATER)
    ring.forget({"t": "one"})
    assert ring.fresh("t", NOW) == "two"


def test_values_held_lately_are_remembered_for_redaction_but_addresses_are_no_secrets():
    ring = Ring(MemoryTokens(), "a")
    for number in range(20):
        ring.keep("t", f"token-{number}", LATER)
    ring.keep("gateway_url", "https://gateway.example.com/iuap", LATER)
    assert list(ring.secrets) == [f"token-{number}" for number in range(12, 20)]
