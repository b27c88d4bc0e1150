"""One call and what came of it, fit to be kept and shown: redacted and cut by the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP exchange. `verdict` is "done" or the kind of the Fault; `says` a sentence for a person.

    What the ledger holds already is not kept again: the reply of a successful read (`says` tells the
    rows, the records hold them) and the request of a save that was done (the document's own bytes).
    """

    connection: str
    purpose: Literal["read", "save", "lookup", "token"]
    operation: str
    at: datetime
    took_ms: int
    method: str
    url: str
    status: int | None
    verdict: str
    code: str | None
    says: str
    request: str
    reply: str
