"""Duijie itself: everything stored, every document journalled before it is sent, in a home of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from engine.model.ledger import Counts
from engine.services import Services
from engine.settings import Settings
from engine.store import connections, lookups, runs, schemes
from engine.store.connections import Account
from engine.store.lookups import Pair

HERE = Path(__file__).resolve().parent.parent
OUT, CODES = Path(os.environ["BENCH_OUT"]), Path(os.environ["BENCH_CODES"])
SOURCE = urlsplit(os.environ["BENCH_SRC"])
TABLES = {"仓库": "warehouse", "物料": "material"}


async def main() -> int:
    environ = {**os.environ, "DUIJIE_HOME": str(OUT / "home"), "DUIJIE_CONNECTORS": str(HERE / "connectors")}
    allow = frozenset({(SOURCE.hostname or "", SOURCE.port or 80)})
    services = Services.open(Settings.read(environ, allow))
    try:
        furnish(services)
        counts = await run(services)
        write_ids(services)
    finally:
        await services.close()
    return 0 if counts.done == counts.read else 1


def furnish(services: Services) -> None:
    """The connection, the two tables of codes and the scheme."""
    store, now = services.store, services.clock.now()
    account = Account("bench", "bench", "default", "", {}, (), {"base": f"http://{SOURCE.netloc}"})
    store.write(lambda c: connections.save(c, store.vault, account, {}, now))
    codes = json.loads(CODES.read_text(encoding="utf-8"))
    for table, kind in TABLES.items():
        pairs = [Pair(left, right) for left, right in codes[kind].items()]
        store.write(lambda c, t=table, p=pairs: lookups.replace(c, t, p, now))
    text = (HERE / "bench-w1.yaml").read_text(encoding="utf-8")
    store.write(lambda c: schemes.publish(c, "bench-w1", "bench", text, "", "bench", now))


async def run(services: Services) -> Counts:
    """One run to its close."""
    store, now = services.store, services.clock.now()
    published = store.read(schemes.every)[0]
    ident = store.write(lambda c: runs.begin(c, published.id, published.version, "bench", now))

    def closed() -> bool:
        row = store.read(lambda c: runs.get(c, ident))
        return row is not None and row.state == "closed"

    await services.worker().serve(until=closed)
    return store.read(lambda c: runs.count(c, ident))


def write_ids(services: Services) -> None:
    """What the target called each order, as the ledger has it."""
    with services.store.database.read() as connection:
        found = connection.exec_driver_sql("SELECT number, target_id FROM document WHERE state = 'done'")
        (OUT / "ids.csv").write_text("".join(f"{number},{ident}\n" for number, ident in found))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
