"""The results as Markdown, medians of the right runs of each peer and N: `python -m bench.table [RESULTS]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

FLOOR = "floor_aiohttp"
HEAD = "| peer | N | runs (right) | CPU ms a record | × floor | records a second | most memory MB |"


def main(path: Path) -> None:
    results: dict[str, dict[tuple[int, str], list[dict[str, Any]]]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        one = json.loads(text)
        results.setdefault(one["work"], {}).setdefault((one["n"], one["peer"]), []).append(one)
    for work, peers in sorted(results.items()):
        print(f"\n### {work}\n\n{HEAD}\n|---|---|---|---|---|---|---|")
        for (n, peer), runs in sorted(peers.items(), key=lambda pair: (pair[0][0], cpu(pair[1]))):
            print(row(peer, n, runs, cpu(peers.get((n, FLOOR), []))))


def cpu(runs: list[dict[str, Any]]) -> float:
    return median([run["cpu_ms_rec"] for run in runs if run["right"]] or [0.0])


def row(peer: str, n: int, runs: list[dict[str, Any]], floor: float) -> str:
    right = [run for run in runs if run["right"]]
    if not right:
        return f"| {peer} | {n:,} | {len(runs)} (0) | – | – | – | – |"
    ratio = f"{cpu(runs) / floor:.2f}" if floor else "–"
    rate, memory = median(run["rec_s"] for run in right), max(run["rss_mb"] for run in right)
    told = f"{len(runs)} ({len(right)})"
    return f"| {peer} | {n:,} | {told} | {cpu(runs):.3f} | {ratio} | {rate:,.0f} | {memory:.0f} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "results.jsonl")
