"""Which part of a connection is to blame for a fault: address, TLS, clock, key, signature, permission, balance.

Certain where the door or the vendor's own code says it; else by the words the vendor used, and by how
far the two clocks are apart. Pure.
"""

from __future__ import annotations

from datetime import timedelta

from engine.errors import Fault, Part
from engine.model.catalog import Blames, Verdict
from engine.say import Say

SKEW = timedelta(seconds=60)
"""From here on the clocks are worth a word."""

TOO_FAR = timedelta(minutes=4)
"""From here on most vendors refuse a signature, whatever they call it."""

_ORDER: tuple[Part, ...] = ("clock", "balance", "permission", "signature", "key")
_BAD_SIGNATURE = ("signature", "key", "")


def blamed(blames: Blames, fault: Fault, ahead: timedelta | None = None) -> Part:
    """The part a fault points at, "" where nothing tells. `ahead`: the vendor's clock against ours."""
    if fault.part:
        return fault.part
    part = _listed(blames, fault)
    far = ahead is not None and abs(ahead) >= TOO_FAR
    return "clock" if far and fault.kind == "login" and part in _BAD_SIGNATURE else part


def _listed(blames: Blames, fault: Fault) -> Part:
    """By code first, it is surer than a word."""
    words = vendor_words(fault.says).lower()
    for part in _ORDER:
        if fault.code is not None and fault.code in _verdict(blames, part).codes:
            return part
    for part in _ORDER:
        if any(word.lower() in words for word in _verdict(blames, part).text):
            return part
    return ""


def vendor_words(says: str) -> str:
    """What the vendor said within our sentence; ours may name a key that nothing is wrong with."""
    args: dict[str, object] = says.args if isinstance(says, Say) else {}
    said = [str(value) for name, value in args.items() if name in ("words", "message")]
    return "；".join(said)


def _verdict(blames: Blames, part: Part) -> Verdict:
    verdict: Verdict = getattr(blames, part)
    return verdict
