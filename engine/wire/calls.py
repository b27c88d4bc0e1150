"""From an operation of the catalogue to its calls, on one channel: everything that is the same for
each call is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta

from engine import xml
from engine.errors import Fault
from engine.exact import canonical, decode, encode
from engine.model.catalog import Connector, Field, Operation
from engine.model.values import Call, Json, Record, Reply
from engine.say import Say
from engine.wire.envelope import Judge, Saved
from engine.wire.path import at, text
from engine.wire.redact import Redactor
from engine.wire.rows import Rows
from engine.wire.tokens import Ring

_XML = {"Content-Type": "text/xml; charset=utf-8"}


class Plan:
    """How one operation is called, how its replies are read, and what may be shown of both."""

    def __init__(
        self,
        connector: Connector,
        channel: str,
        operation: Operation,
        root: str,
        secrets: Collection[str],
        ring: Ring,
        busy_wait: timedelta | None,
    ) -> None:
        how = operation.call.get(channel) or operation.call.get("default")
        if how is None:
            says = Say(
                "接口 {name} 不能走 {vendor} 的通道 {channel}，请换一个连接。",
                name=operation.operation,
                vendor=connector.title,
                channel=channel,
            )
            raise Fault("refused", says, sent=False)
        self.operation = operation
        self.judge = Judge(
            connector, channel, operation, lambda words: self.redactor().words(words), busy_wait
        )
        self._own = at(operation.result.own) if operation.result and operation.result.own else None
        self._rows = Rows(self.judge, operation, operation.batch) if operation.batch else None
        self._listed = operation.batch is not None and operation.batch.listed
        self._how, self._url = how, root.rstrip("/") + how.path
        self._query = {name: text(value) or "" for name, value in how.params.items()}
        self._before = b"{" + encode(how.wrap) + b":" if how.wrap else b""
        self._secrets, self._ring, self._ring_version = tuple(secrets), ring, -1
        personal = _personal((*operation.fields, *operation.ask, *operation.give))
        self._redactor = Redactor(secrets, personal)
        self._last: tuple[tuple[bytes, int], int] | None = None

    def query(self, params: Mapping[str, Json]) -> Call:
        """A call that asks. In a JSON body values keep their types, everywhere else they are text."""
        how = self._how
        asked: dict[str, Json] = {
            **how.params,
            **{name: value for name, value in params.items() if value is not None},
        }
        if how.body == "json":
            return Call(how.method, self._url, body=encode(asked))
        if how.body == "xml":
            return self._xml({name: value for name, value in asked.items() if name not in how.params})
        texts = {name: text(value) or "" for name, value in asked.items()}
        return (
            Call(how.method, self._url, form=texts)
            if how.body == "form"
            else Call(how.method, self._url, texts)
        )

    def save(self, bodies: Sequence[bytes]) -> Call:
        """A call that sends documents' bytes: wrapped, never written anew. One, unless there is a `batch`."""
        how = self._how
        beside, bodies = self._apart(bodies) if how.beside else ({}, bodies)
        body = b"[" + b",".join(bodies) + b"]" if self._listed else bodies[0]
        if how.body == "json":
            before = self._before if not beside else encode(beside)[:-1] + b"," + self._before[1:]
            return Call(how.method, self._url, self._query, body=before + body + b"}" if how.wrap else body)
        if how.body == "xml":
            return self._xml(_document(bodies[0]))
        fields = {**_texts(beside), how.wrap: body.decode()} if how.wrap else _texts(_document(body))
        return Call(how.method, self._url, form={**self._query, **fields})

    def _xml(self, document: Record) -> Call:
        """Written from the stored JSON each time, which gives the same bytes each time."""
        try:
            body = f'<?xml version="1.0" encoding="utf-8"?>{xml.write(self._how.wrap or "request", document)}'
        except ValueError as error:
            says = Say("单据里有 XML 写不了的字段名或字符，没有发送。")
            raise Fault("refused", says, sent=False) from error
        return Call(self._how.method, self._url, self._query, body=body.encode(), headers=_XML)

    def saved(self, bodies: Sequence[bytes]) -> Callable[[Reply], list[Saved | Fault]]:
        """What reads the reply to `save` of these: an outcome for each of them."""
        rows = self._rows
        if rows is not None:
            documents = [_document(body) for body in bodies]
            return lambda reply: rows.read(reply, documents)
        return lambda reply: [self.one_saved(bodies[0])(reply)]

    def one_saved(self, body: bytes) -> Callable[[Reply], Saved]:
        """As `saved` for a single document, whose fault is raised."""
        rows, own = self._rows, self._own
        if rows is None and own is None:
            return self.judge.saved
        document = _document(body)
        if rows is None:
            return lambda reply: Saved(
                text(own(document)) or "" if own else "", self.judge.saved(reply).number
            )

        def read(reply: Reply) -> Saved:
            (one,) = rows.read(reply, [document])
            if isinstance(one, Fault):
                raise one
            return one

        return read

    def _apart(self, bodies: Sequence[bytes]) -> tuple[Record, list[bytes]]:
        """The fields that travel beside the documents, which must be the same in all, and the rest of each."""
        beside: Record | None = None
        rest = []
        for body in bodies:
            document = _document(body)
            mine = {name: document.pop(name) for name in self._how.beside if name in document}
            if beside is not None and mine != beside:
                says = Say("一次调用里的单据要有相同的 {names}。", names="、".join(self._how.beside))
                raise Fault("refused", says, sent=False)
            beside = mine
            rest.append(encode(document))
        return beside or {}, rest

    def redactor(self) -> Redactor:
        """The redactor that knows the tokens of this moment."""
        if self._ring.version != self._ring_version:
            self._ring_version = self._ring.version
            self._redactor = self._redactor.knowing((*self._secrets, *self._ring.secrets))
        return self._redactor

    def went_on(self, asked: tuple[bytes, int], rows: list[Record]) -> None:
        """Raises Fault(broken) where a page is the one before again: the vendor ignores page numbers."""
        seen = hash(canonical(list(rows)))
        before, self._last = self._last, (asked, seen)
        if rows and before is not None and before[0] == (asked[0], asked[1] - 1) and before[1] == seen:
            says = Say(
                "接口 {name} 的下一页和上一页完全一样，翻页没有前进，请检查页号参数。",
                name=self.operation.operation,
            )
            raise Fault("broken", says)


def placed(params: Mapping[str, Json], path: str, value: Json) -> dict[str, Json]:
    """`params` with `value` at a dotted place, page.pageIndex say; what else stands on the way stays."""
    first, _, rest = path.partition(".")
    if not rest:
        return {**params, first: value}
    inner = params.get(first)
    return {**params, first: placed(inner if isinstance(inner, dict) else {}, rest, value)}


def _document(body: bytes) -> Record:
    document = decode(body)
    if not isinstance(document, dict):
        raise Fault("refused", Say("要写的单据必须是一个对象。"), sent=False)
    return document


def _texts(document: Record) -> dict[str, str]:
    """A document as form fields: texts as they are, everything else as JSON."""
    return {
        name: encode(value).decode() if isinstance(value, dict | list) else text(value) or ""
        for name, value in document.items()
    }


def _personal(fields: Iterable[Field]) -> set[str]:
    """Names of fields that hold personal data, at any depth."""
    names: set[str] = set()
    for field in fields:
        if field.personal:
            names.add(field.name)
        names |= _personal(field.fields)
    return names
