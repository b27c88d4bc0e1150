"""One run in a process that tests may kill: `python -m tests.run.drive`, told by the environment."""

from __future__ import annotations

import asyncio
import os

from engine.services import Services
from engine.settings import Settings
from tests.run.world import serve_run


async def main() -> None:
    allow = frozenset(
        (host, int(port)) for host, port in (one.split(":") for one in os.environ["ALLOW"].split(","))
    )
    services = Services.open(Settings.read(allow=allow))
    try:
        await serve_run(services)
    finally:
        await services.close()


if __name__ == "__main__":
    asyncio.run(main())
