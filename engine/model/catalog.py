"""What we know of a vendor: connector, channels, operations and their fields, as frozen values.

These models are the one representation of connectors/<name>/catalog.yaml and operations/*.yaml;
`engine.document.catalog` reads them and tells every problem with line and column.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field as Key, TypeAdapter

from engine.model.recipe import Frozen, Recipe, Value

__all__ = ["Connector", "Duration", "Field", "FieldType", "Frozen", "Operation", "Value", "duration"]

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


Duration = Annotated[timedelta, BeforeValidator(duration)]
FieldType = Literal["text", "integer", "decimal", "boolean", "date", "datetime", "id", "object", "list"]


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
    """How this vendor says yes and no. Paths are dotted; `root` is the member that holds the rest, in a
    reply of the form `xml` the outermost element.
    """

    form: Literal["json", "xml"] = "json"
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
    locked: Verdict = Verdict()
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

    Calls are signed by the recipe `sign`; a class `auth` of auth.py signs by itself or, where both are
    told, fetches the tokens that the recipe puts into the call.
    `hosts` are the host names ("*.example.com" allowed) its secrets may travel to besides that of
    `base`; `tokens` the names of kept tokens that a login fault makes worthless. Without `base`
    a call's url is its path alone and auth puts the discovered gateway before it.
    """

    title: str = ""
    base: str = ""
    settings: tuple[Setting, ...] = ()
    auth: str = "none"
    sign: Recipe | None = None
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
    """One field of a request, a row or a document. `guess` marks what no sample has proved.

    A field that is asked with goes `to` a dotted place of the request, its own name where that is not
    told. As a `phrase`, FBillNo='{}' say, it becomes a condition; those of one place are joined by "and".
    """

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
    to: str = ""
    phrase: str = ""


def fields_of(value: object) -> tuple[Field, ...]:
    """Fields out of JSON, as a catalogue's file has them. Raises ValueError where they are none."""
    return _FIELDS.validate_python(value)


_FIELDS: TypeAdapter[tuple[Field, ...]] = TypeAdapter(tuple[Field, ...])


class How(Frozen):
    """How an operation is called on one channel. `wrap` is the member the document is put under; of an
    `xml` body it is the outermost element, and `params` go into the address. In a JSON body `wrap` may
    be dotted, and `around` is what stands there besides the document: {formid: SAL_OUTSTOCK}.

    In a `form` body `wrap` is the field that holds the document, or what is asked with, as JSON text.
    `commas` are lists of the document that go as texts, one for each field of their rows, joined by commas.
    `beside` are fields of the document that travel next to `wrap`, not in it. A `save` with a `batch`
    puts a list of documents under `wrap`, also where it sends only one.
    """

    method: str = "POST"
    path: str = ""
    body: Literal["form", "json", "xml", "none"] = "json"
    params: dict[str, Value] = Key(default_factory=dict)
    wrap: str | None = None
    around: dict[str, Value] = Key(default_factory=dict)
    beside: tuple[str, ...] = ()
    commas: tuple[str, ...] = ()


class Span(Frozen):
    """The time window of a query: names and format of its two parameters and its limits.

    `closed` vendors are asked until one second before the end: inside us windows are half-open.
    With `within` both stand in one entry of that list parameter, next to what `beside` says.
    """

    since: str
    until: str
    format: str = "%Y-%m-%d %H:%M:%S"
    zone: str = "Asia/Shanghai"
    closed: bool = True
    longest: Duration
    overlap: Duration = timedelta(minutes=10)
    lag: Duration = timedelta(minutes=2)
    within: str | None = None
    beside: dict[str, Value] = Key(default_factory=dict)


class Pages(Frozen):
    """How pages are asked for. `total_on: first` means: only page `start` tells the total.

    number  by page number, `start` being the first; `number` may be dotted: page.pageIndex
    offset  by how many rows to leave out, from 0
    token   by what the page before says at `next`; absent or blank there: the end
    pool    no pages at all: up to `size` rows that were not acknowledged yet
    none    everything at once
    """

    style: Literal["number", "offset", "token", "pool", "none"] = "number"
    number: str = ""
    start: int = 0
    size: str = ""
    sizes: tuple[int, ...] = ()
    smaller_on: tuple[str, ...] = ()
    total: str | None = None
    total_on: Literal["first", "every"] = "every"
    order: Literal["forward", "reverse"] = "forward"
    next: str | None = None


class Detail(Frozen):
    """What a list leaves out: for each of its rows `operation` is asked, with parameters from the row.

    `ask` is {parameter: path in the row}. The fields of the detail's one row go over the list row's.
    """

    operation: str
    ask: dict[str, str]


class Acknowledge(Frozen):
    """How a pool is told that a record is dealt with: a save of its own, which goes last.

    One entry per record: `fields` are {field: path in the record}, beside them `done` where all its
    documents are done or skipped, `refused` where one is refused for good. Without `refused` such a
    record is not acknowledged and comes again. `message` is the field that takes the reason.
    """

    operation: str
    fields: dict[str, str]
    done: dict[str, Value] = Key(default_factory=dict)
    refused: dict[str, Value] | None = None
    message: str | None = None


class Result(Frozen):
    """Where a save's reply tells the new document's id and number.

    Where a vendor gives no id, `own` is the field of our document that is one: goods_no, say.
    """

    id: str | None = None
    number: str | None = None
    own: str | None = None


class Batch(Frozen):
    """A save that takes a list of documents, at most `most`, and answers for each of them.

    `done` and `refused` are the lists of rows in the reply. A row belongs to the document whose
    `field` it repeats at `row`, or whose place in the call, from 0, it tells at `index`. Without `done`
    every document that is not among the refused is done;
    a row's `Result` paths begin in the row. `message` and `code` say why a refused one was. A vendor
    that answers by row to a single document, which is not put in a list, is not `listed`.
    """

    most: int = 1
    listed: bool = True
    done: str | None = None
    refused: str | None = None
    field: str | None = None
    row: str | None = None
    index: str | None = None
    message: str = "message"
    code: str | None = None


class After(Frozen):
    """A call that may follow a save, of its own state: audit, submit. `fields` is {field: what of the
    saved document}: its id or number in the target."""

    name: str
    title: str = ""
    operation: str
    fields: dict[str, Literal["id", "number"]]


class Idempotency(Frozen):
    """The field the engine puts its key in; mapping it is a problem. `age`: how long the vendor honours it."""

    at: str
    longest: int = 32
    age: Duration = timedelta(hours=24)
    guess: bool = False


class LookUp(Frozen):
    """How an open save is asked for afterwards: a list operation, by our number, exact.

    `by` is the list's parameter; the document carries the number in `field`, `by` where it is not
    told. `settle` is how long two empty answers must lie apart before "not there" is believed.
    `kept`: the vendor keeps our number in a field of its own whatever numbering rules it has, so that
    this need not be proven first. A row that fails one of `where` is no hit.
    """

    operation: str
    by: str
    field: str | None = None
    ask: dict[str, Value] = Key(default_factory=dict)
    id: str = "id"
    number: str | None = None
    kept: bool = False
    where: tuple[Test, ...] = ()
    settle: Duration = timedelta(seconds=120)

    @property
    def number_field(self) -> str:
        """The document's field with the number that is looked for."""
        return self.field or self.by


class Operation(Frozen):
    """operations/*.yaml: one API of a connector.

    query: `ask` are request fields, `give` the fields of one row; with `one` the reply holds a single row.
           Where rows are lists of bare values, `columns` names these in order, or `columns_in` is the
           field asked with that names them, FieldKeys say; a dotted name makes an object. The rows
           `.` are the reply itself.
    save:  `fields` is the document (what stands under `wrap`), `give` the reply; `repeatable` where
           sending the same document again changes nothing, so that an open outcome may be sent again.
    Where its replies differ from the channel's: `root` are members one of which holds the rest, `ok` the
    tests of a yes, `refused_on` tests any of which says by itself that the document was turned down.
    """

    operation: str
    connector: str = ""
    title: str = ""
    kind: Literal["query", "save"]
    aliases: tuple[str, ...] = ()
    call: dict[str, How]
    rows: str = ""
    one: bool = False
    columns: tuple[str, ...] = ()
    columns_in: str = ""
    root: tuple[str, ...] = ()
    ok: tuple[Test, ...] | None = None
    refused_on: tuple[Test, ...] = ()
    key: tuple[str, ...] = ()
    number: str | None = None
    window: Span | None = None
    pages: Pages = Pages(style="none")
    volatile: tuple[str, ...] = ()
    detail: Detail | None = None
    acknowledge: Acknowledge | None = None
    ask: tuple[Field, ...] = ()
    give: tuple[Field, ...] = ()
    fields: tuple[Field, ...] = ()
    by_action: tuple[str, ...] = ()
    result: Result | None = None
    batch: Batch | None = None
    repeatable: bool = False
    after: tuple[After, ...] = ()
    idempotency: Idempotency | None = None
    lookup: LookUp | None = None
    guess: tuple[str, ...] = ()
    note: str = ""
    source: str
