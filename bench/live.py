"""Ordinary pages while runs are followed: `python -m bench.live FOLDER [--documents N] [--lines 40]`.

The store is `bench.pages`' own. The pages are served as users are served; 40 lines follow the run under way,
to which a call is committed every half second, and each reader asks for its page again when it is told to, once a
second at most, as a browser does. Meanwhile one reader after another asks for ordinary pages.
"""

from __future__ import annotations

import argparse
import http.client
import threading
import time
from pathlib import Path
from statistics import quantiles

from bench.stock import stocked
from engine.clock import Clock
from engine.model.exchange import Exchange
from engine.registry import Registry
from engine.settings import SHIPPED
from engine.store import send
from engine.store.send import Heard
from engine.store.store import Store
from webui.app import create_app
from webui.guard import Doors
from webui.server import serving

PAGE_MS, LINE_MS = 300, 1000


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--documents", type=int, default=1_000_000)
    asked.add_argument("--schemes", type=int, default=200)
    asked.add_argument("--lines", type=int, default=40)
    asked.add_argument("--seconds", type=float, default=30)
    told = asked.parse_args()
    clock = Clock()
    store = stocked(told.folder, clock, told.documents, told.schemes)
    run = told.documents // 50 + 1
    app = create_app(
        store, Registry.read([SHIPPED / "connectors"]), clock, Doors(frozenset({"127.0.0.1"}), guests=True)
    )
    over = threading.Event()
    with serving(app, 0) as address:
        place = address.removeprefix("http://")
        readers = [Reader(place, run, over) for _ in range(told.lines)]
        for reader in readers:
            reader.start()
        writer = threading.Thread(target=commit, args=(store, clock, run, readers, over))
        writer.start()
        pages = looked(place, ["/", "/schemes", "/runs", f"/runs/{run - 1}", "/lookups"], told.seconds)
        over.set()
        writer.join()
        time.sleep(2)
    store.close()
    slow = shown("ordinary pages", pages, PAGE_MS)
    return (
        1 if slow + shown("from commit to line", [ms for one in readers for ms in one.late], LINE_MS) else 0
    )


class Reader(threading.Thread):
    """A browser on the page of the run."""

    def __init__(self, place: str, run: int, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.over = over
        self.place, self.run_id, self.committed, self.late = place, run, 0.0, list[float]()

    def run(self) -> None:
        line = http.client.HTTPConnection(self.place)
        line.request("GET", f"/runs/{self.run_id}/events")
        reply, fresh = line.getresponse(), 0.0
        while told := self.next(reply):
            if told.startswith(b"event: more") and self.committed:
                self.late.append(1000 * (time.perf_counter() - self.committed))
                self.committed = 0.0
                if time.perf_counter() - fresh >= 1 and not self.over.is_set():
                    fresh = time.perf_counter()
                    took(self.place, f"/runs/{self.run_id}", {"HX-Request": "true"})

    def next(self, reply: http.client.HTTPResponse) -> bytes:
        try:
            return reply.readline()
        except OSError:  # the server ended
            return b""


def commit(store: Store, clock: Clock, run: int, readers: list[Reader], over: threading.Event) -> None:
    """A call of the run every half second."""
    while not over.wait(0.5):
        told = Exchange("bip-main", "save", "othoutrecord.single.save", clock.now(), 84, "POST", "https://x", 200,
                        "done", "200", "已保存", "", "")  # fmt: skip
        store.write(lambda c, t=told: send.hear(c, [Heard(1, run, t)]))
        for reader in readers:
            reader.committed = reader.committed or time.perf_counter()


def looked(place: str, pages: list[str], seconds: float) -> list[float]:
    """Milliseconds of ordinary pages, one after another."""
    took_, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        took_ += [took(place, page, {}) for page in pages]
    return took_


def took(place: str, page: str, headers: dict[str, str]) -> float:
    line = http.client.HTTPConnection(place)
    begun = time.perf_counter()
    line.request("GET", page, headers=headers)
    reply = line.getresponse()
    reply.read()
    line.close()
    assert reply.status == 200, (page, reply.status)
    return 1000 * (time.perf_counter() - begun)


def shown(what: str, each: list[float], limit: float) -> bool:
    cuts = quantiles(each, n=20)
    over = cuts[18] > limit
    print(
        f"{len(each):6} times  p50 {cuts[9]:7.1f}  p95 {cuts[18]:7.1f} ms  {'SLOW' if over else '    '}  {what}"
    )
    return over


if __name__ == "__main__":
    raise SystemExit(main())
