"""A scheme version made ready to run: read, checked and compiled once, then kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.document.chain import NOTHING, Chain
from engine.document.check import Catalogs, check
from engine.errors import Wrong
from engine.mapping.compile import Mapping as Compiled, compile_settings
from engine.mapping.lens import Lens, compile_lens
from engine.mapping.remarks import Remarks
from engine.mapping.settings import Settle
from engine.mapping.tables import compile_ask
from engine.model.catalog import Operation
from engine.model.scheme import Scheme
from engine.model.values import Json, Problem
from engine.say import Say
from engine.store.schemes import Published

Params = Callable[[Mapping[str, Json]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Flow:
    """All a loop needs to know of a scheme version."""

    published: Published
    scheme: Scheme
    mapping: Compiled
    params: Params
    source: Operation
    target: Operation | None
    """None for a base-data scheme: its records are kept and nothing is written."""
    list: Operation | None
    """The operation that looks a saved document up, where the target has one."""
    lenses: Mapping[str, Lens] = field(default_factory=dict)
    """How the scheme's own lookups see records, by name."""
    live: Mapping[str, Operation] = field(default_factory=dict)
    asks: Mapping[str, Settle] = field(default_factory=dict)
    """Of those that ask a vendor: the query, and what makes its parameters of a code."""
    detail: Operation | None = None
    """What each listed row is asked for by itself with, where the scheme wants that."""
    chain: Chain = NOTHING
    """What it does besides creating."""

    @property
    def save(self) -> Operation:
        """The target of a scheme that writes. ValueError for one that does not: nothing asks it to."""
        if self.target is None:
            raise ValueError("a base-data scheme has no target")
        return self.target


class Flows:
    """Compiled scheme versions, by scheme and version."""

    def __init__(self, catalogs: Catalogs) -> None:
        self._catalogs = catalogs
        self._kept: dict[tuple[int, int], Flow] = {}

    def looked_up(self, save: Operation) -> Operation | None:
        """The operation that looks a save's documents up."""
        return looked_up(save, self._catalogs)

    def of(self, published: Published) -> Flow:
        """Raises Wrong where the version no longer stands up to the catalogues."""
        place = (published.id, published.version)
        if place not in self._kept:
            self._kept[place] = compiled(published, self._catalogs)
        return self._kept[place]


def compiled(published: Published, catalogs: Catalogs) -> Flow:
    """Read, check and compile a version. Raises Wrong with every problem."""
    checked = check(published.text, catalogs)
    wrong = [problem for problem in checked.problems if problem.weight == "problem"]
    if wrong or checked.scheme is None or checked.mapping is None:
        raise Wrong(wrong)
    scheme = checked.scheme
    source = catalogs.operation(scheme.source.operation)
    target = catalogs.operation(scheme.target.operation) if scheme.target else None
    params, more = compile_settings(scheme.source.params, "source.params", scheme.marks)
    if source is None or (target is None and scheme.target) or params is None:
        raise Wrong(more or [_gone(scheme)])
    looks = looked_up(target, catalogs, scheme.target.lookup if scheme.target else None)
    detail = catalogs.operation(source.detail.operation) if source.detail and scheme.source.detail else None
    flow = Flow(
        published,
        scheme,
        checked.mapping,
        params,
        source,
        target,
        looks,
        detail=detail,
        chain=checked.chain,
    )
    return replace(flow, **_looking(scheme, catalogs)) if scheme.lookups else flow


def looked_up(save: Operation | None, catalogs: Catalogs, instead: str | None = None) -> Operation | None:
    """The operation that looks a save's documents up; `instead` of the catalogue's where a scheme says so."""
    return catalogs.operation(instead or save.lookup.operation) if save and save.lookup else None


def _looking(scheme: Scheme, catalogs: Catalogs) -> dict[str, Any]:
    """The scheme's own lookups compiled. They were checked a moment ago: what a catalogue lost since is told."""
    remarks = Remarks(scheme.marks)
    found: dict[str, dict[str, Any]] = {"lenses": {}, "live": {}, "asks": {}}
    for name, lookup in scheme.lookups.items():
        path = f"lookups.{name}"
        found["lenses"][name] = compile_lens(lookup, path, None, remarks)
        if lookup.scheme is None:
            found["live"][name] = catalogs.operation(lookup.operation)
            found["asks"][name], more = compile_ask(lookup, path, scheme.marks)
            remarks.problems += more
    if remarks.broken or any(one is None for kind in found.values() for one in kind.values()):
        raise Wrong(remarks.problems or [_gone(scheme)])
    return found


def _gone(scheme: Scheme) -> Problem:
    says = Say("方案 {code} 的源接口或目标接口已不在接口目录中。", code=scheme.scheme)
    return Problem(
        "source.operation", "unknown_operation", says, Say("恢复连接器文件夹，或修改方案后重新发布。")
    )
