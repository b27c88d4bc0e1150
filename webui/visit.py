"""Who is here: the person of this request, what they may do, and the audit of what they did."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, cast

from flask import g, has_request_context

from engine.model.people import Deed, Person, Right
from engine.store import audit
from engine.store.logins import Login
from webui.rights import GUEST
from webui.web import web

VISITOR = Person(0, "", "", "reader", None, True)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request's person. `login` None with a token or without login; `key` is what their forms must carry."""

    person: Person
    rights: frozenset[Right]
    login: Login | None = None
    key: str = ""
    address: str = ""
    guest: bool = False

    def may(self, right: Right) -> bool:
        return right in self.rights

    def deed(self, name: str, what: str, detail: str = "") -> Deed:
        return Deed(self.person.name, name, what, detail, self.address)


def guest(address: str) -> Visit:
    """Whoever looks at pages that ask for no login."""
    return Visit(VISITOR, GUEST, address=address, guest=True)


def visit() -> Visit | None:
    """Who is here; None where nobody has logged in."""
    return cast("Visit | None", g.get("visit")) if has_request_context() else None


def here() -> Visit:
    """Who is here, on a page that the guard lets nobody see without login."""
    found = visit()
    assert found is not None  # noqa: S101  (the guard answered otherwise)
    return found


def may(right: Right) -> bool:
    """Whether to offer a deed; whether it is done is decided by the guard."""
    found = visit()
    return found is not None and found.may(right)


def note(connection: Any, deed: str, what: str, detail: str = "") -> None:
    """A line of the audit, in the transaction of the deed."""
    audit.note(connection, here().deed(deed, what, detail), web().now())


def key_of(secret: str) -> str:
    """What forms of a session carry: made from its secret, so that nothing more is kept."""
    return hmac.new(secret.encode(), b"form", "sha256").hexdigest()


def form_key() -> str:
    found = visit()
    return found.key if found else ""
