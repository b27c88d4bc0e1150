"""From what a call came to, to what becomes of its document: the rules of the ledger, pure.

not executed (no connection, busy, token)     -> waiting, again: same key, same bytes; it does not count as sent
refused, in answer to the key's first send    -> refused
everything else                               -> unknown, and then:
    look-up, one hit                          -> done
    look-up, several hits                     -> stays unknown, a person decides
    look-up, none, twice, `settle` apart      -> waiting, again: same key, same bytes, five times at most
    no look-up, but keys known to be honoured -> waiting, again, within the key's age
    neither                                   -> stays unknown, a person decides
An empty look-up is believed only once the target has shown that it keeps our numbers; until then
the document waits for that proof or for a person (docs/why/0003-an-empty-look-up.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.errors import Fault
from engine.model.ledger import Due, Open, Outcome
from engine.say import Say
from engine.wire.talk import Hit, Saved

SENDS = 5
"""How often a document of unclear fate is sent before a person must look at what the vendor said."""

LONGEST = timedelta(hours=1)
"""However long a look-up has failed, it is tried again within this time."""


@dataclass
class Rules:
    """What the target offers for open outcomes, and how many may be in flight."""

    parallel: int = 1
    look_up: bool = False
    settle: timedelta = timedelta(seconds=120)
    keys: bool = False
    key_age: timedelta = timedelta(hours=24)
    numbering: str = "unproven"
    kept: bool = False
    """The catalogue says that the target keeps our number, whatever number of its own it gives."""

    def looks_up(self, one: Due) -> bool:
        """Whether this document can be asked for: by a number the target is not known to replace."""
        return self.look_up and bool(one.sent_number) and self.numbering != "theirs"


def after_save(due: Due, saved: Saved) -> Outcome:
    return Outcome("done", target_id=saved.id or None, target_number=saved.number or due.sent_number or None)


def shown_numbering(due: Due, saved: Saved) -> str | None:
    """What a done reply shows of the target's numbering; None where it shows nothing."""
    if not due.sent_number or not saved.number:
        return None
    return "ours" if saved.number == due.sent_number else "theirs"


def after_fault(due: Due, fault: Fault, rules: Rules, now: datetime, later: datetime) -> Outcome:
    """What a failed save makes of the document."""
    if not fault.sent and fault.kind in ("unreachable", "busy", "login"):
        again = now + fault.wait if fault.wait else later
        return Outcome("waiting", "again", again, reason=fault.says, sent=False)
    if fault.kind == "refused" and due.sends == 0:
        return _turned_down(fault) if due.way == "cancel" else Outcome("refused", reason=fault.says)
    return Outcome("unknown", due_at=_first_question(due, rules, now, later), reason=fault.says)


def _turned_down(fault: Fault) -> Outcome:
    """A cancel that the target refuses: the document stands there as it was made, and a person must know."""
    says = Say("源单据已作废，目标系统不让作废：{says}", says=fault.says)
    return Outcome("done", reason=says, back=True)


def _first_question(due: Due, rules: Rules, now: datetime, later: datetime) -> datetime | None:
    if rules.looks_up(due):
        return now
    return later if rules.keys else None


def ask_again(one: Open, fault: Fault, now: datetime, later: datetime) -> Outcome:
    """What a failed look-up makes of an open document: it stays open. What was refused or made no sense is
    asked for again after as long again as it has been open, since nobody knows whether asking helps.
    """
    age = now - one.first_sent_at if one.first_sent_at and fault.kind in ("refused", "broken") else None
    due = now + fault.wait if fault.wait else max(later, now + min(age or timedelta(0), LONGEST))
    return Outcome("unknown", due_at=due, reason=fault.says, looks=one.looks, looked=one.looked_at)


def after_look(
    one: Open, hits: Sequence[Hit] | None, rules: Rules, now: datetime, later: datetime
) -> Outcome:
    """What a look-up makes of an open document; `hits` None where it cannot be looked up."""
    if hits is None:
        return _without_look_up(one, rules, now, later)
    if len(hits) == 1:
        return Outcome("done", target_id=hits[0].id, target_number=hits[0].number or one.sent_number)
    if hits:
        number = one.sent_number
        says = Say(
            "目标系统里有 {count} 张编号为 {number} 的单据，请人工核对。", count=len(hits), number=number
        )
        return Outcome("unknown", reason=says)
    return _empty(one, rules, now)


def _without_look_up(one: Open, rules: Rules, now: datetime, later: datetime) -> Outcome:
    young = one.first_sent_at is not None and now - one.first_sent_at < rules.key_age
    if rules.keys and young and one.sends < SENDS:
        return Outcome("waiting", "again", later, reason=Say("结果未知，用同一幂等键重发。"))
    says = Say("结果未知，也无法反查：请在目标系统核对单据 {number} 后人工确认。", number=one.number)
    return Outcome("unknown", reason=says)


def _empty(one: Open, rules: Rules, now: datetime) -> Outcome:
    """Nothing found. Once is not enough: the target shows a saved document only after some time."""
    first, number = one.looked_at or now, one.sent_number
    if one.looks == 0 or now - first < rules.settle:
        says = Say("已反查，目标系统暂未查到 {number}，稍后再查。", number=number)
        return Outcome("unknown", due_at=first + rules.settle, reason=says, looks=1, looked=first)
    if one.sends >= SENDS:
        sends = one.sends
        says = Say(
            "已发送 {sends} 次都没有明确答复，反查也没有 {number}，请看调用日志后人工处理。",
            sends=sends,
            number=number,
        )
        return Outcome("unknown", reason=says)
    if rules.numbering == "ours":
        again = Say("两次反查都没有 {number}，用同一幂等键重发。", number=number)
        return Outcome("waiting", "again", now, reason=again)
    says = Say("两次反查都没有 {number}，但还不能确认目标系统保留我们的单号，暂不重发。", number=number)
    return Outcome("unknown", reason=says, looks=one.looks, looked=first)
