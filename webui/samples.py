"""Live results: a kept record of the draft's source, and what its mapping makes of it, field by field."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from engine.exact import decode, encode
from engine.mapping.plain import MISSING, Value
from engine.mapping.preview import Glance, Seen, compile_glance
from engine.model.catalog import Field, Operation
from engine.model.scheme import Cell, Entry, Fields, Rows
from engine.model.values import Json, Record
from engine.store import lookups, overview
from engine.store.drafts import Draft
from webui import sight
from webui.masks import Mask
from webui.places import Names
from webui.rules import reading
from webui.targets import Sheet
from webui.web import web

MOST = 20
LONGEST = 120


@dataclass(frozen=True, slots=True)
class Result:
    """What one target field gets: the value of its first row, or what is wrong in the first row that fails."""

    text: str
    rows: int = 1
    wrong: str = ""
    failed: str = ""
    """The part of the cell that could not go on."""
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One kept record: the `place`-th of `count`, newest first."""

    place: int
    count: int
    number: str
    record: Record
    mask: Mask


def sample(draft: Draft, laid: Sheet, place: int) -> Sample | None:
    """A record of the scheme's own, or of another scheme that reads the same; None where none is kept."""
    kept = _kept(draft, laid)
    if not kept:
        return None
    place = min(max(place, 1), len(kept))
    number, body = kept[place - 1]
    return _sample(laid, place, len(kept), number, body)


def next_wrong(draft: Draft, laid: Sheet, after: int) -> int | None:
    """The place of the next record that some field fails on, going round; None where all go well."""
    kept = _kept(draft, laid)
    made = _glance(laid)
    for step in range(1, len(kept) + 1):
        place = (after - 1 + step) % len(kept)
        body = decode(kept[place][1])
        if made is None or (
            isinstance(body, dict) and any(one.wrong for one in _results(made, body, Mask()).values())
        ):
            return place + 1
    return None


def results(laid: Sheet, chosen: Sample | None) -> dict[str, Result]:
    """By path of the target; nothing where there is no sample or nothing can be mapped yet."""
    made = _glance(laid) if chosen else None
    return _results(made, chosen.record, chosen.mask) if made and chosen else {}


def shown(chosen: Sample | None, field: Names, hidden: bool) -> str:
    """What the sample holds in a source field, of a list in its first row."""
    value: Any = chosen.record if chosen else None
    for name in field:
        if isinstance(value, list):
            value = value[0] if value else None
        value = value.get(name) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict) or chosen is None:
        return ""
    if isinstance(value, list):
        return f"[{len(value)}]"
    text = _text(value)
    return chosen.mask.value(text) if hidden or chosen.mask.hides(field[-1]) else chosen.mask.text(text)


def _kept(draft: Draft, laid: Sheet) -> list[tuple[str, str]]:
    """Numbers and bodies of the newest records: the scheme's own, else those of a scheme with the same source."""
    if laid.scheme is None:
        return []
    mine = [one for one in sight.seen() if one.code == draft.code]
    source = laid.scheme.source
    for one in (*mine, *(one for one in sight.seen() if one.code != draft.code)):
        read = reading(one.text)
        if read is None or (read.source.operation, read.source.detail) != (source.operation, source.detail):
            continue
        if kept := web().read(lambda c, ident=one.id: overview.newest_records(c, ident, MOST)):  # type: ignore[misc]
            return [(row.number, row.body) for row in kept]
    return []


def _sample(laid: Sheet, place: int, count: int, number: str, body: str) -> Sample | None:
    record = decode(body)
    if not isinstance(record, dict):
        return None
    given: tuple[Field, ...] = laid.source.give if laid.source else ()
    wanted: tuple[Field, ...] = laid.target.fields if laid.target else ()
    return Sample(place, count, number, record, Mask.of((*given, *wanted), [record]))


def _glance(laid: Sheet) -> Glance | None:
    """The mapping without the fields that cannot be compiled: one wrong cell does not silence the others."""
    if laid.scheme is None:
        return None
    wrong = [one.wrong.path for one in laid.rows if one.wrong is not None]
    whole = laid.scheme.model_copy(update={"map": _without(laid.scheme.map, wrong)})
    return compile_glance(whole, laid.source, _lenient(laid.target))


def _lenient(target: Operation | None) -> Operation | None:
    """The same target with nothing required: what is still undecided is no reason to show nothing."""
    return target and target.model_copy(update={"fields": tuple(_optional(field) for field in target.fields)})


def _optional(field: Field) -> Field:
    return field.model_copy(
        update={"required": False, "fields": tuple(_optional(one) for one in field.fields)}
    )


def _without(fields: Fields, wrong: Collection[str]) -> Fields:
    return Fields(entries=tuple(_mended(entry, wrong) for entry in fields.entries))


def _mended(entry: Entry, wrong: Collection[str]) -> Entry:
    rule = entry.rule
    if (
        any(f"{path}.".startswith(f"{entry.path}.") and isinstance(rule, Cell) for path in wrong)
        or entry.path in wrong
    ):
        return entry.model_copy(update={"rule": Cell(how="ignore")})
    if isinstance(rule, Rows):
        return entry.model_copy(update={"rule": rule.model_copy(update={"map": _without(rule.map, wrong)})})
    return entry.model_copy(update={"rule": _without(rule, wrong)}) if isinstance(rule, Fields) else entry


def _results(made: Glance, record: Record, mask: Mask) -> dict[str, Result]:
    tables = web().read(lambda c: lookups.load(c, made.tables))
    found: dict[str, list[Seen]] = {}
    for seen in made.of(record, tables, web().now()):
        found.setdefault(seen.path.removeprefix("map."), []).append(seen)
    return {path: _result(seen, mask) for path, seen in found.items()}


def _result(seen: Sequence[Seen], mask: Mask) -> Result:
    one = next((each for each in seen if each.problem is not None), seen[0])
    if one.problem is not None:
        return Result("", len(seen), str(one.problem.says), one.failed)
    return Result(mask.text(_text(one.value)), len(seen), left_out=one.value is MISSING)


def _text(value: Value) -> str:
    if value is MISSING:
        return ""
    text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _json(value: Any) -> str:
    told: Json = value
    return encode(told).decode()
