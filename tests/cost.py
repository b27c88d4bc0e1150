"""What a piece of work costs on this machine as it is now: in turns of a loop whose cost is known.

A limit in seconds fails where the machine has other work; a limit in turns asks both the same question.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

TURN = 0.04
"""CPU seconds of one turn on the machine on which the limits were found."""
TRIES = 3


def seconds(work: Callable[[], object], limit: float) -> float:
    """CPU seconds of the quickest of three tries, as long as that is over `limit`, on the machine of the limits."""
    found = float("inf")
    for _ in range(TRIES):
        slower = max(1.0, _took(_turn) / TURN)
        found = min(found, _took(work) / slower)
        if found < limit:
            break
    return found


def _took(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _turn() -> None:
    """Some of Python's own work and some in C."""
    text = "长 短,1" * 3000
    for _ in range(60):
        "".join(char for char in text if char != ",").encode()
        hashlib.sha256(text.encode() * 4).digest()
