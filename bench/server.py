"""Source and target in one process, on uvloop and httptools, replies made beforehand: `python -m bench.server PORT`.

POST /src        form page_no (from 0), page_size: {"code": 0, "total_count": N, "stockout_list": [...]}
POST /yonbip/scm/othoutrecord/single/save          {"data": {...}}: {"code": "200", "data": {"id", "code"}}
GET  /admin/reset?n=&src_ms=&dst_ms=&conc=&fail=   a new run: N orders, latencies, most saves at once,
                                                   every fail-th order is refused once
GET  /admin/report     reads all that arrived and compares it with spec.expected
GET  /admin/ids        number,id of all that was accepted

The target keeps the body and answers; reading and comparing wait for /admin/report, when the clock
has stopped, so that the server is not what is measured.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httptools
import orjson
import uvloop

from bench import spec

SAVE = b"/yonbip/scm/othoutrecord/single/save"
NUMBER = re.compile(rb'"code"\s*:\s*"([^"\\]+)"')
LOCKED = b'{"code":"999","message":"refused: stock is locked, try again"}'
ORDERS: list[bytes] = []


@dataclass
class Run:
    """One run: what was asked for and what arrived."""

    n: int = 0
    src_ms: int = 0
    dst_ms: int = 0
    conc: int = 0
    fail: int = 0
    bodies: list[bytes] = field(default_factory=list)
    ids: dict[bytes, bytes] = field(default_factory=dict)
    refused: set[bytes] = field(default_factory=set)
    doubled: int = 0
    over: int = 0
    flying: int = 0
    most_flying: int = 0
    reads: int = 0
    saves: int = 0
    first: float = 0.0
    last: float = 0.0

    def page(self, body: bytes) -> bytes:
        self.reads += 1
        self.first = self.first or time.perf_counter()
        asked = parse_qs(body.decode())
        number, size = int(asked["page_no"][0]), int(asked["page_size"][0])
        if not 0 < size <= 100:
            return head(b"400 Bad Request", b'{"code":1020,"message":"page_size"}')
        rows = b",".join(ORDERS[number * size : min(self.n, (number + 1) * size)])
        return head(
            b"200 OK", b'{"code":0,"message":"OK","total_count":%d,"stockout_list":[%s]}' % (self.n, rows)
        )

    def save(self, body: bytes) -> bytes:
        found = NUMBER.search(body)
        number = found[1] if found else b""
        if self.fail and number not in self.refused and int(number[-9:]) % self.fail == 3:
            self.refused.add(number)
            return head(b"200 OK", LOCKED)
        self.doubled += number in self.ids
        ident = self.ids.setdefault(number, b"17%014d" % (len(self.ids) * 7919 + 13))
        self.bodies.append(body)
        return head(
            b"200 OK", b'{"code":"200","message":"success","data":{"id":"%s","code":"%s"}}' % (ident, number)
        )

    def report(self) -> dict[str, Any]:
        """What arrived, held against what had to: an order counts once, with the right content and a key of its own."""
        right: set[int] = set()
        wrong, first, keys = 0, None, dict[str, int]()
        for body in self.bodies:
            document = orjson.loads(body)["data"]
            i = int(document["code"][6:])
            wanted = spec.expected(orjson.loads(ORDERS[i])) if i < self.n else {}
            key = document.pop("resubmitCheckKey", None)
            keyed = isinstance(key, str) and 0 < len(key) <= 32 and keys.setdefault(key, i) == i
            if keyed and document == wanted:
                right.add(i)
                continue
            wrong += 1
            names = document.keys() | wanted.keys()
            apart = {name: [document.get(name), wanted.get(name)] for name in names}
            first = (
                first or {name: pair for name, pair in apart.items() if pair[0] != pair[1]} or {"key": key}
            )
        return {
            "right": len(right), "missing": self.n - len(right), "wrong": wrong, "doubled": self.doubled,
            "over": self.over, "refused": len(self.refused), "most_flying": self.most_flying,
            "reads": self.reads, "saves": self.saves, "span_s": round(self.last - self.first, 4), "first": first,
        }  # fmt: skip


run = Run()


def begin(query: dict[str, list[str]]) -> bytes:
    global run
    run = Run(**{name: int(values[0]) for name, values in query.items()})
    ORDERS.extend(orjson.dumps(spec.order(i)) for i in range(len(ORDERS), run.n))
    return b"{}"


def head(status: bytes, body: bytes) -> bytes:
    return (
        b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        + body
    )


def administer(url: str) -> bytes:
    parts = urlsplit(url)
    if parts.path == "/admin/reset":
        return begin(parse_qs(parts.query))
    if parts.path == "/admin/report":
        return orjson.dumps(run.report())
    if parts.path == "/admin/ids":
        return b"\n".join(number + b"," + ident for number, ident in run.ids.items())
    return b"{}"


class Answering(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.url, self.body = b"", b""

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def on_message_begin(self) -> None:
        self.body = b""

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_body(self, data: bytes) -> None:
        self.body = self.body + data if self.body else data

    def on_message_complete(self) -> None:
        if self.url.startswith(b"/src"):
            self.answer(run.page(self.body), run.src_ms)
        elif self.url.startswith(SAVE):
            self.save()
        else:
            self.transport.write(head(b"200 OK", administer(self.url.decode())))

    def save(self) -> None:
        run.saves += 1
        run.most_flying = max(run.most_flying, run.flying + 1)
        if run.conc and run.flying >= run.conc:
            run.over += 1
            self.transport.write(head(b"429 Too Many Requests", b'{"code":"429","message":"too many calls"}'))
            return
        run.flying += 1
        self.answer(run.save(self.body), run.dst_ms, self.saved)

    def answer(self, reply: bytes, after_ms: int, then: Any = None) -> None:
        if after_ms:
            asyncio.get_running_loop().call_later(after_ms / 1000, self.answer, reply, 0, then)
            return
        if then:
            then()
        self.transport.write(reply)

    def saved(self) -> None:
        run.flying -= 1
        run.last = time.perf_counter()


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
