"""The mapping as one would write it by hand in Python; the hand-written peers use it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_codes = json.loads(Path(os.environ["BENCH_CODES"]).read_text(encoding="utf-8"))
WAREHOUSE, MATERIAL = _codes["warehouse"], _codes["material"]
BUSTYPE = {"1": "A10001", "2": "A10002", "3": "A10003", "4": "A10004"}


def document(order: dict[str, Any]) -> dict[str, Any]:
    number, source, ident = order["order_no"], order["src_order_no"], order["stockout_id"]
    return {
        "resubmitCheckKey": "WDT-" + number, "code": number, "org": "0001", "accountOrg": "0001",
        "_status": "Insert", "srcBillType": "wdt.stockout", "bustype": BUSTYPE[order["order_type"]],
        "warehouse": WAREHOUSE[order["warehouse_no"]], "vouchdate": day(order["consign_time"]),
        "memo": f"{order['order_type_name']}/{source}/{order['remark']}", "defines!define1": source,
        "defines!define2": f"{order['logistics_name']}:{order['logistics_no']}",
        "totalQuantity": float(order["goods_count"]),
        "othOutRecords": [{
            "_status": "Insert", "product": MATERIAL[line["spec_no"]], "productsku": line["spec_no"],
            "product_cName": f"{line['goods_name']} {line['spec_name']}", "unit": line["goods_unit"],
            "qty": float(line["goods_count"]), "natUnitPrice": float(line["sell_price"]),
            "natMoney": float(line["total_amount"]), "batchno": line["batch_no"],
            "invaliddate": day(line["expire_date"]), "sourceid": ident,
            "sourceautoid": line["rec_id"], "upcode": number,
        } for line in order["details_list"]],
    }  # fmt: skip


def day(text: str) -> str | None:
    return None if not text or text[:4] == "0000" else text[:10]
