"""Small builders: a connector in a few words, a clock that only moves when slept on, an auth with a token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.clock import Clock
from engine.connect import Auth, Call, Fault, Reply, Settings, Signing, Tokens
from engine.model.catalog import (
    Channel,
    Connector,
    Envelope,
    Limits,
    Operation,
    Setting,
    Test,
    Verdict,
    Verdicts,
)
from engine.model.exchange import Exchange
from engine.wire.doors.http import HTTPDoor
from engine.wire.limits import Bucket
from engine.wire.talk import Link, Talk
from engine.wire.tokens import MemoryTokens, TokenStore
from tests.wire.vendor import Answer, Vendor

NOW = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
FAST = Limits(at_once=64)
APP_SECRET = "s3cr3t/with+signs="


class Hands(Clock):
    """A clock moved by hand, and by whoever sleeps on it."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


class Plain:
    """Signs nothing."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        yield from ()
        return call


class WithToken:
    """Fetches a token and carries it in the query, as 用友BIP wants it."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        token = tokens.fresh("access_token", now)
        if token is None:
            url = call.url.rpartition("/")[0] + "/token"
            reply = yield Call("GET", url, {"appKey": "k", "signature": settings["app_secret"]})
            data: Any = reply.data
            if data["code"] != "00000":
                raise Fault("login", f"no token: {data['code']}", code=data["code"])
            token = tokens.keep("access_token", data["access_token"], now + timedelta(seconds=data["expire"]))
        return call.with_query(access_token=token)


def connector(**how: Any) -> Connector:
    """One channel named default; `how` replaces parts of it, `verdicts` those of the connector."""
    verdicts = how.pop("verdicts", VERDICTS)
    channel = {
        "settings": (Setting(name="app_secret", secret=True),),
        "tokens": ("access_token",),
        "envelope": BIP,
        **how,
    }
    return Connector(
        connector="toy", title="玩具系统", channels={"default": Channel(**channel)}, verdicts=verdicts
    )


BIP = Envelope(ok=(Test(at="code", **{"is": ("200", "00000")}),), code=("code",), message=("message",))
QIMEN = Envelope(
    root="response",
    gateway_error="error_response",
    ok=(
        Test(at="flag", **{"not": ("failure",)}),
        Test(at="errorcode", **{"is": ("0", None)}),
        Test(at="code", **{"is": ("0", "", None)}),
    ),
    code=("errorcode", "sub_code", "code"),
    message=("sub_message", "message", "sub_msg", "msg"),
)
VERDICTS = Verdicts(
    busy=Verdict(codes=("1012",), text=("频率", "并发"), wait=timedelta(seconds=31)),
    locked=Verdict(text=("被占用",), wait=timedelta(seconds=3)),
    login=Verdict(codes=("310036", "1007")),
    refused=Verdict(codes=("310008", "2900"), text=("不能为空",)),
)

SAVE = Operation.model_validate(
    {
        "operation": "toy.save",
        "kind": "save",
        "call": {"default": {"method": "POST", "path": "/save", "body": "json", "wrap": "data"}},
        "result": {"id": "data.id", "number": "data.code"},
        "lookup": {
            "operation": "toy.list",
            "by": "code",
            "ask": {"pageIndex": 1, "pageSize": 2, "isSum": True},
            "id": "id",
            "number": "code",
        },
        "fields": [{"name": "driver_name", "personal": True}],
        "source": "invented",
    }
)
LIST = Operation.model_validate(
    {
        "operation": "toy.list",
        "kind": "query",
        "call": {"default": {"method": "POST", "path": "/list", "body": "json"}},
        "rows": "data.recordList",
        "key": ["id"],
        "pages": {
            "number": "pageIndex",
            "start": 1,
            "size": "pageSize",
            "sizes": [2],
            "total": "data.recordCount",
            "total_on": "every",
        },
        "source": "invented",
    }
)
QUERY = Operation.model_validate(
    {
        "operation": "toy.query",
        "kind": "query",
        "call": {"default": {"method": "POST", "path": "", "body": "form", "params": {"v": "2.0"}}},
        "rows": "stockout_list",
        "key": ["id"],
        "pages": {
            "number": "page_no",
            "size": "page_size",
            "sizes": [100, 30],
            "smaller_on": ["2220"],
            "total": "total_count",
            "total_on": "first",
            "order": "reverse",
        },
        "source": "invented",
    }
)


def reply(data: Any, status: int = 200, body: bytes = b"{}", **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, data)


class Spoken:
    """A Talk with a toy vendor, and all it told."""

    def __init__(self, talk: Talk, vendor: Vendor, heard: list[Exchange], store: TokenStore) -> None:
        self.talk, self.vendor, self.heard, self.store = talk, vendor, heard, store


@asynccontextmanager
async def talking(
    answer: Answer,
    auth: Auth | None = None,
    *,
    limits: Limits = FAST,
    clock: Clock | None = None,
    store: TokenStore | None = None,
    deadline: float = 5.0,
    **how: Any,
) -> AsyncIterator[Spoken]:
    """A Talk over the real door with a vendor on loopback."""
    clock, store, heard = clock or Hands(), store or MemoryTokens(), list[Exchange]()
    async with Vendor(answer) as vendor, HTTPDoor(vendor.pair) as door:
        link = Link("toy-main", connector(base=vendor.url, **how), "default", {"app_secret": APP_SECRET})
        bucket = Bucket(limits, clock)
        talk = Talk(link, auth or Plain(), door, store, bucket, clock, heard.append, deadline)
        yield Spoken(talk, vendor, heard, store)
