"""What the 旺店通 simulator lets others write: goods, orders and stock documents, each strictly checked.

A document with an outer number that was used before is refused by a code nobody has published, so
that a caller must ask what became of the first. Goods, orders and refunds are kept anew instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from engine.connect import Json, Record, decode

from .simulator_forms import ACKS, FORMS, Form
from .simulator_ground import No, beijing
from .simulator_shelves import SHOPS, WAREHOUSES, Pool, Shelf

USED = 5051


@dataclass
class Desk:
    """Where documents are handed in.

    By push and number: `used` are the rows that came of them, `handed` what was handed in last.
    """

    shelves: Mapping[str, Shelf]
    pools: Mapping[str, Pool]
    used: dict[tuple[str, str], Record] = field(default_factory=dict)
    handed: dict[tuple[str, str], Record] = field(default_factory=dict)
    serial: int = 0

    def about(self, method: str, params: Mapping[str, str]) -> tuple[str | None, bool]:
        """The caller's number in a push, and whether it may be handed in again; changes nothing."""
        form = FORMS[method]
        try:
            documents = _documents(form, params)
        except No:
            return None, form.again
        return str(documents[0].get(form.number) or "") or None, form.again

    def acknowledge(self, method: str, params: Mapping[str, str]) -> Record:
        wrap, pool, needs = ACKS[method]
        entries = _listed(params, wrap)
        for entry in entries:
            _need(entry, needs)
        errors = self.pools[pool].hear(entries)
        return {"errors": errors} if errors else {}

    def hand_in(self, method: str, params: Mapping[str, str], now: datetime) -> tuple[Record, Record | None]:
        """Keep what was handed in; gives the reply, and the document where a new one was made."""
        form = FORMS[method]
        documents = _documents(form, params)
        for document in documents:
            self._check(form, document)
        if form.again:
            return self._anew(method, form, documents, now)
        (document,) = documents
        number = str(document[form.number])
        if (method, number) in self.used:
            raise No(USED, f"{form.number}[{number}]已存在，请勿重复推送", doubtful=True)
        self.serial += 1
        row = self._row(method, form, document, now)
        self._keep(method, number, row, document, now)
        return ({form.made: row[form.made]} if form.made else {}), row

    def _keep(self, method: str, number: str, row: Record, document: Record, now: datetime) -> None:
        self.used[method, number] = row
        self.handed[method, number] = {"method": method, "at": now.isoformat(), "document": document}

    def _check(self, form: Form, document: Record) -> None:
        """Raises No with the first thing that is wrong, as the vendor does."""
        _need(document, form.needs)
        lines = document.get(form.lines) if form.lines else None
        if form.lines and (not isinstance(lines, list) or not lines):
            raise No(2900, f"{form.lines}不能为空")
        for line in lines if isinstance(lines, list) else []:
            if not isinstance(line, dict):
                raise No(2830, f"{form.lines}格式不正确")
            _need(line, form.line_needs)
            self._line(form, line)
        for name, known in (
            ("warehouse_no", WAREHOUSES),
            ("from_warehouse_no", WAREHOUSES),
            ("shop_no", SHOPS),
            ("to_warehouse_no", WAREHOUSES),
        ):
            if document.get(name) and document[name] not in known:
                raise No(2310 if name == "shop_no" else 2830, f"{name}的值{document[name]}不存在")
        if (
            form.lines
            and document.get("provider_no")
            and not self._has("wdt.purchase.provider.query", "provider_no", document)
        ):
            raise No(2830, f"供应商{document['provider_no']}不存在")
        if form.after and not self._follows(form, document):
            raise No(2830, f"找不到单据{document.get(form.needs[1])}")

    def _line(self, form: Form, line: Record) -> None:
        for name in ("num", "stockin_num", "stock_num"):
            if name in line and _number(line[name]) is None:
                raise No(2830, f"{name}的值{line[name]}不正确")
        if (
            "spec_no" in form.line_needs
            and form.shelf != "wdt.goods.query"
            and not self._knows(line["spec_no"])
        ):
            raise No(2830, f"商家编码{line['spec_no']}不存在")

    def _knows(self, spec: Json) -> bool:
        goods = self.shelves["wdt.goods.query"].rows.values()
        return any(one.get("spec_no") == spec for row in goods for one in _rows(row.get("spec_list")))

    def _has(self, shelf: str, name: str, document: Record) -> bool:
        return self.shelves[shelf].find(name, document.get(name)) is not None

    def _follows(self, form: Form, document: Record) -> bool:
        shelf, name = form.after or ("", "")
        return self.shelves[shelf].find(name, document.get(form.needs[1])) is not None

    def _anew(
        self, method: str, form: Form, documents: list[Record], now: datetime
    ) -> tuple[Record, Record | None]:
        fresh: list[Record] = []
        for document in documents:
            number = str(document[form.number])
            before = self.used.get((method, number))
            self.serial += before is None
            row = self._row(method, form, document, now, before)
            self._keep(method, number, row, document, now)
            fresh += [] if before else [row]
        counts: Record = {"new_count": len(fresh), "chg_count": len(documents) - len(fresh)}
        return counts, fresh[0] if fresh else None

    def _row(
        self, method: str, form: Form, document: Record, now: datetime, before: Record | None = None
    ) -> Record:
        """The row this document becomes, put on its shelf."""
        if method == "wdt.stock.sync.by.pd":
            return self._count(document, now)
        number = f"{form.prefix}{now:%Y%m%d}{self.serial:05}"
        lines = [
            {
                **line,
                "goods_count": line.get("stockin_num") or line.get("num"),
                "rec_id": 7_000_000 + self.serial * 100 + at,
            }
            for at, line in enumerate(_rows(document.get(form.lines)))
        ]
        row: Record = {
            **document,
            **form.facts,
            "created": beijing(now),
            "created_time": beijing(now),
            "check_time": beijing(now),
        }
        if form.made:
            row |= {form.made: number, "order_no": number, "details_list": [*lines]}
        if form.number == "outer_no":
            row["api_outer_no"] = document["outer_no"]
        row |= _own(method, document, self.serial, before)
        shelf = self.shelves.get(form.shelf)
        return (
            shelf.put(row, now) if shelf else {**row, "modified": beijing(now), "consign_time": beijing(now)}
        )

    def _count(self, document: Record, now: datetime) -> Record:
        """Stock as it was counted."""
        for line in _rows(document["goods_list"]):
            self.shelves["wdt.stock.query"].put(
                {
                    "warehouse_no": document["warehouse_no"],
                    "spec_no": line["spec_no"],
                    "stock_num": str(line["stock_num"]),
                },
                now,
            )
        return dict(document)


def _own(method: str, document: Record, serial: int, before: Record | None) -> Record:
    """The vendor's own numbers of a row; those of the row it replaces stay."""
    if method == "wdt.goods.push":
        ident = before["goods_id"] if before else 5_000 + serial
        specs: list[Json] = [
            {**spec, "spec_id": 60_000 + serial * 100 + at}
            for at, spec in enumerate(_rows(document["spec_list"]))
        ]
        return {"goods_id": ident, "spec_list": specs, "spec_count": len(specs), "deleted": 0}
    if method == "wdt.trade.push":
        number = before["trade_no"] if before else f"JY{serial:09}"
        return {"trade_no": number, "src_tids": document["tid"], "goods_list": document["order_list"]}
    if method in ("wdt.stockin.refund.push",):
        return {"stockin_id": 800_000 + serial}
    if method in ("wdt.stockout.order.push", "wdt.stockout.transfer.push", "wdt.purchase.return.order.push"):
        return {"stockout_id": 880_000 + serial}
    if method == "wdt.purchase.provider.create":
        return {"provider_id": 100 + serial}
    return {}


def _documents(form: Form, params: Mapping[str, str]) -> list[Record]:
    beside: Record = {name: params.get(name) for name in form.beside}
    if form.wrap is None:
        flat: Record = {name: value for name, value in params.items() if name not in ("sign", "timestamp")}
        return [flat | ({form.lines: [*_listed(params, form.lines)]} if form.lines else {})]
    if form.many:
        return [beside | document for document in _listed(params, form.wrap)]
    document = _decoded(params, form.wrap)
    if not isinstance(document, dict):
        raise No(2830, f"{form.wrap}格式不正确")
    return [document]


def _listed(params: Mapping[str, str], name: str) -> list[Record]:
    found = _decoded(params, name)
    rows = _rows(found)
    if not rows or not isinstance(found, list) or len(rows) < len(found):
        raise No(2830, f"{name}格式不正确")
    return rows


def _decoded(params: Mapping[str, str], name: str) -> Json:
    if not params.get(name):
        raise No(2900, f"{name}不能为空")
    try:
        return decode(params[name])
    except ValueError as wrong:
        raise No(2830, f"{name}格式不正确") from wrong


def _need(document: Record, names: tuple[str, ...]) -> None:
    for name in names:
        if document.get(name) in (None, ""):
            raise No(2900, f"{name}不能为空")


def _rows(value: Json) -> list[Record]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _number(value: Json) -> Decimal | None:
    try:
        return Decimal(str(value)) if not isinstance(value, bool) else None
    except InvalidOperation:
        return None
