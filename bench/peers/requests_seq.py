"""The script most projects begin with: requests, one call after another, nothing stored."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import requests

from bench.mapping import document

SOURCE, TARGET, OUT = os.environ["BENCH_SRC"], os.environ["BENCH_DST"], Path(os.environ["BENCH_OUT"])


def main() -> int:
    session = requests.Session()
    ids, refused, number, total = [], 0, 0, 1
    while number * 100 < total:
        asked = {"method": "wdt.stockout.order.query", "page_no": number, "page_size": 100}
        brought = session.post(SOURCE, data=asked, timeout=60).json()
        number, total = number + 1, brought["total_count"]
        for order in brought["stockout_list"]:
            one = document(order)
            said = session.post(TARGET, json={"data": one}, timeout=60).json()
            if said["code"] == "200":
                ids.append(f"{one['code']},{said['data']['id']}\n")
            else:
                refused += 1
    (OUT / "ids.csv").write_text("".join(ids))
    return 1 if refused else 0


sys.exit(main())
