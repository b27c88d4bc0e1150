"""What our mapping costs beside the hand-written one, over the same orders: `python -m bench.mapping_cost`.

Both work in turn in one process, so that a slow minute of the machine slows both; the least of many goes
counts. The bound of the language is 4 times the hand-written function (tests/mapping/test_cost.py).
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.spec import CODES, order
from engine.document.scheme import read_scheme
from engine.exact import decode
from engine.mapping.compile import Mapping, compile_mapping
from engine.registry import Registry

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 20, tzinfo=UTC)
ORDERS, GOES = 300, 25


def ours() -> Mapping:
    registry = Registry.read([HERE / "connectors"])
    scheme, problems = read_scheme((HERE / "bench-w1.yaml").read_text("utf-8"))
    assert scheme is not None, problems
    ends = scheme.source.operation, scheme.target.operation
    mapping, problems = compile_mapping(scheme, *(registry.operation(end) for end in ends), None)
    assert mapping is not None, problems
    return mapping


def by_hand() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """bench/mapping.py, which reads its codes from a file that the surroundings name."""
    with tempfile.TemporaryDirectory() as folder:
        codes = Path(folder) / "codes.json"
        codes.write_text(json.dumps(CODES), encoding="utf-8")
        os.environ["BENCH_CODES"] = str(codes)
        from bench.mapping import document

    return document


def measured() -> tuple[float, float]:
    """Microseconds of CPU a record: ours, and by hand."""
    mapping, hand = ours(), by_hand()
    texts = [json.dumps(order(number)) for number in range(ORDERS)]
    exact: list[Any] = [decode(text) for text in texts]
    plain: list[Any] = [json.loads(text) for text in texts]
    lookups = {"仓库": CODES["warehouse"], "物料": CODES["material"]}
    assert mapping.apply(exact[0], lookups, NOW).document
    least = [1e9, 1e9]
    for _ in range(GOES):
        for place, go in enumerate((lambda: [mapping.apply(one, lookups, NOW) for one in exact],
                                    lambda: [hand(one) for one in plain])):  # fmt: skip
            begun = time.process_time()
            go()
            least[place] = min(least[place], time.process_time() - begun)
    return least[0] / ORDERS * 1e6, least[1] / ORDERS * 1e6


if __name__ == "__main__":
    engine, hand = measured()
    print(f"ours {engine:.1f} µs, by hand {hand:.1f} µs, {engine / hand:.2f}×")
