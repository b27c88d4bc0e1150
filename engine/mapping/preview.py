"""Preview: what records become, place by place, with the part of the cell that fails, what it read and looked up.

One pure function for the trial, `duijie map` and the pages. The documents and outcomes in it are those of the
mapping that runs; only the story of the cells comes from the watched one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.mapping.compile import Made, Mapping, Work
from engine.mapping.ground import Ground
from engine.mapping.mapped import Mapped
from engine.mapping.scope import Lookups
from engine.mapping.shape import Node, Object
from engine.mapping.watch import BUILT, Looked, Seen, Sink, Step, Tables, watched, watched_root, watched_row
from engine.model.catalog import Field, Operation
from engine.model.scheme import Entry, Scheme
from engine.model.values import Json, Record

__all__ = [
    "Glance",
    "Looked",
    "Preview",
    "Previewed",
    "Seen",
    "Step",
    "compile_glance",
    "compile_preview",
]


@dataclass(frozen=True, slots=True)
class Previewed:
    """One document (or what became of a record instead). `sources` are places in the list of records.

    `cells` are all places the mapping came by, in its order, those with a problem or left out too; none where
    the record was skipped or failed before any cell. Pieces of one document share theirs.
    """

    sources: tuple[int, ...]
    mapped: Mapped
    cells: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """A mapping and its watched twin, compiled once, for any number of records."""

    mapping: Mapping
    twin: Mapping

    def of(self, records: Sequence[Record], lookups: Lookups, now: datetime) -> list[Previewed]:
        """Never raises; the same arguments give the same preview."""
        sink = Sink()
        told = self.twin.every(records, Tables(lookups, sink), now)
        return _matched(self.mapping.every(records, lookups, now), told, sink)


@dataclass(frozen=True, slots=True)
class Glance:
    """The watched twin alone: the story of the cells, without the outcome of the mapping that runs."""

    twin: Mapping

    @property
    def tables(self) -> frozenset[str]:
        return self.twin.tables

    def of(self, record: Record, lookups: Lookups, now: datetime) -> list[Seen]:
        """Every place the mapping came by, of all documents it made of the record. Never raises."""
        sink = Sink()
        self.twin.every([record], Tables(lookups, sink), now)
        return [seen for cells in sink.documents for seen in cells]


def compile_glance(scheme: Scheme, source: Operation | None, target: Operation | None) -> Glance | None:
    """For pages that show cells as they are edited: half the work of a preview. None as for `compile_preview`."""
    twin = _Watching(scheme, source, target, None).mapping()
    return Glance(twin) if twin else None


def compile_preview(
    scheme: Scheme, source: Operation | None, target: Operation | None, tables: Collection[str] | None
) -> Preview | None:
    """None where a problem stands in the way; `compile_mapping` tells which."""
    mapping = Work(scheme, source, target, tables).mapping()
    twin = _Watching(scheme, source, target, tables).mapping()
    return Preview(mapping, twin) if mapping and twin else None


class _Watching(Work):
    """The same compilation with every node watched."""

    def _node(self, entry: Entry, field: Field | None, place: str, ground: Ground) -> Node | None:
        return watched(field.name if field else entry.to, super()._node(entry, field, place, ground))

    def _row(self, inner: Object) -> Object:
        return watched_row(inner)

    def _top(self, root: Object) -> Object:
        return watched_root(root)


def _matched(made: Sequence[Made], told: Sequence[Made], sink: Sink) -> list[Previewed]:
    """Each outcome with the cells of the go that made it.

    Both lists come from the same moves in the same order. But the twin goes on where the mapping stops, so what
    is one problem there may be several pieces of a document here.
    """
    found, place = [], 0
    for one in made:
        go = _go(told, place)
        cells = tuple(sink.documents[go]) if go is not None else ()
        found.append(Previewed(one.sources, one.mapped, cells))
        place += 1
        while one.mapped.document is None and go is not None and _go(told, place) == go:
            place += 1
    return found


def _go(told: Sequence[Made], place: int) -> int | None:
    document = told[place].mapped.document if place < len(told) else None
    go: Json = (document or {}).get(BUILT)
    return go if isinstance(go, int) else None
