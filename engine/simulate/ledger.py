"""The simulator's own book of writes: what a caller must not be able to argue with.

By number as the caller sent it (a tenant may give documents other numbers): how often it was
written and created, under which keys, and whether a write went out again while the fate of the
one before was open and nobody had asked for it: a *blind resend*.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from engine.model.values import Json, Record


@dataclass(slots=True)
class Line:
    """One number's story."""

    writes: int = 0
    created: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    blind: int = 0
    open: bool = False

    def told(self) -> Record:
        return {
            "writes": self.writes,
            "created": [*self.created],
            "keys": [*self.keys],
            "blind_resends": self.blind,
        }


class Ledger:
    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.writes = self.without_key = self.over_limit = 0
        self.changed: set[str] = set()
        self._payload: dict[str, bytes] = {}

    def arrived(self, number: str | None, key: str | None, body: bytes, *, repeatable: bool = False) -> None:
        """A write was heard, whatever becomes of it; a `repeatable` one is never a blind resend."""
        line = self._line(number)
        self.writes += 1
        line.writes += 1
        line.blind += line.open and not repeatable
        line.open = False
        if not key:
            self.without_key += 1
            return
        if key not in line.keys:
            line.keys.append(key)
        digest = hashlib.sha256(body).digest()
        if self._payload.setdefault(key, digest) != digest:
            self.changed.add(key)

    def created(self, number: str | None, id: str) -> None:
        self._line(number).created.append(id)

    def left_open(self, number: str | None) -> None:
        """The caller did not get to know whether its write was executed."""
        self._line(number).open = True

    def asked(self, number: str | None) -> None:
        """The caller asked for the number and was answered."""
        if number in self.lines:
            self._line(number).open = False

    def report(self, *, full: bool = False) -> Record:
        doubled: list[Json] = [number for number, line in self.lines.items() if len(line.created) > 1]
        several: list[Json] = [number for number, line in self.lines.items() if len(line.keys) > 1]
        told: Record = {
            "writes": self.writes,
            "documents": sum(bool(line.created) for line in self.lines.values()),
            "created": sum(len(line.created) for line in self.lines.values()),
            "doubled": doubled,
            "several_keys": several,
            "blind_resends": sum(line.blind for line in self.lines.values()),
            "payload_changed_under_one_key": [*sorted(self.changed)],
            "writes_without_key": self.without_key,
            "over_limit": self.over_limit,
        }
        numbers: Record = {number: line.told() for number, line in self.lines.items()}
        return told | {"numbers": numbers} if full else told

    def _line(self, number: str | None) -> Line:
        return self.lines.setdefault(number or "", Line())
