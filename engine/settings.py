"""The process's surroundings as one frozen value: with engine.crash the only reader of the environment.

DUIJIE_HOME        folder of database, key file and logs       (./duijie-data)
DUIJIE_DB          database URL                                (sqlite in DUIJIE_HOME)
DUIJIE_KEY_FILE    master key for secrets at rest              (DUIJIE_HOME/key)
DUIJIE_CONNECTORS  further connector folders, separated as PATH is
DUIJIE_LANG        zh or en for what the command line says     (from the locale)
DUIJIE_TEST        `no_journal`, `early_cursor`: faults the reliability suite must be able to find
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VERSION = "0.1.0"
"""This program's, as pyproject.toml has it."""
SHIPPED = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    home: Path
    database: str
    key_file: Path
    connectors: tuple[Path, ...]
    language: str
    allow: frozenset[tuple[str, int]] = frozenset()
    breaks: frozenset[str] = field(default=frozenset())

    @classmethod
    def read(
        cls, environ: Mapping[str, str] | None = None, allow: frozenset[tuple[str, int]] = frozenset()
    ) -> Settings:
        """Settings from the environment; `allow` are host:port pairs this process may reach besides public ones."""
        env = os.environ if environ is None else environ
        home = Path(env.get("DUIJIE_HOME") or "duijie-data").absolute()
        more = [Path(part).absolute() for part in env.get("DUIJIE_CONNECTORS", "").split(os.pathsep) if part]
        return cls(
            home=home,
            database=env.get("DUIJIE_DB") or f"sqlite:///{home / 'duijie.db'}",
            key_file=Path(env.get("DUIJIE_KEY_FILE") or home / "key"),
            connectors=(SHIPPED / "connectors", *more),
            language=_language(env),
            allow=allow,
            breaks=frozenset(env.get("DUIJIE_TEST", "").split(",")) - {""},
        )


def variable(name: str) -> str | None:
    """The value of an environment variable that a person named as the place of a secret."""
    return os.environ.get(name)


def _language(env: Mapping[str, str]) -> str:
    """Chinese unless the locale says another language; DUIJIE_LANG decides where it is set."""
    said = env.get("DUIJIE_LANG") or env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or "zh"
    return "zh" if said.lower().startswith(("zh", "c", "posix")) else "en"
