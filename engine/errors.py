"""What can go wrong, as one tree. An error knows whose move it is and when to try again.

DuijieError
  Wrong         input a person must mend: holds every Problem at once
  Fault         a call that did not do what it should
                  unreachable   nothing was sent: no connection, TLS, name, breaker  -> we try again
                  busy          the vendor asks us to wait; the call was not executed -> we try again
                  broken        no sense in the reply (5xx, HTML, cut JSON)           -> we try again;
                                after a save the outcome is open and becomes `unknown`
                  login         key, signature, token                                -> a person moves
                  refused       the vendor says no to this document                  -> a person moves
                  unknown       a save that may have happened                        -> never blindly repeated
  LeaseLost     another worker took this job over: stop, write nothing more
  Conflict      somebody else changed it meanwhile
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from engine.model.values import Problem

FaultKind = Literal["unreachable", "busy", "broken", "login", "refused", "unknown"]
Part = Literal["", "address", "tls", "clock", "key", "signature", "permission", "balance"]
"""What of a connection is to blame, where that is certain."""


class DuijieError(Exception):
    """The root: everything this program raises on purpose."""


class Wrong(DuijieError):
    """Input that a person must mend; every problem at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class Fault(DuijieError):
    """A call that did not do what it should.

    `says` is a sentence for a person, free of secrets; `code` the vendor's own code as text;
    `wait` how long the vendor asks us to stay away, None where it said nothing;
    `sent` is False only where it is certain that no byte of the call left this machine or that
    the vendor did not execute it; a save that failed with `sent` True has an open outcome;
    `part` what of the connection is to blame, "" where the place that raised it cannot tell;
    `alone` True where only this document is concerned and the connection is well: it must wait (the target
    has it locked), or, where it is `refused` and not `sent`, it can never be sent as it is.
    """

    def __init__(
        self,
        kind: FaultKind,
        says: str,
        *,
        code: str | None = None,
        wait: timedelta | None = None,
        sent: bool = True,
        part: Part = "",
        alone: bool = False,
    ) -> None:
        super().__init__(says)
        self.kind: FaultKind = kind
        self.says = says
        self.code = code
        self.wait = wait
        self.sent = sent
        self.part: Part = part
        self.alone = alone


class LeaseLost(DuijieError):
    """Another worker took this job over; whoever hears this writes nothing more."""


class Conflict(DuijieError):
    """Somebody else changed the same thing meanwhile; nothing was overwritten."""
