"""The smallest values everything else is made of: JSON, calls and replies, windows, problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"
Record: TypeAlias = "dict[str, Json]"


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, complete but for what the vendor's signature adds.

    `form` (sent urlencoded) and `body` (sent as it is) exclude each other. Values are text as the
    vendor wants them; encoding them for the wire is the door's work.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    proof: str = field(default="", repr=False, compare=False)
    """The text the vendor's signature was made over, for whoever compares; it may hold the secret and is never sent."""

    def with_query(self, **more: str) -> Call:
        # Built by hand: `replace` takes three times as long, and every signed call passes here.
        return Call(self.method, self.url, {**self.query, **more}, self.form, self.body, self.headers)

    def with_form(self, **more: str) -> Call:
        return replace(self, form={**(self.form or {}), **more})

    def with_headers(self, more: Mapping[str, str]) -> Call:
        return replace(self, headers={**self.headers, **more})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: header names in lower case, the body decompressed.

    `data` is the body's JSON, None where it is none.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    data: Json = None


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time [since, until), both aware, UTC, whole seconds."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text a person wrote: line and column from 1, offset in characters from 0."""

    line: int
    column: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person must mend (or, as warning and note, should know).

    `path` says where in what they wrote ("map.othOutRecords.qty"), `says` what is wrong, `do` the
    next step. Both are Chinese `Say` sentences. `code` is a stable word for machines and tests.
    """

    path: str
    code: str
    says: str
    do: str = ""
    at: Mark | None = None
    weight: Literal["problem", "warning", "note"] = "problem"
    lacks: tuple[str, str] | None = None
    """The table and the code in it that are missing."""

    def __str__(self) -> str:
        place = f"{self.at.line}:{self.at.column} " if self.at else ""
        return f"{place}{self.path}: {self.says}" + (f" {self.do}" if self.do else "")
