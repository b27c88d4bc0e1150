"""The stock documents of the 用友BIP simulator: saved, listed, shown whole, audited, deleted.

What nobody told us, first of all the answer to a repeated key, is done in the variants of the options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.connect import Json, Record, encode

from .simulator_archives import CUSTOMERS, KINDS, ORGS, UNITS, VENDORS, WAREHOUSES, Archives
from .simulator_ground import BEIJING, No, page, rows, stamp, text

SCM = "/yonbip/scm"
_HEAD = {
    "org": "库存组织",
    "accountOrg": "会计主体",
    "vouchdate": "单据日期",
    "bustype": "交易类型",
    "warehouse": "仓库",
}
_MONEY = {"currency": "币种", "natCurrency": "本币"}
_MOVE = {
    "outorg": "调出组织",
    "outaccount": "调出会计主体",
    "vouchdate": "单据日期",
    "bustype": "交易类型",
    "bizType": "业务类型",
    "outwarehouse": "调出仓库",
    "inorg": "调入组织",
    "inaccount": "调入会计主体",
}


@dataclass(frozen=True)
class Kind:
    """One kind of document: where its lines stand, what its head needs. `by_row`: its save answers by row;
    `keyed`: it hears the idempotency key; `first`: where its numbers begin."""

    lines: str
    head: Mapping[str, str]
    prefix: str
    first: int
    by_row: bool = False
    keyed: bool = True


PAPERS = {
    "othoutrecord": Kind("othOutRecords", _HEAD, "QTCK", 0),
    "othinrecord": Kind("othInRecords", _HEAD, "QTRK", 1),
    "purinrecord": Kind(
        "purInRecords",
        {
            **_HEAD,
            "purchaseOrg": "采购组织",
            "inInvoiceOrg": "收票组织",
            "vendor": "供应商",
            **_MONEY,
            "exchRateType": "汇率类型",
            "exchRate": "汇率",
        },
        "CGRK",
        2,
    ),
    "salesout": Kind(
        "details",
        {
            "org": "库存组织",
            "accountOrg": "会计主体",
            "salesOrg": "销售组织",
            "invoiceOrg": "开票组织",
            "vouchdate": "单据日期",
            "bustype": "交易类型",
            "cust": "客户",
            "srcBillType": "来源单据类型",
            "receiveAccountingBasis": "立账依据",
            "salesoutAccountingMethod": "出库核算方式",
            **_MONEY,
        },
        "XSCK",
        3,
    ),
    "storeout": Kind("details", {**_MOVE, "srcBillType": "来源单据类型"}, "DC", 4, by_row=True, keyed=False),
    "storein": Kind(
        "details", {**_MOVE, "breturn": "退货", "inwarehouse": "调入仓库"}, "DR", 5, by_row=True, keyed=False
    ),
    "purchaseorder": Kind("purchaseOrders", {}, "CGDD", 6),
}
KNOWN: Mapping[str, Mapping[str, str]] = {
    "warehouse": WAREHOUSES,
    "outwarehouse": WAREHOUSES,
    "inwarehouse": WAREHOUSES,
    **dict.fromkeys(
        ("org", "accountOrg", "purchaseOrg", "inInvoiceOrg", "salesOrg", "invoiceOrg", "outorg", "inorg"),
        ORGS,
    ),
    "bustype": KINDS,
    "vendor": VENDORS,
    "cust": CUSTOMERS,
}
SAVES = {
    **{
        f"{SCM}/{name}/single/save": name
        for name in ("othoutrecord", "othinrecord", "purinrecord", "salesout")
    },
    f"{SCM}/storeout/save": "storeout",
    f"{SCM}/storein/save": "storein",
}
MERGES = {f"{SCM}/{name}/mergeSourceData/save": name for name in ("purinrecord", "salesout")}
LISTS = {
    f"{SCM}/{name}/list": name
    for name in ("othoutrecord", "othinrecord", "purinrecord", "salesout", "storeout", "purchaseorder")
}
DETAILS = {
    f"{SCM}/{name}/detail": name for name in ("othoutrecord", "othinrecord", "salesout", "purchaseorder")
}
DEEDS = {
    f"{SCM}/{name}/{deed}": (name, deed)
    for name, deed in (
        ("othoutrecord", "batchaudit"),
        ("othinrecord", "batchaudit"),
        ("othoutrecord", "batchsubmit"),
        ("othoutrecord", "batchdelete"),
    )
}


@dataclass(slots=True)
class Saved:
    """One document as the tenant holds it: what was sent, and what became of it."""

    kind: str
    id: int
    code: str
    at: datetime
    data: Record
    changed: datetime
    status: int = 0
    """0 open, 1 audited, 3 submitted."""


@dataclass
class Papers:
    """All documents of the tenant."""

    archives: Archives
    saved: list[Saved] = field(default_factory=list)
    by_id: dict[str, Saved] = field(default_factory=dict)

    def save(self, kind: str, data: Record, now: datetime, own_numbers: bool, merged: bool) -> Saved:
        """Raises No with what is wrong; gives the document, new or changed."""
        merge_check(PAPERS[kind], data, self.by_id) if merged else self._check(PAPERS[kind], data)
        if data["_status"] == "Update":
            return self._update(data, now)
        form, serial = PAPERS[kind], len(self.saved) + 1
        code = text(data.get("code"))
        if own_numbers or not code:
            code = f"{form.prefix}{now.astimezone(BEIJING):%Y%m%d}{serial:06}"
        ident = 2_480_000_000_000_000_000 + form.first * 10**15 + serial * 104_729
        saved = Saved(kind, ident, code, now, data, now)
        self.saved.append(saved)
        self.by_id[str(ident)] = saved
        return saved

    def listed(self, kind: str, ask: Record, shown: datetime) -> Record:
        """The list of a kind: what was changed by `shown`. Heads alone with isSum, else one row a line."""
        part = text(ask.get("code"))
        found = [one for one in self.saved if one.kind == kind and one.changed <= shown and part in one.code]
        for wish in rows(ask.get("simpleVOs")):
            found = [one for one in found if _wished(one, wish)]
        for name, below in (("open_vouchdate_begin", False), ("open_vouchdate_end", True)):
            if edge := text(ask.get(name)):
                found = [
                    one for one in found if _on_side(str(one.data.get("vouchdate"))[:10], edge[:10], below)
                ]
        told = heads if ask.get("isSum") in (True, "true") else lines
        return page([row for one in found for row in told(one)], ask)

    def detail(self, kind: str, ident: str) -> Record:
        """One document whole: its head and its lines, each with an id."""
        one = self.by_id.get(ident)
        if one is None or one.kind != kind:
            raise No("1002", "数据不存在")
        form = PAPERS[kind]
        inner: list[Json] = [
            {"id": one.id + at, **line} for at, line in enumerate(rows(one.data.get(form.lines)), 1)
        ]
        return {
            **{k: v for k, v in one.data.items() if k not in ("_status", "resubmitCheckKey")},
            **view(one),
            form.lines: inner,
        }

    def deed(self, kind: str, deed: str, idents: list[str], now: datetime) -> tuple[Record, list[str]]:
        """Audit, submit or delete some: the reply by row, and whose it was done to."""
        infos: list[Json] = []
        fails: list[Json] = []
        for ident in idents:
            one = self.by_id.get(ident)
            if one is None or one.kind != kind:
                fails.append({"id": _number(ident), "message": "数据不存在"})
            elif one.status == 1 or (deed == "batchsubmit" and one.status == 3):
                fails.append({"id": one.id, "message": f"单据[{one.code}]已审核，不能重复操作"})
            else:
                infos.append(self._deed(one, deed, now))
        done = [str(row["id"]) for row in rows(infos)]
        told: Record = {} if deed == "batchdelete" else {"failInfos": fails}
        said: list[Json] = [str(row["message"]) for row in rows(fails)]
        return {
            "count": len(idents),
            "sucessCount": len(infos),
            "failCount": len(fails),
            "messages": said,
            "infos": infos,
            **told,
        }, done

    def _deed(self, one: Saved, deed: str, now: datetime) -> Json:
        one.changed = now
        if deed == "batchdelete":
            self.saved.remove(one)
            del self.by_id[str(one.id)]
            return {"id": one.id}
        one.status = 1 if deed == "batchaudit" else 3
        return {
            "id": one.id,
            "status": one.status,
            "verifystate": 2 if one.status == 1 else 1,
            "pubts": stamp(now),
        }

    def _update(self, data: Record, now: datetime) -> Saved:
        saved = self.by_id.get(str(data.get("id")))
        if saved is None:
            raise No("1002", "数据不存在")
        if saved.status == 1:
            raise No("999", "单据已审核，不能修改")
        saved.data, saved.changed = data, now
        return saved

    def _check(self, form: Kind, data: Record) -> None:
        """Raises No with the first wrong code, or with all that is missing."""
        missing = [f"{title}不能为空" for name, title in form.head.items() if data.get(name) in (None, "")]
        inner = data.get(form.lines)
        if data.get("_status") not in ("Insert", "Update"):
            missing.append("操作标识不能为空")
        if not isinstance(inner, list) or not inner:
            missing.append("子表不能为空")
        for line in rows(inner):
            missing += _line_says(line)
        if missing:
            several: list[Json] = [{"message": says} for says in missing]
            raise No("999", missing[0] if len(missing) == 1 else encode(several).decode())
        for name, known in KNOWN.items():
            if name in form.head and str(data[name]) not in known:
                raise No("310101", f"档案编码不存在：{name}={data[name]}")
        for line in rows(inner):
            self._know(line)

    def _know(self, line: Record) -> None:
        if str(line["product"]) not in self.archives.products:
            raise No("1002", f"数据不存在：物料[{line['product']}]")
        for name in ("unit", "stockUnitId", "stockUnit"):
            if line.get(name) and str(line[name]) not in UNITS:
                raise No("999", f"计量单位[{line[name]}]不存在或已停用")


def merge_check(form: Kind, data: Record, known: Mapping[str, Saved]) -> None:
    """Raises No unless every line says which line of which document it comes from."""
    if data.get("mergeSourceData") not in (True, "true") or data.get("_status") != "Insert":
        raise No("999", "操作标识不能为空")
    inner = rows(data.get(form.lines))
    if not inner:
        raise No("999", "子表不能为空")
    for line in inner:
        if not line.get("sourceid") or not line.get("sourceautoid") or not line.get("makeRuleCode"):
            raise No("999", "来源单据不能为空")
        if str(line["sourceid"]) not in known:
            raise No("1002", f"数据不存在：来源单据[{line['sourceid']}]")


def view(saved: Saved) -> Record:
    """A saved document as the reply to its save shows it: ids as numbers, our codes turned into names."""
    told: Record = {
        "id": saved.id,
        "code": saved.code,
        "vouchdate": f"{str(saved.data.get('vouchdate') or stamp(saved.at))[:10]} 00:00:00",
        "status": saved.status,
        "pubts": stamp(saved.changed),
    }
    return told | {name: saved.data[name] for name in ("org", "warehouse", "memo") if name in saved.data}


def heads(saved: Saved) -> list[Record]:
    return [view(saved) | {"id": str(saved.id), "status": str(saved.status)}]


def lines(saved: Saved) -> list[Record]:
    """The head once for every line, with the line's fields beside it."""
    name = PAPERS[saved.kind].lines
    head = heads(saved)[0]
    inner = rows(saved.data.get(name))
    told = [{f"{name}_qty": row.get("qty"), f"{name}_product_cCode": row.get("product")} for row in inner]
    return [head | line for line in told]


def _wished(one: Saved, wish: Record) -> bool:
    """Whether a document fits one of the wishes of simpleVOs; those over pubts are the ones this one knows."""
    if wish.get("field") != "pubts":
        raise No("999", f"不支持的查询条件{wish.get('field')}")
    changed, first, last = stamp(one.changed), text(wish.get("value1")), text(wish.get("value2"))
    if wish.get("op") == "between":
        return first <= changed <= last
    if wish.get("op") == "egt":
        return changed >= first
    raise No("999", f"不支持的比较符{wish.get('op')}")


def _on_side(day: str, edge: str, below: bool) -> bool:
    return day <= edge if below else day >= edge


def _line_says(line: Record) -> list[str]:
    says = [] if line.get("product") else ["物料不能为空"]
    says += [] if line.get("_status") in ("Insert", "Update", "Delete") else ["操作标识不能为空"]
    qty = line.get("qty")
    if qty is None or qty == "":
        return [*says, "数量不能为空"]
    wrong = isinstance(qty, bool) or not isinstance(qty, int | Decimal)
    return [*says, "数量必须为数字"] if wrong else says


def _number(ident: str) -> Json:
    return int(ident) if ident.isdecimal() else ident
