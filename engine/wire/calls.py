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
from engine.wire.path import at, placed, text
from engine.wire.redact import Redactor
from engine.wire.rows import Rows
from engine.wire.tokens import Ring

_XML = {"Content-Type": "text/xml; charset=utf-8"}
_HERE = "\ue000 the document \ue000"
"""Holds a document's place while what stands around it is written."""


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
        self._places = {one.name: one for one in operation.ask if one.to or one.phrase}
        self._secrets, self._ring, self._ring_version = tuple(secrets), ring, -1
        personal = _personal((*operation.fields, *operation.ask, *operation.give))
        self._redactor = Redactor(secrets, personal)
        self._last: tuple[tuple[bytes, int], int] | None = None

    def query(self, params: Mapping[str, Json]) -> Call:
        """A call that asks. In a JSON body values keep their types, everywhere else they are text."""
        how = self._how
        asked = self._asked(params)
        if how.body == "json":
            return Call(how.method, self._url, body=encode(asked))
        if how.body == "xml":
            return self._xml({name: value for name, value in asked.items() if name not in how.params})
        if how.wrap:
            inner = {name: value for name, value in asked.items() if name not in how.params}
            return Call(how.method, self._url, form={**self._query, how.wrap: encode(inner).decode()})
        texts = {name: text(value) or "" for name, value in asked.items()}
        return (
            Call(how.method, self._url, form=texts)
            if how.body == "form"
            else Call(how.method, self._url, texts)
        )

    def _asked(self, params: Mapping[str, Json]) -> dict[str, Json]:
        """Everything that is asked with, where the catalogue says that it goes."""
        asked: dict[str, Json] = dict(self._how.params)
        phrases: dict[str, list[str]] = {}
        for name, value in params.items():
            field = self._places.get(name)
            if value is None:
                continue
            if field is None:
                asked[name] = value
            elif field.phrase:
                phrases.setdefault(field.to or name, []).append(_phrase(field.phrase, text(value) or ""))
            else:
                asked = placed(asked, field.to, value)
        for place, said in phrases.items():
            before = text(at(place)(asked))
            asked = placed(asked, place, " and ".join([f"({before})", *said] if before else said))
        return asked

    def columns(self, params: Mapping[str, Json]) -> tuple[str, ...]:
        """What the values of a row are called, where it is asked for them by name."""
        named = self.operation.columns_in
        listed = text(params.get(named)) if named else None
        return tuple(name.strip() for name in listed.split(",")) if listed else ()

    def save(self, bodies: Sequence[bytes]) -> Call:
        """A call that sends documents' bytes: wrapped, never written anew. One, unless there is a `batch`."""
        how = self._how
        if how.commas:
            bodies = [encode(_joined(_document(body), how.commas)) for body in bodies]
        beside, bodies = self._apart(bodies) if how.beside else ({}, bodies)
        body = b"[" + b",".join(bodies) + b"]" if self._listed else bodies[0]
        if how.body == "json":
            return Call(how.method, self._url, self._query, body=self._wrapped(beside, body))
        if how.body == "xml":
            return self._xml(_document(bodies[0]))
        fields = {**_texts(beside), how.wrap: body.decode()} if how.wrap else _texts(_document(body))
        return Call(how.method, self._url, form={**self._query, **fields})

    def _wrapped(self, beside: Record, body: bytes) -> bytes:
        """The body's bytes where they belong, with what stands around them."""
        if not self._how.wrap:
            return body
        before, _, after = encode(placed({**self._how.around, **beside}, self._how.wrap, _HERE)).partition(
            encode(_HERE)
        )
        return before + body + after

    def _xml(self, document: Record) -> Call:
        """Written from the stored JSON each time, which gives the same bytes each time."""
        try:
            body = f'<?xml version="1.0" encoding="utf-8"?>{xml.write(self._how.wrap or "request", document)}'
        except ValueError as error:
            says = Say("单据里有 XML 写不了的字段名或字符，没有发送。")
            raise Fault("refused", says, sent=False, alone=True) from error
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


def _document(body: bytes) -> Record:
    document = decode(body)
    if not isinstance(document, dict):
        raise Fault("refused", Say("要写的单据必须是一个对象。"), sent=False)
    return document


def _joined(document: Record, lists: Sequence[str]) -> Record:
    """The document with these lists as texts side by side: goodsNo "A,B", quantity "1,2"; a blank keeps its place.

    Raises Fault, nothing sent, where a comma in a value, or a name that is there already, would shift them.
    """
    told = {name: value for name, value in document.items() if name not in lists}
    for name in lists:
        listed = document.get(name)
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        for field in dict.fromkeys(field for row in rows for field in row):
            values = [_plain(row.get(field)) for row in rows]
            if field in told or any("," in value for value in values):
                says = Say(
                    "单据明细 {name} 的 {field} 里有逗号，或与单头的字段同名，对方要的逗号文本会错位，没有发送。",
                    name=name,
                    field=field,
                )
                raise Fault("refused", says, sent=False, alone=True)
            told[field] = ",".join(values)
    return told


def _plain(value: Json) -> str:
    return encode(value).decode() if isinstance(value, dict | list) else text(value) or ""


def _texts(document: Record) -> dict[str, str]:
    """A document as form fields: texts as they are, everything else as JSON."""
    return {
        name: encode(value).decode() if isinstance(value, dict | list) else text(value) or ""
        for name, value in document.items()
    }


def _phrase(phrase: str, value: str) -> str:
    """The condition with its value, which cannot end the quotes it stands in."""
    return phrase.replace("{}", value.replace("'", "''") if "'{}'" in phrase else value)


def _personal(fields: Iterable[Field]) -> set[str]:
    """Names of fields that hold personal data, at any depth."""
    names: set[str] = set()
    for field in fields:
        if field.personal:
            names.add(field.name)
        names |= _personal(field.fields)
    return names
