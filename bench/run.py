"""Runs one peer on one workload and prints one line: `python -m bench.run PEER WORKLOAD N [--repeat K]`.

The server is pinned to core 0, the peer to core 1. A peer's CPU is what the kernel charged to it and
to the children it waited for, from its start to its end; its memory is the most it held. A result
counts only where every order arrived once with the right content, under a key of its own, and the
ids the peer kept are the ids it was given.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench import spec

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
PORT = int(os.environ.get("BENCH_PORT", "18080"))
BASE = f"http://127.0.0.1:{PORT}"
PEERS = ("floor_aiohttp", "requests_seq", "duijie")
WORK = {
    "W1": {},
    "W1F": {"fail": 101},
    "W3": {"src_ms": 100, "dst_ms": 50, "conc": 10},
}
SERVER_CORE, PEER_CORE = 0, 1


def get(path: str) -> bytes:
    with urllib.request.urlopen(BASE + path, timeout=600) as reply:  # noqa: S310
        return reply.read()


def start(module: str, core: int, log: Any, *words: str, **environ: str) -> subprocess.Popen[bytes]:
    """A process of its own on a core of its own, before other work on the machine where we may say so."""

    def settle_in() -> None:
        os.setsid()
        if len(os.sched_getaffinity(0)) > 1:
            os.sched_setaffinity(0, {core})
        with suppress(OSError):
            os.nice(-10)
            Path("/proc/self/autogroup").write_text("-10")

    command = [sys.executable, "-m", module, *words]
    env = {**os.environ, **environ}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # start-up as in any installation, not as in a container's build
    return subprocess.Popen(command, cwd=HERE.parent, env=env, stdout=log, stderr=log, preexec_fn=settle_in)


@contextmanager
def server() -> Iterator[None]:
    """The server, until it is no longer needed."""
    process = start("bench.server", SERVER_CORE, None, str(PORT))
    try:
        for _ in range(100):
            time.sleep(0.1)
            with suppress(OSError):
                get("/admin/ping")
                break
        yield
    finally:
        process.terminate()
        process.wait()


def busy_s(core: int) -> float:
    """Seconds this core has worked for anybody since the machine started."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            ticks = [int(word) for word in line.split()[1:9]]
            return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    return 0.0


def one(peer: str, work: str, n: int, timeout: float) -> dict[str, Any]:
    asked = "&".join(f"{name}={value}" for name, value in WORK[work].items())
    get(f"/admin/reset?n={n}&{asked}")
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    codes = OUT / "codes.json"
    codes.write_text(json.dumps(spec.CODES, ensure_ascii=False), encoding="utf-8")
    env = {
        "BENCH_SRC": f"{BASE}/src",
        "BENCH_DST": f"{BASE}/yonbip/scm/othoutrecord/single/save",
        "BENCH_CONC": "10",
    }
    others, began = busy_s(PEER_CORE), time.perf_counter()
    with (OUT / "log").open("wb") as log:
        process = start(
            f"bench.peers.{peer}", PEER_CORE, log, **env, BENCH_OUT=str(OUT), BENCH_CODES=str(codes)
        )
        code, used = ended(process, began + timeout)
    wall, cpu = time.perf_counter() - began, used.ru_utime + used.ru_stime
    others = busy_s(PEER_CORE) - others - cpu
    told = json.loads(get("/admin/report"))
    good = told["right"] == n and not told["wrong"] and not told["doubled"] and not told["over"]
    return {
        "peer": peer, "work": work, "n": n, "right": good and code == 0 and kept_ids() == given_ids(),
        "code": code, "wall_s": round(wall, 2), "rec_s": round(n / wall, 1),
        "cpu_s": round(cpu, 2), "user_s": round(used.ru_utime, 2), "cpu_ms_rec": round(cpu * 1000 / n, 4),
        "rss_mb": round(used.ru_maxrss / 1024, 1), "other_s": round(others, 2), "report": told,
    }  # fmt: skip


def ended(process: subprocess.Popen[bytes], until: float) -> tuple[int, resource.struct_rusage]:
    """Exit code and use of a process, which is ended where it takes too long."""
    while True:
        ident, status, used = os.wait4(process.pid, os.WNOHANG)
        if ident:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used
        if time.perf_counter() > until:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.02)


def kept_ids() -> set[str]:
    with suppress(OSError):
        return set((OUT / "ids.csv").read_text().split())
    return set()


def given_ids() -> set[str]:
    return set(get("/admin/ids").decode().split())


def line(result: dict[str, Any]) -> str:
    return (
        f"{result['peer']:14s} {result['work']:4s} n={result['n']:<7d} {'RIGHT' if result['right'] else 'WRONG'} "
        f"cpu={result['cpu_ms_rec']:.3f} ms/rec  {result['rec_s']:6.0f} rec/s  rss={result['rss_mb']:.0f} MB  "
        f"wall={result['wall_s']:.1f} s  cpu={result['cpu_s']:.1f} s  other={result['other_s']:.1f} s"
    )


def main() -> int:
    words = argparse.ArgumentParser(description="One peer on one workload; the README tells which there are.")
    words.add_argument("peer", choices=PEERS)
    words.add_argument("work", choices=sorted(WORK))
    words.add_argument("n", type=int)
    words.add_argument("--repeat", type=int, default=1)
    words.add_argument("--timeout", type=float, default=600)
    asked = words.parse_args()
    good = True
    with server():
        for _ in range(asked.repeat):
            result = one(asked.peer, asked.work, asked.n, asked.timeout)
            print(line(result), flush=True)
            with (HERE / "results.jsonl").open("a", encoding="utf-8") as kept:
                kept.write(json.dumps(result, ensure_ascii=False) + "\n")
            if not result["right"]:
                good = False
                print(
                    f"    exit code {result['code']}", json.dumps(result["report"], ensure_ascii=False)[:1500]
                )
                print((OUT / "log").read_text(errors="replace")[-2500:])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
