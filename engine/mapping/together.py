"""Records to documents where one does not simply become one: apart, together, and cut to length. Pure.

A run does it in two moves with the ledger between them: `parts` of each record, then `alone` or
`joined` for what belongs together. `together` is both at once, for trials and cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from engine.mapping.ground import label
from engine.mapping.mapped import Mapped, mapped_of
from engine.mapping.plain import Value, as_text
from engine.mapping.reshape import Cut, Gather, Misplaced, Part, Reshape
from engine.mapping.scope import STEPS, TOO_MUCH, Lookups, Run, Scope, Trouble
from engine.mapping.shape import Findings, Object
from engine.mapping.steps import gathered
from engine.model.catalog import Field
from engine.model.values import Json, Record
from engine.say import Say

MOST_SHARES = 50
"""A group may take so many times the steps of one record, however many it holds."""


@dataclass(frozen=True, slots=True)
class Share:
    """A record's part and the group it belongs to; no group where each record stands alone."""

    part: Part
    group: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """What a record comes apart into, or what became of it as a whole."""

    shares: tuple[Share, ...] = ()
    whole: Mapped | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """One document of several records, or of part of one. `sources` are places in the list given."""

    sources: tuple[int, ...]
    mapped: Mapped


@dataclass(frozen=True, slots=True)
class Together:
    """A compiled shape with the mapping behind it. `numbered`: the field that a look-up asks for."""

    reshape: Reshape
    root: Object
    numbered: Field | None

    @property
    def gather(self) -> Gather | None:
        return self.reshape.gather

    def parts(self, record: Record, lookups: Lookups, now: datetime) -> Shares:
        """What a record that passed the filter comes apart into. Never raises."""
        run = Run(lookups, now)
        try:
            found = self.reshape.parts(record, run)
            shares = tuple(Share(part, self._key(part, run)) for part in found)
        except Misplaced as wrong:
            return Shares(whole=_wrong(wrong.path, wrong.trouble))
        except Trouble as trouble:
            return Shares(whole=_wrong(self.gather.path if self.gather else "shape", trouble))
        return Shares(shares) if shares else Shares(whole=Mapped(skipped=Say("没有可以分出来的行")))

    def _key(self, part: Part, run: Run) -> tuple[str, ...] | None:
        return self.gather.keyed.of(part.row, part.scope(run)) if self.gather else None

    def alone(self, part: Part, lookups: Lookups, now: datetime) -> tuple[Mapped, ...]:
        """The documents of one part: one, or several where the target's list is cut. Never raises."""
        run = Run(lookups, now)
        return self._cut(self._built(part.row, part.scope(run), run), "")

    def joined(
        self, parts: Sequence[Part], batch: int, lookups: Lookups, now: datetime
    ) -> tuple[Mapped, ...]:
        """The documents of the parts of one group, in the order given. Never raises."""
        gather = cast(Gather, self.gather)
        run = Run(lookups, now)
        run.left = STEPS * min(max(len(parts), 1), MOST_SHARES)
        budget = run.left
        try:
            run.spend(gather.cost * len(parts))
            made = gather.fold([(part.row, part.scope(run)) for part in parts])
        except Trouble as trouble:
            return (_wrong(gather.path, trouble),)
        row = gathered(made, [part.row for part in parts], batch)
        suffix = f"-B{batch}" if batch > 1 else ""
        return self._cut(self._built(row, Scope(row, None, run), run, budget), suffix)

    def _built(self, row: Value, scope: Scope, run: Run, budget: int = STEPS) -> Mapped:
        try:
            return Mapped(cast(Record, self.root.build(row, scope)))
        except Trouble as trouble:
            run.left = budget
            return told(self.root, row, scope, trouble)

    def _cut(self, mapped: Mapped, suffix: str) -> tuple[Mapped, ...]:
        """The document, in pieces where its list is too long; the second is numbered -2, and so on."""
        cut, document = self.reshape.chunk, mapped.document
        if document is None:
            return (mapped,)
        rows = document.get(cut.list) if cut else None
        if cut is None or not isinstance(rows, list) or len(rows) <= cut.most:
            return (self._named(document, suffix),)
        pieces = [rows[start : start + cut.most] for start in range(0, len(rows), cut.most)]
        return tuple(
            self._named(_with(document, cut, piece), suffix + (f"-{number}" if number > 1 else ""))
            for number, piece in enumerate(pieces, 1)
        )

    def _named(self, document: Record, suffix: str) -> Mapped:
        """The number of a further document must be another one, or a look-up would find the first."""
        field = self.numbered
        if not suffix or field is None or field.name not in document:
            return Mapped(document)
        number = f"{as_text(document[field.name]) or ''}{suffix}"
        if field.longest is not None and not field.guess and len(number) > field.longest:
            says = Say("{field} 加上 {suffix} 后太长", field=label(field), suffix=suffix)
            trouble = Trouble("too_long", says, Say("把单号写短一些"))
            return _wrong(f"map.{field.name}", trouble)
        return Mapped({**document, field.name: number})


def _with(document: Record, cut: Cut, piece: list[Json]) -> Record:
    return {**document, cut.list: piece}


def _wrong(path: str, trouble: Trouble) -> Mapped:
    found = Findings()
    found.note(path, Say("变形"), trouble)
    return mapped_of(found)


def told(root: Object, row: Value, scope: Scope, first: Trouble) -> Mapped:
    """Every trouble of one document."""
    found = Findings()
    if first.code != TOO_MUCH:
        root.collect(row, scope, found)
    if not found.noted:
        found.note("map", Say("整条数据"), first)
    return mapped_of(found)


def together(
    shaping: Together, records: Sequence[tuple[Record, Mapped | None]], lookups: Lookups, now: datetime
) -> list[Made]:
    """All documents of all records, groups complete as they are. With a record comes what the filter said."""
    made: list[Made] = []
    groups: dict[tuple[str, ...], tuple[list[int], list[Part]]] = {}
    for place, (record, filtered) in enumerate(records):
        shares = Shares(whole=filtered) if filtered is not None else shaping.parts(record, lookups, now)
        if shares.whole is not None:
            made.append(Made((place,), shares.whole))
        for share in shares.shares:
            if share.group is None:
                made += [Made((place,), one) for one in shaping.alone(share.part, lookups, now)]
                continue
            sources, parts = groups.setdefault(share.group, ([], []))
            sources.append(place)
            parts.append(share.part)
    for sources, parts in groups.values():
        behind = tuple(dict.fromkeys(sources))
        made += [Made(behind, one) for one in shaping.joined(parts, 1, lookups, now)]
    return made
