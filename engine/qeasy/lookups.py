"""Looks into other schemes' records, gathered: one of our `lookups` for each scheme and set of keys."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.document.schedule import CODE
from engine.mapping.slip import Slip
from engine.qeasy.expression import Find
from engine.say import Say


@dataclass
class Pool:
    """One of them: what is known by `by`, and all that is asked of it."""

    name: str
    scheme: str
    by: tuple[str, ...]
    give: dict[str, None] = field(default_factory=dict)


@dataclass
class Lookups:
    """`renamed`: the scheme's id there and its code here, where an implementer has told."""

    renamed: dict[str, str] = field(default_factory=dict)
    pools: dict[tuple[str, tuple[str, ...]], Pool] = field(default_factory=dict)

    def named(self, find: Find) -> str:
        """The name to look up, with the column: `查1.FName`. Raises Slip."""
        by = tuple(field for field, _ in find.where)
        if not by:
            raise Slip(find.at, Say("_findCollection 没有条件"), Say("对照原来的查询写成 lookups"))
        key = (find.scheme, by)
        if key not in self.pools:
            self.pools[key] = Pool(f"查{len(self.pools) + 1}", self.code(find.scheme), by)
        self.pools[key].give[find.give] = None
        return f"{self.pools[key].name}.{column(find.give)}"

    def code(self, scheme: str) -> str:
        """A scheme's id as a code of ours; most ids are one."""
        told = self.renamed.get(scheme)
        if told is not None:
            return told
        plain = re.sub("[^a-z0-9-]+", "-", scheme.lower()).strip("-")
        return plain if re.fullmatch(CODE, plain) else "x-" + plain[:50]


def column(field: str) -> str:
    """The name of a column: a lookup's name goes to the last dot."""
    return field.replace(".", "_")
