"""The bills and base data of the 金蝶云星空 simulator: saved, submitted, audited, asked for by FieldKeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from engine.connect import Json, Record

from .simulator_ground import BEIJING, No, condition, number_of, rows, stamp, text

ORGS = {"100": "示例集团", "101": "示例贸易"}
CUSTOMERS = {"KH001": "旗舰店散客", "KH002": "专营店散客", "KH003": "直播店散客"}
STOCKS = {"CK001": "杭州一仓", "CK002": "广州二仓", "CK003": "成都三仓"}
UNITS = {
    "Pcs": "个",
    "TIAO": "条",
    "HE": "盒",
    "XIANG": "箱",
    "PING": "瓶",
    "MI": "米",
    "KG": "千克",
    "L": "升",
}
BILL_TYPES = {"XSCKD01_SYS": "标准销售出库单", "XSCKD06_SYS": "B2C销售出库单"}
MATERIALS = {f"10.{number:04}": f"示例物料 {number}" for number in range(1, 61)}
LONG_AGO = datetime(2026, 1, 1, 1, tzinfo=BEIJING)
BASE = {
    "BD_MATERIAL": ("FMATERIALID", MATERIALS),
    "BD_STOCK": ("FStockId", STOCKS),
    "BD_Customer": ("FCUSTID", CUSTOMERS),
}
MOST = 10_000


@dataclass(slots=True)
class Bill:
    """One bill as the account book holds it."""

    id: int
    number: str
    model: Record
    made: datetime
    changed: datetime
    status: str = "A"
    """A made, B submitted, C audited."""


@dataclass
class Bills:
    """All sales outbound bills, and the base data they name."""

    own_numbers: bool = False
    all: list[Bill] = field(default_factory=list)
    more: dict[str, list[Record]] = field(default_factory=dict)

    def save(self, model: Record, now: datetime) -> Bill:
        """Raises No with the first thing that is wrong; gives the bill, new or changed."""
        self._check(model)
        ident = text(model.get("FID"))
        if ident not in ("", "0"):
            bill = self.by_id(ident)
            if bill.status in ("B", "C"):
                raise No(12, f"单据{bill.number}已提交或已审核，不能修改")
            bill.model, bill.changed = model, now
            return bill
        number = text(model.get("FBillNo"))
        if self.own_numbers or not number:
            number = f"XSCKD{len(self.all) + 1:06}"
        if any(bill.number == number for bill in self.all):
            raise No(11, f"单据编号“{number}”已经存在，编码唯一性校验不通过", "FBillNo")
        bill = Bill(100_001 + 7 * len(self.all), number, model, now, now)
        self.all.append(bill)
        return bill

    def by_id(self, ident: str) -> Bill:
        for bill in self.all:
            if str(bill.id) == ident:
                return bill
        raise No(10, f"内码{ident}的单据不存在")

    def deed(self, deed: str, ident: str, now: datetime) -> Bill:
        """Submit or audit. Raises No where the bill's state does not allow it."""
        bill = self.by_id(ident)
        before, after, word = {"Submit": ("AD", "B", "提交"), "Audit": ("B", "C", "审核")}[deed]
        if bill.status not in before:
            raise No(12, f"单据{bill.number}的状态不允许{word}")
        bill.status, bill.changed = after, now
        return bill

    def query(self, data: Record) -> list[Json]:
        """Rows of bare values in the order of FieldKeys."""
        form, keys = text(data.get("FormId")), [key.strip() for key in text(data.get("FieldKeys")).split(",")]
        limit, start = int(text(data.get("Limit")) or 2000), int(text(data.get("StartRow")) or 0)
        if not form or not keys[0]:
            raise No(8, "FormId和FieldKeys不能为空")
        if limit > MOST:
            raise No(8, f"最大行数不能超过{MOST}", "Limit")
        entries = any(key.startswith("FEntity_") for key in keys)
        found = [*self._rows(form, entries)]
        fits = condition(text(data.get("FilterString")))
        found = [row for row in found if fits(row)]
        order = text(data.get("OrderString")).split()
        if order:
            found.sort(key=lambda row: _value(row, order[0]) or 0, reverse=order[-1].upper() == "DESC")  # type: ignore[arg-type,return-value]
        return [[_value(row, key) for key in keys] for row in found[start : start + limit]]

    def _rows(self, form: str, entries: bool) -> list[Record]:
        if form == "SAL_OUTSTOCK":
            return [row for bill in self.all for row in (_lines(bill) if entries else [_head(bill)])]
        if form in self.more:
            return self.more[form]
        if form in BASE:
            key, named = BASE[form]
            return [_base(key, place, *pair) for place, pair in enumerate(named.items())]
        raise No(9, f"业务对象{form}不存在", "FormId")

    def _check(self, model: Record) -> None:
        """A code that is not known is as if it were not there: that is how the vendor tells it."""
        for name, title, known in (
            ("FBillTypeID", "单据类型", BILL_TYPES),
            ("FSaleOrgId", "销售组织", ORGS),
            ("FStockOrgId", "发货组织", ORGS),
            ("FCustomerID", "客户", CUSTOMERS),
        ):
            if number_of(model.get(name)) not in known:
                raise No(0, f"字段“{title}”是必填项", name)
        if not text(model.get("FDate")):
            raise No(0, "字段“日期”是必填项", "FDate")
        lines = rows(model.get("FEntity"))
        if not lines:
            raise No(0, "单据体“明细信息”不能为空", "FEntity")
        for place, line in enumerate(lines, 1):
            _check_line(line, place)


def _check_line(line: Record, place: int) -> None:
    for name, title, known in (
        ("FMaterialID", "物料编码", MATERIALS),
        ("FUnitID", "库存单位", UNITS),
        ("FStockID", "仓库", STOCKS),
    ):
        given = number_of(line.get(name))
        if given not in known and (given or name != "FUnitID"):
            raise No(0, f"第{place}行分录，字段“{title}”是必填项", name)
    if _decimal(line.get("FRealQty")) <= 0:
        raise No(0, f"第{place}行分录，字段“实发数量”必须大于0", "FRealQty")


def _decimal(value: Json) -> Decimal:
    try:
        return Decimal(text(value) or (value if isinstance(value, Decimal) else 0))
    except InvalidOperation:
        return Decimal(0)


def _head(bill: Bill) -> Record:
    model = bill.model
    return {
        "FID": bill.id,
        "FBillNo": bill.number,
        "FDocumentStatus": bill.status,
        "FDate": f"{text(model.get('FDate'))[:10]}T00:00:00",
        "FSaleOrgId.FNumber": number_of(model.get("FSaleOrgId")),
        "FStockOrgId.FNumber": number_of(model.get("FStockOrgId")),
        "FCustomerID.FNumber": number_of(model.get("FCustomerID")),
        "FCustomerID.FName": CUSTOMERS.get(number_of(model.get("FCustomerID")), ""),
        "FNote": text(model.get("FNote")) or " ",
        "FCreateDate": stamp(bill.made),
        "FModifyDate": stamp(bill.changed),
    }


def _lines(bill: Bill) -> list[Record]:
    """One row a line, the head's fields repeated on each."""
    made = []
    for place, line in enumerate(rows(bill.model.get("FEntity")), 1):
        material = number_of(line.get("FMaterialID"))
        own: Record = {
            "FEntity_FEntryID": bill.id * 1000 + place,
            "FMaterialID.FNumber": material,
            "FMaterialID.FName": MATERIALS.get(material, ""),
            "FUnitID.FNumber": number_of(line.get("FUnitID")),
            "FRealQty": _decimal(line.get("FRealQty")),
            "FTaxPrice": _decimal(line.get("FTaxPrice")),
            "FStockID.FNumber": number_of(line.get("FStockID")),
        }
        made.append({**_head(bill), **own})
    return made


def _base(key: str, place: int, number: str, name: str) -> Record:
    return {
        key: 100_500 + 13 * place,
        "FNumber": number,
        "FName": name,
        "FSpecification": " ",
        "FBaseUnitId.FNumber": "Pcs",
        "FUseOrgId.FNumber": "100",
        "FDocumentStatus": "C",
        "FForbidStatus": "A",
        "FModifyDate": stamp(LONG_AGO),
    }


def _value(row: Mapping[str, Json], key: str) -> Json:
    for name, value in row.items():
        if name.upper() == key.upper():
            return value
    raise No(9, f"字段{key}不存在", key)
