"""How a vendor wants its calls signed, told as data: what `sign:` of a channel holds.

`engine.wire.recipe` does it, `engine.document.signing` tells what is wrong with one.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Value: TypeAlias = Any
"""Json, which pydantic would take apart if it were told so."""

Digest = Literal["md5", "sha1", "sha256", "hmac-md5", "hmac-sha1", "hmac-sha256"]


class Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True
    )


class Part(Frozen):
    """One parameter that signing adds: exactly one of `setting`, `token`, `time`, `value`, `nonce`.

    A setting that may be left empty and is, is not sent. `time` is "seconds", "milliseconds" or a format
    of the hour in `zone`. `nonce` is a text that differs from call to call. `integer`: in JSON as a number.
    """

    setting: str | None = None
    token: str | None = None
    time: str | None = None
    zone: str = "Asia/Shanghai"
    value: Value = None
    nonce: bool = False
    integer: bool = False


class Recipe(Frozen):
    """A signature: what is added to a call, which text is made of it, its digest, and where that goes.

    add       parameters by name, put `to` the form, the query, or the members of the JSON body (where the
              call's form goes, too)
    unsigned  parameters that are sent and not signed; the signature itself never is
    blank     parameters without a value: not sent, sent and signed, or sent and not signed
    pair      how a name and its value are written: {name}, {value}, {name.length:02}, {value.length:04};
              `escape: url` encodes both as a form does; all pairs, sorted by name, joined by `join`
    text      what is digested, of {pairs}, {body} (the bytes that are sent) and {secret}
    secret    the setting that holds it, also the key of an HMAC
    at        the parameter the signature goes to; `header` instead where it goes there
    refuse    values whose signature the vendor's own clients do not agree upon
    """

    add: dict[str, Part] = {}
    to: Literal["form", "query", "json"] = "form"
    unsigned: tuple[str, ...] = ()
    blank: Literal["drop", "sign", "skip"] = "drop"
    pair: str = "{name}{value}"
    escape: Literal["none", "url"] = "none"
    join: str = ""
    text: str
    secret: str
    digest: Digest
    encode: Literal["hex", "base64"] = "hex"
    case: Literal["lower", "upper"] = "lower"
    at: str = "sign"
    header: str | None = None
    refuse: tuple[Literal["emoji", "leading_at"], ...] = ()
