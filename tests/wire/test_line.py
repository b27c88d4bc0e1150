"""The lines themselves: every way a reply may be framed, and nothing believed that nobody asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.errors import Fault
from engine.model.values import Call, Reply
from engine.wire.doors import pool
from engine.wire.doors.http import HTTPDoor
from engine.wire.hosts import HostRule
from tests.wire.papers import self_signed
from tests.wire.vendor import Answer, Asked, Line, Vendor, http

LOCAL = HostRule.of(["127.0.0.1", "localhost"])


def raw(data: bytes, close: bool = False) -> Answer:
    async def answer(asked: Asked, line: Line) -> None:
        line.write(data)
        if close:
            line.close()

    return answer


def ask(answer: Answer, times: int = 1) -> tuple[list[Reply | Fault], Vendor]:
    """So many calls, one after another, over one door."""

    async def go() -> tuple[list[Reply | Fault], Vendor]:
        told: list[Reply | Fault] = []
        async with Vendor(answer) as vendor, HTTPDoor(vendor.pair, cap=1 << 20) as door:
            for number in range(times):
                try:
                    told.append(await door.send(Call("GET", f"{vendor.url}/{number}"), LOCAL, 5))
                except Fault as fault:
                    told.append(fault)
        return told, vendor

    return asyncio.run(go())


def one(answer: Answer) -> Reply | Fault:
    return ask(answer)[0][0]


@pytest.mark.parametrize(
    "data",
    [
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\nX-Late: 1\r\n\r\n',
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http(b'{"a":1}'),
    ],
    ids=["in chunks", "after interim replies"],
)
def test_a_reply_is_read_however_it_is_framed(data: bytes):
    replies, vendor = ask(raw(data), times=2)
    assert [reply.data if isinstance(reply, Reply) else reply for reply in replies] == [{"a": 1}] * 2
    assert vendor.connections == 1
    assert isinstance(replies[0], Reply)
    assert not {"link", "x-late"} & set(replies[0].headers)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_reply_without_a_length_ends_where_the_connection_does(version: str):
    replies, vendor = ask(raw(f'HTTP/{version} 200 OK\r\n\r\n{{"a":1}}'.encode(), close=True), times=2)
    assert [reply.data if isinstance(reply, Reply) else reply for reply in replies] == [{"a": 1}] * 2
    assert vendor.connections == 2


def test_a_reply_without_a_body_is_whole_at_once():
    replies, vendor = ask(raw(b"HTTP/1.1 204 No Content\r\n\r\n"), times=2)
    assert [reply.status if isinstance(reply, Reply) else reply for reply in replies] == [204, 204]
    assert vendor.connections == 1


def test_a_connection_that_says_close_is_not_used_again():
    _, vendor = ask(raw(http(b"{}", 200, Connection="close")), times=2)
    assert vendor.connections == 2


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"X-A: aaaaaaaaaa\r\n" * 5_000 + b"\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=[
        "two lengths",
        "length and chunks",
        "no chunk",
        "endless header",
        "endless headers",
        "another protocol",
    ],
)
def test_a_reply_that_may_be_read_in_two_ways_is_none(data: bytes):
    fault = one(raw(data))
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.sent) == ("broken", True)


def test_a_second_reply_to_one_question_is_given_to_nobody():
    """Else every later question on the line would get the answer of the one before."""
    first, second = b'{"a":1}', b'{"b":2}'
    replies, vendor = ask(raw(http(first) + http(second)), times=3)
    assert [reply.body if isinstance(reply, Reply) else reply for reply in replies] == [first] * 3
    assert vendor.connections == 3


def test_what_comes_unasked_between_two_questions_ends_the_line():
    async def go() -> tuple[bytes, int]:
        lines: list[Line] = []

        async def answer(asked: Asked, line: Line) -> None:
            lines.append(line)
            line.write(http(b'{"right":1}'))

        async with Vendor(answer) as vendor, HTTPDoor(vendor.pair) as door:
            await door.send(Call("GET", vendor.url), LOCAL, 5)
            lines[0].write(http(b'{"stray":1}'))
            while not lines[0].writer.is_closing():
                await asyncio.sleep(0)
            reply = await door.send(Call("GET", vendor.url), LOCAL, 5)
            return reply.body, vendor.connections

    assert asyncio.run(go()) == (b'{"right":1}', 2)


def test_calls_at_once_have_lines_of_their_own():
    async def go() -> tuple[list[bytes], int]:
        arrived = asyncio.Semaphore(0)

        async def answer(asked: Asked, line: Line) -> None:
            arrived.release()
            for _ in range(2):
                await arrived.acquire()
                arrived.release()
            line.write(http(asked.target.encode()))

        async with Vendor(answer) as vendor, HTTPDoor(vendor.pair) as door:
            calls = [door.send(Call("GET", f"{vendor.url}/{n}"), LOCAL, 5) for n in range(5)]
            return [reply.body for reply in await asyncio.gather(*calls)], vendor.connections

    assert asyncio.run(go()) == ([f"/{n}".encode() for n in range(5)], 5)


def test_who_comes_when_all_lines_are_taken_waits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "MOST", 2)

    async def go() -> tuple[int, int]:
        most = flying = 0

        async def answer(asked: Asked, line: Line) -> None:
            nonlocal most, flying
            flying += 1
            most = max(most, flying)
            for _ in range(20):
                await asyncio.sleep(0)
            flying -= 1
            line.write(http(b"{}"))

        async with Vendor(answer) as vendor, HTTPDoor(vendor.pair) as door:
            await asyncio.gather(*[door.send(Call("GET", vendor.url), LOCAL, 5) for _ in range(12)])
            return most, vendor.connections

    assert asyncio.run(go()) == (2, 2)


def test_a_line_that_was_idle_too_long_is_replaced(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "KEPT", 0.0)
    assert ask(raw(http(b"{}")), times=3)[1].connections == 3


def test_the_next_address_is_tried_where_the_first_is_dead():
    async def go() -> int:
        async def both(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.2", "127.0.0.1"]

        async with (
            Vendor(raw(http(b"{}"))) as vendor,
            HTTPDoor(frozenset({("localhost", vendor.port)}), names=both) as door,
        ):
            url = f"http://localhost:{vendor.port}/"
            return (await door.send(Call("GET", url), LOCAL, 5)).status

    assert asyncio.run(go()) == 200


async def _of(vendor: Vendor, host: str) -> Reply:
    async with HTTPDoor(frozenset({(host, vendor.port)})) as door:
        return await door.send(Call("POST", f"https://{host}:{vendor.port}/", body=b"{}"), LOCAL, 5)


def test_a_trusted_certificate_is_spoken_to_and_its_name_must_be_the_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "vendor.pem"))

    async def go(host: str) -> Reply:
        async with Vendor(raw(http(b'{"a":1}')), certificate) as vendor:
            return await _of(vendor, host)

    assert asyncio.run(go("127.0.0.1")).data == {"a": 1}
    with pytest.raises(Fault) as other:
        asyncio.run(go("localhost"))
    assert (other.value.kind, other.value.sent, other.value.part) == ("unreachable", False, "tls")
