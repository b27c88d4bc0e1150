"""People and what they may do: four roles, the rights each has, the schemes each sees.

`RIGHTS` is the whole truth: a right that a role does not hold is refused, on every page and for every
token. What may be seen within a right is a second question: `Person.sees` answers it for a scheme.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["admin", "implementer", "business", "reader"]
Right = Literal["see", "try", "settle", "pair", "run", "edit", "connect", "unmask", "people"]

ROLES: tuple[Role, ...] = ("admin", "implementer", "business", "reader")

_READER: frozenset[Right] = frozenset({"see"})
_BUSINESS: frozenset[Right] = _READER | {"try", "settle", "pair"}
_IMPLEMENTER: frozenset[Right] = _BUSINESS | {"run", "edit", "connect", "unmask"}
RIGHTS: dict[Role, frozenset[Right]] = {
    "admin": _IMPLEMENTER | {"people"},
    "implementer": _IMPLEMENTER,
    "business": _BUSINESS,
    "reader": _READER,
}
"""see: schemes, runs, documents, lookups, the catalogue · try: a trial · settle: retry, look up, skip, decide ·
pair: change lookups · run: run now, pause · edit: drafts, versions · connect: connections · unmask: see personal
data · people: persons, rights, the audit."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may log in. `groups` None means every scheme, else only those of these groups."""

    id: int
    name: str
    title: str
    role: Role
    groups: tuple[str, ...] | None
    enabled: bool
    ready: bool = True
    """False until the first password is set."""
    seen_at: datetime | None = None

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    def sees(self, group: str) -> bool:
        """Whether schemes of this group are this person's business; an administrator's is everything."""
        return self.role == "admin" or self.groups is None or group in self.groups


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the audit: who did what to what, from where. Secrets stand in it as "changed"."""

    who: str
    deed: str
    what: str
    detail: str = ""
    address: str = ""
