"""What the mapping made of something, as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.exact import decode, encode
from engine.mapping.codes import shown_code
from engine.mapping.compile import Mapped
from engine.model.ledger import Offered, Planned, Unplanned
from engine.model.values import Record
from engine.run.answers import Answers
from engine.run.flow import Flow
from engine.say import Say
from engine.store.pools import of_scheme
from engine.store.store import Store


def as_planned(flow: Flow, record: Unplanned, key: str, mapped: Mapped) -> Planned:
    """`key` is the document's: the record's own where one is one."""
    if mapped.problems:
        return Planned(record, key, "refused", "", reason=_first(mapped), problems=mapped.problems)
    if mapped.held:
        pairs = tuple((miss.table, miss.code) for miss in mapped.held)
        says = Say(
            "对照表 {table} 里没有 {code}，补上后自动放行。", table=pairs[0][0], code=shown_code(pairs[0][1])
        )
        return Planned(record, key, "waiting", "held", reason=says, tables=pairs)
    if mapped.skipped is not None or mapped.document is None:
        return Planned(record, key, "skipped", "", reason=mapped.skipped or "")
    if flow.target is None:
        return Planned(record, key, "done", "")
    by = flow.target.lookup.number_field if flow.target.lookup else None
    number = mapped.document.get(by) if by else None
    body = encode(mapped.document).decode()
    sent = str(number) if number is not None else ""
    return Planned(record, key, "waiting", "new", body=body, sent_number=sent)


def _first(mapped: Mapped) -> str:
    """The first problem as a sentence that can be told again; where it stands is kept with the problems."""
    first = mapped.problems[0]
    return Say("{says}。下一步：{do}。", says=first.says, do=first.do) if first.do else first.says


def offers(flow: Flow, store: Store, answers: Answers, plans: Sequence[Planned]) -> tuple[Offered, ...]:
    """What these records offer to the schemes that look into them; nothing where the filter left one out."""
    lenses = [
        (one.id, answers.seen_by(one.lens))
        for one in store.read(lambda read: of_scheme(read, flow.published.id))
    ]
    return tuple(
        Offered(ident, one.record.id, () if one.state == "skipped" else tuple(codes(source_of(one.record))))
        for ident, codes in lenses
        for one in plans
    )


def source_of(row: Unplanned) -> Record:
    source = decode(row.body)
    if not isinstance(source, dict):
        raise TypeError("a kept record is a JSON object")
    return source
