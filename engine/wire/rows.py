"""A batch's reply, taken apart: which document was saved, which was turned down, which nobody knows of.

A row belongs to the document whose field it repeats, character by character. What is left over is
settled only where there is no other way to read it; else its outcome is unknown and it is looked up.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import Fault
from engine.model.catalog import Batch, Operation, Result
from engine.model.values import Json, Record, Reply
from engine.say import Say
from engine.wire.envelope import Judge, Saved
from engine.wire.path import At, at, text


class Rows:
    """Reads the replies of one operation that has a `batch`."""

    def __init__(self, judge: Judge, operation: Operation, batch: Batch) -> None:
        result = operation.result or Result()
        self._judge, self._batch = judge, batch
        self._done = at(batch.done) if batch.done is not None else None
        self._refused = at(batch.refused) if batch.refused is not None else None
        self._field, self._row = at(batch.field or ""), at(batch.index or batch.row or batch.field or "")
        self._id = at(result.id) if result.id else None
        self._number = at(result.number) if result.number else None
        self._own = at(result.own) if result.own else None
        self._message, self._code = at(batch.message), at(batch.code or "")

    def read(self, reply: Reply, documents: Sequence[Record]) -> list[Saved | Fault]:
        """What became of each document, in their order. Raises Fault where the whole call was a no."""
        root = self._judge.root(reply)
        done, refused = _listed(root, self._done), _listed(root, self._refused)
        numbers = [self._number_of(place, document) for place, document in enumerate(documents)]
        found: list[Saved | Fault | None] = []
        for document, number in zip(documents, numbers, strict=True):
            own = numbers.count(number) == 1
            mine = self._taken(done, number) if own else []
            told = self._taken(refused, number) if own else []
            if told:
                found.append(self._fault(told) if not mine else None)
            else:
                found.append(self._saved(mine[0], document) if len(mine) == 1 else None)
        left = [document for document, one in zip(documents, found, strict=True) if one is None]
        rest = iter(self._rest(left, len(documents), done, refused))
        return [next(rest) if one is None else one for one in found]

    def _rest(
        self, left: Sequence[Record], sent: int, done: list[Record], refused: list[Record]
    ) -> list[Saved | Fault]:
        """The documents that no row names, with the rows that name no document."""
        if self._done is None and not refused:
            return [self._saved({}, document) for document in left]
        if sent == 1 and len(done) == 1 and not refused:
            return [self._saved(done[0], document) for document in left]
        if not done and refused and (sent == 1 or len(refused) == len(left)):
            return [self._fault(refused) for _ in left]
        return [Fault("unknown", Say("对方没有说清这一张的结果，在查明之前不会重发。")) for _ in left]

    def _taken(self, rows: list[Record], number: str | None) -> list[Record]:
        """The rows of that number, taken out of `rows`."""
        if number is None:
            return []
        mine = [row for row in rows if self._key(self._row, row) == number]
        rows[:] = [row for row in rows if row not in mine]
        return mine

    def _number_of(self, place: int, document: Record) -> str | None:
        return str(place) if self._batch.index else self._key(self._field, document)

    def _key(self, get: At, value: Record) -> str | None:
        return text(get(value)) if self._batch.field or self._batch.index else None

    def _saved(self, row: Record, document: Record) -> Saved | Fault:
        ident = text(self._id(row)) if self._id else text(self._own(document)) if self._own else ""
        if ident is None or (self._id and not ident):
            return self._judge.nameless()
        return Saved(ident, text(self._number(row)) if self._number else None)

    def _fault(self, rows: Sequence[Record]) -> Fault:
        """Refused only where the catalogue lists every row's code or words: else nobody knows."""
        faults = [
            self._judge.row(text(self._code(row)) if self._batch.code else None, self._message(row))
            for row in rows
        ]
        return next((fault for fault in faults if fault.kind != "refused"), faults[0])


def _listed(root: Json, get: At | None) -> list[Record]:
    rows = get(root) if get else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
