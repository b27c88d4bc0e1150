"""Documents (目标单据): a scheme's list of them, and one with its whole story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, Response

from engine.exact import decode
from engine.mapping.codes import column_of, shown_code
from engine.model.catalog import Field
from engine.model.values import Problem
from engine.store import documents, overview
from engine.store.prune import is_pruned
from engine.store.schemes import Published
from webui import asked, forms, sight
from webui.exchange import exchange
from webui.fragments import answer
from webui.masks import Mask
from webui.rules import hints, reading, rules
from webui.standing import state_of, tallies
from webui.trees import parsed, tree
from webui.web import web

pages = Blueprint("documents", __name__)

PAGE = 50
FILTERS = ("unknown", "refused", "held", "waiting", "sending", "done", "skipped", "cancelled")
MOST_SOURCES = 20
MOST_ATTEMPTS = 50


@pages.get("/schemes/<code>/documents")
def listed(code: str) -> Response:
    scheme = sight.named(code)
    kind, word, before = asked.word("state"), asked.word("q"), asked.number("before")
    about = asked.word("about", 1000)
    if kind not in FILTERS:
        kind = ""
    wanted = replace(state_of(kind), reason=about, word=word)
    found = web().read(lambda c: overview.listed(c, scheme.id, wanted, before, PAGE + 1))
    tally = tallies([scheme])[scheme.id]
    return answer(
        "documents/list.html",
        scheme=scheme,
        found=found[:PAGE],
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        first=before is None,
        kind=kind,
        sought=word,
        about=about,
        filters=FILTERS,
        tally=tally,
    )


@pages.get(f"/documents/<{asked.IDENT}>")
def show(ident: int) -> Response:
    found = web().read(lambda c: overview.document_of(c, ident))
    scheme = sight.of(found.scheme_id if found else None)
    return page(found, scheme)


def page(
    found: Any, scheme: Published, problems: Sequence[Problem] = (), status: int = 422, *, plain: bool = False
) -> Response:
    """A document's whole story, and what may be done; `plain` shows personal data in full."""
    told = {"wrong": forms.beside(problems), "troubles": problems, "plain": plain}
    reply = answer("documents/show.html", scheme=scheme, document=found, **_story(found, scheme, plain), **told)
    reply.status_code = status if problems else 200
    return reply


def _story(found: Any, scheme: Published, plain: bool) -> dict[str, Any]:
    """Source, document and calls of a document, all under one mask made from the source."""
    kept = web().read(lambda c: documents.sources(c, found.id))[:MOST_SOURCES]
    sources = [one for one in kept if not is_pruned(one.body)]
    calls = web().read(lambda c: documents.attempts(c, found.id))
    text = web().read(lambda c: overview.text_of(c, scheme.id, found.version)) or scheme.text
    given, wanted, filled = catalogue(text)
    bodies = [decode(source.body) for source in sources]
    mask = Mask(bare=True) if plain else Mask.of((*given, *wanted), bodies)
    shown = [tree(body, given, mask, ordered=True) for body in bodies]
    proposed, gone = parsed(found.proposed or ""), is_pruned(found.body)
    return {
        "sources": list(zip(sources, shown, strict=True)),
        "sent": tree(parsed(found.body), wanted, mask, filled) if found.body and not gone else None,
        "gone": gone or len(sources) < len(kept),
        "proposed": tree(proposed, wanted, mask) if proposed is not None else None,
        "problems": decode(found.problems),
        "tables": _lacked(found.tables, text),
        "calls": [exchange(call, mask) for call in reversed(calls[-MOST_ATTEMPTS:])],
        "omitted": max(0, len(calls) - MOST_ATTEMPTS),
        "clean": mask.text,
    }


def _lacked(tables: str, text: str) -> list[tuple[str, str, bool]]:
    """What a held document waits for: table, code, and whether a person keeps that table here."""
    read = reading(text)
    own = read.lookups if read else {}
    pairs = cast("list[list[str]]", decode(tables))
    return [(name, shown_code(code), column_of(name)[0] not in own) for name, code in pairs]


def catalogue(text: str) -> tuple[tuple[Field, ...], tuple[Field, ...], dict[str, str]]:
    """What the catalogue knows of a scheme's source rows and documents, and what fills each target path."""
    read = reading(text)
    if read is None:
        return (), (), {}
    source = web().registry.operation(read.source.operation)
    target = web().registry.operation(read.target.operation) if read.target else None
    filled = hints(rules(read, source, target))
    return source.give if source else (), target.fields if target else (), filled


def mask_of(document_id: int, scheme: Published) -> Mask:
    """The mask for what was said about a document."""
    sources = web().read(lambda c: documents.sources(c, document_id))[:MOST_SOURCES]
    given, wanted, _ = catalogue(scheme.text)
    return Mask.of((*given, *wanted), [decode(source.body) for source in sources])
