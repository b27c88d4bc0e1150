"""The `duijie` command: everything the engine's command line does, and the pages."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from engine import cli
from engine.services import Services


def main() -> int:
    return cli.main(sys.argv[1:], pages)


@contextmanager
def pages(services: Services, port: int, *, guests: bool = False, public: str = "") -> Iterator[str]:
    """The pages in a thread of their own while the block runs; gives their address. OSError: port taken.

    `guests`: no login, and only looking. `public`: the https address of a server in front of us.
    """
    # Most commands show no page: what pages need is loaded here, and costs them nothing.
    from webui.app import create_app
    from webui.guard import Doors
    from webui.server import HOST, listen

    doors = Doors(frozenset({HOST, "localhost"}), public, guests)
    server = listen(create_app(services.store, services.registry, services.clock, doors), port)
    serving = threading.Thread(target=server.run, name="pages", daemon=True)
    serving.start()
    try:
        yield f"http://{HOST}:{server.effective_port}"
    finally:
        server.close()
        serving.join(timeout=5)
        server.task_dispatcher.shutdown()


if __name__ == "__main__":
    raise SystemExit(main())
