"""Where calls may go: names, ports, addresses, redirects, certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.errors import Fault
from engine.model.values import Call, Reply
from engine.wire.doors.http import HTTPDoor, Names
from engine.wire.hosts import HostRule, open_to
from tests.wire.papers import self_signed
from tests.wire.vendor import Answer, Asked, Line, Vendor, http, says

LOCAL = HostRule.of(["127.0.0.1"])


def resolving(*addresses: str) -> Names:
    async def names(host: str, port: int) -> Sequence[str]:
        return addresses

    return names


def refused(call: Call, hosts: HostRule, door: HTTPDoor | None = None) -> Fault:
    async def go() -> Fault:
        async with door or HTTPDoor() as opened:
            with pytest.raises(Fault) as caught:
                await opened.send(call, hosts, 2)
            return caught.value

    fault = asyncio.run(go())
    assert (fault.kind, fault.sent) == ("unreachable", False)
    return fault


PRIVATE = """
127.0.0.1 10.0.0.8 172.16.3.4 192.168.1.1 169.254.169.254 0.0.0.0 100.64.0.1 100.100.100.200 224.0.0.1
255.255.255.255 192.0.0.8 ::1 :: ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::7f00:1
64:ff9b::a00:8 64:ff9b:1::1 2002:7f00:1:: 2002:a00:8:: fc00::1 fd00:ec2::254 fe80::1 ff02::1
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_no_name_may_lead_to_an_address_that_is_not_public(address: str):
    assert not open_to(address, (), loopback=False)
    door = HTTPDoor(names=resolving("93.184.216.34", address))
    fault = refused(Call("GET", "https://erp.example.com/"), HostRule.of(["erp.example.com"]), door)
    assert "内网" in fault.says


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "2002:5db8:d822::"]
)
def test_public_addresses_are_open(address: str):
    assert open_to(address, (), loopback=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "10.0.0.8", "169.254.169.254"])
def test_an_address_written_out_is_judged_like_a_name(host: str):
    rule = HostRule.of([host.strip("[]"), "::ffff:7f00:1"])
    assert "内网" in refused(Call("GET", f"http://{host}/"), rule).says


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f000001", "017700000001"])
def test_old_ways_to_write_loopback_lead_nowhere(host: str):
    refused(Call("GET", f"http://{host}/"), HostRule.of([host, "127.0.0.1", "0.0.0.1"]))


def test_a_private_range_opened_by_an_administrator_opens_that_range_only():
    rule = HostRule.of(["k3.example.com"], ["10.1.0.0/16"])
    assert open_to("10.1.2.3", rule.private, loopback=False)
    assert not open_to("10.2.0.1", rule.private, loopback=False)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "100.100.100.200", "::"]
)
def test_no_range_opens_loopback_or_the_clouds_own_addresses(address: str):
    everything = HostRule.of([], ["0.0.0.0/0", "::/0"]).private
    assert not open_to(address, everything, loopback=False)


def test_a_host_of_another_connection_is_refused_with_what_to_do():
    fault = refused(Call("GET", "https://other.example.com/?token=abcdef"), HostRule.of(["erp.example.com"]))
    assert "other.example.com" in fault.says
    assert "主机名单" in fault.says
    assert "abcdef" not in fault.says


@pytest.mark.parametrize(
    ("pattern", "host", "allowed"),
    [
        ("erp.example.com", "erp.example.com", True),
        ("*.example.com", "c1.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "badexample.com", False),
        ("erp.example.com", "erp.example.com.evil.com", False),
        ("ERP.Example.com.", "erp.example.com", True),
    ],
)
def test_host_patterns(pattern: str, host: str, allowed: bool):
    assert HostRule.of([pattern]).allows(host) is allowed


@pytest.mark.parametrize(
    "url",
    [
        "ftp://erp.example.com/",
        "file:///etc/passwd",
        "https://a:b@erp.example.com/",
        "/only/a/path",
        "http://[bad/",
        "",
    ],
)
def test_only_plain_http_addresses_are_sent_to(url: str):
    refused(Call("GET", url), HostRule.of(["erp.example.com"]))


def test_a_port_that_was_not_allowed_is_shut():
    fault = refused(Call("GET", "https://erp.example.com:9000/"), HostRule.of(["erp.example.com"]))
    assert "--allow erp.example.com:9000" in fault.says


def test_a_pair_allowed_at_start_opens_that_port_only():
    async def go() -> tuple[Reply, Fault]:
        async with Vendor(says({})) as one, Vendor(says({})) as two, HTTPDoor(one.pair) as door:
            reply = await door.send(Call("GET", one.url), LOCAL, 5)
            with pytest.raises(Fault) as caught:
                await door.send(Call("GET", two.url), LOCAL, 5)
            return reply, caught.value

    reply, fault = asyncio.run(go())
    assert reply.status == 200
    assert fault.kind == "unreachable"


def test_a_name_is_connected_to_at_the_checked_address_with_its_own_host_header():
    async def go() -> Asked:
        async with Vendor(says({})) as vendor:
            pair = frozenset({("erp.example.com", vendor.port)})
            async with HTTPDoor(pair, names=resolving("127.0.0.1")) as door:
                await door.send(
                    Call("GET", f"http://erp.example.com:{vendor.port}/"), HostRule.of(["erp.example.com"]), 5
                )
            return vendor.asked[0]

    assert asyncio.run(go()).headers["host"].startswith("erp.example.com:")


def test_a_call_never_rides_a_connection_that_its_own_policy_forbids():
    """The pool is kept apart by policy: what one connection may reach privately another may not."""

    async def go() -> None:
        async with Vendor(says({})) as vendor:
            door = HTTPDoor(frozenset({("erp.example.com", vendor.port)}), names=resolving("127.0.0.1"))
            async with door:
                call = Call("GET", f"http://erp.example.com:{vendor.port}/")
                await door.send(call, HostRule.of(["erp.example.com"], ["10.0.0.0/8"]), 5)
                await door.send(call, HostRule.of(["erp.example.com"]), 5)
            assert vendor.connections == 2

    asyncio.run(go())


# -- redirects -----------------------------------------------------------------------------------


def to(location: str, status: int = 302) -> Answer:
    async def answer(asked: Asked, line: Line) -> None:
        if asked.target.startswith("/end"):
            line.write(http(b'{"end":1}'))
        else:
            line.write(http(b"", status, Location=location))

    return answer


def visit(answer: Answer, call: Call, hosts: HostRule = LOCAL) -> tuple[Reply | Fault, Vendor]:
    async def go() -> tuple[Reply | Fault, Vendor]:
        async with Vendor(answer) as vendor, HTTPDoor(vendor.pair) as door:
            sent = Call(call.method, vendor.url + call.url, call.query, call.form, call.body, call.headers)
            try:
                return await door.send(sent, hosts, 5), vendor
            except Fault as fault:
                return fault, vendor

    return asyncio.run(go())


def test_a_get_follows_a_redirect_on_its_own_host():
    reply, vendor = visit(to("/end?page=2"), Call("GET", "/list", {"access_token": "abcdef"}))
    assert isinstance(reply, Reply)
    assert reply.data == {"end": 1}
    assert vendor.asked[1].target == "/end?page=2"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_never_follows_a_redirect(status: int):
    fault, vendor = visit(to("/end", status), Call("POST", "/save", body=b"{}"))
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.sent, len(vendor.asked)) == ("broken", True, 1)
    assert "不会自动转发" in fault.says


def test_three_redirects_are_followed_and_a_fourth_is_not():
    fault, vendor = visit(to("/again"), Call("GET", "/list"))
    assert isinstance(fault, Fault)
    assert len(vendor.asked) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://evil.example.com/",
        "file:///etc/passwd",
        "http://[bad/",
        "//evil.example.com/x",
    ],
)
def test_a_redirect_to_a_foreign_host_is_not_followed(location: str):
    fault, vendor = visit(to(location), Call("GET", "/list"))
    assert isinstance(fault, Fault)
    assert (fault.kind, len(vendor.asked)) == ("broken", 1)


def test_a_secret_in_the_query_is_not_carried_to_another_host_even_where_both_are_allowed():
    hosts = HostRule.of(["127.0.0.1", "c2.example.com"])
    fault, _ = visit(
        to("https://c2.example.com/end"), Call("GET", "/list", {"access_token": "abcdef"}), hosts
    )
    assert isinstance(fault, Fault)
    assert "abcdef" not in fault.says
    assert "密钥" in fault.says


# -- certificates --------------------------------------------------------------------------------


def test_a_certificate_nobody_vouches_for_ends_the_call_before_anything_is_sent(tmp_path: Path):
    async def go() -> tuple[Fault, Vendor]:
        async with Vendor(says({}), self_signed(tmp_path)) as vendor, HTTPDoor(vendor.pair) as door:
            with pytest.raises(Fault) as caught:
                await door.send(Call("POST", f"https://127.0.0.1:{vendor.port}/", body=b"{}"), LOCAL, 5)
            return caught.value, vendor

    fault, vendor = asyncio.run(go())
    assert (fault.kind, fault.sent, vendor.asked) == ("unreachable", False, [])
    assert "证书" in fault.says
