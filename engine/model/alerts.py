"""Alerts (告警): what needs a person, told where people are. One alert a cause, from its beginning to its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

AlertKind = Literal["fault", "late", "unknown", "refused", "held"]
"""fault: the scheme's last run met a fault · late: it should have read further · the others: states of documents."""

ReceiverKind = Literal["dingtalk", "wecom", "feishu", "webhook"]
RECEIVER_KINDS: tuple[ReceiverKind, ...] = ("dingtalk", "wecom", "feishu", "webhook")

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Found:
    """A cause as it stands now. `newest` is the newest document that has it, or the run that met the fault."""

    scheme_id: int
    kind: AlertKind
    cause: str
    count: int
    newest: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of every day in which nobody is told; they may go over midnight."""

    since: time
    until: time

    @classmethod
    def read(cls, text: str) -> Quiet | None:
        """From 22:00-08:00; None for no quiet hours. Raises ValueError for anything else."""
        if not text:
            return None
        since, _, until = text.partition("-")
        found = cls(time.fromisoformat(since.strip()), time.fromisoformat(until.strip()))
        if found.since == found.until or found.since.tzinfo or found.until.tzinfo:
            raise ValueError(text)
        return found

    def over(self, at: datetime) -> datetime:
        """`at` where it is not quiet then, else the end of the quiet hours it falls into."""
        local = at.astimezone(ZONE)
        now, night = local.time(), self.since > self.until
        inside = now >= self.since or now < self.until if night else self.since <= now < self.until
        if not inside:
            return at
        day = local.date() + timedelta(days=1) if night and now >= self.since else local.date()
        return datetime.combine(day, self.until, ZONE).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told (接收方): a robot of a group chat, or an address of the user's own.

    The address holds a key, so it is a secret like the one that signs: only its `host` is known here.
    `team` is the group of schemes it hears of, "" every one; `quiet` as `Quiet.read` takes it; `private`
    the CIDRs an administrator opened for it. `signed`: whether a signing secret is set.
    """

    id: int
    title: str
    kind: ReceiverKind
    host: str
    team: str = ""
    quiet: str = ""
    language: str = "zh"
    private: tuple[str, ...] = ()
    enabled: bool = True
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of a message: that an alert began, or that it ended."""

    id: int
    receiver_id: int
    what: Literal["began", "ended"]
    tries: int
    scheme: str
    title: str
    kind: AlertKind
    cause: str
    count: int
    newest: int
    began_at: datetime
    ended_at: datetime | None
