"""The command line as a test uses it: one call, its exit code and what it said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from engine.exact import decode

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "flows" / "wdt-stockout-to-bip-othout.yaml"
SCHEME = "wdt-stockout-to-bip-othout"
TABLES = ("仓库", "物料", "单位")


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object of `--json`; fails where stdout holds anything else."""
        return decode(self.out)


Duijie: TypeAlias = Callable[..., Said]


def tables(duijie: Duijie) -> None:
    """The starter's lookups."""
    for table in TABLES:
        assert duijie("lookup", "import", table, ROOT / "flows" / "demo" / f"{table}.csv").code == 0
