"""How long each page takes in a large store: `python -m bench.pages FOLDER [--documents N] [--schemes N]`.

The store is made once in FOLDER (some gigabytes for a million documents) and used again. Every request is answered
as if it were the first for a while: what pages remember of counts over everything (`webui/memo.py`) has
lapsed before each, and somebody is logged in. Time is the server's own, without the network.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from flask.testing import FlaskClient

from bench.stock import stocked
from engine.clock import Clock
from engine.registry import Registry
from engine.settings import SHIPPED
from engine.store import logins, people
from engine.store.store import Store
from webui.app import create_app
from webui.guard import Doors

PAGE_MS, SEARCH_MS = 150, 200


@dataclass
class Forgetful(Clock):
    """A clock of which every look is long after the one before: nothing remembered is still fresh."""

    looks: int = 0

    def monotonic(self) -> float:
        self.looks += 1
        return self.looks * 60.0


def addresses(documents: int) -> list[str]:
    """One of every kind of page that shows what grows; large and small ones of each."""
    last, big, small = documents // 50, "scheme-001", "scheme-100"
    return [
        "/", "/schemes", "/schemes?state=needs", f"/schemes/{big}", f"/schemes/{small}",
        "/runs", f"/runs?before={last // 2}", f"/runs/{last}", f"/runs/{last + 1}",
        *(f"/schemes/{one}/documents" for one in (big, small)),
        *(f"/schemes/{big}/documents?state={state}" for state in ("unknown", "refused", "held", "waiting", "done")),
        f"/schemes/{big}/documents?state=refused&about=单据 …：仓库不能为空",
        f"/schemes/{big}/documents?state=refused&about=没有这样的原因",
        f"/schemes/{big}/documents?q=CK000000001", f"/schemes/{big}/documents?before={documents // 2}",
        f"/documents/{documents // 2}", f"/documents/{documents - 3}", f"/attempts/{documents // 2}",
        f"/search?q=CK{documents // 3:09}", f"/search?q=QT{documents // 3:09}", f"/search?q={documents // 3}",
        "/search?q=nothing",
        "/lookups", "/connections", "/connectors", "/people", "/account", "/audit",
    ]  # fmt: skip


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--documents", type=int, default=1_000_000)
    asked.add_argument("--schemes", type=int, default=200)
    asked.add_argument("--times", type=int, default=30)
    asked.add_argument("--only", default="", help="pages whose address holds this")
    told = asked.parse_args()
    clock, began = Forgetful(), time.monotonic()
    store = stocked(told.folder, clock, told.documents, told.schemes)
    print(f"{told.documents:,} documents, {told.schemes} schemes; opened in {time.monotonic() - began:.0f} s")
    client, slow = logged_in(store, clock), 0
    for address in addresses(told.documents):
        if told.only in address:
            slow += shown(address, took(client, address, told.times))
    store.close()
    return 1 if slow else 0


def logged_in(store: Store, clock: Clock) -> FlaskClient:
    who = store.read(lambda c: people.by_name(c, "li.wei"))
    assert who is not None
    secret = clock.code() + clock.code()
    store.write(lambda c: logins.enter(c, who, secret, "127.0.0.1", "bench", clock.now()))
    registry = Registry.read([SHIPPED / "connectors"])
    client = create_app(store, registry, clock, Doors(frozenset({"localhost"}))).test_client()
    client.set_cookie("session", secret)
    return client


def took(client: FlaskClient, address: str, times: int) -> list[float]:
    """Milliseconds of each request; the first is for warming up and not among them."""
    moments = []
    for _ in range(times + 2):
        moments.append(time.perf_counter())
        reply = client.get(address)
        assert reply.status_code in (200, 303), f"{address}: {reply.status_code}"
    return [1000 * (end - begin) for begin, end in pairwise(moments)][1:]


def shown(address: str, each: list[float]) -> bool:
    """Print a page's line; True where it is too slow."""
    cuts = quantiles(each, n=20)
    limit = SEARCH_MS if address.startswith("/search") else PAGE_MS
    over = cuts[18] > limit
    print(f"p50 {cuts[9]:7.1f}  p95 {cuts[18]:7.1f} ms  {'SLOW' if over else '    '}  {address}", flush=True)
    return over


if __name__ == "__main__":
    raise SystemExit(main())
