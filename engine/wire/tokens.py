"""What a connection remembers between calls: in the store for all workers, in a ring for this one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from engine import crash


class TokenStore(Protocol):
    """Tokens by connection and name, shared by all workers. Every method is short and one transaction."""

    def load(self, connection: str) -> dict[str, tuple[str, datetime]]:
        """All that is kept for a connection, with the moment each runs out."""

    def keep(self, connection: str, name: str, value: str, until: datetime) -> None:
        """Remember `value` in place of what was kept under that name."""

    def drop(self, connection: str, names: Collection[str]) -> None:
        """Forget these; a name that is not there is fine."""


class MemoryTokens:
    """A TokenStore that lives as long as its process."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, tuple[str, datetime]]] = {}

    def load(self, connection: str) -> dict[str, tuple[str, datetime]]:
        return dict(self._kept.get(connection, {}))

    def keep(self, connection: str, name: str, value: str, until: datetime) -> None:
        self._kept.setdefault(connection, {})[name] = (value, until)

    def drop(self, connection: str, names: Collection[str]) -> None:
        for name in names:
            self._kept.get(connection, {}).pop(name, None)


class Ring:
    """One connection's tokens at hand: the Tokens an Auth sees, without a look into the store per call.

    `turn` is held by whoever fetches tokens. `secrets` are the values held lately, for redaction:
    a call signed with the token before this one may still be on its way.
    """

    def __init__(self, store: TokenStore, connection: str) -> None:
        self.turn = asyncio.Lock()
        self.secrets: deque[str] = deque(maxlen=8)
        self.version = 0
        self._store, self._connection = store, connection
        self._kept: dict[str, tuple[str, datetime]] | None = None

    def fresh(self, name: str, now: datetime) -> str | None:
        kept = (self.reload() if self._kept is None else self._kept).get(name)
        return kept[0] if kept is not None and now < kept[1] else None

    def keep(self, name: str, value: str, until: datetime) -> str:
        self._store.keep(self._connection, name, value, until)
        self._take({**(self._kept or {}), name: (value, until)})
        if crash.armed:
            crash.point("token.kept")
        return value

    def values(self, names: Collection[str]) -> dict[str, str]:
        """What is held under these names, run out or not."""
        held = self._kept or {}
        return {name: held[name][0] for name in names if name in held}

    def reload(self) -> Mapping[str, tuple[str, datetime]]:
        """See what other workers kept meanwhile."""
        kept = self._store.load(self._connection)
        self._take(kept)
        return kept

    def forget(self, used: Mapping[str, str]) -> None:
        """Drop the tokens a call was refused with, unless somebody has replaced them since."""
        stored = self._store.load(self._connection)
        worthless = [name for name, value in used.items() if name in stored and stored[name][0] == value]
        if worthless:
            self._store.drop(self._connection, worthless)
        self._take({name: kept for name, kept in stored.items() if name not in worthless})

    def _take(self, kept: dict[str, tuple[str, datetime]]) -> None:
        self._kept = kept
        for value, _ in kept.values():
            # Addresses a connection discovered are kept beside its tokens and are no secret.
            if value not in self.secrets and not value.startswith(("https://", "http://")):
                self.secrets.append(value)
                self.version += 1
