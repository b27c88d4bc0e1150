"""Whether and when the next call may go: what faults have taught this pass. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.errors import Fault

LINGER = timedelta(seconds=5)
"""What is due sooner is waited for; for what is due later the job comes again."""

BREAK_AFTER = 5


@dataclass
class Pace:
    """A fault of the connection stops all, five bad ones in a row do too; a busy vendor is given its time.

    A document that the target has locked waits alone.
    """

    rest_until: datetime | None = None
    bad_in_a_row: int = 0
    stopped: Fault | None = None
    _busy: str = ""

    def heard(self, fault: Fault | None, until: datetime | None) -> None:
        """A call came back; `until` is when a busy vendor may be asked again."""
        if fault is None or fault.kind == "refused" or fault.alone:
            self.bad_in_a_row = 0
        elif fault.kind == "busy":
            self._busy = fault.says
            self.rest_until = max(until, self.rest_until) if until and self.rest_until else until
        else:
            self.bad_in_a_row += 1
            if fault.kind in ("unreachable", "login") or self.bad_in_a_row >= BREAK_AFTER:
                self.stopped = self.stopped or fault

    def stayed(self, fault: Fault, until: datetime | None) -> None:
        """A call did not even leave. Whatever kept it here would keep the next one too."""
        self.heard(fault, until)
        if fault.kind != "busy":
            self.stopped = self.stopped or fault

    def rest(self, now: datetime) -> float:
        """Seconds to wait before the next call; a long wait stops the pass, and the job comes again after it."""
        wait = self.rest_until - now if self.rest_until is not None else timedelta(0)
        if wait > LINGER:
            self.stopped = Fault("busy", self._busy, wait=wait, sent=False)
        elif wait <= timedelta(0):
            self.rest_until = None
        return wait.total_seconds()
