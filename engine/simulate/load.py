"""Simulators found by being there: connectors/<name>/simulator.py, each put on a stage of its own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

from engine.model.values import Record
from engine.say import Say
from engine.simulate.faults import FaultPlan
from engine.simulate.frame import Simulator
from engine.simulate.stage import Stage


class Module(Protocol):
    """What simulator.py has."""

    def simulator(self, options: Record, seed: int) -> Simulator: ...


def names(folders: Sequence[Path]) -> list[str]:
    """Every connector that has a simulator."""
    return sorted(path.parent.name for folder in folders for path in folder.glob("*/simulator.py"))


def stages(
    folders: Sequence[Path], seed: int, options: Mapping[str, Record], only: Collection[str] = ()
) -> dict[str, Stage]:
    """A stage for every simulator, or those in `only`. ValueError for wrong names and options."""
    known = names(folders)
    if wrong := sorted({*options, *only} - {*known}):
        raise _unknown(folders, " ".join(wrong))
    wanted = [name for name in known if not only or name in only]
    made = {name: simulator(folders, name, options.get(name, {}), seed) for name in wanted}
    return {name: Stage(one, FaultPlan(seed)) for name, one in made.items()}


def simulator(folders: Sequence[Path], name: str, options: Record, seed: int) -> Simulator:
    """The simulator of one connector, fresh. It may be in several files: `from .simulator_x import …`."""
    found = [path for folder in folders if (path := folder / name / "simulator.py").is_file()]
    if not found:
        raise _unknown(folders, name)
    beside = [str(found[0].parent)]
    spec = importlib.util.spec_from_file_location(
        f"_simulators.{name}", found[0], submodule_search_locations=beside
    )
    if spec is None or spec.loader is None:
        raise _unknown(folders, name)
    for other in [one for one in sys.modules if one.startswith(f"{spec.name}.")]:
        del sys.modules[other]  # another folder may have had a connector of that name
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return cast(Module, module).simulator(options, seed)


def _unknown(folders: Sequence[Path], wrong: str) -> ValueError:
    return ValueError(Say("没有模拟器 {wrong}，有的是 {known}", wrong=wrong, known=" ".join(names(folders))))
