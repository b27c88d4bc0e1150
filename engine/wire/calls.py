"""From an operation of the catalogue to its calls, on one channel: everything that is the same for
each call is worked out once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from engine.errors import Fault
from engine.exact import canonical, decode, encode
from engine.model.catalog import Connector, Field, Operation
from engine.model.values import Call, Json, Record
from engine.say import Say
from engine.wire.envelope import Judge
from engine.wire.path import text
from engine.wire.redact import Redactor
from engine.wire.tokens import Ring


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
        self._how, self._url = how, root.rstrip("/") + how.path
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
        texts = {name: text(value) or "" for name, value in asked.items()}
        return (
            Call(how.method, self._url, form=texts)
            if how.body == "form"
            else Call(how.method, self._url, texts)
        )

    def save(self, body: bytes) -> Call:
        """A call that sends a document's bytes: wrapped, never written anew."""
        how = self._how
        if how.body == "json":
            return Call(
                how.method, self._url, how.params, body=self._before + body + b"}" if how.wrap else body
            )
        fields = {how.wrap: body.decode()} if how.wrap else _members(body)
        return Call(how.method, self._url, form={**how.params, **fields})

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


def _members(body: bytes) -> dict[str, str]:
    """A document as form fields: texts as they are, everything else as JSON."""
    document = decode(body)
    if not isinstance(document, dict):
        raise Fault("refused", Say("表单接口的单据必须是一个对象。"), sent=False)
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
