"""Which schemes this person sees. Another's is not there: the same page as for one that never was (S22)."""

from __future__ import annotations

from flask import abort

from engine.store import schemes
from engine.store.schemes import Published
from webui.visit import here
from webui.web import web


def seen() -> list[Published]:
    """Every scheme that is this person's business, by code."""
    who = here().person
    return [one for one in web().read(schemes.every) if who.sees(one.team)]


def among() -> list[int] | None:
    """Ids of the schemes to look among; None where this person sees all."""
    who = here().person
    return None if who.role == "admin" or who.groups is None else [one.id for one in seen()]


def named(code: str) -> Published:
    """The scheme of that code, or the page that says there is none."""
    return _sighted(web().read(lambda c: schemes.published(c, code)))


def of(ident: int | None) -> Published:
    """The scheme something belongs to, or the page that says there is no such thing."""
    return _sighted(web().read(lambda c: schemes.by_id(c, ident)) if ident is not None else None)


def _sighted(scheme: Published | None) -> Published:
    if scheme is None or not here().person.sees(scheme.team):
        abort(404)
    return scheme
