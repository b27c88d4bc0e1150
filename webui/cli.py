"""The `duijie` command: everything the engine's command line does, and the pages."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from engine import cli
from engine.services import Services


def main() -> int:
    return cli.main(sys.argv[1:], pages)


@contextmanager
def pages(services: Services, port: int, *, guests: bool = False, public: str = "") -> Iterator[str]:
    """The pages in a thread of their own while the block runs; gives their address. OSError: port taken.

    To be entered inside the loop that `services` live in: calls that pages ask for are made there.

    `guests`: no login, and only looking. `public`: the https address of a server in front of us.
    """
    # Most commands show no page: what pages need is loaded here, and costs them nothing.
    from webui.app import create_app
    from webui.calls import Calls
    from webui.guard import Doors
    from webui.server import HOST, serving

    doors = Doors(frozenset({HOST, "localhost"}), public, guests)
    calls = Calls(services, asyncio.get_running_loop())
    app = create_app(services.store, services.registry, services.clock, doors, calls=calls)
    with serving(app, port) as address:
        yield address


if __name__ == "__main__":
    raise SystemExit(main())
