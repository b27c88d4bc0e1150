"""The `duijie` command: everything the engine's command line does, and the pages."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from engine import cli
from engine.clock import Clock
from engine.registry import Registry
from engine.store.store import Store
from webui import create_app
from webui.server import HOST, listen

NAMES = frozenset({HOST, "localhost"})


def main() -> int:
    return cli.main(sys.argv[1:], pages)


@contextmanager
def pages(store: Store, registry: Registry, clock: Clock, port: int) -> Iterator[str]:
    """The pages in a thread of their own while the block runs; gives their address. OSError: port taken."""
    server = listen(create_app(store, registry, clock, host_names=NAMES), port)
    serving = threading.Thread(target=server.run, name="pages", daemon=True)
    serving.start()
    try:
        yield f"http://{HOST}:{server.effective_port}"
    finally:
        server.close()
        serving.join(timeout=5)


if __name__ == "__main__":
    raise SystemExit(main())
