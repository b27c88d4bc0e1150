"""Places where the reliability suite kills this process or puts it to sleep: nothing at all in production.

DUIJIE_CRASH_AT=name:nth ends the process with SIGKILL when it passes `name` the nth time;
DUIJIE_SLEEP_AT=name:nth stops it there with SIGSTOP, until somebody sends SIGCONT.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

POINTS = frozenset(
    """read.asked read.replied read.kept cursor.moved plan.made plan.kept group.made group.closed
    journal.before journal.committed request.ready request.sent reply.received settle.before settle.committed
    lookup.asked lookup.replied lookup.settled run.closed follow.made follow.kept job.claimed
    job.finished token.kept""".split()
)


class _Plan:
    """What to do at which point: read once at start-up."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        asked = "DUIJIE_SLEEP_AT" if "DUIJIE_SLEEP_AT" in environ else "DUIJIE_CRASH_AT"
        name, _, nth = environ.get(asked, "").partition(":")
        if name and name not in POINTS:
            raise SystemExit(f"{asked}: unknown point {name}")
        self.name, self.left = name, int(nth or 1)
        self.signal = signal.SIGSTOP if asked == "DUIJIE_SLEEP_AT" else signal.SIGKILL


_plan = _Plan(os.environ)
armed = bool(_plan.name)


def point(name: str) -> None:
    """Die or sleep here if the plan says so, once."""
    if armed and name == _plan.name:
        _plan.left -= 1
        if _plan.left == 0:
            os.kill(os.getpid(), _plan.signal)
