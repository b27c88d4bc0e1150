"""Families: documents that belong together, because one record came apart into them or because they
carry one batch of a group. They are planned together, and what the ledger keeps of them is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.model.ledger import PlanKept, Planned, Unplanned


@dataclass(frozen=True, slots=True)
class Member:
    """A record behind a family, as it was mapped. `lines`: which parts of it, where it came apart."""

    id: int
    hash: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """`key` is the key of its first document, further ones end in #…; `name` is the record's key, or the
    group's without the number of the batch.
    """

    key: str
    name: str
    members: tuple[Member, ...]
    plans: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """A record's share in a group. `whole_at`: not complete before then; None: when the reading has ended."""

    group: str
    label: str
    lines: tuple[str, ...]
    whole_at: datetime | None


@dataclass(frozen=True, slots=True)
class Joining:
    """A record on its way into groups, or what became of it as a whole instead."""

    record: Unplanned
    groups: tuple[Membership, ...] = ()
    whole: Planned | None = None


@dataclass(frozen=True, slots=True)
class FamiliesKept:
    """Families planned anew and records that join groups, kept in one transaction. `batch` has no plans.

    `stops`: a record that comes after its group was written waits for a person, instead of a further batch.
    `closes`: the one document whose gathering ends with this.
    """

    batch: PlanKept
    families: tuple[Family, ...]
    joins: tuple[Joining, ...] = ()
    stops: bool = False
    closes: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A document behind a record, as it stands."""

    record_id: int
    document_id: int
    key: str
    family: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A group that is complete: the document its records are linked to."""

    id: int
    key: str
    family: str
