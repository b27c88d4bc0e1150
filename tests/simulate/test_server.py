"""The simulators as a process: one line tells where, a director steers it, and it ends with its parent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from engine.model.values import Call, Reply
from flows.demo.orders import orders
from tests.connectors.drive import ROOT, auth_of, signed

SINCE = datetime.now(UTC) - timedelta(days=2)


class Process:
    """A running `python -m engine.simulate` and somebody to talk to it."""

    def __init__(self, *options: str) -> None:
        self.run = subprocess.Popen(
            [sys.executable, "-m", "engine.simulate", "--for", "60", *options],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert self.run.stdout is not None
        self.line: dict[str, Any] = json.loads(self.run.stdout.readline())

    def direct(self, path: str, given: Any = None) -> Any:
        method = "GET" if given is None else "POST"
        reply = self.send(method, f"{self.line['admin']}/{path}", json.dumps(given or {}))
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    def send(self, method: str, url: str, body: str = "", **headers: str) -> Reply:
        parts = urlsplit(url)
        with closing(HTTPConnection(parts.netloc, timeout=10)) as connection:
            connection.request(method, f"{parts.path}?{parts.query}", body.encode(), headers)
            answer = connection.getresponse()
            raw = answer.read()
        return Reply(answer.status, {}, raw, json.loads(raw) if raw.startswith(b"{") else None)

    def call(self, call: Call) -> Reply:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if call.form else {}
        body = urlencode(call.form) if call.form else (call.body or b"").decode()
        return self.send(call.method, f"{call.url}?{urlencode(call.query)}", body, **{**form, **call.headers})

    def connection(self, name: str, channel: str) -> tuple[str, dict[str, str]]:
        facts = self.line["simulators"][name]["connections"][channel]
        return facts["base"] or "", facts["settings"]


@pytest.fixture(scope="module")
def running() -> Iterator[Process]:
    made = Process("--seed", "3")
    yield made
    made.run.terminate()
    made.run.wait(10)
    assert made.run.stdout is not None
    made.run.stdout.close()


@pytest.fixture
def process(running: Process) -> Process:
    """The one process of this module, as it began."""
    running.direct("reset", {})
    return running


def saved(process: Process, number: str) -> Reply:
    _, settings = process.connection("yonbip", "default")
    now = datetime.now(UTC)
    line = {"product": "PD000001", "qty": 1, "_status": "Insert"}
    head = {"org": "001", "accountOrg": "001", "bustype": "A10001", "warehouse": "CK01", "_status": "Insert"}
    data = {
        "code": number,
        "resubmitCheckKey": number,
        "vouchdate": "2026-11-20",
        **head,
        "othOutRecords": [line],
    }
    call = Call("POST", "/yonbip/scm/othoutrecord/single/save", body=json.dumps({"data": data}).encode())
    return process.call(signed(auth_of("yonbip", "default"), call, settings, now, answer=process.call))


def test_one_line_tells_where_everything_is(process: Process) -> None:
    line = process.line
    assert {"k3cloud", "wdt", "yonbip"} <= {*line["simulators"]}
    assert line["pid"] == process.run.pid
    assert line["allow"] == [one["base"].removeprefix("http://") for one in line["simulators"].values()]
    assert {behaviour["grade"] for behaviour in line["simulators"]["wdt"]["behaviours"]} == {
        "文档",
        "实测",
        "推测",
    }


def test_orders_go_out_on_both_channels_and_a_document_comes_in(process: Process) -> None:
    made = orders(120, 1, SINCE, SINCE + timedelta(days=1))
    assert process.direct("wdt/orders", {"orders": made}) == {"orders": 126}
    for channel, path in (("qimen", ""), ("classic", "/stockout_order_query.php")):
        base, settings = process.connection("wdt", channel)
        window = {
            "start_time": beijing(SINCE),
            "end_time": beijing(SINCE + timedelta(days=2)),
            "page_size": "100",
        }
        form = {"method": "wdt.stockout.order.query", **window} if channel == "qimen" else window
        call = Call("POST", base + path, form=form)
        data: Any = process.call(signed(auth_of("wdt", channel), call, settings, datetime.now(UTC))).data
        assert data.get("response", data)["total_count"] == 126
    assert saved(process, "CK1").status == 200
    report = process.direct("report?full=1")
    assert report["yonbip"]["written"][0]["document"]["code"] == "CK1"
    assert report["yonbip"]["calls"] == {"token": 2, "save": 1}


def beijing(at: datetime) -> str:
    return (at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")


def test_a_reset_after_accepting_breaks_the_connection_and_keeps_the_document(process: Process) -> None:
    process.direct("yonbip/faults", {"seed": 1, "rates": {"save.reset_after": 1.0}})
    with pytest.raises(ConnectionResetError):
        saved(process, "CK1")
    report = process.direct("report")["yonbip"]
    assert (report["created"], report["faults"]) == (1, {"reset_after": 1})


def test_a_502_and_a_page_come_as_they_would_from_a_proxy(process: Process) -> None:
    for fault, status in (("bad_gateway", 502), ("html", 200), ("busy", 429)):
        process.direct("yonbip/faults", {"rates": {f"save.{fault}": 1}})
        reply = saved(process, "CK1")
        assert reply.status == status
    assert process.direct("report")["yonbip"]["created"] == 0


def test_time_can_be_moved_and_everything_reset(process: Process) -> None:
    saved(process, "CK1")
    moved = datetime.fromisoformat(process.direct("time", {"seconds": 86400})["now"])
    assert timedelta(hours=23) < moved - datetime.now(UTC) < timedelta(hours=25)
    process.direct("reset", {})
    assert process.direct("report")["yonbip"]["documents"] == 0


def test_the_caller_is_really_killed_before_it_hears_the_answer(process: Process) -> None:
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.direct("yonbip/kill", {"pid": victim.pid, "nth": 2})
    saved(process, "CK1")
    with pytest.raises(ConnectionResetError):
        saved(process, "CK2")
    victim.communicate(timeout=10)
    assert victim.returncode == -signal.SIGKILL
    assert process.direct("report")["yonbip"]["created"] == 2


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("nobody/faults", {}),
        ("wdt/dance", {}),
        ("yonbip/faults", {"rates": {"busy": 2}}),
        ("yonbip/faults", {"rates": {"busy": "much"}}),
        ("yonbip/settings", {"keys": 1}),
        ("yonbip/kill", {"pid": 1}),
    ],
)
def test_a_wrong_wish_is_told_in_chinese(process: Process, path: str, given: Any) -> None:
    reply = process.send("POST", f"{process.line['admin']}/{path}", json.dumps(given))
    assert reply.status == 400
    assert any("\u4e00" <= letter <= "\u9fff" for letter in json.loads(reply.body)["says"])


def test_nobody_directs_without_the_path(process: Process) -> None:
    base = process.line["admin"].rsplit("/", 1)[0]
    assert process.send("GET", f"{base}/report").status == 404
    assert process.send("POST", f"{base}/guess/reset", "{}").status == 404


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    port_file = tmp_path / "ports.json"
    command = [sys.executable, "-m", "engine.simulate", "--for", "60", "--port-file", str(port_file)]
    script = "import subprocess, sys; subprocess.run(sys.argv[1:], check=True)"
    with subprocess.Popen(
        [sys.executable, "-c", script, *command], stdout=subprocess.PIPE, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        line = parent.stdout.readline()
        assert line == port_file.read_bytes()
        parent.kill()
        # The pipe ends when its last writer does, and that is the simulator.
        assert parent.stdout.read() == b""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--only", "nobody"], "没有模拟器 nobody"),
        (["--set", "yonbip.keys=never"], "same_id"),
        (["--set", "yonbip"], "--set 写成"),
        (["--set", "wdt.colour=red"], "模拟器没有设置 colour"),
    ],
)
def test_wrong_options_are_one_line_and_2(options: list[str], says: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "engine.simulate", *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=20,
    )
    assert ended.returncode == 2
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1
