"""Documents and their states: the table of moves, and the values the ledger hands out.

A record (数据) is what the source returned; a document (目标单据) is what will be sent for it.
State lives on the document. `MOVES` is the whole truth about state: nothing else happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from engine.model.values import Problem, Window

State = Literal["waiting", "sending", "done", "skipped", "refused", "unknown", "cancelled"]
Why = Literal["new", "again", "held", "gathering", ""]
Action = Literal["create", "update", "cancel", "keep", "follow"]
"""What a document asks of the target; `keep` asks nothing: a record of a base-data scheme, kept as it is.
`follow` is a call that follows a done document, with a state of its own."""

LAST = 1_000_000
"""The step of an acknowledgement: behind every other follow-up."""

STATES: tuple[State, ...] = ("waiting", "sending", "done", "skipped", "refused", "unknown", "cancelled")
WORST: tuple[State, ...] = ("unknown", "refused", "sending", "waiting", "cancelled", "skipped", "done")
"""A record shows the worst of its documents, in this order."""

MOVES: dict[State, frozenset[State]] = {
    "waiting": frozenset({"sending", "skipped", "refused", "cancelled", "waiting"}),
    "sending": frozenset({"done", "refused", "unknown", "waiting"}),
    "unknown": frozenset({"done", "waiting", "cancelled"}),
    "refused": frozenset({"waiting", "skipped", "cancelled", "refused"}),
    "skipped": frozenset({"waiting", "refused", "skipped"}),
    "done": frozenset({"waiting"}),
    "cancelled": frozenset(),
}
KEPT: frozenset[State] = frozenset({"done", "skipped", "refused", "waiting"})
"""Between these the plan alone moves a document that asks nothing of a target (action `keep`)."""


def by_hand(state: State) -> frozenset[State]:
    """What a person may settle a document as that stands so; while it is on the wire, nothing."""
    return MOVES[state] & {"done", "cancelled", "skipped"} - {state} if state != "sending" else frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One record as a page brought it: `body` is its JSON, `hash` leaves volatile fields out."""

    key: str
    number: str
    hash: str
    body: str


@dataclass(frozen=True, slots=True)
class PageKept:
    """One page to be kept. `cursor` is set on the last page of a window: it moves in the same transaction."""

    scheme_id: int
    run_id: int
    at: datetime
    rows: tuple[Row, ...]
    cursor: datetime | None = None
    expected: int | None = None
    lease: Lease | None = None
    """Whose reading this is: a page of a holder that was overtaken is not kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many records of a page this run had not seen before, and what they were."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Kept) -> Kept:
        return Kept(
            self.read + other.read,
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A record whose mapping is due."""

    id: int
    key: str
    number: str
    hash: str
    body: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What the mapping made of a record: one document's worth.

    `state` is waiting (new, held or gathering), skipped or refused, or done where it was kept and nothing is to be
    written; `body` are the request bytes without key.
    """

    record: Unplanned
    key: str
    state: State
    why: Why
    body: str = ""
    sent_number: str = ""
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    tables: tuple[tuple[str, str], ...] = ()
    sources: tuple[tuple[int, str], ...] = ()
    """(record id, record hash) of every record behind the document; by default the one record."""
    action: Action = "create"
    was: str = ""
    """The same record as the document's last action would map it: equal bytes mean nothing to send."""
    generation: int = 0
    """Of the document this change was made for; another one meanwhile, and it is planned again."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What a record now offers to a pool: codes with their values, none where it was filtered out."""

    pool_id: int
    record_id: int
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PlanKept:
    """A batch of plans of one scheme version, to be kept in one transaction."""

    installation: str
    scheme_id: int
    scheme: str
    version: int
    on_change: str
    key_at: str | None
    at: datetime
    plans: tuple[Planned, ...]
    lease: Lease | None = None
    """Whose mapping this is: a plan of a holder that was overtaken is not kept."""
    revision: int | None = None
    """Of the lookups it was made with: where they changed since, nothing is held for what may be there now."""
    change_keys: tuple[tuple[str, str | None], ...] = ()
    """Where the requests of other actions than create carry their key."""
    acknowledges: bool = False
    """The source is a pool: a place is kept for each record's acknowledgement, which goes last."""
    keeps: bool = False
    """A base-data scheme's: nothing is written, the plan settles the documents."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Of the scheme's own lookups: where what they lack will come from, `pool:7` say. Others are stored tables."""
    offers: tuple[Offered, ...] = ()
    """The codes under which other schemes find these records."""


@dataclass(frozen=True, slots=True)
class Due:
    """A document that may be sent now, with the bytes that will go out under its key."""

    id: int
    key: str
    number: str
    stored_key: str
    body: str
    sends: int
    sent_number: str
    action: Action = "create"
    follow: str = ""

    @property
    def way(self) -> str:
        """Which call of the scheme it is: "" for the create, else update, cancel or a follow-up's name."""
        return self.follow or ("" if self.action == "create" else self.action)


@dataclass(frozen=True, slots=True)
class Open(Due):
    """A document whose outcome is unknown and may be asked for now. `looks` empty answers so far."""

    looks: int = 0
    looked_at: datetime | None = None
    first_sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a send or a look-up."""

    state: State
    why: Why = ""
    due_at: datetime | None = None
    target_id: str | None = None
    target_number: str | None = None
    reason: str = ""
    looks: int = 0
    looked: datetime | None = None
    """How many look-ups in a row came back empty, and when the last one did."""
    reply: str = ""
    """What the target said of a done document, as JSON, where somebody will want it."""
    back: bool = False
    """The target would not change the document: it stands as it was made, marked."""
    sent: bool = True
    """False where it is certain that the target did not execute this send: then it does not count as one."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed job: `token` grows with every claim and fences off whoever held it before."""

    job_id: int
    kind: str
    key: str
    scheme_id: int
    run_id: int | None
    token: int
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class RunAsked:
    """What one run was asked to do; None and empty mean: as the scheme says."""

    span: Window | None = None
    params: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    only: str = ""
    """The number of the one record that is wanted; the others are passed over."""

    @property
    def moves_cursor(self) -> bool:
        return self.span is None and not self.params and self.limit is None and not self.only


COUNTS = (
    "read",
    "new",
    "changed",
    "unchanged",
    "done",
    "skipped",
    "refused",
    "unknown",
    "waiting",
    "cancelled",
)


@dataclass(frozen=True, slots=True)
class Counts:
    """A run in records: read = new + changed + unchanged; new + changed = the sum of the states."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    done: int = 0
    skipped: int = 0
    refused: int = 0
    unknown: int = 0
    waiting: int = 0
    cancelled: int = 0
    older: int = 0
    documents: int = 0

    def add_up(self) -> bool:
        """The sum every run must satisfy; a violation turns the run red."""
        settled = self.done + self.skipped + self.refused + self.unknown + self.waiting + self.cancelled
        return self.read == self.new + self.changed + self.unchanged and self.new + self.changed == settled
