"""Did the vendor say yes? Rules of the catalogue, compiled once per channel and operation.

A reply is judged by its status, its shape, its codes and its words, in this order. On a read what
nobody listed is `broken` and is tried again; on a save it is `unknown`: only a listed code or text
proves that nothing was executed (busy, login) or that the document was turned down (refused).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

from engine import xml
from engine.errors import Fault
from engine.exact import decode
from engine.model.catalog import Connector, Envelope, Operation, Test, Verdict
from engine.model.values import Json, Record, Reply
from engine.say import Say
from engine.wire.path import At, at, placed, text

LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query; `total` only where this page tells it, `next` what the next page is asked by."""

    rows: list[Record]
    total: int | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save made: the target's id and, where the reply tells it, the number it goes by there."""

    id: str
    number: str | None = None
    said: Json = None
    """The reply under the envelope's root, for calls that follow."""


@dataclass(frozen=True, slots=True)
class _No:
    """A reply that is not a yes: which verdict lists it, and what the vendor said."""

    kind: str  # busy, locked, login, refused, or "" where nobody lists it
    code: str | None
    words: str
    wait: timedelta | None = None
    shape: Say | None = None  # set where there is no sense in the reply at all


class Judge:
    """Reads replies of one operation. `clean` takes secrets out of the vendor's words and cuts them."""

    def __init__(
        self,
        connector: Connector,
        channel: str,
        operation: Operation,
        clean: Callable[[str], str],
        busy_wait: timedelta | None = None,
    ) -> None:
        envelope = connector.channels[channel].envelope
        self._vendor, self._verdicts = connector.title, connector.verdicts
        self._clean, self._busy_wait = clean, busy_wait or connector.verdicts.busy.wait
        self._is_xml = envelope.form == "xml"
        self._roots = operation.root or ((envelope.root,) if envelope.root else ())
        self._gateway = envelope.gateway_error
        self._refusals = [tests([one]) for one in operation.refused_on]
        self._ok = tests(envelope.ok if operation.ok is None else operation.ok)
        self._bare = operation.kind == "query" and operation.rows == "."
        self._codes = _codes(envelope)
        self._messages = [at(path) for path in envelope.message]
        self._list, self._list_path = at(operation.rows), operation.rows
        self._one, self._columns = operation.one, operation.columns
        self._total = at(operation.pages.total) if operation.pages.total else None
        self._next = at(operation.pages.next) if operation.pages.next else None
        self._first_only = operation.pages.total_on == "first"
        self._id = at(operation.result.id) if operation.result and operation.result.id else None
        self._number = at(operation.result.number) if operation.result and operation.result.number else None

    def page(self, reply: Reply, first: bool = True, columns: tuple[str, ...] = ()) -> Page:
        """Rows and total of a query's reply; `first` for the page that must tell the total.

        `columns` name the values of rows without names, where it was asked which these shall be.
        """
        root = self._root_of(reply)
        if isinstance(root, _No):
            raise self._read_fault(root)
        listed = self._list(root)
        if self._is_xml:
            listed = _repeated(listed)
        if columns or self._columns:
            listed = _named(listed, columns or self._columns)
        rows = _records([listed] if self._one and listed is not None else listed)
        if rows is None:
            says = Say(
                "{vendor} 的回复里 {path} 不是列表，当作没有读到，稍后自动再试。",
                vendor=self._vendor,
                path=self._list_path,
            )
            raise Fault("broken", says)
        total = self._total_of(root, first)
        if first and self._total is not None and (total is None if rows else bool(total)):
            # Rows without a total or a total without rows: one of the two is missing by mistake.
            says = Say("{vendor} 的回复里总数与数据对不上，当作没有读到，稍后自动再试。", vendor=self._vendor)
            raise Fault("broken", says)
        further = text(self._next(root)) if self._next else None
        return Page(rows, (total or 0) if first and self._total is not None else total, further or None)

    def saved(self, reply: Reply) -> Saved:
        """Id and number of the document a save made."""
        root = self.root(reply)
        made = text(self._id(root)) if self._id else ""
        if self._id and not made:
            raise self.nameless()
        return Saved(made or "", text(self._number(root)) if self._number else None, root)

    def root(self, reply: Reply) -> Json:
        """What a save's reply holds under the envelope's root. Raises Fault where the vendor says no."""
        root = self._root_of(reply)
        if isinstance(root, _No):
            raise self._save_fault(root, reply)
        return root

    def row(self, code: str | None, message: Json) -> Fault:
        """What a row of a batch means that was turned down: refused where it is listed, else unknown."""
        words = self._clean(_words(message))
        no = _No(self._listed(200, [code] if code else [], words), code, words)
        return self._save_fault(_No("", code, words) if no.kind != "refused" else no, None)

    def nameless(self) -> Fault:
        """A yes without the id it must bring."""
        says = Say("{vendor} 说成功但没有给出单据编号，在查明之前不会重发。", vendor=self._vendor)
        return Fault("unknown", says)

    def _total_of(self, root: Json, first: bool) -> int | None:
        if self._total is None or (self._first_only and not first):
            return None
        total = text(self._total(root))
        return int(total) if total is not None and total.isdecimal() else None

    # -- yes or no -------------------------------------------------------------------------------

    def _root_of(self, reply: Reply) -> Json | _No:
        """What stands under the envelope's root where the vendor says yes."""
        data = _xml(reply.body) if self._is_xml else reply.data
        if isinstance(data, list) and self._bare:
            return data if 200 <= reply.status < 300 and self._ok(data) else self._no(reply, data, None)
        if not isinstance(data, dict):
            return self._no(reply, None, _shape(reply, self._is_xml))
        root = next((data[name] for name in self._roots if name in data), None) if self._roots else data
        if isinstance(root, dict):
            return root if 200 <= reply.status < 300 and self._ok(root) else self._no(reply, root, None)
        gateway = data.get(self._gateway) if self._gateway else None
        if isinstance(gateway, dict):
            return self._no(reply, gateway, None)
        return self._no(reply, data, Say("回复里没有 {root}", root=self._roots[0]))

    def _no(self, reply: Reply, said: Json, shape: Say | None) -> _No:
        codes = [code for get, fine in self._codes if (code := text(get(said))) and code not in fine]
        words = self._clean(next((words for get in self._messages if (words := _words(get(said)))), ""))
        if not 200 <= reply.status < 300:
            codes.append(str(reply.status))
        told = reply.status < 300 and any(refuses(said) for refuses in self._refusals)
        kind = "refused" if told else self._listed(reply.status, codes, words)
        waits = {"busy": self._busy_wait, "locked": self._verdicts.locked.wait}
        wait = _retry_after(reply) or waits[kind] if kind in waits else None
        return _No(kind, codes[0] if codes else None, words, wait, None if words else shape)

    def _listed(self, status: int, codes: list[str], words: str) -> str:
        """Which verdict claims this reply. A code is surer than a word, so all codes come first."""
        if status == 429:
            return "busy"
        kinds: list[tuple[str, Verdict]] = [("login", self._verdicts.login), ("busy", self._verdicts.busy)]
        if status < 500:
            kinds += [("locked", self._verdicts.locked), ("refused", self._verdicts.refused)]
        for kind, verdict in kinds:
            if any(code in verdict.codes for code in codes):
                return kind
        for kind, verdict in kinds:
            if any(word in words for word in verdict.text):
                return kind
        return "login" if status == 401 else ""

    # -- sentences -------------------------------------------------------------------------------

    def _read_fault(self, no: _No) -> Fault:
        if fault := self._known_fault(no):
            return fault
        if no.shape is not None:
            says = Say("{vendor} 的回复看不懂：{shape}，稍后自动再试。", vendor=self._vendor, shape=no.shape)
        else:
            says = Say(
                "{vendor} 回了没有登记过的错误：{words}（代码 {code}），稍后自动再试。", **self._told(no)
            )
        return Fault("broken", says, code=no.code)

    def _save_fault(self, no: _No, reply: Reply | None) -> Fault:
        if fault := self._known_fault(no):
            return fault
        if no.shape is not None:
            says = Say(
                "{vendor} 的回复看不懂：{shape}，单据可能已经存下，在查明之前不会重发。",
                vendor=self._vendor,
                shape=no.shape,
            )
        else:
            says = Say(
                "{vendor} 回了没有登记过的错误：{words}（代码 {code}），"
                "单据可能已经存下，在查明之前不会重发。",
                **self._told(no),
            )
        return Fault("unknown", says, code=no.code, wait=_retry_after(reply) if reply else None)

    def _known_fault(self, no: _No) -> Fault | None:
        told = self._told(no)
        if no.kind == "busy":
            says = Say("{vendor} 正忙或限流：{words}（代码 {code}），稍后自动再试。", **told)
            return Fault("busy", says, code=no.code, wait=no.wait, sent=False)
        if no.kind == "locked":
            says = Say("{vendor} 暂时处理不了这张单据：{words}（代码 {code}），稍后自动再试。", **told)
            return Fault("busy", says, code=no.code, wait=no.wait, sent=False, alone=True)
        if no.kind == "login":
            says = Say("{vendor} 不认这个连接的凭证：{words}（代码 {code}），请检查连接的设置。", **told)
            return Fault("login", says, code=no.code, sent=False)
        if no.kind == "refused":
            says = Say("{vendor} 不接受：{words}（代码 {code}），请按提示修改后重试。", **told)
            return Fault("refused", says, code=no.code)
        return None

    def _told(self, no: _No) -> dict[str, object]:
        return {"vendor": self._vendor, "words": no.words or Say("没有说明"), "code": no.code or Say("无")}


def tests(all_: Sequence[Test]) -> Callable[[Json], bool]:
    """Whether a value passes all of these, compiled once."""
    ready = [(at(test.at), _texts(test.is_), _texts(test.not_)) for test in all_]

    def fits(root: Json) -> bool:
        for get, is_, not_ in ready:
            value = text(get(root))
            if (is_ is not None and value not in is_) or (not_ is not None and value in not_):
                return False
        return True

    return fits


def _codes(envelope: Envelope) -> list[tuple[At, frozenset[str | None]]]:
    """Where codes stand, each with what is a yes there: with flag=failure, errorcode 0 is no code."""
    fine: dict[str, frozenset[str | None]] = {
        test.at: _texts(test.is_) or frozenset() for test in envelope.ok
    }
    return [(at(path), fine.get(path, frozenset())) for path in envelope.code]


def _texts(values: tuple[str | None, ...] | None) -> frozenset[str | None] | None:
    return None if values is None else frozenset(values)


def _records(listed: Json) -> list[Record] | None:
    """The rows; [] where the vendor leaves the list out, None where it is anything but a list of objects."""
    if listed is None:
        return []
    if not isinstance(listed, list):
        return None
    rows = [row for row in listed if isinstance(row, dict)]
    return rows if len(rows) == len(listed) else None


def _named(listed: Json, columns: tuple[str, ...]) -> Json:
    """Rows of bare values as objects; a row of another length or kind is no record."""
    if not isinstance(listed, list):
        return listed
    return [
        _object(columns, row) if isinstance(row, list) and len(row) == len(columns) else None for row in listed
    ]


def _object(columns: tuple[str, ...], values: list[Json]) -> Record:
    """A row's values under their names: FStockId.FNumber as an object, unless FStockId is a column, too."""
    row: Record = {}
    for name, value in zip(columns, values, strict=True):
        row = {**row, name: value} if name.partition(".")[0] in columns else placed(row, name, value)
    return row


def _words(said: Json) -> str:
    """A message as one text; some vendors put a list of {message}, or its JSON text, there."""
    if isinstance(said, dict):
        return _words(said.get("message") or said.get("Message"))
    if isinstance(said, list):
        return "；".join(words for one in said if (words := _words(one)))
    words = (text(said) or "").strip()
    if words[:1] in ("[", "{"):
        with suppress(ValueError):
            return _words(decode(words)) or words
    return words


def _xml(body: bytes) -> Json:
    """What an XML reply says; None where it is none."""
    try:
        return xml.parse(body)
    except ValueError:
        return None


def _repeated(listed: Json) -> Json:
    """An element that may repeat, as a list: XML does not tell one from a list of one, nor none from empty."""
    if listed is None or listed == "":
        return []
    return listed if isinstance(listed, list) else [listed]


def _shape(reply: Reply, is_xml: bool = False) -> Say:
    body = reply.body.lstrip()
    if not body:
        shape = Say("内容是空的")
    elif is_xml:
        shape = Say("不是完整的 XML")
    elif body.startswith(b"<"):
        shape = Say("是一个网页或 XML，不是 JSON")
    else:
        shape = Say("不是完整的 JSON 对象")
    return shape if reply.status == 200 else Say("HTTP {status}，{shape}", status=reply.status, shape=shape)


def _retry_after(reply: Reply) -> timedelta | None:
    """How long the reply asks us to stay away, by its own clock; at most an hour (R20)."""
    asked = reply.headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return min(timedelta(seconds=int(asked[:9])), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)
