"""Bills and base data for the 金蝶云星空 simulator: one bill open, one submitted, one audited."""

from __future__ import annotations

from datetime import datetime

from engine.model.values import Record
from engine.simulate.frame import Simulator

WINDOW: Record = {"modified_from": "2026-01-01 00:00:00", "modified_to": "2026-12-31 00:00:00", "Limit": 500}


def model(number: str, qty: str = "3") -> Record:
    return {
        "FBillNo": number,
        "FBillTypeID": {"FNUMBER": "XSCKD01_SYS"},
        "FDate": "2026-11-20",
        "FSaleOrgId": {"FNumber": "100"},
        "FStockOrgId": {"FNumber": "100"},
        "FCustomerID": {"FNumber": "KH001"},
        "FEntity": [
            {
                "FMaterialID": {"FNumber": "10.0001"},
                "FUnitID": {"FNumber": "Pcs"},
                "FRealQty": qty,
                "FStockID": {"FNumber": "CK001"},
            }
        ],
    }


def furnish(shop: Simulator, now: datetime) -> None:
    shop.tell("bills", {"bills": [model("XSCKD-1"), model("XSCKD-2"), model("XSCKD-3")]}, now)
    for deed, ident in (("Submit", "100008"), ("Submit", "100015"), ("Audit", "100015")):
        shop.bills.deed(deed, ident, now)  # type: ignore[attr-defined]  # as a person does it at the desk


def ask_of(operation: str, shop: Simulator) -> Record:
    more: Record = {"FormId": "SAL_OUTSTOCK", "FieldKeys": "FID,FBillNo,FCustomerID.FNumber"}
    return {**WINDOW, **(more if operation == "k3cloud.ExecuteBillQuery" else {})}
