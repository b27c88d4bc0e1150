"""A mapping as rows: every target field, what fills it, what of the source it reads, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.document.check import check
from engine.document.scheme import sketch
from engine.exact import encode
from engine.model.catalog import Field, Operation
from engine.model.scheme import Cell, Entry, Fields, Rows, Scheme
from engine.model.values import Problem
from engine.publish import known as known_here
from engine.store.drafts import Draft
from webui.places import Names, Stack, first_row, inside, reads
from webui.web import web

HOWS = ("from", "formula", "value", "ignore")
KINDS = ("required", "open", "wrong")


@dataclass(frozen=True, slots=True)
class Row:
    """One target field. `how` is "" while nothing is decided; `stack` the source rows a cell there sees.

    `placed` where a cell may be written at once: everything around it has its rule.
    """

    to: Names
    field: Field | None
    how: str
    content: str = ""
    pipe: tuple[str, ...] = ()
    stack: Stack = ((),)
    wrong: Problem | None = None
    reads: tuple[Names, ...] = ()
    when: str = ""
    note: str = ""
    placed: bool = True

    @property
    def path(self) -> str:
        return ".".join(self.to)

    @property
    def required(self) -> bool:
        return self.field is not None and self.field.required

    @property
    def title(self) -> str:
        return self.field.title if self.field else ""

    @property
    def type(self) -> str:
        return self.field.type if self.field else ""

    @property
    def holds(self) -> bool:
        """Whether other fields stand below it."""
        return self.how in ("rows", "fields") or (not self.how and self.type in ("object", "list"))

    @property
    def editable(self) -> bool:
        """A cell is filled here; a list, an object and other ways to find a value are written as text."""
        return self.placed and (self.how in HOWS or (not self.how and not self.holds))

    def counts(self, kind: str) -> bool:
        told = {
            "required": self.required,
            "open": not self.how and not self.holds,
            "wrong": self.wrong is not None,
        }
        return told[kind]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A draft's mapping laid out; without rows where the text names no source or target that is known."""

    scheme: Scheme | None
    source: Operation | None
    target: Operation | None
    rows: tuple[Row, ...] = ()

    def row(self, to: Sequence[str]) -> Row | None:
        return next((one for one in self.rows if one.to == tuple(to)), None)


def sheet(draft: Draft, *, judged: bool = True) -> Sheet:
    """Every target field in the catalogue's order, those the mapping leaves out too.

    `judged` False leaves out what is wrong with them: an edit asks only where things stand.
    """
    scheme, _problems = sketch(draft.text)
    if scheme is None or scheme.target is None:
        return Sheet(scheme, None, None)
    registry = web().registry
    source, target = registry.operation(scheme.source.operation), registry.operation(scheme.target.operation)
    own = target.idempotency.at if target and target.idempotency else ""
    fields = tuple(field for field in (target.fields if target else ()) if field.name != own)
    found = check(draft.text, registry, web().read(known_here)).problems if judged else ()
    wrong = [one for one in found if one.weight == "problem"]
    rows = _Walk(wrong).fields(scheme.map, fields, (), first_row(scheme))
    return Sheet(scheme, source, target, tuple(rows))


def rows_of(scheme: Scheme, fields: Sequence[Field]) -> tuple[Row, ...]:
    """The same rows of a scheme that was published, with nothing judged."""
    return tuple(_Walk(()).fields(scheme.map, fields, (), first_row(scheme)))


@dataclass(frozen=True, slots=True)
class _Walk:
    wrong: Sequence[Problem]

    def fields(self, made: Fields, known: Sequence[Field], above: Names, stack: Stack) -> Iterator[Row]:
        """The fields of one mapping, those it leaves out too; below each list and object the fields in it."""
        left = list(made.entries)
        for field in known:
            entry = next((one for one in left if one.to == field.name or one.to in field.aliases), None)
            if entry is None:
                yield from _left_out(field, above, stack, placed=True)
            else:
                left.remove(entry)
                yield from self.entry(entry, field, above, stack)
        for entry in left:
            yield from self.entry(entry, None, above, stack)

    def entry(self, entry: Entry, field: Field | None, above: Names, stack: Stack) -> Iterator[Row]:
        to, rule = (*above, entry.to), entry.rule
        below = field.fields if field else ()
        if isinstance(rule, Cell):
            content = rule.value if isinstance(rule.value, str) else rule.text
            if rule.how == "value" and not isinstance(rule.value, str):
                content = encode(rule.value).decode()
            found = self.problem(entry.path, deep=True)
            seen = tuple(dict.fromkeys(reads(rule, stack)))
            yield Row(to, field, rule.how, content, rule.pipe, stack, found, seen, rule.when or "", rule.note)
        elif isinstance(rule, Rows):
            inner = inside(rule, stack)
            seen = (inner[0],) if inner[0] else ()
            found = self.problem(entry.path)
            yield Row(to, field, "rows", " / ".join(rule.each), (), stack, found, seen, rule.where or "")
            yield from self.fields(rule.map, below, to, inner)
        else:
            yield Row(to, field, "fields", stack=stack, wrong=self.problem(entry.path))
            yield from self.fields(rule, below, to, stack)

    def problem(self, path: str, deep: bool = False) -> Problem | None:
        """What is wrong at a rule; of a list or an object only what none of its cells is to blame for."""
        begins = (
            (f"{path}.",) if deep else tuple(f"{path}.{key}." for key in ("each", "where", "group", "sort"))
        )
        return next(
            (one for one in self.wrong if one.path == path or f"{one.path}.".startswith(begins)), None
        )


def _left_out(field: Field, above: Names, stack: Stack, placed: bool) -> Iterator[Row]:
    to = (*above, field.name)
    yield Row(to, field, "", stack=stack, placed=placed)
    for below in field.fields if field.type in ("object", "list") else ():
        yield from _left_out(below, to, stack, placed=False)
