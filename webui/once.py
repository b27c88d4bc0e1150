"""What many ask for at the same moment is made by one of them, and the others wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT = 64


class Once(Generic[T]):
    """The newest values by key. The key says all that a value depends on, its moment too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Hashable, Future[T]] = {}

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made now where nobody has. What making it raises, all who wait for it meet."""
        with self._lock:
            future = self._made.get(key)
            mine = future is None
            if future is None:
                future = self._made[key] = Future()
                while len(self._made) > KEPT:
                    del self._made[next(iter(self._made))]
        if mine:
            try:
                future.set_result(make())
            except BaseException as error:
                with self._lock:
                    self._made.pop(key, None)
                future.set_exception(error)
        return future.result()
