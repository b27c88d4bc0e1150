"""The mapping of a draft, field by field: every field of the target, what fills it, and a form to fill it by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as Answer

from engine.document.cells import Filling, Way, clear, fill as filled
from engine.document.check import check
from engine.document.quote import scalar
from engine.document.scheme import sketch
from engine.errors import Conflict, Wrong
from engine.exact import encode
from engine.model.catalog import Field
from engine.model.scheme import Cell, Entry, Fields, Rows
from engine.model.values import Problem
from engine.publish import known as known_here
from engine.store import drafts
from engine.store.drafts import Draft
from webui import asked, forms
from webui.drafts import draft_of
from webui.fragments import answer
from webui.language import _
from webui.rules import Scope, inside
from webui.visit import here
from webui.web import web

pages = Blueprint("fillings", __name__)

HOWS = ("from", "formula", "value", "ignore")
KINDS = ("required", "open", "wrong")
BARE = ("integer", "decimal", "boolean", "id")
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One target field. `how` is "" while nothing is decided; `reads` numbers the source rows it sees."""

    to: tuple[str, ...]
    field: Field | None
    how: str
    content: str = ""
    pipe: tuple[str, ...] = ()
    reads: int = 0
    wrong: Problem | None = None

    @property
    def required(self) -> bool:
        return self.field is not None and self.field.required

    @property
    def title(self) -> str:
        return self.field.title if self.field else ""

    @property
    def editable(self) -> bool:
        """A cell is filled here; a list, an object and other ways to find a value are written as text."""
        holds = self.field is not None and self.field.type in ("object", "list")
        return self.how in HOWS or (not self.how and not holds)

    def counts(self, kind: str) -> bool:
        told = {"required": self.required, "open": not self.how, "wrong": self.wrong is not None}
        return told[kind]


@pages.get("/drafts/<code>/fields")
def listed(code: str) -> Response:
    return _page(draft_of(code))


@pages.post("/drafts/<code>/fields")
def fill(code: str) -> Response | Answer:
    """One field filled as the form says; with no way chosen it is undecided again. Kept even where wrong."""
    draft, to = draft_of(code), tuple(forms.many("to", 20))
    revision = forms.number("revision", 2**31) or 0
    try:
        text = _edited(draft, to)
        web().store.write(
            lambda c: drafts.save(c, code, text, draft.title, revision, here().person.name, web().now())
        )
    except Wrong as wrong:
        return _page(draft, told=wrong.problems, status=422)
    except Conflict as conflict:
        return _page(draft, told=[Problem("", "conflict", str(conflict))], status=409)
    kind = asked.word("show")
    return redirect(url_for("fillings.listed", code=code, show=kind or None, _anchor=".".join(to)), 303)


def _edited(draft: Draft, to: tuple[str, ...]) -> str:
    how, content = forms.text("how", 10), forms.text("content", LONGEST)
    if how not in HOWS:
        return clear(draft.text, to)
    if how == "formula":
        content = content.removeprefix("=")
    if how != "ignore" and how != "value" and not content:
        says = _("{path}：还没写取哪个字段或什么公式。", path=".".join(to))
        raise Wrong([Problem(".".join(to), "empty", says, _("写上再保存；不想填就选“不写”。"))])
    row = next((one for one in _rows(draft)[0] if one.to == to), None)
    bare = how == "value" and row is not None and row.field is not None and row.field.type in BARE
    meant = scalar(content) if bare and len(content) < 100 and content else content
    return filled(draft.text, to, Filling(cast(Way, how), meant))


def _page(draft: Draft, *, told: Sequence[Problem] = (), status: int = 200) -> Response:
    rows, reads = _rows(draft)
    kind = asked.word("show")
    shown = [row for row in rows if kind not in KINDS or row.counts(kind)]
    counts = {name: sum(row.counts(name) for row in rows) for name in KINDS}
    missing = sum(row.required and not row.how for row in rows)
    more = {
        "rows": shown,
        "total": len(rows),
        "reads": reads,
        "counts": counts,
        "kind": kind,
        "missing": missing,
    }
    reply = answer("drafts/fields.html", draft=draft, told=told, **more)
    reply.status_code = status
    return reply


def _rows(draft: Draft) -> tuple[list[Row], list[list[tuple[str, str]]]]:
    """Every target field in the catalogue's order, and for each source row what can be read in it."""
    scheme, _problems = sketch(draft.text)
    if scheme is None or scheme.target is None:
        return [], []
    source = web().registry.operation(scheme.source.operation)
    target = web().registry.operation(scheme.target.operation)
    own = target.idempotency.at if target and target.idempotency else ""
    fields = tuple(field for field in (target.fields if target else ()) if field.name != own)
    wrong = [
        one
        for one in check(draft.text, web().registry, web().read(known_here)).problems
        if one.weight == "problem"
    ]
    scopes: list[Scope] = [(source.give if source else (),)]
    rows = list(_walk(scheme.map, fields, (), 0, scopes, wrong))
    return rows, [list(_readable(scope[0], "")) for scope in scopes]


def _walk(
    made: Fields,
    known: Sequence[Field],
    above: tuple[str, ...],
    reads: int,
    scopes: list[Scope],
    wrong: list[Problem],
) -> Iterator[Row]:
    """The fields of one mapping, those it leaves out too; below each list and object the fields in it."""
    left = list(made.entries)
    for field in known:
        entry = next((one for one in left if one.to == field.name or one.to in field.aliases), None)
        if entry is None:
            yield Row((*above, field.name), field, "", reads=reads)
        else:
            left.remove(entry)
            yield from _entry(entry, field, above, reads, scopes, wrong)
    for entry in left:
        yield from _entry(entry, None, above, reads, scopes, wrong)


def _entry(
    entry: Entry,
    field: Field | None,
    above: tuple[str, ...],
    reads: int,
    scopes: list[Scope],
    wrong: list[Problem],
) -> Iterator[Row]:
    to, rule = (*above, entry.to), entry.rule
    below = field.fields if field else ()
    if isinstance(rule, Cell):
        content = (
            encode(rule.value).decode()
            if rule.how == "value" and not isinstance(rule.value, str)
            else rule.text
        )
        content = rule.value if isinstance(rule.value, str) else content
        found = next((one for one in wrong if f"{one.path}.".startswith(f"{entry.path}.")), None)
        yield Row(to, field, rule.how, content, rule.pipe, reads, found)
    elif isinstance(rule, Rows):
        yield Row(to, field, "rows", " / ".join(rule.each), reads=reads)
        scopes.append(inside(rule, scopes[reads]))
        yield from _walk(rule.map, below, to, len(scopes) - 1, scopes, wrong)
    else:
        yield Row(to, field, "fields", reads=reads)
        yield from _walk(rule, below, to, reads, scopes, wrong)


def _readable(fields: Sequence[Field], above: str) -> Iterator[tuple[str, str]]:
    """Paths that a cell may read without an index, with their titles."""
    for field in fields:
        path = f"{above}{field.name}"
        if field.type == "object":
            yield from _readable(field.fields, f"{path}.")
        elif field.type != "list":
            yield path, field.title
