"""The names things are known by: of a record, of a document, and of a request to the target.

A request's key is a function of what is asked for, so it is the same after a restart, on another
node, and however often the record is read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from engine.exact import encode
from engine.model.ledger import Action


def document_key(parts: Sequence[str]) -> str:
    """One text for a record's or document's key: a single value as it is, several as a JSON array."""
    return parts[0] if len(parts) == 1 else encode(list(parts)).decode()


def stored_key(installation: str, scheme: str, action: Action, key: str, generation: int) -> str:
    """The idempotency key: a function of what is asked for, not a dice. 32 hex digits."""
    asked = encode([installation, scheme, action, key, generation])
    return hashlib.sha256(asked).hexdigest()[:32]


def with_key(body: str, at: str | None, key: str) -> str:
    """The request bytes: the document's JSON object with the key as its member `at`, where there is one."""
    if at is None:
        return body
    member = encode({at: key}).decode()[1:-1]
    return "{" + member + ("," if body != "{}" else "") + body[1:]
