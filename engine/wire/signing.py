"""Drives an Auth: signs a call at once where the tokens are at hand, else fetches them, one at a time.

Whatever goes wrong here went wrong before the call itself: no byte of it has left, so every fault
that comes out says `sent=False` and is of a kind that means "not executed".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from engine.clock import Clock
from engine.errors import Fault
from engine.model.values import Call, Reply
from engine.say import Say
from engine.wire.auth import Auth, Settings, Signing
from engine.wire.tokens import Ring

MOST = 5
"""Calls one signature may need first; a handshake that wants more goes in circles."""

# What a connector's arithmetic on settings and replies can raise where they are not as it expects.
_STUMBLES = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


Turn: TypeAlias = "tuple[bool, Call]"
"""Whether the call is signed now, and it or the next call to send."""

Ask: TypeAlias = "Callable[[Call, Callable[[Reply], Turn]], Awaitable[Turn]]"
"""Sends one call and gives what the second argument makes of its reply."""


class Signer:
    """One connection's signatures."""

    def __init__(self, auth: Auth, vendor: str, settings: Settings, ring: Ring, clock: Clock) -> None:
        self._auth, self._vendor, self._settings = auth, vendor, settings
        self._ring, self._clock = ring, clock

    def at_once(self, call: Call) -> Call | None:
        """The call signed, or None where something must be sent first: then ask `prepared`."""
        signing = self._signing(call)
        try:
            next(signing)
        except StopIteration as signed:
            return _call(signed)
        except Fault as fault:
            raise not_executed(fault) from fault
        except _STUMBLES as stumble:
            raise self._stumbled() from stumble
        signing.close()
        return None

    async def prepared(self, call: Call, ask: Ask) -> Call:
        """The call signed, after sending what must be sent first; others wait and use what it brought."""
        async with self._ring.turn:
            self._ring.reload()
            signing = self._signing(call)
            try:
                return await self._drive(signing, ask)
            except Fault as fault:
                raise not_executed(fault) from fault
            finally:
                signing.close()

    async def _drive(self, signing: Signing, ask: Ask) -> Call:
        signed, call = self._advance(signing, None)
        for _ in range(MOST):
            if signed:
                return call
            signed, call = await ask(call, lambda reply: self._advance(signing, reply))
        if signed:
            return call
        raise Fault(
            "login", Say("{vendor} 的登录没完没了，请检查连接的设置。", vendor=self._vendor), sent=False
        )

    def _advance(self, signing: Signing, reply: Reply | None) -> Turn:
        try:
            return False, next(signing) if reply is None else signing.send(reply)
        except StopIteration as signed:
            return True, _call(signed)
        except _STUMBLES as stumble:
            raise self._stumbled() from stumble

    def _signing(self, call: Call) -> Signing:
        return self._auth.sign(call, self._settings, self._ring, self._clock.now())

    def _stumbled(self) -> Fault:
        says = Say(
            "{vendor} 的登录回复或连接设置不是预期的样子，没有发送，请检查连接的设置。", vendor=self._vendor
        )
        return Fault("login", says, sent=False)


def not_executed(fault: Fault) -> Fault:
    """What went wrong before the call: `broken` and `unknown` were of another call, ours never left."""
    kind = fault.kind if fault.kind in ("unreachable", "busy", "login", "refused") else "unreachable"
    return Fault(
        kind, fault.says, code=fault.code, wait=fault.wait, sent=False, part=fault.part, alone=fault.alone
    )


def _call(signed: StopIteration) -> Call:
    if not isinstance(signed.value, Call):
        raise TypeError("an Auth returns the call it signed")
    return signed.value
