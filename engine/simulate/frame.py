"""What a vendor simulator is: calls heard, answers given, and the protocol between them.

A simulator is pure: state + heard call + now -> answer. No I/O, no clock, no chance but its seed's.
`engine.simulate.stage` adds faults, journal and ledger; the server and tests drive that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from engine import xml
from engine.exact import decode, encode
from engine.model.values import Call, Json, Record, Reply
from engine.say import Say

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Options = TypeVar("Options", bound=DataclassInstance)

Purpose = Literal["read", "lookup", "save", "ack", "token", "other"]
Grade = Literal["文档", "实测", "推测"]

JSON = {"content-type": "application/json;charset=UTF-8"}
XML = {"content-type": "text/xml;charset=UTF-8"}


@dataclass(frozen=True)
class Heard:
    """One HTTP request as it arrived, decoded: header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def json(self) -> Record:
        """The body's JSON object; {} where it is none."""
        try:
            data = decode(self.body) if self.body else None
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    @cached_property
    def xml(self) -> Record:
        """The body's XML as {root: content}, see `engine.xml`; {} where it is none."""
        try:
            return xml.parse(self.body)
        except ValueError:
            return {}

    @cached_property
    def params(self) -> dict[str, str]:
        """Query and form together, as gateways read them."""
        return {**self.query, **self.form}

    @classmethod
    def of(cls, call: Call) -> Heard:
        """The call as a door would bring it here: for tests without a network."""
        parts = urlsplit(call.url)
        headers = {"host": parts.netloc, **{name.lower(): value for name, value in call.headers.items()}}
        form = dict(call.form or {})
        return cls(call.method, parts.path, dict(call.query), form, headers, call.body or b"")


@dataclass(frozen=True, slots=True)
class About:
    """What a call is for, found without doing it: the document's number and key where it has them.

    `repeatable`: the vendor takes the same document again and changes nothing by it, so that sending
    it again without asking is no fault of the caller.
    """

    purpose: Purpose
    number: str | None = None
    key: str | None = None
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vendor says.

    `created`: the id of the document this call made. `throttled`: it came over a limit.
    `doubtful`: a person reading the words could not tell whether the call was executed.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    created: str | None = None
    throttled: bool = False
    doubtful: bool = False

    @classmethod
    def of(
        cls, data: Json, *, ascii: bool = False, throttled: bool = False, doubtful: bool = False
    ) -> Answer:
        """200 with `data` as JSON: vendors here say no with 200, too. `ascii`: all else as \\uXXXX."""
        body = encode(data)
        if ascii:
            body = re.sub(r"[^\x00-\x7f]", _escape, body.decode()).encode()
        return cls(200, body, throttled=throttled, doubtful=doubtful)

    @classmethod
    def of_xml(cls, root: str, data: Json) -> Answer:
        """200 with `data` as XML within `root`; a list repeats its element."""
        body = f'<?xml version="1.0" encoding="utf-8"?>{xml.write(root, data)}'.encode()
        return cls(200, body, XML)

    def reply(self) -> Reply:
        """As a door would hand it over: for tests without a network."""
        try:
            data = decode(self.body)
        except ValueError:
            data = None
        return Reply(self.status, self.headers, self.body, data)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing a simulator does, and how sure we are that the vendor does it too."""

    does: str
    grade: Grade


def with_options(options: Options, more: Mapping[str, Json]) -> Options:
    """`options` with the fields that `more` names. ValueError for a name or kind of value not theirs."""
    kinds = {field.name: type(getattr(options, field.name)) for field in fields(options)}
    ready = {name: float(value) if isinstance(value, Decimal) else value for name, value in more.items()}
    for name, value in ready.items():
        kind = kinds.get(name)
        if type(value) is not kind and not (kind is float and type(value) is int):
            known = " ".join(kinds)
            raise ValueError(Say("模拟器没有设置 {wrong}，可以改的是 {names}", wrong=name, names=known))
    return replace(options, **ready)


class Simulator(Protocol):
    """One vendor, as far as we know it. Imports neither the connector's auth nor its catalogue.

    Its module has `def simulator(options: Record, seed: int) -> Simulator` and is found by being
    in connectors/<name>/simulator.py. `mishaps` are the faults only this vendor has.
    """

    name: str
    behaviours: Sequence[Behaviour]
    mishaps: frozenset[str]

    def about(self, heard: Heard) -> About:
        """What the call is for. Asked first, for every call; changes nothing."""

    def hear(self, heard: Heard, now: datetime) -> Answer:
        """Do what the call asks and answer as the vendor would, its own refusals included."""

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        """As `hear`, with one of its own `mishaps` striking this call."""

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        """What the director asks: other settings, other orders. ValueError for what it cannot do."""

    def connections(self, base: str) -> dict[str, Json]:
        """How to reach it at `base`, by name: {channel, base (url or null), settings}; invented secrets."""

    def written(self) -> list[Record]:
        """Everything it was given to keep, oldest first; [] for one that is only read."""
