"""What we know of a vendor: connector, channels, operations and their fields, as frozen values.

These models are the one representation of connectors/<name>/catalog.yaml and operations/*.yaml;
`engine.document.catalog` reads them and tells every problem with line and column.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field as Key

_DURATION = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: object) -> timedelta:
    """`[1-9][0-9]*(s|m|h|d)` as a span; raises ValueError for anything else."""
    if isinstance(text, timedelta):
        return text
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("时长写成 30s、10m、2h 或 30d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Value: TypeAlias = Any
"""Json, which pydantic would take apart if it were told so."""

Duration = Annotated[timedelta, BeforeValidator(duration)]
FieldType = Literal["text", "integer", "decimal", "boolean", "date", "datetime", "id", "object", "list"]


class Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True
    )


class Setting(Frozen):
    """One line of the connection form."""

    name: str
    title: str = ""
    required: bool = False
    secret: bool = False
    default: str | None = None
    note: str = ""


class Test(Frozen):
    """A look at one place of a reply. Values compare as text; null in `is` means: absent or null."""

    at: str
    is_: tuple[str | None, ...] | None = Key(None, alias="is")
    not_: tuple[str | None, ...] | None = Key(None, alias="not")


class Envelope(Frozen):
    """How this vendor says yes and no. Paths are dotted; `root` is the member that holds the rest."""

    root: str | None = None
    gateway_error: str | None = None
    ok: tuple[Test, ...]
    code: tuple[str, ...] = ()
    message: tuple[str, ...] = ()


class Verdict(Frozen):
    """When a no means this: by code (as text) or by a word found in the message."""

    codes: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    wait: Duration | None = None


class Verdicts(Frozen):
    busy: Verdict = Verdict()
    login: Verdict = Verdict()
    refused: Verdict = Verdict()


class Blames(Frozen):
    """Which part of a connection a no points at, by code or by a word: for `connection test`, changes no verdict."""

    clock: Verdict = Verdict()
    key: Verdict = Verdict()
    signature: Verdict = Verdict()
    permission: Verdict = Verdict()
    balance: Verdict = Verdict()


class Limits(Frozen):
    """Calls a connection may make: in any minute, in any second, at once."""

    per_minute: int | None = None
    per_second: int | None = None
    at_once: int = 1


class Channel(Frozen):
    """One way to the same business API. A connection picks one; most connectors have one only.

    `hosts` are the host names ("*.example.com" allowed) its secrets may travel to besides that of
    `base`; `tokens` the names of kept tokens that a login fault makes worthless. Without `base`
    a call's url is its path alone and auth puts the discovered gateway before it.
    """

    title: str = ""
    base: str = ""
    settings: tuple[Setting, ...] = ()
    auth: str = "none"
    hosts: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    envelope: Envelope


class Connector(Frozen):
    """catalog.yaml: one vendor. Without `channels` the reader makes a single one named `default`."""

    connector: str
    title: str
    note: str = ""
    channels: dict[str, Channel]
    verdicts: Verdicts = Verdicts()
    blames: Blames = Blames()
    limits: Limits = Limits()
    source: str = ""


class Field(Frozen):
    """One field of a request, a row or a document. `guess` marks what no sample has proved."""

    name: str
    title: str = ""
    type: FieldType = "text"
    required: bool = False
    guess: bool = False
    personal: bool = False
    default: Value = None
    longest: int | None = None
    values: dict[str, str] = Key(default_factory=dict)
    aliases: tuple[str, ...] = ()
    note: str = ""
    fields: tuple[Field, ...] = ()


class How(Frozen):
    """How an operation is called on one channel. `wrap` is the member the document is put under."""

    method: str = "POST"
    path: str = ""
    body: Literal["form", "json", "none"] = "json"
    params: dict[str, str] = Key(default_factory=dict)
    wrap: str | None = None


class Span(Frozen):
    """The time window of a query: names and format of its two parameters and its limits.

    `closed` vendors are asked until one second before the end: inside us windows are half-open.
    """

    since: str
    until: str
    format: str = "%Y-%m-%d %H:%M:%S"
    zone: str = "Asia/Shanghai"
    closed: bool = True
    longest: Duration
    overlap: Duration = timedelta(minutes=10)
    lag: Duration = timedelta(minutes=2)


class Pages(Frozen):
    """How pages are asked for. `total_on: first` means: only page `start` tells the total."""

    style: Literal["number", "none"] = "number"
    number: str = ""
    start: int = 0
    size: str = ""
    sizes: tuple[int, ...] = ()
    smaller_on: tuple[str, ...] = ()
    total: str | None = None
    total_on: Literal["first", "every"] = "every"
    order: Literal["forward", "reverse"] = "forward"


class Result(Frozen):
    """Where a save's reply tells the new document's id and number."""

    id: str
    number: str | None = None


class Idempotency(Frozen):
    """The field the engine puts its key in; mapping it is a problem. `age`: how long the vendor honours it."""

    at: str
    longest: int = 32
    age: Duration = timedelta(hours=24)
    guess: bool = False


class LookUp(Frozen):
    """How an open save is asked for afterwards: a list operation, by our number, exact.

    `by` is the list's parameter and also the document field that carries the number; `settle` is
    how long two empty answers must lie apart before "not there" is believed.
    """

    operation: str
    by: str
    ask: dict[str, Value] = Key(default_factory=dict)
    id: str = "id"
    number: str | None = None
    settle: Duration = timedelta(seconds=120)


class Operation(Frozen):
    """operations/*.yaml: one API of a connector.

    query: `ask` are request fields, `give` the fields of one row.
    save:  `fields` is the document (what stands under `wrap`), `give` the reply.
    """

    operation: str
    connector: str = ""
    title: str = ""
    kind: Literal["query", "save"]
    aliases: tuple[str, ...] = ()
    call: dict[str, How]
    rows: str = ""
    key: tuple[str, ...] = ()
    number: str | None = None
    window: Span | None = None
    pages: Pages = Pages(style="none")
    volatile: tuple[str, ...] = ()
    ask: tuple[Field, ...] = ()
    give: tuple[Field, ...] = ()
    fields: tuple[Field, ...] = ()
    by_action: tuple[str, ...] = ()
    result: Result | None = None
    idempotency: Idempotency | None = None
    lookup: LookUp | None = None
    guess: tuple[str, ...] = ()
    note: str = ""
    source: str
