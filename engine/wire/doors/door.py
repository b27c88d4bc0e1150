"""What every door does: carry one call to a vendor and its reply back. HTTP is the first."""

from __future__ import annotations

from typing import Protocol

from engine.model.values import Call, Reply
from engine.wire.doors.deadline import Stale, never
from engine.wire.hosts import HostRule


class Door(Protocol):
    """The only place where bytes leave. Safe for many calls at once in one event loop."""

    async def send(self, call: Call, hosts: HostRule, deadline: float, stale: Stale = never) -> Reply:
        """One request, one reply, within `deadline` seconds all told; never repeated by itself.

        `stale` is asked with nothing but the write behind it: where it says yes, nothing leaves.

        Raises Fault("unreachable", sent=False) only where it is certain that no byte of the request
        left, and Fault("broken", sent=True) for everything that goes wrong after that. A reply of
        any status is a reply.
        """

    async def close(self) -> None:
        """Give the connections back; the door is not used afterwards."""
