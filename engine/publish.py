"""Publishing: a text held against this very store, and stored as the scheme's next version; and what says no.

The command line and the pages do it by these functions, so that both refuse the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.document.check import Checked, Known, check
from engine.document.scheme import read_scheme
from engine.model.scheme import Scheme
from engine.model.values import Problem
from engine.registry import Registry
from engine.say import Say
from engine.store import connections, documents, lookups, schemes


@dataclass(frozen=True)
class Kept:
    """What publishing did: the version now in force, and whether it is a new one."""

    checked: Checked
    scheme: str
    version: int
    fresh: bool
    refused: int = 0
    """Documents refused under earlier versions, which may be tried again under this one."""


@dataclass(frozen=True)
class Wish:
    """What is to be published, by whom. `new` says that the same ends under another code are meant."""

    text: str
    note: str
    by: str
    new: bool = False


def publish(write: Any, wish: Wish, registry: Registry, now: datetime) -> Kept | Checked:
    """Check against this very store and keep, in one transaction."""
    found = check(wish.text, registry, known(write))
    scheme = found.scheme
    twin = _twin(write, scheme, registry) if scheme is not None and not wish.new else None
    if twin is not None:
        found = Checked(found.scheme, found.mapping, (*found.problems, twin))
    if scheme is None or not found.fine:
        return found
    return keep(write, found, wish, now)


def again(write: Any, wish: Wish, registry: Registry, now: datetime) -> Kept | Checked:
    """An old version's text, published anew."""
    found = check(wish.text, registry, known(write))
    return keep(write, found, wish, now) if found.scheme is not None and found.fine else found


def keep(write: Any, found: Checked, wish: Wish, now: datetime) -> Kept:
    """Store the text as the next version; the text in force is not stored twice."""
    scheme = found.scheme
    assert scheme is not None  # noqa: S101  (asked by the caller)
    before = schemes.published(write, scheme.scheme)
    if before is not None and before.text == wish.text:
        return Kept(found, scheme.scheme, before.version, fresh=False)
    version = schemes.publish(write, scheme.scheme, scheme.title, wish.text, wish.note, wish.by, now)
    refused = documents.tally(write, before.id).get("refused", 0) if before else 0
    return Kept(found, scheme.scheme, version, fresh=True, refused=refused)


def known(connection: Any) -> Known:
    """What this store has that a scheme may name: connections, tables, other schemes."""
    tables = [table.code for table in lookups.tables(connection)]
    read = {one.code: _reading(one.text) for one in schemes.every(connection)}
    others = {code: one for code, one in read.items() if one is not None}
    return Known(connections.codes(connection), tables, others)


@lru_cache(maxsize=512)
def _reading(text: str) -> Scheme | None:
    """A published text never changes, and every edit of a draft is held against all of them."""
    return read_scheme(text)[0]


def _twin(connection: Any, scheme: Scheme, registry: Registry) -> Problem | None:
    """Another code with the same ends: most often a renamed file, and then everything would go out twice."""
    if scheme.target is None:
        return None
    before = schemes.published(connection, scheme.scheme)
    own = read_scheme(before.text)[0] if before is not None else None
    if own is not None and _ends(own, registry) == _ends(scheme, registry):
        return None  # it was meant when it was first published
    for other in schemes.every(connection):
        read, _ = read_scheme(other.text)
        if read is None or other.code == scheme.scheme or _ends(read, registry) != _ends(scheme, registry):
            continue
        says = Say(
            "方案 {other} 已经在把同样的源写到同样的目标；另一个代码会把所有单据再写一遍。", other=other.code
        )
        do = Say("沿用代码 {other}；确实是另一份数据就加 --new。", other=other.code)
        return Problem("scheme", "twin", says, do, scheme.marks.get("scheme"))
    return None


def _ends(scheme: Scheme, registry: Registry) -> list[tuple[str, str]]:
    """Connection and operation of each end; a scheme that writes nothing has one."""
    ends = [end for end in (scheme.source, scheme.target) if end is not None]
    found = [(end.connection, registry.operation(end.operation)) for end in ends]
    return [(connection, operation.operation if operation else "") for connection, operation in found]
