"""Which operation of our catalogues an `api` is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

from engine.model.catalog import Operation
from engine.qeasy import kingdee
from engine.qeasy.ledger import Spot
from engine.say import Say


class Catalogs(Protocol):
    """What is known of vendors: `engine.document.check.Catalogs`."""

    def operation(self, name: str) -> Operation | None: ...

    def names(self) -> Collection[str]: ...


def api_of(spot: Spot) -> str:
    api = spot.at("api")
    return api.text if api is not None else ""


def operation_of(
    spot: Spot,
    kind: Literal["query", "save"],
    catalogs: Catalogs,
    form: str = "",
    columns: Sequence[str] = (),
) -> tuple[Operation | None, str]:
    """By name, alias, or form and columns; and its name, the vendor's where nobody knows it."""
    name = str(spot.taken("api") or "")
    for key in ("type", "effect"):
        spot.taken(key)
    found = catalogs.operation(name) if name else None
    if form and (found is None or found.columns_in):
        found = kingdee.best(_of_form(name, form, catalogs), columns)
    if found is not None and found.kind != kind:
        found = None
    method = spot.at("method")
    if method is not None and found is not None:
        method.take()
    elif method is not None:
        method.leave(Say("目录里没有这个接口；写目录时用它"))
    return found, found.operation if found is not None else name


def _of_form(name: str, form: str, catalogs: Catalogs) -> list[Operation]:
    """The form's own operations, then one that takes any form."""
    word = "query" if name.lower() == kingdee.QUERY else name.lower()
    own = sorted(one for one in catalogs.names() if one.lower().endswith(f".{form.lower()}.{word}"))
    general = sorted(one for one in catalogs.names() if one.lower().endswith(f".{name.lower()}"))
    found = [operation for one in [*own, *general] if (operation := catalogs.operation(one)) is not None]
    return [one for one in found if one.operation in own or one.columns_in]
