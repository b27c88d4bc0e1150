"""The composition root: everything a process needs, opened once and handed to whoever works with it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.clock import Clock
from engine.registry import Registry
from engine.run.flow import Flows
from engine.run.lines import Lines
from engine.run.worker import Worker
from engine.settings import Settings
from engine.store.store import Store
from engine.wire.doors.http import HTTPDoor


@dataclass(frozen=True)
class Services:
    """One process's tools. Open it inside the event loop that will use `door`; close it there."""

    settings: Settings
    clock: Clock
    registry: Registry
    store: Store
    door: HTTPDoor
    flows: Flows
    lines: Lines

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> Services:
        """Raises Wrong where the database, the key file or the surroundings cannot be used."""
        clock = clock or Clock()
        registry = Registry.read(settings.connectors)
        store = Store.open(settings, clock)
        door = HTTPDoor(allow=settings.allow)
        flows = Flows(registry)
        return cls(settings, clock, registry, store, door, flows, Lines(store, registry, door, clock))

    def worker(self, schemes: list[int] | None = None) -> Worker:
        return Worker(self.store, self.flows, self.lines, self.clock, self.settings.breaks, schemes)

    async def close(self) -> None:
        await self.door.close()
        self.store.close()
