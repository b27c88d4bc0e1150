"""What may happen to a call on its way: faults by seeded dice, and the hook that kills the caller.

    reset_before        the connection is reset, nothing was executed
    reset_after         executed, then the connection is reset: the caller cannot know
    bad_gateway[_after] 502 from a proxy, before or after the vendor executed the call
    html[_after]        a 200 that is a web page, before or after
    busy                429 with Retry-After, not executed
    slow                executed and answered late
Besides these a vendor's own `mishaps` (an expired token, its own throttling).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from engine.say import Say
from engine.simulate.frame import Answer

KILLED = frozenset({"killed_before", "killed_after"})
REFUSED_UNREAD = frozenset({"busy", "over_limit"})
BEFORE = frozenset({"reset_before", "bad_gateway", "html", "killed_before"}) | REFUSED_UNREAD
AFTER = frozenset({"reset_after", "bad_gateway_after", "html_after", "killed_after"})
KINDS = (BEFORE | AFTER | {"slow"}) - KILLED - {"over_limit"}

_HTML = {"content-type": "text/html;charset=UTF-8"}
_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_PAGE = "<!DOCTYPE html><html><body>系统维护中，请稍后访问</body></html>".encode()


class FaultPlan:
    """Which call is struck by what. One throw of the dice a call, so a seed tells the whole story."""

    def __init__(
        self, seed: int, rates: Mapping[str, float] | None = None, *, slow: float = 1.0, retry_after: int = 1
    ) -> None:
        """`rates`: kind, or "save.kind" for calls of that purpose only, to a share of calls from 0 to 1."""
        self.rates = dict(rates or {})
        if any(not 0 <= rate <= 1 for rate in self.rates.values()) or sum(self.rates.values()) > 1:
            raise ValueError(Say("故障比例要在 0 到 1 之间，加起来不超过 1"))
        self.seed, self.slow, self.retry_after = seed, slow, retry_after
        self._dice = random.Random(seed)  # noqa: S311  (dice, not secrets)

    def draw(self, purpose: str) -> str | None:
        """The fault that strikes this call, None mostly."""
        thrown = self._dice.random()
        for name, rate in self.rates.items():
            thrown -= rate
            if thrown < 0:
                only, _, kind = name.rpartition(".")
                return kind if only in ("", purpose) else None
        return None

    def instead(self, kind: str | None) -> Answer | None:
        """What the caller hears where `kind` replaces the vendor's answer; None resets the connection."""
        if kind in ("bad_gateway", "bad_gateway_after"):
            return Answer(502, _GATEWAY, _HTML)
        if kind in ("html", "html_after"):
            return Answer(200, _PAGE, _HTML)
        if kind in REFUSED_UNREAD:
            wait = {"content-type": "application/json", "retry-after": str(self.retry_after)}
            return Answer(429, b'{"code":"429","message":"too many requests"}', wait, throttled=True)
        return None


@dataclass(slots=True)
class Kill:
    """Kill process `pid` at the nth call of a purpose: "before" it is executed, or "after", unanswered."""

    pid: int
    nth: int = 1
    when: str = "after"
    purpose: str = "save"

    def strikes(self, purpose: str, when: str) -> bool:
        """Counts the calls it is about; true once, at the nth."""
        if (purpose, when) != (self.purpose, self.when) or self.nth <= 0:
            return False
        self.nth -= 1
        return self.nth == 0
