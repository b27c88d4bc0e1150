"""The practical floor for Python: aiohttp and orjson, nothing stored, ten calls at once, one page ahead."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bench.mapping import document

SOURCE, TARGET, OUT = os.environ["BENCH_SRC"], os.environ["BENCH_DST"], Path(os.environ["BENCH_OUT"])
AT_ONCE = int(os.environ["BENCH_CONC"])
JSON = {"Content-Type": "application/json"}


async def main() -> int:
    ids: list[str] = []
    refused: list[str] = []
    waiting: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(AT_ONCE * 20)
    connector = aiohttp.TCPConnector(limit=AT_ONCE + 2)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def page(number: int) -> dict[str, Any]:
            asked = {"method": "wdt.stockout.order.query", "page_no": number, "page_size": 100}
            async with session.post(SOURCE, data=asked) as reply:
                read = orjson.loads(await reply.read())
            if read["code"] != 0:
                raise RuntimeError(read)
            return read

        async def read() -> None:
            number, total, coming = 0, 1, asyncio.ensure_future(page(0))
            while number * 100 < total:
                brought = await coming
                number, total = number + 1, brought["total_count"]
                if number * 100 < total:
                    coming = asyncio.ensure_future(page(number))
                for one in [document(order) for order in brought["stockout_list"]]:
                    await waiting.put(one)
            for _ in range(AT_ONCE):
                await waiting.put(None)

        async def write() -> None:
            while (one := await waiting.get()) is not None:
                async with session.post(TARGET, data=orjson.dumps({"data": one}), headers=JSON) as reply:
                    said = orjson.loads(await reply.read())
                if said["code"] == "200":
                    ids.append(f"{one['code']},{said['data']['id']}\n")
                else:
                    refused.append(one["code"])

        await asyncio.gather(read(), *[write() for _ in range(AT_ONCE)])
    (OUT / "ids.csv").write_text("".join(ids))
    return 1 if refused else 0


sys.exit(asyncio.run(main()))
