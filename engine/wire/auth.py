"""How a vendor wants its calls signed: the protocol connectors implement, and the tokens they keep."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

from engine.model.values import Call, Reply

Settings: TypeAlias = Mapping[str, str]
"""A connection's settings and opened secrets by name, defaults filled in. Never logged."""

Signing: TypeAlias = Generator[Call, Reply, Call]
"""Yields calls that must be sent first, is sent their replies, returns the call signed."""


class Tokens(Protocol):
    """What a connection remembers between calls, shared by all workers through the store."""

    def fresh(self, name: str, now: datetime) -> str | None:
        """The value kept under `name`, None where there is none or it has run out."""

    def keep(self, name: str, value: str, until: datetime) -> str:
        """Remember `value` until then and give it back."""


class Auth(Protocol):
    """One vendor's handshake. Does no I/O, keeps no state, reads no clock.

    Called for every send, also for a resend: timestamps and signatures are made anew each time.
    May raise Fault("login", …) where a setting cannot work or a yielded call was refused.
    """

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing: ...
