"""Processes of their own: up, worker, simulate, the demo, and a graceful end at any signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from engine.exact import decode
from engine.shows import DEFAULT, starter
from engine.vendors import Vendors
from tests.cli.build import ROOT, SCHEME, STARTER, Duijie

Shop = Callable[[int], list[str]]


@contextmanager
def process(module: str, *argv: object) -> Iterator[subprocess.Popen[str]]:
    """A `duijie` of its own, killed at the end if it still lives."""
    command = [sys.executable, "-m", module, *(str(part) for part in argv)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def ended(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = child.communicate(timeout=120)
    return child.returncode, out, err


def line(child: subprocess.Popen[str]) -> Any:
    """The first object it prints."""
    assert child.stdout is not None
    text = child.stdout.readline()
    assert text, child.stderr.read() if child.stderr else ""
    return decode(text)


def wait_for(simulators: Vendors, child: subprocess.Popen[str], saves: int) -> None:
    """Until so many documents were sent, or the sender has gone."""
    while child.poll() is None and simulators.direct("report")["yonbip"]["calls"].get("save", 0) < saves:
        continue


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_loses_nothing(
    duijie: Duijie, shop: Shop, simulators: Vendors, number: signal.Signals
) -> None:
    allow = shop(40)
    simulators.direct("yonbip/latency", {"seconds": 0.02})
    with process("engine.cli", "run", SCHEME, *allow) as child:
        wait_for(simulators, child, 5)
        child.send_signal(number)
        code, _, err = ended(child)
    assert code == 128 + number, err
    assert "Traceback" not in err
    assert len(simulators.direct("report?full=1")["yonbip"]["written"]) < 40
    simulators.direct("yonbip/latency", {"seconds": 0})
    assert duijie("run", SCHEME, *allow).code == 0
    report = simulators.direct("report?full=1")["yonbip"]
    assert len(report["written"]) == 40
    assert report["doubled"] == []


def test_a_run_watches_while_a_worker_of_another_process_does_the_work(
    duijie: Duijie, shop: Shop, simulators: Vendors
) -> None:
    allow = shop(10)
    with process("engine.cli", "worker", *allow) as other:
        assert other.stderr is not None
        assert "Ctrl-C" in other.stderr.readline()
        said = duijie("run", SCHEME, *allow, "--json")
        other.send_signal(signal.SIGTERM)
        code, _, err = ended(other)
    assert (said.code, said.json["done"]) == (0, 10)
    assert code == 128 + signal.SIGTERM, err
    assert simulators.direct("report")["yonbip"]["doubled"] == []


def first_visit(address: str, welcome: str, path: str) -> str:
    """Follow the link of the first start, make the administrator, and give the page at `path`."""
    wire = HTTPConnection(address.removeprefix("http://"), timeout=30)

    def ask(method: str, path: str, form: dict[str, str], cookie: str = "") -> tuple[int, str, str]:
        headers = {"Origin": address, "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        wire.request(method, path, urlencode(form), headers)
        reply = wire.getresponse()
        return reply.status, reply.read().decode(), reply.headers.get("Set-Cookie", "").partition(";")[0]

    assert ask("GET", path, {})[0] == 303, "nothing is shown without a login"
    form = {"name": "li.wei", "password": "a lantern in warehouse 7", "again": "a lantern in warehouse 7"}
    status, _, cookie = ask("POST", welcome.removeprefix(address), form)
    assert status == 303
    status, page, _ = ask("GET", path, {}, cookie)
    wire.close()
    assert status == 200
    return page


def test_up_with_simulators_is_ready_for_a_newcomer(duijie: Duijie, home: Path) -> None:
    with process("webui.cli", "up", "--keep", "0", "--port", 0) as child:
        code, _, err = ended(child)
        assert (code, "--keep" in err) == (2, True)
    with process("webui.cli", "up", "--simulate", "--port", 0, "--keep", 30, "--json") as child:
        told = line(child)
        address = told["address"]
        assert "bip-main" in first_visit(address, told["welcome"], "/connections")
        taken = address.rpartition(":")[2]
        with process("webui.cli", "up", "--port", taken) as second:
            code, _, err = ended(second)
        assert code == 2
        assert taken in err
        child.send_signal(signal.SIGINT)
        code, _, err = ended(child)
    assert code == 128 + signal.SIGINT, err
    assert "Traceback" not in err


def test_simulators_never_take_the_place_of_a_real_account(
    duijie: Duijie, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REAL", "real-secret")
    real = (
        "--connector",
        "yonbip",
        "--set",
        "app_key=k",
        "--set",
        "tenant_id=t",
        "--secret-env",
        "app_secret=REAL",
    )
    assert duijie("connection", "add", "bip-main", *real).code == 0
    with process("webui.cli", "up", "--simulate", "--port", 0) as child:
        code, _, err = ended(child)
    assert code == 2
    assert "bip-main" in err
    (account,) = duijie("connection", "list", "--json").json["connections"]
    assert account["settings"]["tenant_id"] == "t"


def test_simulate_tells_what_to_allow(home: Path) -> None:
    with process("engine.cli", "simulate") as child:
        assert child.stdout is not None
        lines = []
        while not lines or "Ctrl-C" not in lines[-1]:
            lines.append(child.stdout.readline())
        child.send_signal(signal.SIGTERM)
        code, _, err = ended(child)
    assert any("--allow 127.0.0.1:" in text for text in lines)
    assert code == 128 + signal.SIGTERM, err


def test_simulators_that_cannot_start_say_why(duijie: Duijie) -> None:
    said = duijie("simulate", "--only", "nobody")
    assert said.code == 2
    assert "nobody" in said.err


def test_the_demo_moves_every_order_once_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with process("engine.cli", "demo", "--once", "--orders", 60, "--json") as child:
        code, out, err = ended(child)
    assert code == 0, err
    told: Any = decode(out)
    assert told["fine"] is True
    assert {name: told[name] for name in ("documents", "lost", "doubled", "different", "written_again")} == {
        "documents": 60, "lost": 0, "doubled": 0, "different": 0, "written_again": 0,
    }  # fmt: skip
    assert sum(told["faults"].values()) > 5
    assert (told["first"]["done"], told["second"]["unchanged"]) == (60, told["orders"])
    assert list(tmp_path.iterdir()) == []


def test_the_starter_of_the_demo_is_the_one_in_flows() -> None:
    assert starter(DEFAULT) == STARTER
