"""One exchange on a page of its own: what a line of the live log leads to."""

from __future__ import annotations

from flask import Blueprint, Response, abort

from engine.store import overview
from webui import asked, sight
from webui.documents import mask_of
from webui.exchange import exchange
from webui.fragments import answer
from webui.masks import Mask
from webui.visit import may
from webui.web import web

pages = Blueprint("attempts", __name__)


@pages.get(f"/attempts/<{asked.IDENT}>")
def show(ident: int) -> Response:
    row = web().read(lambda c: overview.attempt_of(c, ident))
    if row is None:
        abort(404)
    scheme = sight.of(row.scheme_id) if row.scheme_id else None
    if scheme is None and not may("connect"):
        abort(404)  # a call of no scheme: an account's own, tokens and tests
    document = web().read(lambda c: overview.document_of(c, row.document_id)) if row.document_id else None
    mask = mask_of(document.id, scheme) if document and scheme else Mask()
    return answer("attempts/show.html", scheme=scheme, document=document, call=exchange(row, mask))
