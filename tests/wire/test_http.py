"""The door: what leaves, what comes back, and what is certain when something goes wrong."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Sequence

import pytest

from engine.errors import Fault
from engine.model.values import Call, Reply
from engine.wire.doors.http import HTTPDoor
from engine.wire.hosts import HostRule
from tests.wire.vendor import Asked, Line, Vendor, http, says

LOCAL = HostRule.of(["127.0.0.1"])


def send(
    vendor: Vendor, call: Call, *, hosts: HostRule = LOCAL, deadline: float = 5.0, cap: int = 1 << 20
) -> Reply:
    """One call to a vendor that lives as long as it."""

    async def go() -> Reply:
        async with vendor, HTTPDoor(vendor.pair, cap=cap) as door:
            return await door.send(_at(vendor, call), hosts, deadline)

    return asyncio.run(go())


def _at(vendor: Vendor, call: Call) -> Call:
    return Call(call.method, vendor.url + call.url, call.query, call.form, call.body, call.headers)


def fault(vendor: Vendor, call: Call, **how: object) -> Fault:
    with pytest.raises(Fault) as caught:
        send(vendor, call, **how)  # type: ignore[arg-type]
    return caught.value


POST = Call("POST", "/save", body=b'{"a":1}')
GET = Call("GET", "/list")


def test_a_form_arrives_exactly_as_it_was_signed():
    values = {"sid": "测试 店", "sign": "a+b/c=", "remark": "50% & 更多; 'x'", "empty": ""}
    vendor = Vendor(says({"code": 0}))
    reply = send(vendor, Call("POST", "/openapi", form=values))
    assert reply.data == {"code": 0}
    assert vendor.asked[0].form == values
    assert vendor.asked[0].headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"


def test_a_query_is_encoded_once_and_beside_what_the_url_already_has():
    vendor = Vendor(says({}))
    token = "abc/+=%2B 中文"
    send(vendor, Call("POST", "/save?fixed=1", {"access_token": token}, body=b"{}"))
    assert vendor.asked[0].query == {"fixed": "1", "access_token": token}
    assert "%2F%2B%3D%252B%20%E4%B8%AD" in vendor.asked[0].target


def test_a_body_is_sent_byte_for_byte_as_json():
    body = '{"data":{"memo":"第一行\\n","qty":30.0000}}'.encode()
    vendor = Vendor(says({}))
    send(vendor, Call("POST", "/save", body=body, headers={"X-Own": "1"}))
    assert vendor.asked[0].body == body
    assert vendor.asked[0].headers["content-type"] == "application/json; charset=utf-8"
    assert vendor.asked[0].headers["x-own"] == "1"
    assert vendor.asked[0].headers["accept-encoding"] == "gzip, deflate"


def test_a_content_type_of_the_call_wins():
    vendor = Vendor(says({}))
    send(vendor, Call("POST", "/save", body=b"<a/>", headers={"content-type": "text/xml"}))
    assert vendor.asked[0].headers["content-type"] == "text/xml"


def test_a_large_body_is_sent_whole():
    vendor = Vendor(says({}))
    send(vendor, Call("POST", "/save", body=b"x" * (3 << 20)))
    assert len(vendor.asked[0].body) == 3 << 20


def test_a_reply_of_any_status_is_a_reply():
    vendor = Vendor(says(b"<html>502</html>", 502, Retry_After="7"))
    reply = send(vendor, POST)
    assert (reply.status, reply.data, reply.headers["retry-after"]) == (502, None, "7")


@pytest.mark.parametrize(
    "body", [b"", b"<html/>", b'{"code":', b'{"a":NaN}', b"[" * 100_000, b'{"a":"\xff"}']
)
def test_what_is_no_json_gives_no_data(body: bytes):
    assert send(Vendor(says(body)), GET).data is None


def test_a_byte_order_mark_before_the_json_is_forgiven():
    assert send(Vendor(says(b'\xef\xbb\xbf{"a": 12345678901234567890}')), GET).data == {
        "a": 12345678901234567890
    }


def _deflate_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", _deflate_raw),
        ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    ],
)
def test_compressed_replies_are_read(encoding: str, pack: object):
    data = json.dumps({"rows": ["出库单"] * 5000}).encode()
    reply = send(Vendor(says(pack(data), 200, Content_Encoding=encoding)), GET)  # type: ignore[operator]
    assert reply.body == data


def test_a_compressed_bomb_is_stopped_at_the_cap():
    bomb = gzip.compress(bytes(64 << 20))
    stopped = fault(Vendor(says(bomb, 200, Content_Encoding="gzip")), POST, cap=1 << 20)
    assert (stopped.kind, stopped.sent) == ("broken", True)
    assert "超过 1 MB" in stopped.says


def test_a_plain_reply_is_stopped_at_the_cap():
    assert "超过 1 MB" in fault(Vendor(says(bytes((1 << 20) + 1))), GET).says


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", gzip.compress(b"{}" * 99, mtime=0)[:-9]), ("gzip", b"{}"), ("br", b"\x0b\x00\x80{}\x03")],
)
def test_a_reply_that_does_not_unpack_is_broken(encoding: str, body: bytes):
    broken = fault(Vendor(says(body, 200, Content_Encoding=encoding)), POST)
    assert (broken.kind, broken.sent) == ("broken", True)


async def _reset(asked: Asked, line: Line) -> None:
    line.reset()


async def _half(asked: Asked, line: Line) -> None:
    line.write(http(b'{"code":"200"', length=400))
    line.close()


async def _garbage(asked: Asked, line: Line) -> None:
    line.write(b"\x00\x01 not http at all\r\n\r\n")


async def _drip(asked: Asked, line: Line) -> None:
    line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        line.write(b" ")
        await asyncio.sleep(0.01)


async def _silence(asked: Asked, line: Line) -> None:
    await line.reader.read()


@pytest.mark.parametrize("call", [POST, GET], ids=["post", "get"])
@pytest.mark.parametrize("answer", [_reset, _half, _garbage, _drip, _silence])
def test_after_the_request_left_the_outcome_is_open(answer: object, call: Call):
    vendor = Vendor(answer)  # type: ignore[arg-type]
    broken = fault(vendor, call, deadline=0.3)
    assert (broken.kind, broken.sent) == ("broken", True)
    assert len(vendor.asked) == 1


def test_a_deadline_that_passes_before_connecting_sends_nothing():
    async def go() -> Fault:
        async def never(host: str, port: int) -> Sequence[str]:
            await asyncio.Event().wait()
            return []

        async with HTTPDoor(names=never) as door:
            with pytest.raises(Fault) as caught:
                await door.send(
                    Call("POST", "https://erp.example.com/"), HostRule.of(["erp.example.com"]), 0.1
                )
            return caught.value

    late = asyncio.run(go())
    assert (late.kind, late.sent) == ("unreachable", False)


def test_a_request_whose_word_has_become_too_old_does_not_leave_and_the_next_one_does():
    async def go() -> tuple[Fault, Vendor]:
        old = True
        vendor = Vendor(says(b"{}"))
        async with vendor, HTTPDoor(vendor.pair) as door:
            await door.send(_at(vendor, POST), LOCAL, 5, lambda: False)
            with pytest.raises(Fault) as caught:
                await door.send(_at(vendor, POST), LOCAL, 5, lambda: old)
            old = False
            await door.send(_at(vendor, POST), LOCAL, 5, lambda: old)
        return caught.value, vendor

    kept, vendor = asyncio.run(go())
    assert (kept.kind, kept.sent) == ("unreachable", False)
    assert len(vendor.asked) == 2


def test_a_name_nobody_knows_is_unreachable():
    async def go() -> Fault:
        async def unknown(host: str, port: int) -> Sequence[str]:
            raise OSError("no such name")

        async with HTTPDoor(names=unknown) as door:
            with pytest.raises(Fault) as caught:
                await door.send(Call("GET", "https://erp.example.com/"), HostRule.of(["erp.example.com"]), 5)
            return caught.value

    lost = asyncio.run(go())
    assert (lost.kind, lost.sent) == ("unreachable", False)
    assert "找不到主机 erp.example.com" in lost.says


def test_this_machines_own_names_are_asked():
    async def go() -> Reply:
        async with (
            Vendor(says({"a": 1})) as vendor,
            HTTPDoor(frozenset({("localhost", vendor.port)})) as door,
        ):
            return await door.send(
                Call("GET", f"http://localhost:{vendor.port}/"), HostRule.of(["localhost"]), 5
            )

    assert asyncio.run(go()).data == {"a": 1}


def test_who_is_told_to_stop_is_not_told_of_a_deadline():
    async def go() -> bool:
        async with Vendor(_silence) as vendor, HTTPDoor(vendor.pair) as door:
            task = asyncio.create_task(door.send(Call("GET", vendor.url), LOCAL, 60))
            while not vendor.asked:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return task.cancelled()

    assert asyncio.run(go())


def test_a_deadline_of_one_call_ends_that_call_only():
    async def go() -> tuple[Fault, Reply]:
        async def answer(asked: Asked, line: Line) -> None:
            if asked.target == "/slow":
                await line.reader.read()
            await asyncio.sleep(0.3)
            line.write(http(b"{}"))

        async with Vendor(answer) as vendor, HTTPDoor(vendor.pair) as door:
            slow = door.send(Call("GET", vendor.url + "/slow"), LOCAL, 0.1)
            fast = door.send(Call("GET", vendor.url + "/fast"), LOCAL, 5)
            ended, replied = await asyncio.gather(slow, fast, return_exceptions=True)
            assert isinstance(ended, Fault)
            assert isinstance(replied, Reply)
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            return ended, replied

    ended, replied = asyncio.run(go())
    assert "0.1 秒" in ended.says
    assert replied.status == 200


def test_a_closed_port_is_unreachable_and_nothing_was_sent():
    async def go() -> Fault:
        async with Vendor(says({})) as vendor:
            url, pair = vendor.url, vendor.pair
        async with HTTPDoor(pair) as door:
            with pytest.raises(Fault) as caught:
                await door.send(Call("POST", url + "/save", body=b"{}"), LOCAL, 5)
            return caught.value

    closed = asyncio.run(go())
    assert (closed.kind, closed.sent) == ("unreachable", False)


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
def test_a_kept_connection_closed_on_the_second_request_is_not_tried_again(method: str):
    """aiohttp itself sends GET, PUT and DELETE once more in this case; here nothing is sent twice."""

    async def go() -> tuple[Fault, Vendor]:
        async def once(asked: Asked, line: Line) -> None:
            if len(vendor.asked) == 1:
                line.write(http(b"{}"))
            else:
                line.close()

        async with Vendor(once) as vendor, HTTPDoor(vendor.pair) as door:
            call = Call(method, vendor.url + "/save", body=b"{}" if method != "GET" else None)
            await door.send(call, LOCAL, 5)
            with pytest.raises(Fault) as caught:
                await door.send(call, LOCAL, 5)
            return caught.value, vendor

    lost, vendor = asyncio.run(go())
    assert vendor.connections == 1, "the connection was kept"
    assert len(vendor.asked) == 2, "and nothing was asked a third time"
    assert (lost.kind, lost.sent) == ("broken", True)


def test_a_connection_closed_while_idle_is_replaced_or_its_call_is_open():
    """Whether the close was seen in time is chance; either way the request arrives at most once."""

    async def go() -> tuple[list[Reply | Fault], Vendor]:
        async def answer(asked: Asked, line: Line) -> None:
            line.write(http(b"{}"))
            line.close()

        told: list[Reply | Fault] = []
        async with Vendor(answer) as vendor, HTTPDoor(vendor.pair) as door:
            for _ in range(50):
                try:
                    told.append(await door.send(Call("POST", vendor.url, body=b"{}"), LOCAL, 5))
                except Fault as lost:
                    assert lost.sent
                    told.append(lost)
        return told, vendor

    told, vendor = asyncio.run(go())
    assert len(vendor.asked) <= len(told) == 50


def test_cookies_are_not_kept():
    async def go() -> Vendor:
        async with Vendor(says({}, 200, Set_Cookie="a=1; Path=/")) as vendor, HTTPDoor(vendor.pair) as door:
            for _ in range(2):
                await door.send(Call("GET", vendor.url), LOCAL, 5)
            return vendor

    assert all("cookie" not in asked.headers for asked in asyncio.run(go()).asked)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert send(Vendor(says({"a": 1})), GET).data == {"a": 1}


def test_a_header_with_a_line_break_is_not_sent():
    vendor = Vendor(says({}))
    wrong = fault(vendor, Call("POST", "/", body=b"{}", headers={"X-Key": "a\r\nHost: other"}))
    assert (len(vendor.asked), wrong.kind, wrong.sent) == (0, "unreachable", False)
    assert "other" not in wrong.says
