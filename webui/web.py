"""What every view works with: the store, the connectors, the clock and the zone times are shown in."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zoneinfo import ZoneInfo

from flask import current_app

from engine.clock import Clock
from engine.registry import Registry
from engine.store.store import Store
from webui.memo import Memo
from webui.once import Once

if TYPE_CHECKING:
    from webui.calls import Calls

T = TypeVar("T")


@dataclass(frozen=True)
class Web:
    """One app's tools, made by `create_app`."""

    store: Store
    registry: Registry
    clock: Clock
    zone: ZoneInfo
    memo: Memo
    once: Once[bytes] = field(default_factory=Once)
    """Parts of pages that many follow at once."""
    calls: Calls | None = None
    """The engine beside the pages; None where there are only pages."""

    def read(self, work: Callable[[Any], T]) -> T:
        """What `work` finds, seen in one transaction."""
        return self.store.read(work)

    def counted(self, key: Hashable, work: Callable[[Any], T]) -> T:
        """The same for what goes over everything: found now or a moment ago."""
        return self.memo.of(key, lambda: self.store.read(work))

    def now(self) -> datetime:
        return self.clock.now()


def web() -> Web:
    """The tools of the app that answers this request."""
    return cast(Web, current_app.extensions["duijie"])
