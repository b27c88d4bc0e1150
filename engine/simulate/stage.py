"""A simulator on stage: what happens to each call before and after the vendor hears it.

Still without I/O: a Turn tells the server how long to wait, whom to kill and what to answer.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import datetime

from engine.model.values import Json, Record
from engine.simulate.faults import AFTER, BEFORE, KILLED, REFUSED_UNREAD, FaultPlan, Kill
from engine.simulate.frame import About, Answer, Heard, Purpose, Simulator
from engine.simulate.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Turn:
    """What the server does with one call: kill, wait, answer. No answer means: reset the connection."""

    answer: Answer | None
    wait: float = 0.0
    kill: int | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """One line of the journal."""

    at: datetime
    purpose: Purpose
    path: str
    number: str | None
    key: str | None
    fault: str | None
    status: int | None
    created: str | None

    def told(self) -> Record:
        return asdict(self) | {"at": self.at.isoformat()}


class Stage:
    """One simulator, its faults, its journal of every call and its ledger of every write."""

    def __init__(self, simulator: Simulator, plan: FaultPlan | None = None, *, latency: float = 0.0) -> None:
        self.inside = 0
        self.begin(simulator, plan or FaultPlan(0), latency)

    def begin(self, simulator: Simulator, plan: FaultPlan, latency: float = 0.0) -> None:
        """A new play: this simulator, these faults, nothing remembered."""
        self.simulator, self.plan, self.latency = simulator, plan, latency
        self.at_once: int | None = None
        self.kill: Kill | None = None
        self.clear()

    def clear(self) -> None:
        """Forget journal and ledger; the simulator's own state stays."""
        self.ledger = Ledger()
        self.journal: deque[Noted] = deque(maxlen=200_000)
        self.calls: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.peak = self.inside

    def hear(self, heard: Heard, now: datetime) -> Turn:
        """One call from its arrival to its answer; call `left` when that has gone out."""
        about = self.simulator.about(heard)
        self._enters(about, heard)
        fault = self._fault(about)
        did = None if fault in BEFORE else self._does(fault, heard, now)
        if did and (did.created or about.purpose != "save") and self._kills(about, "after"):
            fault = "killed_after"
        answer = self.plan.instead(fault) if fault in BEFORE | AFTER else did
        self._book(about, fault, did, answer)
        status, created = answer.status if answer else None, did.created if did else None
        self.journal.append(
            Noted(now, about.purpose, heard.path, about.number, about.key, fault, status, created)
        )
        wait = self.latency + (self.plan.slow if fault == "slow" else 0.0)
        return Turn(answer, wait, self.kill.pid if self.kill and fault in KILLED else None)

    def left(self) -> None:
        """One call's answer, or its connection, has gone."""
        self.inside -= 1

    def report(self, *, full: bool = False) -> Record:
        """The ledger and what happened on stage; `full` adds every number, document and call."""
        told: Record = {
            "simulator": self.simulator.name,
            "calls": {**self.calls},
            "faults": {**self.faults},
            "peak": self.peak,
            **self.ledger.report(full=full),
        }
        if full:
            journal: list[Json] = [noted.told() for noted in self.journal]
            told |= {"written": [*self.simulator.written()], "journal": journal}
        return told

    def _enters(self, about: About, heard: Heard) -> None:
        self.inside += 1
        self.peak = max(self.peak, self.inside)
        self.calls[about.purpose] += 1
        if about.purpose == "save":
            self.ledger.arrived(about.number, about.key, heard.body, repeatable=about.repeatable)

    def _fault(self, about: About) -> str | None:
        if self._kills(about, "before"):
            return "killed_before"
        if self.at_once and self.inside > self.at_once:
            return "over_limit"
        return self.plan.draw(about.purpose)

    def _kills(self, about: About, when: str) -> bool:
        return self.kill is not None and self.kill.strikes(about.purpose, when)

    def _does(self, fault: str | None, heard: Heard, now: datetime) -> Answer:
        """The vendor's own deed and words, one of its own mishaps included."""
        if fault in self.simulator.mishaps:
            return self.simulator.mishap(fault, heard, now)
        return self.simulator.hear(heard, now)

    def _book(self, about: About, fault: str | None, did: Answer | None, answer: Answer | None) -> None:
        if fault:
            self.faults[fault] += 1
        if did and did.created:
            self.ledger.created(about.number, did.created)
        if fault == "over_limit" or (did and did.throttled and fault not in self.simulator.mishaps):
            self.ledger.over_limit += 1
        heard_it = answer is not None and answer is did and not answer.doubtful
        if about.purpose == "save" and not heard_it and fault not in REFUSED_UNREAD:
            self.ledger.left_open(about.number)
        if about.purpose == "lookup" and heard_it:
            self.ledger.asked(about.number)
