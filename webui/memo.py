"""Counts over everything, remembered for a moment: as long as keeps their cost at a twentieth of the time.

In a small store they are counted anew for every page; where counting takes a third of a second, a
page may be some seconds old. While one page counts, the others show what was counted last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from engine.clock import Clock

T = TypeVar("T")

TIMES = 20
LONGEST = 10.0
MOST = 1000


@dataclass(slots=True)
class _Kept:
    value: Any
    until: float
    counting: bool = False


@dataclass
class Memo:
    """Values by key; `of` gives one, counted now or a moment ago."""

    clock: Clock
    _kept: dict[Hashable, _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, key: Hashable, count: Callable[[], T]) -> T:
        began = self.clock.monotonic()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and (began < kept.until or kept.counting):
                return cast(T, kept.value)
            if kept is not None:
                kept.counting = True
        try:
            value = count()
        except BaseException:
            with self._lock:
                self._kept.pop(key, None)
            raise
        ended = self.clock.monotonic()
        with self._lock:
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[key] = _Kept(value, ended + min(LONGEST, TIMES * (ended - began)))
        return value
